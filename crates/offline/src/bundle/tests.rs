use super::*;
use holdfast_domain::{Objectives, PersonId, RegionCode, Seconds, Strategy};
use holdfast_failover::approval::FrozenPolicy;
use holdfast_failover::digest::{Manner, request_digest};
use holdfast_failover::movement::{Intent, Mode};
use holdfast_failover::plan::Plan;
use std::collections::BTreeSet;

pub(crate) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
pub(crate) const CODE: &str = "abcd-efgh-jkmn-pqrs";
pub(crate) const OTHER_CODE: &str = "tuvw-xyz0-2345-6789";

pub(crate) fn signing(seed: u8) -> SigningKey {
    SigningKey::of("holdfast-audit-x", &[seed; 32]).unwrap()
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

pub(crate) fn who() -> Who {
    Who { id: PersonId(Uuid::from_u128(1)), email: "operator@example.com".into() }
}

fn shop() -> Application {
    Application {
        name: Name::parse("shop").unwrap(),
        owner: Name::parse("team").unwrap(),
        tier: 1,
        environment: None,
        strategy: Strategy::WarmStandby,
        home_region: region("us-east-1"),
        recovery_regions: vec![region("eu-central-1")],
        objectives: Objectives { rto: Seconds(600), rpo: Seconds(60) },
        data_residency: vec![],
        load_split: holdfast_domain::LoadSplit::Even,
        approval_policy: Name::parse("one").unwrap(),
        depends_on: vec![],
        resources: vec![],
        waivers: vec![],
    }
}

fn offered() -> OfferedPlan {
    let movement = Movement {
        intent: Intent::Failover,
        mode: Mode::Emergency,
        from: region("us-east-1"),
        to: region("eu-central-1"),
    };
    let plan = Plan {
        steps: vec![],
        roles: BTreeMap::new(),
        facts: vec![],
        before: vec![],
        measurements: vec![],
        notes: vec![],
        changed_before: BTreeSet::new(),
        split: None,
        drill: None,
    };
    let policy = FrozenPolicy {
        name: Name::parse("one").unwrap(),
        rules: vec![],
        expires_after_seconds: 3600,
        editors: vec![],
    };
    let manner = Manner { overrides: &[], dry_run: false, commit_within_seconds: None };
    let digest = request_digest(&shop().name, &movement, &plan, None, &policy, manner).unwrap();
    OfferedPlan {
        version: 3,
        sheet: Digest::of(&"sheet").unwrap(),
        movement,
        plan,
        policy,
        holds: vec![],
        digest,
        to_override: vec![],
        refused: None,
    }
}

pub(crate) fn other() -> Who {
    Who { id: PersonId(Uuid::from_u128(2)), email: "another@example.com".into() }
}

fn holder(code: u128, person: Who, typed: &str) -> Holder {
    let salt = vec![7; 16];
    Holder { code: Uuid::from_u128(code), person, key: Key::of_code(typed, &salt).unwrap(), salt }
}

fn draft_with(plan: OfferedPlan) -> Draft {
    Draft {
        contents: Contents {
            applications: vec![OfApplication { application: shop(), plans: vec![plan], without: vec![] }],
            unreadable: vec![],
            accounts: vec![],
            endpoints: Endpoints::default(),
        },
        holders: vec![holder(9, who(), CODE), holder(10, other(), OTHER_CODE)],
        checkpoint: None,
    }
}

pub(crate) fn signed() -> String {
    draft_with(offered()).sign(Uuid::from_u128(5), NOW, "1.0.0", &signing(1)).unwrap()
}

pub(crate) fn opened() -> Open {
    Bundle::read(&signed(), &[signing(1).public()]).unwrap().open(CODE).unwrap()
}

fn asked(overrides: &[&str]) -> Asked {
    Asked {
        by: who(),
        reason: "our Region is lost".into(),
        incident: None,
        overrides: overrides.iter().map(|one| (*one).to_owned()).collect(),
    }
}

pub(crate) fn request() -> holdfast_failover::run::Request {
    let open = opened();
    let of = open.application("shop").unwrap();
    of.plans[0].request(&of.application, &open, asked(&[])).unwrap()
}

#[test]
fn a_bundle_is_opened_with_a_code_and_says_whose_it_was() {
    let open = opened();
    assert_eq!(open.by.person, who());
    assert_eq!(open.application("shop").unwrap().plans, [offered()]);
    assert_eq!(open.application("bank").unwrap_err().code, "not_in_the_bundle");
    let text = signed();
    assert!(!text.contains("warm_standby"), "what is in it is not for everybody");
    let bundle = Bundle::read(&text, &[signing(1).public()]).unwrap();
    assert_eq!(bundle.open("abcd-efgh-jkmn-pqrt").unwrap_err().code, "code_refused");
    assert_eq!(bundle.open(OTHER_CODE).unwrap().by.person, other());
    assert_eq!(bundle.text(), text, "it can be kept as it was read");
}

#[test]
fn a_bundle_in_which_any_byte_is_another_is_refused() {
    let text = signed();
    let keys = [signing(1).public()];
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let refused = match String::from_utf8(bytes) {
            Err(_) => true,
            Ok(text) => Bundle::read(&text, &keys).is_err(),
        };
        assert!(refused, "byte {at}, in {:?}", text.get(at.saturating_sub(9)..at + 1));
    }
    for cut in [0, 1, text.len() / 3, text.len() - 1] {
        assert!(Bundle::read(&text[..cut], &keys).is_err(), "cut at {cut}");
    }
    assert!(Bundle::read(&format!("{text}x"), &keys).is_err(), "something after it");
}

#[test]
fn what_another_key_signed_is_refused() {
    let refused = Bundle::read(&signed(), &[signing(2).public()]).unwrap_err();
    assert_eq!(refused.code, "bundle_tampered");
    assert!(Bundle::read(&signed(), &[]).is_err());
    assert!(Bundle::read(&signed(), &[signing(2).public(), signing(1).public()]).is_ok(), "one of several");
}

#[test]
fn after_its_time_nothing_is_carried_out_from_it() {
    let bundle = Bundle::read(&signed(), &[signing(1).public()]).unwrap();
    let last = bundle.head.good_until;
    assert!(bundle.still_good(last.checked_sub(SignedDuration::from_secs(1)).unwrap()).is_ok());
    assert_eq!(bundle.still_good(last).unwrap_err().code, "bundle_expired");
}

/// Signed with the right key, by a server that lists another plan than it seals: what is not listed is not approved.
#[test]
fn a_plan_whose_digest_the_signature_does_not_cover_is_refused_by_name() {
    let mut open = opened();
    let of = open.contents.applications[0].clone();
    let mut plan = of.plans[0].clone();
    plan.plan.roles.insert(Name::parse("prod").unwrap(), "arn:aws:iam::222222222222:role/other".into());
    let refused = plan.request(&of.application, &open, asked(&[])).unwrap_err();
    assert_eq!(refused.code, "not_an_approved_plan");
    assert!(refused.sentence.contains("The plan of shop has digest"), "{}", refused.sentence);
    // Its own digest may say what it likes.
    plan.digest = plan.digest_with(&of.application.name, &[]).unwrap();
    assert!(plan.request(&of.application, &open, asked(&[])).is_err());
    // The way round: the listing is another application's.
    open.head.plans[0].application = Name::parse("bank").unwrap();
    assert!(of.plans[0].request(&of.application, &open, asked(&[])).is_err());
}

#[test]
fn what_stood_against_it_is_overridden_by_name_or_holds() {
    let mut plan = offered();
    plan.to_override =
        vec![Overridable { guard: "plane_lint".into(), sentence: "It needs us-east-1.".into() }];
    let open = opened();
    let refused = plan.request(&shop(), &open, asked(&[])).unwrap_err();
    assert_eq!(refused.code, "override_needed");
    let request = plan.request(&shop(), &open, asked(&["plane_lint"])).unwrap();
    assert_eq!(request.overrides, ["plane_lint"]);
    assert_ne!(request.digest, plan.digest, "what is overridden is a part of the digest");
    request.check_digest().unwrap();
    plan.refused = Some(Refusal::new("guard_refused", "The role is open to all.", "Mend it."));
    assert_eq!(plan.request(&shop(), &open, asked(&["plane_lint"])).unwrap_err().code, "guard_refused");
}

#[test]
fn what_was_measured_meanwhile_makes_no_other_bundle_and_another_step_does() {
    let print = |plan: OfferedPlan| draft_with(plan).print().unwrap();
    let mut later = offered();
    later.plan.notes.push("the lag is 3 s".into());
    assert_eq!(print(later), print(offered()));
    let mut other = offered();
    other.digest = Digest::of(&"another").unwrap();
    assert_ne!(print(other), print(offered()));
    // What stands against it does too, whatever the words tell of measures.
    let stands = |guard: &str, sentence: &str| {
        let to_override = vec![Overridable { guard: guard.into(), sentence: sentence.into() }];
        OfferedPlan { to_override, ..offered() }
    };
    assert_ne!(print(stands("plane_lint", "It needs us-east-1.")), print(offered()));
    assert_eq!(print(stands("lag", "It is 3 s.")), print(stands("lag", "It is 4 s.")));
    let refused = Refusal::new("guard_refused", "The role is open to all.", "Mend it.");
    assert_ne!(print(OfferedPlan { refused: Some(refused.clone()), ..offered() }), print(offered()));
    let mut without = draft_with(offered());
    without.contents.applications[0].without = vec![(offered().movement, refused)];
    assert_ne!(without.print().unwrap(), print(offered()));
}

//! Guards, freezes, the automation switch and acknowledgements, as people meet them.

use crate::house::{AWAY, FAR, HOME, House, id, name, refused, weighted};
use holdfast_api::IfMatch;
use holdfast_api::applications::Applications as _;
use holdfast_api::evacuations::{Evacuations, RequestEvacuation};
use holdfast_api::runs::{RequestRun, RunVerb, Runs};
use holdfast_api::safeguards::{DeclareFreeze, Safeguards, SwitchAutomation};
use holdfast_domain::{AccountId, Actor, Role};
use holdfast_failover::run::RunState;
use holdfast_failover::{Intent, Mode};
use holdfast_store::{AccountRole, AccountTrust, AuditFilter};
use jiff::{SignedDuration, Timestamp};

fn in_an_hour() -> Timestamp {
    Timestamp::now().checked_add(SignedDuration::from_hours(1)).unwrap()
}

fn freeze(application: Option<&str>) -> DeclareFreeze {
    DeclareFreeze {
        application: application.map(str::to_owned),
        reason: "the end of the quarter".into(),
        starts_at: None,
        ends_at: in_an_hour(),
    }
}

fn asked(mode: Mode) -> RequestRun {
    RequestRun { mode, ..House::asked("shop", Intent::Failover, HOME, AWAY) }
}

#[tokio::test]
async fn a_freeze_asks_a_planned_run_for_an_override_by_name_and_lets_an_emergency_go() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    house.app.declare_freeze(&admin, freeze(Some("shop"))).await.unwrap();

    let no = refused(house.request(asked(Mode::Planned)).await);
    assert_eq!(no.code, "override_needed");
    assert!(no.detail.contains("the end of the quarter") && no.detail.contains("since"), "{}", no.detail);
    assert!(no.way_out.contains("`change_freeze`"), "{}", no.way_out);

    let named = RequestRun { overrides: vec!["change_freeze".into()], ..asked(Mode::Planned) };
    let run = house.request(named).await.unwrap();
    assert_eq!(run.overrides, ["change_freeze"]);
    assert!(
        run.notes.iter().any(|n| n.starts_with("Overridden by name, `change_freeze`")),
        "{:?}",
        run.notes
    );

    let emergency = house.request(asked(Mode::Emergency)).await.unwrap();
    assert!(emergency.notes.iter().any(|n| n.contains("the end of the quarter")), "{:?}", emergency.notes);
}

#[tokio::test]
async fn what_the_review_shows_is_what_is_asked_for_with_its_overrides() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    house.app.declare_freeze(&admin, freeze(None)).await.unwrap();
    let preview = house.app.preview_run(&house.operator, &asked(Mode::Planned)).await.unwrap();
    let needed: Vec<&str> = preview.overrides_needed.iter().map(|o| o.guard.as_str()).collect();
    assert_eq!((needed, preview.refused), (vec!["change_freeze"], None));

    let shown = Some(preview.plan_digest);
    let silent = RequestRun { plan_digest: shown.clone(), ..asked(Mode::Planned) };
    assert_eq!(refused(house.request(silent).await).code, "override_needed");
    let named =
        RequestRun { plan_digest: shown, overrides: vec!["change_freeze".into()], ..asked(Mode::Planned) };
    house.request(named).await.unwrap();
}

#[tokio::test]
async fn a_guard_raised_twice_is_overridden_once_and_how_it_is_written_makes_no_other_plan() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    for reason in ["the end of the quarter", "the auditors are here"] {
        let asked = DeclareFreeze { reason: reason.into(), ..freeze(None) };
        house.app.declare_freeze(&admin, asked).await.unwrap();
    }
    let preview = house.app.preview_run(&house.operator, &asked(Mode::Planned)).await.unwrap();
    let [needed] = preview.overrides_needed.as_slice() else { panic!("{:?}", preview.overrides_needed) };
    assert!(needed.sentence.contains("quarter") && needed.sentence.contains("auditors"), "{needed:?}");

    let named = |codes: &[&str]| {
        let overrides = codes.iter().map(ToString::to_string).collect();
        RequestRun { overrides, ..asked(Mode::Planned) }
    };
    let shown = house
        .app
        .preview_run(&house.operator, &named(&["lag_above_rpo", " change_freeze", "lag_above_rpo"]))
        .await
        .unwrap();
    let digest = Some(shown.plan_digest);
    let request =
        RequestRun { plan_digest: digest, ..named(&["change_freeze", "change_freeze ", "lag_above_rpo"]) };
    let run = house.request(request).await.unwrap();
    assert_eq!(run.overrides, ["lag_above_rpo", "change_freeze"]);
}

#[tokio::test]
async fn a_freeze_of_one_application_leaves_the_others_alone_and_ends_when_it_is_lifted() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    house.app.declare_freeze(&admin, freeze(Some("pair"))).await.unwrap();
    let all = house.app.declare_freeze(&admin, freeze(None)).await.unwrap();
    assert_eq!(refused(house.request(asked(Mode::Planned)).await).code, "override_needed");
    house.app.lift_freeze(&admin, all.id).await.unwrap();
    house.request(asked(Mode::Planned)).await.unwrap();
    assert_eq!(house.app.freezes(&admin).await.unwrap().len(), 1);
    assert_eq!(refused(house.app.lift_freeze(&admin, all.id).await).code, "not_found");
}

#[tokio::test]
async fn a_freeze_that_was_declared_since_the_request_holds_its_last_approval_back() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let run = house.request(asked(Mode::Planned)).await.unwrap();
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let freeze = house.app.declare_freeze(&admin, freeze(Some("shop"))).await.unwrap();
    let no = refused(house.approve(&house.approver, &run).await);
    assert_eq!(no.code, "override_needed");
    let stands = house.app.run(&house.approver, id(&run)).await.unwrap();
    assert_eq!(stands.summary.state, RunState::AwaitingApproval);
    // The page says so beforehand.
    let shown = stands.verbs.into_iter().find(|verb| verb.verb == "approve").unwrap().refused;
    assert_eq!(shown.map(|refusal| refusal.code).as_deref(), Some("override_needed"));
    house.app.lift_freeze(&admin, freeze.id).await.unwrap();
    assert_eq!(house.approve(&house.approver, &run).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn a_freeze_needs_an_administrator_a_reason_and_a_time_that_makes_sense() {
    let house = House::new().await;
    assert_eq!(refused(house.app.declare_freeze(&house.operator, freeze(None)).await).status, 403);
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let field = |problem: holdfast_api::Problem| problem.fields.first().map(|f| f.path.clone());
    let silent = DeclareFreeze { reason: " ".into(), ..freeze(None) };
    assert_eq!(field(refused(house.app.declare_freeze(&admin, silent).await)).as_deref(), Some("reason"));
    let past = DeclareFreeze { ends_at: Timestamp::UNIX_EPOCH, ..freeze(None) };
    assert_eq!(field(refused(house.app.declare_freeze(&admin, past).await)).as_deref(), Some("ends_at"));
    let endless = Timestamp::now().checked_add(SignedDuration::from_hours(24 * 93)).unwrap();
    let endless = DeclareFreeze { ends_at: endless, ..freeze(None) };
    assert_eq!(field(refused(house.app.declare_freeze(&admin, endless).await)).as_deref(), Some("ends_at"));
    let nowhere = freeze(Some("nowhere"));
    assert_eq!(refused(house.app.declare_freeze(&admin, nowhere).await).status, 404);
    assert!(house.app.freezes(&admin).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_application_with_a_freeze_can_be_removed_and_its_freeze_is_found_under_it() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let asked = DeclareFreeze { reason: "é".repeat(2_000), ..freeze(Some("pair")) };
    let declared = house.app.declare_freeze(&admin, asked).await.unwrap();
    house.app.lift_freeze(&admin, declared.id).await.unwrap();
    let of = AuditFilter { application: Some(name("pair")), limit: 9, ..AuditFilter::default() };
    let entries = house.store.audit_entries(&of).await.unwrap();
    let actions: Vec<&str> = entries.iter().map(|e| e.entry.action.as_str()).collect();
    assert_eq!(actions, ["freeze.lift", "freeze.declare"]);
    house.app.remove_application(&house.operator, &name("pair"), &IfMatch::Unconditional).await.unwrap();
}

#[tokio::test]
async fn a_word_that_is_no_guard_is_named_and_nothing_is_asked_for() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let wrong = RequestRun { overrides: vec!["lag".into()], ..asked(Mode::Planned) };
    let no = refused(house.request(wrong).await);
    assert_eq!((no.status, no.fields[0].path.as_str()), (422, "overrides"));
    assert!(no.fields[0].message.contains("lag_above_rpo"), "{no:?}");
}

#[tokio::test]
async fn the_switch_is_an_operators_and_off_needs_a_reason() {
    let house = House::new().await;
    assert!(house.app.automation(&house.operator).await.unwrap().on);
    let off = |reason: Option<&str>| SwitchAutomation { on: false, reason: reason.map(str::to_owned) };
    assert_eq!(refused(house.app.switch_automation(&house.approver, off(Some("x"))).await).status, 403);
    assert_eq!(refused(house.app.switch_automation(&house.operator, off(None)).await).status, 422);
    let view = house.app.switch_automation(&house.operator, off(Some("signals are wrong"))).await.unwrap();
    assert_eq!((view.on, view.reason.as_deref()), (false, Some("signals are wrong")));
    assert_eq!(view.changed_by.as_deref(), Some("operator@example.com"));
    // People go on as before.
    house.sees_services("shop", &[HOME, AWAY]).await;
    house.request(asked(Mode::Planned)).await.unwrap();
}

#[tokio::test]
async fn a_run_that_did_not_end_well_is_noted_until_somebody_acknowledges_it() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let run = house.request(asked(Mode::Planned)).await.unwrap();
    assert_eq!(
        refused(house.app.drive_run(&house.operator, id(&run), RunVerb::Acknowledge).await).code,
        "wrong_state"
    );
    house.approve(&house.approver, &run).await.unwrap();
    let cancel = RunVerb::Cancel { reason: "enough".into() };
    let ended = house.app.drive_run(&house.operator, id(&run), cancel).await.unwrap();
    assert_eq!(ended.summary.state, RunState::Cancelled);
    assert!(ended.verbs.iter().any(|v| v.verb == "acknowledge" && v.refused.is_none()), "{:?}", ended.verbs);

    let says = |notes: &[String]| notes.iter().any(|n| n.contains("nobody has acknowledged it"));
    assert!(says(&house.app.preview_run(&house.operator, &asked(Mode::Planned)).await.unwrap().notes));
    let read = house.app.drive_run(&house.operator, id(&run), RunVerb::Acknowledge).await.unwrap();
    assert_eq!(read.acknowledged_by.as_deref(), Some("operator@example.com"));
    assert!(read.verbs.iter().all(|v| v.verb != "acknowledge"));
    assert!(!says(&house.app.preview_run(&house.operator, &asked(Mode::Planned)).await.unwrap().notes));
    // Said again by another, the first stands.
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let again = house.app.drive_run(&admin, id(&run), RunVerb::Acknowledge).await.unwrap();
    assert_eq!(again.acknowledged_by.as_deref(), Some("operator@example.com"));
}

#[tokio::test]
async fn a_later_run_that_went_well_does_not_hide_an_older_one_that_nobody_has_acknowledged() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let failed = house.ran((Intent::Failover, HOME, AWAY), RunState::Failed, 2).await;
    house.ran((Intent::Failback, AWAY, HOME), RunState::Completed, 2).await;
    let notes = house.app.preview_run(&house.operator, &asked(Mode::Planned)).await.unwrap().notes;
    let says = format!("Run {failed} did not end well");
    assert!(notes.iter().any(|n| n.contains(&says)), "{notes:?}");
}

/// Whoever can have Holdfast use a role could have made the emergency: nothing overrides it, and a request that was made
/// before is held back at its start.
#[tokio::test]
async fn no_run_uses_a_role_that_anybody_could_have_used() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let approver = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let before = house.request(asked(Mode::Planned)).await.unwrap();
    let found = |demands_external_id| AccountTrust {
        account: AccountId::parse("222222222222").unwrap(),
        role: AccountRole::Act,
        at: Timestamp::now(),
        demands_external_id,
    };
    house.store.record_account_trust(&found(false)).await.unwrap();
    for mode in [Mode::Planned, Mode::Emergency] {
        let overriding = RequestRun { overrides: vec!["unsafe_trust".into()], ..asked(mode) };
        let no = refused(house.request(overriding).await);
        assert_eq!(no.code, "guard_refused");
        for words in ["role/holdfast-act", "without its external id", "since"] {
            assert!(no.detail.contains(words), "{}", no.detail);
        }
        assert!(no.way_out.contains("sts:ExternalId"), "{}", no.way_out);
    }
    let shop = house.app.application(&house.operator, &name("shop")).await.unwrap();
    assert!(shop.findings.iter().any(|f| f.code == "unsafe_trust"), "{:?}", shop.findings);
    let no = refused(house.approve(&approver, &before).await);
    assert_eq!(no.code, "guard_refused");

    house.store.record_account_trust(&found(true)).await.unwrap();
    house.approve(&approver, &before).await.unwrap();
}

async fn front() -> House {
    let house = House::new().await;
    house.sees_services("front", &[HOME, AWAY]).await;
    for (code, weight) in [(HOME, 100), (AWAY, 0)] {
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
    }
    house
}

/// Its emergency edits records through Route 53's control plane, and nobody has waived that.
#[tokio::test]
async fn an_emergency_whose_lint_failed_is_asked_to_name_it_and_waits_for_no_fresh_sign_in() {
    let house = front().await;
    let emergency =
        RequestRun { mode: Mode::Emergency, ..House::asked("front", Intent::Failover, HOME, AWAY) };
    let no = refused(house.request(emergency.clone()).await);
    assert_eq!(no.code, "override_needed");
    assert!(no.detail.contains("route53@us-east-1"), "{}", no.detail);
    assert!(no.way_out.contains("Name `plane_lint` in `overrides`"), "{}", no.way_out);
    let preview = house.app.preview_run(&house.operator, &emergency).await.unwrap();
    let needed: Vec<&str> = preview.overrides_needed.iter().map(|o| o.guard.as_str()).collect();
    assert_eq!((needed, preview.refused), (vec!["plane_lint"], None));

    let old_sign_in = Actor { identity_proved_at: None, ..house.operator.clone() };
    let named = RequestRun { overrides: vec!["plane_lint".into()], ..emergency };
    let more = RequestRun { overrides: vec!["plane_lint".into(), "target_not_seen".into()], ..named.clone() };
    let no = refused(house.app.request_run(&old_sign_in, more, "more").await);
    assert_eq!(no.code, "fresh_identity_needed", "what gives something up is not named on an old sign-in");
    let run = house.app.request_run(&old_sign_in, named, "named").await.unwrap();
    assert_eq!(run.overrides, ["plane_lint"]);
    assert!(run.notes.iter().any(|n| n.starts_with("Overridden by name, `plane_lint`")), "{:?}", run.notes);
}

#[tokio::test]
async fn a_planned_move_is_asked_nothing_of_planes_and_an_emergency_lot_names_them_where_they_are_needed() {
    let house = front().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    let planned = House::asked("front", Intent::Failover, HOME, AWAY);
    let planned = house.app.preview_run(&house.operator, &planned).await.unwrap();
    assert_eq!((planned.overrides_needed, planned.refused), (vec![], None));
    let lot: RequestEvacuation = serde_json::from_value(serde_json::json!({
        "region": HOME, "mode": "emergency", "reason": "a test", "applications": ["front", "shop"],
    }))
    .unwrap();
    let view = house.app.request_evacuation(&house.operator, lot, "lot").await.unwrap();
    let overrides = async |application: &str| {
        let part = view.waves.iter().flatten().find(|run| run.application == application).unwrap();
        house.app.run(&house.operator, part.id.parse().unwrap()).await.unwrap().overrides
    };
    assert_eq!(overrides("front").await, ["plane_lint"]);
    assert_eq!(overrides("shop").await, [""; 0], "its lint passes");
}

use super::*;
use crate::run::Request;
use crate::step::Work;
use crate::testing::compute::images;
use crate::testing::stores::{archive, lag, ledger, table_replica, vault_facts};
use crate::testing::switches::{health_check, switch_plan};
use crate::testing::world::{
    A, B, absent, key, known, member, service, setting, shop, stack, stack_facts, unknown,
};
use crate::testing::{NOW, failover, movement, name, region, request};
use holdfast_domain::facts::LagFrom;
use holdfast_domain::{Facts, RunId, Strategy, Waiver};
use jiff::SignedDuration;

fn ago(seconds: i64) -> Timestamp {
    NOW.checked_sub(SignedDuration::from_secs(seconds)).unwrap()
}

fn ahead(seconds: i64) -> Timestamp {
    NOW.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// With every plane waived that its emergency needs and should not.
fn waived(mut picture: Picture) -> Picture {
    for (step, plane) in [("front-door", "route53@us-east-1"), ("edge", "globalaccelerator@us-west-2")] {
        picture.application.waivers.push(Waiver {
            step: name(step),
            plane: plane.into(),
            by: "payments".into(),
            reason: "moved by hand later".into(),
            review_on: jiff::civil::date(2100, 1, 1),
        });
    }
    picture
}

fn not_seen(picture: &mut Picture, at: &str) {
    let last = picture.observations[&key("web", at)].known().cloned();
    picture.observations.insert(key("web", at), unknown(last));
}

/// A picture and surroundings in which exactly this guard is raised.
fn only(guard: Guard) -> (Picture, Standing) {
    let (mut picture, mut standing) = (waived(shop()), Standing::default());
    let ended = |ended_at| Some(Ended { run: RunId::fresh(), ended_at });
    match guard {
        Guard::TargetNotSeen => not_seen(&mut picture, B),
        Guard::LeavingNotSeen => not_seen(&mut picture, A),
        Guard::LagAboveRpo => {
            let mut copy = member("orders", B, false);
            copy.lag.as_mut().unwrap().milliseconds = 31_000.0;
            picture.observations.insert(key("orders", B), known(Facts::AuroraMember(copy)));
        }
        Guard::CoolDown => standing.last = ended(ago(COOL_DOWN_SECONDS - 1)),
        Guard::Unacknowledged => standing.unacknowledged = ended(ago(COOL_DOWN_SECONDS + 1)),
        Guard::ChangeFreeze => standing.freezes.push(Freeze {
            reason: "end of the quarter".into(),
            by: "admin@example.com".into(),
            from: ago(60),
            until: ahead(60),
        }),
        Guard::DataResidency => picture.application.data_residency = vec![region(A)],
        Guard::PlaneLint => picture = shop(),
        Guard::AutomationOff => standing.automation_off = Some(("admin@example.com".into(), Some(ago(5)))),
        Guard::UnsafeTrust => standing
            .open_roles
            .push(OpenRole { arn: "arn:aws:iam::222222222222:role/holdfast-act".into(), since: ago(600) }),
    }
    (picture, standing)
}

fn asked(kind: RunKind) -> Movement {
    match kind {
        RunKind::Automatic | RunKind::Planned => failover(Mode::Planned),
        RunKind::Emergency => failover(Mode::Emergency),
        RunKind::Drill => movement(Intent::Drill, Mode::Planned, A, B),
    }
}

fn none() -> BTreeSet<Guard> {
    BTreeSet::new()
}

#[test]
fn each_guard_alone_is_ruled_as_the_table_says_for_every_kind_of_run() {
    for guard in Guard::ALL {
        for kind in RunKind::ALL {
            let (picture, standing) = only(guard);
            let go = asked(kind);
            // A drill leaves nothing, so nothing is asked of the Region that it does not leave.
            // Only an emergency is to do without those planes.
            let asks = !(guard == Guard::LeavingNotSeen && kind == RunKind::Drill
                || guard == Guard::PlaneLint && kind != RunKind::Emergency);
            let raised: Vec<Guard> = raised(&picture, &go, &standing).iter().map(|r| r.guard).collect();
            assert_eq!(raised, if asks { vec![guard] } else { vec![] }, "{guard:?} {kind:?}");

            let bare = guarded(&picture, &go, kind, &standing, &none()).unwrap().ruled;
            let named = guarded(&picture, &go, kind, &standing, &BTreeSet::from([guard])).unwrap().ruled;
            let code = |ruled: &Ruled| ruled.refusal().map(|refusal| refusal.code);
            let noted = |ruled: &Ruled| ruled.noted.len();
            match guard.ruling(kind) {
                Ruling::Refuse => {
                    assert_eq!(code(&bare).as_deref(), Some("guard_refused"), "{guard:?} {kind:?}");
                    assert_eq!(code(&named).as_deref(), Some("guard_refused"), "{guard:?} {kind:?}");
                }
                Ruling::Override => {
                    assert_eq!(code(&bare).as_deref(), Some("override_needed"), "{guard:?} {kind:?}");
                    assert_eq!((code(&named), noted(&named)), (None, 1), "{guard:?} {kind:?}");
                    assert!(named.noted[0].1, "it is said to be overridden");
                }
                Ruling::Note => {
                    let expected = usize::from(asks);
                    assert_eq!((code(&bare), noted(&bare)), (None, expected), "{guard:?} {kind:?}");
                }
                Ruling::NotAsked => assert_eq!((code(&bare), noted(&bare)), (None, 0), "{guard:?} {kind:?}"),
            }
        }
    }
}

#[test]
fn nothing_is_raised_where_all_is_well() {
    for kind in RunKind::ALL {
        assert_eq!(raised(&waived(shop()), &asked(kind), &Standing::default()), [], "{kind:?}");
    }
}

#[test]
fn every_no_names_what_lifts_it() {
    for guard in Guard::ALL {
        let (picture, standing) = only(guard);
        for one in raised(&picture, &failover(Mode::Planned), &standing) {
            assert!(one.sentence.len() > 20 && one.way_out.ends_with('.'), "{one:?}");
        }
        let bare = rule(RunKind::Planned, raised(&picture, &failover(Mode::Planned), &standing), &none());
        if guard.ruling(RunKind::Planned) == Ruling::Override {
            assert!(bare.refusal().unwrap().way_out.contains(guard.as_str()), "{guard:?}");
        }
    }
}

#[test]
fn a_refusal_comes_before_what_an_override_could_lift() {
    let (mut picture, standing) = only(Guard::LagAboveRpo);
    not_seen(&mut picture, A);
    let ruled =
        guarded(&picture, &failover(Mode::Planned), RunKind::Planned, &standing, &none()).unwrap().ruled;
    let refusal = ruled.refusal().unwrap();
    assert_eq!(refusal.code, "guard_refused");
    assert!(refusal.sentence.contains("web") && !refusal.sentence.contains("behind"), "{refusal}");
}

#[test]
fn a_lag_accepted_by_name_stops_the_run_no_longer_and_is_still_recorded() {
    let (picture, standing) = only(Guard::LagAboveRpo);
    let go = failover(Mode::Planned);
    let limit = |overrides: BTreeSet<Guard>| {
        let plan = guarded(&picture, &go, RunKind::Planned, &standing, &overrides).unwrap().plan;
        plan.steps.iter().find_map(|step| match &step.work {
            Work::RecordLag { limit_ms, .. } => Some(*limit_ms),
            _ => None,
        })
    };
    assert_eq!(limit(none()), Some(Some(30_000.0)));
    assert_eq!(limit(BTreeSet::from([Guard::LagAboveRpo])), Some(None));
}

#[test]
fn an_unknown_lag_counts_as_too_much() {
    let mut picture = shop();
    let mut copy = member("orders", B, false);
    copy.lag = None;
    picture.observations.insert(key("orders", B), known(Facts::AuroraMember(copy)));
    let raised = raised(&picture, &failover(Mode::Planned), &Standing::default());
    assert_eq!(raised.iter().map(|r| r.guard).collect::<Vec<_>>(), [Guard::LagAboveRpo]);
    assert!(raised[0].sentence.contains("not known"), "{}", raised[0].sentence);
}

fn guards(picture: &Picture, movement: &Movement) -> Vec<Guard> {
    raised(picture, movement, &Standing::default()).iter().map(|r| r.guard).collect()
}

#[test]
fn only_what_the_move_cuts_off_must_have_a_lag_that_is_known() {
    let mut picture = ledger();
    let mut replica = table_replica(A, Some("ACTIVE"));
    replica.lags.clear();
    picture.observations.insert(key("postings", B), known(Facts::TableReplica(replica.clone())));
    assert_eq!(guards(&picture, &failover(Mode::Planned)), []);
    replica.lags = vec![LagFrom { region: A.into(), lag: lag(31_000.0) }];
    picture.observations.insert(key("postings", B), known(Facts::TableReplica(replica)));
    assert_eq!(guards(&picture, &failover(Mode::Planned)), [Guard::LagAboveRpo]);
}

#[test]
fn an_old_backup_counts_where_it_is_restored_and_nowhere_else() {
    let mut picture = archive();
    picture.observations.insert(key("backups", B), known(Facts::BackupVault(vault_facts(25, Vec::new()))));
    assert_eq!(guards(&picture, &failover(Mode::Planned)), [Guard::LagAboveRpo]);
    picture.application.strategy = Strategy::WarmStandby;
    assert_eq!(guards(&picture, &failover(Mode::Planned)), []);
}

#[test]
fn an_emergency_does_not_wait_for_what_moves_traffic_or_names_the_store_to_be_seen() {
    let mut picture = shop();
    let resources = &mut picture.application.resources;
    resources.extend([health_check("check"), switch_plan("switch"), setting("database")]);
    for of in ["front-door", "edge", "assets", "check", "switch", "database"] {
        for at in [A, B] {
            picture.observations.insert(key(of, at), unknown(None));
        }
    }
    assert!(!guards(&picture, &failover(Mode::Emergency)).contains(&Guard::TargetNotSeen));
    assert_eq!(
        guards(&picture, &failover(Mode::Planned)).iter().filter(|g| **g == Guard::TargetNotSeen).count(),
        6
    );
}

#[test]
fn what_no_plan_rests_on_may_be_out_of_sight() {
    let mut picture = shop();
    picture.application.resources.push(images());
    assert_eq!(guards(&picture, &failover(Mode::Planned)), []);
}

#[test]
fn compute_that_the_recovery_stack_will_make_need_not_be_seen_before() {
    let mut picture = ledger();
    picture.application.resources.push(stack("platform"));
    picture.observations.insert(key("platform", B), known(Facts::Stack { stack: None }));
    // Whether it stood there once is no matter.
    for last in [None, Some(service(4))] {
        picture.observations.insert(key("web", B), absent(last));
        assert_eq!(guards(&picture, &failover(Mode::Planned)), []);
    }
    // What stands already makes nothing.
    let mut stands = picture.clone();
    stands.observations.insert(key("platform", B), unknown(None));
    assert_eq!(guards(&stands, &failover(Mode::Planned)), [Guard::TargetNotSeen, Guard::TargetNotSeen]);
    stands.observations.insert(key("platform", B), known(stack_facts("CREATE_COMPLETE", -60)));
    assert_eq!(guards(&stands, &failover(Mode::Planned)), [Guard::TargetNotSeen]);
    // What could not be asked may be there, and where nothing makes it, it must be seen.
    let mut unseen = picture.clone();
    for last in [None, Some(service(4))] {
        unseen.observations.insert(key("web", B), unknown(last));
        assert_eq!(guards(&unseen, &failover(Mode::Planned)), [Guard::TargetNotSeen]);
    }
    let back = movement(Intent::Failback, Mode::Planned, B, A);
    picture.observations.insert(key("web", A), absent(None));
    assert!(guards(&picture, &back).contains(&Guard::TargetNotSeen));
    picture.application.resources.pop();
    assert!(guards(&picture, &failover(Mode::Planned)).contains(&Guard::TargetNotSeen));
}

#[test]
fn the_way_out_of_an_unseen_region_is_one_that_the_kind_of_run_has() {
    let way = |guard, kind| {
        let (picture, standing) = only(guard);
        let go = asked(kind);
        raised(&picture, &go, &standing).into_iter().find(|r| r.guard == guard).map(|r| r.way_out)
    };
    for guard in [Guard::TargetNotSeen, Guard::LeavingNotSeen] {
        assert!(way(guard, RunKind::Planned).unwrap().contains("emergency"), "{guard:?}");
        assert!(!way(guard, RunKind::Emergency).unwrap().contains("emergency"), "{guard:?}");
    }
    assert!(!way(Guard::TargetNotSeen, RunKind::Drill).unwrap().contains("emergency"));
}

#[test]
fn a_freeze_holds_from_its_beginning_until_before_its_end() {
    let freeze = |from, until| Standing {
        freezes: vec![Freeze { reason: "r".into(), by: "b".into(), from, until }],
        ..Standing::default()
    };
    let holds = |standing: Standing| !raised(&shop(), &failover(Mode::Planned), &standing).is_empty();
    assert!(holds(freeze(NOW, ahead(1))));
    assert!(!holds(freeze(ago(2), NOW)));
    assert!(!holds(freeze(ahead(1), ahead(2))));
}

#[test]
fn what_was_declared_since_the_request_refuses_the_start_unless_the_request_overrides_it() {
    let (_, standing) = only(Guard::ChangeFreeze);
    let code = |mode, overrides: &[&str]| {
        let overrides = overrides.iter().map(|code| (*code).to_owned()).collect();
        let asked = Request { movement: failover(mode), overrides, ..request() };
        let refusal = standing_refusal(&asked, &standing, NOW)?;
        assert!(refusal.way_out.contains("anew"), "{refusal}");
        Some(refusal.code)
    };
    assert_eq!(code(Mode::Planned, &[]).as_deref(), Some("override_needed"));
    assert_eq!(code(Mode::Planned, &["change_freeze"]), None);
    assert_eq!(code(Mode::Emergency, &[]), None);
    assert_eq!(standing_refusal(&request(), &Standing::default(), NOW), None);
}

#[test]
fn a_guard_is_named_by_its_code_and_by_nothing_else() {
    for guard in Guard::ALL {
        assert_eq!(guard.as_str().parse(), Ok(guard));
        assert_eq!(serde_json::to_value(guard).unwrap(), guard.as_str());
    }
    let wrong = "lag".parse::<Guard>().unwrap_err().to_string();
    assert!(wrong.contains("lag_above_rpo"), "{wrong}");
}

/// The table of the documentation, as the code has it.
fn table() -> String {
    let mut text = String::from(
        "| guard | raised when | automatic | planned | emergency | drill |\n|---|---|---|---|---|---|\n",
    );
    for guard in Guard::ALL {
        let rulings: Vec<&str> = RunKind::ALL.iter().map(|kind| guard.ruling(*kind).as_str()).collect();
        text.push_str(&format!("| `{}` | {} | {} |\n", guard.as_str(), guard.words(), rulings.join(" | ")));
    }
    text
}

#[test]
fn the_page_of_guards_has_the_table_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/GUARDS.md");
    let page = std::fs::read_to_string(path).unwrap();
    if std::env::var_os("HOLDFAST_WRITE_DOCS").is_some() {
        let old: String =
            page.lines().filter(|line| line.starts_with('|')).map(|line| format!("{line}\n")).collect();
        std::fs::write(path, page.replace(&old, &table())).unwrap();
        return;
    }
    assert!(page.contains(&table()), "docs/GUARDS.md should have:\n{}", table());
}

/// A live drill moves as a planned failover does, and is ruled as a drill; a freeze keeps it from beginning, and not from
/// coming home.
#[test]
fn both_legs_of_a_live_drill_are_drills_and_a_freeze_keeps_none_from_coming_home() {
    let (_, frozen) = only(Guard::ChangeFreeze);
    let leg = |drill| {
        let mut asked = Request { movement: failover(Mode::Planned), ..request() };
        asked.plan.drill = drill;
        let refusal = standing_refusal(&asked, &frozen, NOW);
        (RunKind::of_drill(&asked.movement, drill), refusal.map(|refusal| refusal.code))
    };
    let lasts = holdfast_domain::Seconds(60);
    assert_eq!(leg(None), (RunKind::Planned, Some("override_needed".into())));
    assert_eq!(leg(Some(Drill::There { lasts })), (RunKind::Drill, Some("guard_refused".into())));
    assert_eq!(leg(Some(Drill::Isolated)), (RunKind::Drill, Some("guard_refused".into())));
    assert_eq!(leg(Some(Drill::Back { of: RunId::fresh() })), (RunKind::Drill, None));
}

#[test]
fn a_failed_lint_asks_an_emergency_for_a_name_and_blocks_nothing() {
    let (picture, standing) = only(Guard::PlaneLint);
    let go = failover(Mode::Emergency);
    let bare = guarded(&picture, &go, RunKind::Emergency, &standing, &none()).unwrap();
    let refusal = bare.ruled.refusal().unwrap();
    assert!(refusal.code == "override_needed" && refusal.way_out.contains("`plane_lint`"), "{refusal}");
    assert!(refusal.sentence.contains("route53@us-east-1"), "{refusal}");
    let named = BTreeSet::from([Guard::PlaneLint]);
    let guarded = guarded(&picture, &go, RunKind::Emergency, &standing, &named).unwrap();
    assert!(guarded.ruled.refusal().is_none());
    assert!(
        guarded.plan.notes[0].starts_with("Overridden by name, `plane_lint`"),
        "{:?}",
        guarded.plan.notes
    );
}

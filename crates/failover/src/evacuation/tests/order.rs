use super::*;
use crate::serving::Serving;
use crate::testing::world::application;
use holdfast_domain::{Application, Declaration, DeclaredRegion, Strategy};

fn ordered(entries: &[(&str, u8, &[&str])]) -> Vec<Ordered> {
    entries
        .iter()
        .map(|(of, tier, needs)| Ordered {
            name: name(of),
            tier: *tier,
            depends_on: needs.iter().map(|n| name(n)).collect(),
        })
        .collect()
}

fn in_waves(entries: &[(&str, u8, &[&str])], moving: &[&str]) -> Vec<Vec<String>> {
    let moving = moving.iter().map(|n| name(n)).collect();
    let waves = waves(&ordered(entries), &moving).waves;
    waves.into_iter().map(|wave| wave.into_iter().map(|n| n.to_string()).collect()).collect()
}

#[test]
fn what_an_application_depends_on_goes_before_it() {
    let chain: &[(&str, u8, &[&str])] = &[("web", 1, &["api"]), ("api", 1, &["ledger"]), ("ledger", 1, &[])];
    assert_eq!(in_waves(chain, &["web", "api", "ledger"]), [["ledger"], ["api"], ["web"]]);
    // A link that stays where it is still orders what hangs on it.
    assert_eq!(in_waves(chain, &["web", "ledger"]), [["ledger"], ["web"]]);
}

#[test]
fn critical_applications_go_first_and_what_they_need_with_them() {
    let all: &[(&str, u8, &[&str])] = &[
        ("archive", 4, &[]),
        ("shop", 1, &["stock"]),
        ("stock", 3, &[]),
        ("news", 2, &[]),
        ("mail", 2, &[]),
    ];
    assert_eq!(
        in_waves(all, &["archive", "shop", "stock", "news", "mail"]),
        [vec!["stock"], vec!["shop"], vec!["mail", "news"], vec!["archive"]]
    );
}

#[test]
fn a_circle_is_one_wave_and_is_said() {
    let all =
        ordered(&[("a", 2, &["b"]), ("b", 1, &["c"]), ("c", 3, &["a"]), ("aa", 1, &["c"]), ("z", 1, &[])]);
    let moving = ["a", "b", "c", "aa", "z"].iter().map(|n| name(n)).collect();
    let ordered = waves(&all, &moving);
    let words: Vec<Vec<&str>> =
        ordered.waves.iter().map(|wave| wave.iter().map(Name::as_str).collect()).collect();
    assert_eq!(words, [vec!["b", "z", "a", "c"], vec!["aa"]]);
    assert_eq!(ordered.circles, [vec![name("a"), name("b"), name("c")]]);
}

#[test]
fn every_application_has_one_place_and_none_comes_before_what_it_needs() {
    use proptest::prelude::*;
    let graph = proptest::collection::vec((1_u8..5, proptest::collection::vec(0_usize..12, 0..3)), 1..12);
    proptest!(|(nodes in graph)| {
        let label = |index: usize| format!("app-{index:02}");
        let all: Vec<Ordered> = nodes.iter().enumerate().map(|(index, (tier, needs))| Ordered {
            name: name(&label(index)),
            tier: *tier,
            depends_on: needs.iter().map(|n| name(&label(n % nodes.len()))).collect(),
        }).collect();
        let moving: BTreeSet<Name> = all.iter().map(|a| a.name.clone()).collect();
        let made = waves(&all, &moving);
        let mut place = BTreeMap::new();
        for (number, wave) in made.waves.iter().enumerate() {
            prop_assert!(!wave.is_empty());
            for member in wave {
                prop_assert!(place.insert(member.clone(), number).is_none());
            }
        }
        prop_assert_eq!(place.len(), all.len());
        for application in &all {
            for needed in application.depends_on.iter().filter(|n| **n != application.name) {
                let circle = made.circles.iter().any(|c| c.contains(needed) && c.contains(&application.name));
                prop_assert!(circle || place[needed] < place[&application.name]);
            }
        }
    });
}

fn served_from(codes: &[&str]) -> Serving {
    Serving { regions: codes.iter().map(|c| region(c)).collect(), certain: true, ..Serving::default() }
}

fn standby() -> Application {
    application(Strategy::WarmStandby, &[HOME, "eu-central-1", "eu-west-1"], Vec::new())
}

fn moves_to(application: &Application, serving: &Serving, declared: &[DeclaredRegion]) -> (Intent, String) {
    match foot(application, serving, &serving.regions[0], Mode::Planned, declared) {
        Foot::Moves(movement) => (movement.intent, movement.to.to_string()),
        other => panic!("{other:?}"),
    }
}

fn declared(code: &str) -> DeclaredRegion {
    DeclaredRegion { code: region(code), declared: Declaration::Impaired, reason: None }
}

#[test]
fn an_application_goes_to_its_next_region_that_is_declared_normal() {
    let mut app = standby();
    let home = served_from(&[HOME]);
    assert_eq!(moves_to(&app, &home, &[]), (Intent::Failover, "eu-central-1".into()));
    assert_eq!(moves_to(&app, &home, &[declared("eu-central-1")]), (Intent::Failover, "eu-west-1".into()));
    app.data_residency = vec![region("eu-west-1")];
    assert_eq!(moves_to(&app, &home, &[]), (Intent::Failover, "eu-west-1".into()), "where its data may be");
    app.data_residency.clear();
    let away = served_from(&["eu-central-1"]);
    assert_eq!(moves_to(&app, &away, &[]), (Intent::Failback, HOME.into()), "home, where it is not home");
    assert_eq!(moves_to(&app, &away, &[declared(HOME)]), (Intent::Failover, "eu-west-1".into()));
    let nowhere = [declared("eu-central-1"), declared("eu-west-1")];
    let held = foot(&app, &home, &region(HOME), Mode::Planned, &nowhere);
    assert!(matches!(held, Foot::Held(refusal) if refusal.code == "nowhere_to_go"));
}

#[test]
fn an_active_active_share_goes_where_the_application_is_served_already() {
    let app = application(Strategy::ActiveActive, &[HOME, "eu-central-1", "eu-west-1"], Vec::new());
    let serving = served_from(&[HOME, "eu-west-1"]);
    assert_eq!(moves_to(&app, &serving, &[]), (Intent::Failover, "eu-west-1".into()));
    let serving = served_from(&["eu-west-1", HOME]);
    assert_eq!(moves_to(&app, &serving, &[]), (Intent::Failover, HOME.into()), "a share is no failback");
}

#[test]
fn what_has_no_foot_in_the_region_stays_and_is_told_why() {
    let app = standby();
    let stays = |serving: &Serving, code: &str| match foot(&app, serving, &region(code), Mode::Planned, &[]) {
        Foot::Stays(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(stays(&served_from(&[HOME]), "sa-east-1"), "does not run in sa-east-1");
    let moved = served_from(&["eu-central-1"]);
    assert_eq!(stays(&moved, HOME), "is served from eu-central-1, and only stands by here");
    let mut half = moved;
    half.writers = vec![(name("orders"), Some(region(HOME)))];
    let foot = foot(&app, &half, &region(HOME), Mode::Planned, &[]);
    assert!(matches!(foot, Foot::Moves(_)), "its data is there, whatever its traffic does");
}

#[test]
fn where_nothing_is_known_an_emergency_believes_the_home_and_a_planned_one_nothing() {
    let app = standby();
    let unknown = Serving { reasons: vec!["the records are stale".into()], ..Serving::default() };
    let ask = |code: &str, mode| foot(&app, &unknown, &region(code), mode, &[]);
    assert!(matches!(ask(HOME, Mode::Planned), Foot::Held(r) if r.code == "serving_not_known"));
    assert!(matches!(ask(HOME, Mode::Emergency), Foot::Moves(m) if m.from == region(HOME)));
    assert!(matches!(ask("eu-west-1", Mode::Emergency), Foot::Stays(_)));
}

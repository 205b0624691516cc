//! Over generated pictures: whatever is planned, in whatever order its branches run, no resource that leads
//! traffic is ever without a Region that it leads to.

use super::*;
use crate::change::Change;
use crate::serving::{Health, answering, is_open};
use crate::testing::switches::{controls, switched};
use crate::testing::world::{edge, group, route};
use holdfast_domain::Strategy;
use holdfast_domain::{ObservationMap, Sight};
use proptest::prelude::{
    Just, ProptestConfig, any, prop_assert, prop_assert_eq, prop_compose, prop_oneof, proptest,
};
use proptest::strategy::{BoxedStrategy, Strategy as Gen};

/// Boxed, like the Regions below: as plain types they outgrow a test's stack.
fn a_sight(facts: Facts) -> BoxedStrategy<Sight> {
    prop_oneof![
        60 => Just(known(facts.clone())),
        1 => Just(unknown(Some(facts))),
        1 => Just(unknown(None)),
    ]
    .boxed()
}

fn routing(kind: u8, code: &str, primary: bool, weight: i64) -> Routing {
    match kind {
        0 => Routing::Weighted { weight },
        1 => Routing::Failover { primary },
        2 => Routing::Latency { region: code.to_owned() },
        5 => Routing::Multivalue,
        6 => Routing::Geoproximity {
            region: Some(code.to_owned()),
            local_zone_group: None,
            coordinates: None,
            bias: None,
        },
        3 => Routing::Geolocation { continent: Some(code.to_owned()), country: None, subdivision: None },
        _ => Routing::Simple,
    }
}

fn store(code: &str, writer: bool, connected: bool) -> Facts {
    let mut member = member("orders", code, writer);
    if !writer && !connected {
        member.synchronization = Some("pending-resync".into());
    }
    Facts::AuroraMember(member)
}

prop_compose! {
    fn a_region(code: &'static str, kind: u8, writer: bool)(
        weight in prop_oneof![Just(0_i64), 0_i64..=255],
        out in proptest::bool::weighted(0.1),
        dial in prop_oneof![Just(0_u8), Just(50), Just(100)],
        endpoint in prop_oneof![Just(0), Just(128)],
        open in any::<bool>(),
        tasks in 0_u32..9,
        plain in any::<bool>(),
        connected in proptest::bool::weighted(0.75),
        on in any::<bool>(),
    )(
        dns in a_sight(Facts::record((!out).then(|| {
            let routing = routing(kind, code, writer, weight);
            if plain { plain_record(code, routing, &format!("192.0.2.{weight}")) } else { record(code, routing) }
        }))),
        edge in a_sight(group(code, dial, endpoint)),
        point in a_sight(route(code, if open { 100 } else { 0 })),
        store in a_sight(store(code, writer, connected)),
        control in a_sight(switched(code, on)),
        tasks in a_sight(service(tasks)),
    ) -> ObservationMap {
        [
            ("front-door", dns),
            ("edge", edge),
            ("assets", point),
            ("orders", store),
            ("web", tasks),
            ("switch", control),
        ]
            .into_iter()
            .map(|(resource, sight)| (key(resource, code), sight))
            .collect()
    }
}

prop_compose! {
    fn a_picture()(
        kind in 0_u8..7,
        writer in 0_usize..3,
        active in any::<bool>(),
        regions in 2_usize..=3,
        keep in proptest::collection::vec(proptest::bool::weighted(0.8), 6),
    )(
        a in a_region(A, kind, writer == 0).boxed(),
        b in a_region(B, kind, writer == 1).boxed(),
        c in a_region(C, kind, writer == 2).boxed(),
        before in proptest::option::of((
            a_region(A, kind, true).boxed(),
            a_region(B, kind, false).boxed(),
            a_region(C, kind, false).boxed(),
        )),
        regions in Just(regions),
        active in Just(active),
        keep in Just(keep),
    ) -> Picture {
        let codes = &[A, B, C][..regions];
        let places: Vec<_> = codes.iter().map(|c| (*c, Some(4))).collect();
        let resources = [
            dns("front-door"),
            edge("edge"),
            access_point("assets"),
            aurora("orders"),
            ecs("web", &places),
            controls("switch", codes),
        ];
        let resources = resources.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(r, _)| r).collect();
        let strategy = if active { Strategy::ActiveActive } else { Strategy::WarmStandby };
        let mut observations: ObservationMap = a.into_iter().chain(b).chain(c).collect();
        observations.retain(|(_, region), _| codes.contains(&region.as_str()));
        let before = before.into_iter().flat_map(|(a, b, c)| a.into_iter().chain(b).chain(c));
        let before = before.filter_map(|(k, sight)| Some((k, sight.known()?.clone()))).collect();
        Picture { application: application(strategy, codes, resources), observations, before, ..shop() }
    }
}

/// A picture and a move that mostly makes sense in it, so that most cases are planned and not refused.
fn a_case() -> impl Gen<Value = (Picture, Movement)> {
    let intent = prop_oneof![Just(Intent::Failover), Just(Intent::Failback), Just(Intent::Drill)];
    let planned = prop_oneof![Just(Mode::Planned), Just(Mode::Emergency)];
    (a_picture(), intent, planned, any::<u8>(), any::<u8>()).prop_map(|(picture, intent, mode, to, from)| {
        let mut regions: Vec<RegionCode> = picture.application.regions().cloned().collect();
        let home_only = intent == Intent::Failback && picture.application.strategy != Strategy::ActiveActive;
        let to = if home_only { 0 } else { usize::from(to) % regions.len() };
        let to = regions.remove(to);
        let from = regions.remove(usize::from(from) % regions.len());
        let mode = if intent == Intent::Drill { Mode::Planned } else { mode };
        (picture, Movement { intent, mode, from, to })
    })
}

/// What the health checks that follow the world's controls say.
fn health(world: &BTreeMap<(Name, RegionCode), Facts>) -> Health<'_> {
    let mut health = Health::new();
    for facts in world.values() {
        if let Facts::RoutingControl(control) = facts {
            health.extend(control.health_checks.iter().map(|id| (id.as_str(), control.on)));
        }
    }
    health
}

/// The Regions that a resource leads to in this world.
fn leads_to(world: &BTreeMap<(Name, RegionCode), Facts>, resource: &Name) -> usize {
    let mut records = Vec::new();
    let mut open = 0;
    for ((name, region), facts) in world.iter().filter(|((name, _), _)| name == resource) {
        assert_eq!(name, resource);
        match facts {
            Facts::DnsRecord { .. } => records.extend(facts.dns_records().map(|record| (region, record))),
            Facts::AcceleratorGroup(group) => open += usize::from(is_open(group)),
            Facts::AccessPointRoute { traffic_dial_percent, .. } => {
                open += usize::from(*traffic_dial_percent > 0)
            }
            Facts::RoutingControl(control) => open += usize::from(control.on),
            _ => {}
        }
    }
    open + answering(&records, &health(world)).len()
}

fn act(world: &mut BTreeMap<(Name, RegionCode), Facts>, resource: &Name, change: &Change) {
    match change {
        Change::ReplaceRecords { replace, .. } => {
            for r in replace {
                assert!(r.old.is_some() || r.new.is_some());
                let key = (resource.clone(), r.region.clone());
                let there = world.get(&key).into_iter().flat_map(Facts::dns_records);
                let mut there: Vec<_> =
                    there.filter(|record| Some(*record) != r.old.as_ref()).cloned().collect();
                there.extend(r.new.clone());
                world.insert(key, Facts::records(there));
            }
            let mut weights = world
                .iter()
                .filter(|((name, _), _)| name == resource)
                .flat_map(|(_, facts)| facts.dns_records())
                .filter_map(|record| match record.routing {
                    Routing::Weighted { weight } => Some(weight),
                    _ => None,
                })
                .peekable();
            if weights.peek().is_some() {
                assert!(weights.any(|w| w > 0), "all weights at zero would be an equal split");
            }
        }
        Change::SetAcceleratorGroup { endpoint_group_region, traffic_dial_percent, endpoints, .. } => {
            let key = (resource.clone(), endpoint_group_region.clone());
            if let Some(Facts::AcceleratorGroup(group)) = world.get_mut(&key) {
                group.traffic_dial_percent = *traffic_dial_percent;
                group.endpoints.clone_from(endpoints);
            }
        }
        Change::SetAccessPointRoutes { routes, .. } => {
            for (region, target) in routes {
                let key = (resource.clone(), region.clone());
                let dial = target.traffic_dial_percent;
                world.insert(
                    key,
                    Facts::AccessPointRoute { bucket: target.bucket.clone(), traffic_dial_percent: dial },
                );
            }
        }
        Change::SetRoutingControls { controls, .. } => {
            for (region, target) in controls {
                let key = (resource.clone(), region.clone());
                if let Some(Facts::RoutingControl(control)) = world.get_mut(&key) {
                    control.on = target.on;
                }
            }
        }
        // Others of this enumeration move no traffic, or none of the pictures above has them.
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_last_region_with_traffic_is_never_taken_away(
        (picture, movement) in a_case(),
        order in proptest::collection::vec(any::<u16>(), 24),
    ) {
        let Ok(plan) = plan(&picture, &movement) else { return Ok(()) };
        let mut world: BTreeMap<(Name, RegionCode), Facts> =
            plan.before.iter().map(|b| ((b.resource.clone(), b.region.clone()), b.facts.clone())).collect();
        let traffic: Vec<Name> = ["front-door", "edge", "assets", "switch"].iter().map(|n| name(n)).collect();
        let led: Vec<_> = traffic.iter().map(|n| leads_to(&world, n) > 0).collect();
        let mut done: Vec<StepId> = Vec::new();
        let mut order = order.into_iter().cycle();
        while done.len() < plan.steps.len() {
            let ready: Vec<&Step> = plan
                .steps
                .iter()
                .filter(|s| !done.contains(&s.id) && s.after.iter().all(|a| done.contains(a)))
                .collect();
            prop_assert!(!ready.is_empty(), "the graph has no end");
            let step = ready[usize::from(order.next().unwrap()) % ready.len()];
            if let (Some(change), Some(resource)) = (step.change(), &step.resource) {
                act(&mut world, resource, change);
            }
            done.push(step.id.clone());
            for (resource, led) in traffic.iter().zip(&led) {
                prop_assert!(!led || leads_to(&world, resource) > 0, "{} left {} nowhere to go\n{}", step.id, resource, text(&plan));
            }
        }
    }

    /// Of every change that there is, a drill makes only what stays beside production, and changes nothing where the
    /// application is.
    #[test]
    fn an_isolated_drill_touches_no_writer_traffic_event_source_or_setting((picture, movement) in a_case()) {
        let movement = Movement { intent: Intent::Drill, mode: Mode::Planned, ..movement };
        let Ok(plan) = plan(&picture, &movement) else { return Ok(()) };
        for change in plan.steps.iter().filter_map(Step::change) {
            prop_assert!(change.stays_beside_production(), "{}", text(&plan));
            prop_assert!(!change.plane().ends_with(&format!("@{}", movement.from)), "{}", text(&plan));
        }
    }

    #[test]
    fn a_plan_is_the_same_whenever_the_same_is_seen((picture, movement) in a_case()) {
        prop_assert_eq!(plan(&picture, &movement), plan(&picture, &movement));
        if let Ok(plan) = plan(&picture, &movement) {
            let text = serde_json::to_string(&plan).unwrap();
            prop_assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        }
    }

    #[test]
    fn a_refusal_always_helps((picture, movement) in a_case()) {
        if let Err(refusal) = plan(&picture, &movement) {
            prop_assert!(refusal.sentence.ends_with('.') && refusal.way_out.ends_with('.'), "{:?}", refusal);
        }
    }
}

/// The properties above say nothing of what is refused, so enough must be planned, of each sort.
#[test]
fn the_generated_pictures_reach_plans_of_every_sort() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..8000 {
        let (picture, movement) = a_case().new_tree(&mut runner).unwrap().current();
        let outcome = plan(&picture, &movement);
        let mut count = |what: String| *reached.entry(what).or_default() += 1;
        match &outcome {
            Err(refusal) => count(format!("refused {}", refusal.code)),
            Ok(plan) => {
                count(format!("planned {} {}", movement.intent.as_str(), movement.mode.as_str()));
                for kind in plan.steps.iter().filter(|s| s.change().is_some()).map(Step::kind) {
                    count(format!("step {kind}"));
                }
            }
        }
    }
    let kinds = [
        "planned failover planned",
        "planned failover emergency",
        "planned failback planned",
        "planned failback emergency",
        "planned drill planned",
        "step replace_records",
        "step set_routing_controls",
        "step set_accelerator_group",
        "step route_access_point",
        "step switch_aurora_over",
        "step fail_aurora_over",
        "step scale_ecs_service",
        "refused not_ready",
        "refused not_ready_to_fail_back",
        "refused already_serving",
    ];
    for kind in kinds {
        assert!(reached.get(kind).is_some_and(|n| *n >= 40), "{kind} is too rare in {reached:#?}");
    }
}

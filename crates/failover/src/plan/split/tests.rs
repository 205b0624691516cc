use super::*;
use crate::movement::{Intent, Mode};
use crate::plan::{Picture, Plan, plan};
use crate::testing::world::{A, B, C, aurora, dns, ecs, feed, key, known, service, weighted};
use crate::testing::{movement, region, step_id};
use crate::{change::Change, readiness};
use holdfast_domain::Strategy;
use proptest::collection::btree_map;
use proptest::prelude::*;

/// Active in three Regions by weight, with as many tasks in each.
fn in_three(weights: [i64; 3], tasks: [u32; 3], rule: LoadSplit) -> Picture {
    let resources =
        vec![dns("front-door"), aurora("posts"), ecs("timeline", &[(A, None), (B, None), (C, None)])];
    let mut picture = feed();
    let mut application = crate::testing::world::application(Strategy::ActiveActive, &[A, B, C], resources);
    application.load_split = rule;
    picture.application = application;
    picture.observations.retain(|(name, _), _| name.as_str() == "posts");
    for ((code, weight), tasks) in [A, B, C].into_iter().zip(weights).zip(tasks) {
        picture.observations.insert(key("front-door", code), known(weighted(code, weight)));
        picture.observations.insert(key("timeline", code), known(service(tasks)));
    }
    picture
}

fn out_of_a(picture: &Picture) -> Plan {
    plan(picture, &movement(Intent::Failover, Mode::Planned, A, B)).unwrap()
}

fn percent(all: [(&str, u8); 3]) -> LoadSplit {
    LoadSplit::Percent(all.into_iter().map(|(code, percent)| (region(code), percent)).collect())
}

fn routed(plan: &Plan) -> Option<&str> {
    plan.step(&step_id("route-front-door")).map(|step| step.value_to_be.as_str())
}

fn tasks(plan: &Plan, code: &str) -> Option<u32> {
    match plan.step(&step_id(&format!("scale-timeline-{code}")))?.change()? {
        Change::SetEcsDesiredCount { desired, .. } => Some(*desired),
        _ => None,
    }
}

fn shown(plan: &Plan) -> Vec<(String, u32, Option<u32>, Option<u32>)> {
    let shares = plan.split.iter().flat_map(|split| &split.shares);
    shares.map(|s| (s.region.to_string(), s.takes_percent, s.now_percent, s.to_be_percent)).collect()
}

#[test]
fn even_shares_of_even_weights_leave_the_records_that_stay_as_they_are() {
    let plan = out_of_a(&in_three([100, 100, 100], [6, 6, 6], LoadSplit::Even));
    assert_eq!(routed(&plan), Some("ap-southeast-1 weight 100, eu-central-1 weight 100, us-east-1 weight 0"));
    assert_eq!((tasks(&plan, B), tasks(&plan, C)), (Some(9), Some(9)));
    // Of three equal shares the odd percent is the first Region's by code.
    let expected = [(A, 0, 33, 0), (B, 50, 33, 50), (C, 50, 34, 50)];
    assert_eq!(
        shown(&plan),
        expected.map(|(code, takes, now, to_be)| (code.to_owned(), takes, Some(now), Some(to_be)))
    );
}

#[test]
fn stated_percentages_decide_weights_and_capacity_alike() {
    let rule = percent([(A, 50), (B, 30), (C, 20)]);
    let plan = out_of_a(&in_three([50, 25, 25], [10, 5, 5], rule));
    // Of the half that leaves, B takes three fifths and C two.
    assert_eq!(routed(&plan), Some("ap-southeast-1 weight 45, eu-central-1 weight 55, us-east-1 weight 0"));
    assert_eq!((tasks(&plan, B), tasks(&plan, C)), (Some(11), Some(9)));
    assert_eq!(
        plan.split.as_ref().map(|s| s.rule.contains("eu-central-1 30 %, ap-southeast-1 20 %")),
        Some(true)
    );
    let picture = in_three([50, 25, 25], [10, 5, 5], percent([(A, 50), (B, 30), (C, 20)]));
    let found = readiness::findings(
        &picture.application,
        crate::testing::world::around(&picture),
        &picture.observations,
        picture.now,
    );
    let raised = found.iter().find(|f| f.code == "capacity_to_raise" && f.region == Some(region(B))).unwrap();
    assert!(
        raised.sentence.contains("raises it to 11"),
        "readiness goes by the same rule: {}",
        raised.sentence
    );
}

#[test]
fn in_proportion_to_capacity_the_larger_region_takes_more() {
    let plan = out_of_a(&in_three([100, 100, 100], [9, 6, 3], LoadSplit::Proportional));
    assert_eq!((tasks(&plan, B), tasks(&plan, C)), (Some(12), Some(6)));
    assert_eq!(routed(&plan), Some("ap-southeast-1 weight 44, eu-central-1 weight 56, us-east-1 weight 0"));
    let mut unseen = in_three([100, 100, 100], [9, 6, 3], LoadSplit::Proportional);
    unseen.observations.remove(&key("timeline", C));
    let rule = split(&unseen.application, &unseen.observations, &region(A), Some(&region(B))).rule;
    assert!(rule.contains("even shares") && rule.contains("is not known"), "{rule}");
}

#[test]
fn where_the_move_goes_and_nothing_runs_yet_capacity_is_planned_with_the_traffic() {
    let picture = in_three([100, 100, 0], [9, 6, 0], LoadSplit::Proportional);
    let plan = plan(&picture, &movement(Intent::Failover, Mode::Planned, A, C)).unwrap();
    let rule = plan.split.as_ref().map(|split| split.rule.clone()).unwrap_or_default();
    assert!(rule.contains("even shares") && rule.contains("nothing runs yet"), "{rule}");
    assert_eq!(shown(&plan).last().map(|s| (s.1, s.3)), Some((50, Some(25))));
    assert_eq!((tasks(&plan, B), tasks(&plan, C)), (Some(11), Some(5)));
}

#[test]
fn a_region_that_was_taken_out_takes_no_share_of_the_next_one() {
    let plan = out_of_a(&in_three([100, 100, 0], [6, 6, 0], LoadSplit::Even));
    assert_eq!((tasks(&plan, B), tasks(&plan, C)), (Some(12), None));
    assert_eq!(shown(&plan).last().map(|s| (s.1, s.3)), Some((0, Some(0))));
}

#[test]
fn a_region_that_comes_back_gives_the_others_their_own_weights_again() {
    let at_first = in_three([50, 25, 25], [10, 5, 5], percent([(A, 50), (B, 30), (C, 20)]));
    let moved = out_of_a(&at_first);
    let mut away = in_three([0, 55, 45], [10, 11, 9], at_first.application.load_split.clone());
    away.before =
        moved.before.iter().map(|b| ((b.resource.clone(), b.region.clone()), b.facts.clone())).collect();
    away.split_before = moved.split.clone();
    for code in [A, B, C] {
        let facts = crate::testing::world::aurora_facts("posts", code, code == B);
        away.observations.insert(key("posts", code), known(facts));
    }
    let home = movement(Intent::Failback, Mode::Planned, B, A);
    assert_eq!(
        routed(&plan(&away, &home).unwrap()),
        Some("ap-southeast-1 weight 25, eu-central-1 weight 25, us-east-1 weight 50")
    );
    // Somebody has sent more to C since: that stays.
    away.observations.insert(key("front-door", C), known(weighted(C, 60)));
    assert_eq!(
        routed(&plan(&away, &home).unwrap()),
        Some("ap-southeast-1 weight 60, eu-central-1 weight 55, us-east-1 weight 50")
    );
}

#[test]
fn what_aws_divides_by_itself_is_said_where_a_rule_was_chosen() {
    let mut picture = feed();
    assert!(not_by_weight(&picture.application, &picture.observations).is_empty());
    picture.application.load_split = percent([(A, 40), (B, 30), (C, 30)]);
    let notes = out_of_a(&picture).notes;
    assert!(notes.iter().any(|n| n.starts_with("front-door is routed by latency")), "{notes:?}");
    assert!(notes.iter().any(|n| n.starts_with("edge is an accelerator")), "{notes:?}");
}

proptest! {
    #[test]
    fn shares_sum_to_the_whole_whatever_the_parts(
        parts in btree_map("[a-e]", 0_u64..10_000, 1..5),
        total in prop_oneof![Just(100_u32), Just(255), 0..1_000_u32],
    ) {
        let shares = apportion(total, &parts);
        let sum: u64 = parts.values().sum();
        prop_assert_eq!(shares.values().sum::<u32>(), if sum == 0 { 0 } else { total });
        let with_part = parts.values().filter(|part| **part > 0).count();
        for (key, part) in &parts {
            let share = shares[key];
            prop_assert!(*part > 0 || share == 0, "nobody without a part gets anything");
            if *part > 0 && total as usize >= with_part {
                prop_assert!(share >= 1, "whoever has a part gets something");
            }
            if sum > 0 {
                let exact = *part as f64 * f64::from(total) / sum as f64;
                // What was lifted to one was taken from the largest, one for each.
                prop_assert!(f64::from(share) <= exact + 1.0 && f64::from(share) > exact - 1.0 - with_part as f64);
            }
        }
    }

    #[test]
    fn shares_do_not_depend_on_the_order_in_which_regions_are_named(
        parts in btree_map("[a-e]", 0_u64..1_000, 1..5),
        seed in any::<u64>(),
    ) {
        let mut named: Vec<_> = parts.clone().into_iter().collect();
        let by = usize::try_from(seed % named.len() as u64).unwrap_or_default();
        named.rotate_left(by);
        prop_assert_eq!(apportion(100, &named.into_iter().collect()), apportion(100, &parts));
    }

    #[test]
    fn weights_that_are_taken_over_sum_to_a_hundred_and_none_is_negative_or_too_great(
        weights in [1_i64..=255, 0_i64..=255, 0_i64..=255],
        stated in [0_u8..=100, 0_u8..=100],
    ) {
        prop_assume!(weights[1] + weights[2] > 0);
        let a = stated[0].min(100);
        let b = stated[1].min(100 - a);
        let rule = percent([(A, a), (B, b), (C, 100 - a - b)]);
        let picture = in_three(weights, [4, 4, 4], rule);
        let plan = plan(&picture, &movement(Intent::Failover, Mode::Emergency, A, B)).unwrap();
        if let Some(step) = plan.step(&step_id("route-front-door")) {
            let weights: Vec<i64> = step.value_to_be.split(", ").filter_map(|part| part.rsplit(' ').next()?.parse().ok()).collect();
            prop_assert!(weights.len() == 3 && weights.iter().all(|w| (0..=255).contains(w)), "{}", step.value_to_be);
            prop_assert!(weights.iter().sum::<i64>() > 0);
        }
        let shares = &plan.split.as_ref().unwrap().shares;
        let to_be: u32 = shares.iter().filter_map(|s| s.to_be_percent).sum();
        prop_assert_eq!(to_be, 100);
        prop_assert_eq!(shares.iter().map(|s| s.takes_percent).sum::<u32>(), 100);
        // Capacity is rounded up: what leaves is never short of a place.
        let more: u32 = shares.iter().map(|s| taken(4, s.parts, shares.iter().map(|s| s.parts).sum())).sum();
        prop_assert!(more >= 4);
    }
}

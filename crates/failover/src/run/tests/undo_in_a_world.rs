//! Aborting: what was done is taken back in the reverse of its order, in any order that is legal, from any point of any
//! plan, and what cannot be is said beforehand.

use super::undo::abort;
use super::*;
use crate::movement::{Intent, Mode, Movement};
use crate::plan::{EmergencyVariant, Picture, emergency_variant, plan};
use crate::serving::routed;
use crate::step::{Seen, Step, Verdict};
use crate::testing::compute::{fulfilment, moved_fulfilment};
use crate::testing::effects::{but_for_versions, take_effect};
use crate::testing::stores::{archive, ledger};
use crate::testing::switches::{
    both, check, distribution, health_check, object, origin, picture, stoppable, tickets,
};
use crate::testing::world::{A, B, C, feed, key, known, moved_shop, observed, setting, setting_facts, shop};
use crate::testing::{failover, movement};
use crate::undo::{Undo, declared, put_back};
use holdfast_domain::facts::SwitchObject;
use holdfast_domain::{Facts, ObservationMap, RegionCode, Sight};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A move that is carried out in a world, up to where somebody aborts it.
struct Told {
    story: Story,
    world: ObservationMap,
    movement: Movement,
}

fn request_of(picture: &Picture, movement: &Movement) -> Request {
    sealed(Request {
        application: picture.application.name.clone(),
        movement: movement.clone(),
        plan: plan(picture, movement).unwrap(),
        emergency: emergency_variant(picture, movement),
        policy: policy(&[]),
        ..request()
    })
}

fn a_health_check() -> Picture {
    picture(vec![health_check("guard")], both("guard", &Facts::HealthCheck(check())))
}

/// After the failover, so that the failback takes the object away.
fn stopped() -> Picture {
    let mut picture = stoppable();
    picture.observations.insert(key("stop", B), known(Facts::SwitchObject(object(true))));
    picture
}

fn a_distribution() -> Picture {
    let entries = [("cdn", A, origin(A, &[A, B])), ("cdn", B, origin(B, &[A, B]))];
    let entries = entries.map(|(of, code, facts)| (of, code, Facts::DistributionOrigin(facts)));
    picture(vec![distribution("cdn")], observed(&entries))
}

fn with_a_setting() -> Picture {
    let mut picture = shop();
    picture.application.resources.push(setting("database"));
    picture.observations.insert(key("database", B), known(setting_facts("old.example.com")));
    picture
}

/// Every sort of application that there is, each with a move that it can make.
fn moves() -> Vec<(Picture, Movement)> {
    let home = movement(Intent::Failback, Mode::Planned, B, A);
    let planned = failover(Mode::Planned);
    let emergency = failover(Mode::Emergency);
    let apart = movement(Intent::Failover, Mode::Planned, A, C);
    vec![
        (shop(), planned.clone()),
        (shop(), emergency.clone()),
        (moved_shop(), home.clone()),
        (fulfilment(), planned.clone()),
        (fulfilment(), emergency.clone()),
        (moved_fulfilment(), home),
        (ledger(), planned.clone()),
        (archive(), planned.clone()),
        (tickets(), planned.clone()),
        (feed(), apart),
        (a_health_check(), planned.clone()),
        (a_distribution(), planned.clone()),
        (stoppable(), planned.clone()),
        (stopped(), movement(Intent::Failback, Mode::Planned, B, A)),
        (with_a_setting(), planned),
    ]
}

impl Told {
    fn of((picture, movement): (Picture, Movement)) -> Self {
        let story = Story::of(request_of(&picture, &movement));
        Self { story, world: picture.observations, movement }
    }

    fn seen(&self, step: &Step) -> Seen {
        let looks = step.looks_at(self.story.run.plan());
        self.world
            .iter()
            .filter(|((resource, region), _)| looks.get(resource).is_some_and(|at| at.contains(region)))
            .map(|(key, sight)| (key.clone(), sight.clone()))
            .collect()
    }

    fn values(&self, step: &Step) -> Vec<Before> {
        let known = |((resource, region), sight): ((Name, RegionCode), Sight)| {
            let facts = sight.known()?.clone();
            Some(Before { resource, region, facts })
        };
        self.seen(step).into_iter().filter_map(known).collect()
    }

    fn check(&self, step: &Step) -> Verdict {
        step.check(&self.seen(step), self.story.run.plan(), self.story.run.movement(), self.story.at)
    }

    fn verify(&self, step: &Step) -> Verdict {
        step.verify(&self.seen(step), self.story.run.plan(), self.story.run.movement(), self.story.at)
    }

    fn start(&mut self, step: &Step, change: Option<Change>) {
        let attempt = self.story.run.steps[&step.id].attempt + 1;
        let before = self.values(step);
        let answer_due = self.story.at.checked_add(jiff::SignedDuration::from_secs(30)).unwrap();
        let step = step.id.clone();
        self.story
            .record(Event::StepStarted { step, attempt, epoch: 1, before, change, answer_due })
            .unwrap();
    }

    fn succeed(&mut self, step: &Step) {
        let after = self.values(step);
        let step = step.id.clone();
        self.story.record(Event::StepSucceeded { step, note: String::new(), after }).unwrap();
    }

    /// The engine's way with a step, in a world that answers at once. Answers with the call that was made.
    fn carry_out(&mut self, id: &StepId, finish: bool) -> Option<Change> {
        let step = self.story.run.step(id).unwrap().clone();
        match self.check(&step) {
            Verdict::Act(change) => {
                self.start(&step, Some(change.clone()));
                let nothing = name("nothing");
                take_effect(&mut self.world, step.resource.as_ref().unwrap_or(&nothing), &change);
                if !finish {
                    return Some(change);
                }
                self.story.record(Event::CallAnswered { step: id.clone(), answer: answer() }).unwrap();
                match self.verify(&step) {
                    Verdict::Reached { .. } => self.succeed(&step),
                    // What makes something new is followed elsewhere; here somebody says that it is there.
                    _ => {
                        self.story.park(id.as_str());
                        self.story.skip(id.as_str(), "taken for done").unwrap();
                    }
                }
                Some(change)
            }
            Verdict::Reached { .. } => {
                self.start(&step, None);
                self.succeed(&step);
                None
            }
            _ => {
                self.start(&step, None);
                self.story.park(id.as_str());
                let skipped = self.story.skip(id.as_str(), "taken for done");
                assert!(skipped.is_ok() || *id == step_id("observe-again"), "{id}: {skipped:?}");
                None
            }
        }
    }

    /// One of the steps whose turn it is; `None` when there is none.
    fn one_of_the_next(&self, which: u16) -> Option<StepId> {
        match self.story.next() {
            Next::Drive { steps } => Some(steps[usize::from(which) % steps.len()].clone()),
            _ => None,
        }
    }

    fn led(&self) -> BTreeSet<Name> {
        let plan = &self.story.run.request.plan;
        let regions: Vec<RegionCode> = plan.regions().into_iter().collect();
        let leads = |of: &Name| !routed(of, &regions, &self.world, None).regions.is_empty();
        plan.traffic().into_iter().filter(leads).collect()
    }
}

fn everything_in_order(picked: &[u16]) -> impl Iterator<Item = u16> + '_ {
    picked.iter().copied().cycle()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn any_prefix_of_any_plan_is_taken_back_in_any_legal_order_to_the_world_that_stood_before(
        which in 0_usize..13,
        steps in 0_usize..24,
        finish in any::<bool>(),
        picked in proptest::collection::vec(any::<u16>(), 1..24),
    ) {
        let mut told = Told::of(moves().swap_remove(which));
        let before = told.world.clone();
        let led = told.led();
        let mut picked = everything_in_order(&picked);
        for at in 0..steps {
            let Some(id) = told.one_of_the_next(picked.next().unwrap()) else { break };
            // The last one may be left with its call out.
            told.carry_out(&id, finish || at + 1 < steps);
        }
        let confirm = told.story.run.request.application.to_string();
        if told.story.tell(abort(&confirm)).is_err() {
            return Ok(());
        }
        let stays: BTreeSet<Name> = told
            .story
            .run
            .undoing
            .iter()
            .flat_map(|undoing| &undoing.stays)
            .filter_map(|stays| told.story.run.step(&stays.step)?.resource.clone())
            .collect();
        told.story.at = after(60);
        let mut lowered_after_seen = true;
        while let Some(id) = told.one_of_the_next(picked.next().unwrap()) {
            let undo = told.story.run.step(&id).unwrap().clone();
            told.carry_out(&id, true);
            for traffic in &led {
                prop_assert!(told.led().contains(traffic), "{id} left {traffic} nowhere to go");
            }
            if undo.undoes.is_some() && stays.is_empty() {
                prop_assert_eq!(told.story.run.steps[&id].state, StepState::Succeeded, "{}", id);
            }
            let movement = &told.movement;
            let regions: Vec<RegionCode> = told.story.run.request.plan.regions().into_iter().collect();
            let takes_away = undo.undoes.as_ref().is_some_and(|undoes| {
                let done = told.story.run.step(&undoes.step).and_then(Step::change).unwrap();
                crate::undo::lowers(done, undo.change().unwrap())
            });
            for traffic in led.iter().filter(|_| takes_away && stays.is_empty()) {
                let there = routed(traffic, &regions, &told.world, None).regions;
                lowered_after_seen &= there.contains(&movement.from);
            }
        }
        prop_assert!(lowered_after_seen, "capacity was taken away while traffic was elsewhere");
        prop_assert_eq!(told.story.next(), Next::Conclude);
        told.story.tell(Command::Conclude).unwrap();
        prop_assert_eq!(told.story.run.state, RunState::RolledBack);
        let (now, then) = (but_for_versions(&told.world), but_for_versions(&before));
        for (key, sight) in &then {
            if !stays.contains(&key.0) {
                prop_assert_eq!(now.get(key), Some(sight), "{:?}", key);
            }
        }
        let replayed = Run::replay(told.story.run.id, &told.story.entries).unwrap();
        prop_assert_eq!(replayed, told.story.run);
    }
}

/// The property above says little of moves that nothing is taken back of.
#[test]
fn whole_moves_of_every_sort_are_taken_back_by_as_many_calls_and_a_second_undo_makes_none() {
    let mut kinds = BTreeSet::new();
    for one in moves() {
        let mut told = Told::of(one);
        let mut made = 0;
        while let Some(id) = told.one_of_the_next(0) {
            made += usize::from(told.carry_out(&id, true).is_some());
        }
        let confirm = told.story.run.request.application.to_string();
        told.story.tell(abort(&confirm)).unwrap();
        let undoing = told.story.run.undoing.clone().unwrap();
        let undone: Vec<&Step> = undoing.plan.steps.iter().filter(|s| s.undoes.is_some()).collect();
        let of_an_act =
            |step: &&&Step| !told.story.run.steps[&step.undoes.as_ref().unwrap().step].answers.is_empty();
        let ids: Vec<&str> = undone.iter().map(|step| step.id.as_str()).collect();
        assert_eq!(undone.iter().filter(of_an_act).count() + undoing.stays.len(), made, "{ids:?}");
        kinds.extend(undone.iter().map(|step| step.kind()));
        let mut taken_back = 0;
        while let Some(id) = told.one_of_the_next(0) {
            taken_back += usize::from(told.carry_out(&id, true).is_some());
        }
        // A floor that is put back may have lifted the count above it already.
        let lifted =
            undone.iter().filter(|s| s.after.iter().any(|id| id.as_str().contains("-floor-"))).count();
        assert!(
            (undone.len() - lifted..=undone.len()).contains(&taken_back),
            "{taken_back} calls by {ids:?}"
        );
        // Every undo twice: what stands already is found, and nothing is called.
        for step in undone {
            let verdict = told.check(step);
            assert!(matches!(verdict, Verdict::Reached { .. }), "{} again: {verdict:?}", step.id);
        }
    }
    for kind in [
        "scale_ecs_service",
        "set_ecs_scaling_bounds",
        "scale_auto_scaling_group",
        "suspend_scaling_processes",
        "resume_scaling_processes",
        "scale_eks_node_group",
        "set_lambda_concurrency",
        "set_lambda_provisioned_concurrency",
        "switch_event_source",
        "switch_aurora_over",
        "route_access_point",
        "set_accelerator_group",
        "replace_records",
        "set_health_check",
        "set_routing_controls",
        "set_primary_origins",
        "set_switch_object",
        "set_parameter_endpoint",
    ] {
        assert!(kinds.contains(kind), "no undo of {kind} among {kinds:?}");
    }
}

#[test]
fn what_was_accepted_and_not_seen_yet_is_set_once_more_even_where_it_looks_as_it_stood() {
    let mut told = Told::of((shop(), failover(Mode::Planned)));
    let before = told.world.clone();
    while !told.story.run.steps[&step_id("route-assets")].answers.iter().any(|_| true) {
        let Some(id) = told.one_of_the_next(0) else { panic!("no route step") };
        if id == step_id("route-assets") {
            let step = told.story.run.step(&id).unwrap().clone();
            let Verdict::Act(change) = told.check(&step) else { panic!("it would act") };
            told.start(&step, Some(change));
            // Accepted; the routes are seen to stand as they stood.
            told.story.record(Event::CallAnswered { step: id, answer: answer() }).unwrap();
        } else {
            told.carry_out(&id, true);
        }
    }
    told.story.tell(abort("shop")).unwrap();
    let undo = told.story.run.step(&step_id("undo-route-assets")).unwrap().clone();
    assert_eq!(told.world[&key("assets", A)], before[&key("assets", A)]);
    assert!(matches!(told.check(&undo), Verdict::Act(_)), "the routes may still change");
    assert!(matches!(told.verify(&undo), Verdict::Reached { .. }), "set once, it is seen");
}

#[test]
fn what_somebody_else_has_changed_since_is_not_written_over() {
    let mut told = Told::of((tickets(), failover(Mode::Planned)));
    while let Some(id) = told.one_of_the_next(0) {
        told.carry_out(&id, true);
    }
    told.story.tell(abort("shop")).unwrap();
    let undo = told.story.run.step(&step_id("undo-switch-switch")).unwrap().clone();
    for code in [A, B] {
        let Some(Sight::Known { facts: Facts::RoutingControl(control), .. }) =
            told.world.get_mut(&key("switch", code))
        else {
            panic!("no control")
        };
        control.on = true;
    }
    let verdict = told.check(&undo);
    assert!(matches!(verdict, Verdict::Drift { .. } | Verdict::Act(_)), "{verdict:?}");
}

#[test]
fn capacity_waits_until_traffic_is_seen_where_it_came_from_also_when_the_way_back_was_left_out() {
    let mut told = Told::of((shop(), failover(Mode::Planned)));
    while let Some(id) = told.one_of_the_next(0) {
        told.carry_out(&id, true);
    }
    told.story.tell(abort("shop")).unwrap();
    let undone = |told: &Told| match told.story.next() {
        Next::Drive { steps } => steps,
        _ => Vec::new(),
    };
    let mut steps = undone(&told);
    while !steps.is_empty() {
        for id in steps {
            if id.as_str() == "undo-see-serving" {
                let see = told.story.run.step(&id).unwrap().clone();
                assert!(matches!(told.check(&see), Verdict::Wait { .. }), "traffic is where it was moved to");
                told.start(&see, None);
                told.story.park(id.as_str());
            } else {
                assert_ne!(id.as_str(), "undo-scale-web-eu-central-1");
                told.start(&told.story.run.step(&id).unwrap().clone(), None);
                told.story.park(id.as_str());
                told.story.skip(id.as_str(), "the Region is still sick").unwrap();
            }
        }
        steps = undone(&told);
    }
    assert_eq!(told.story.run.state, RunState::NeedsPerson);
    assert_eq!(told.story.run.steps[&step_id("undo-scale-web-eu-central-1")].state, StepState::Pending);
}

#[test]
fn a_floor_is_taken_back_before_the_count_that_it_would_lift_again() {
    let mut told = Told::of((fulfilment(), failover(Mode::Planned)));
    while let Some(id) = told.one_of_the_next(0) {
        told.carry_out(&id, true);
    }
    told.story.tell(abort("shop")).unwrap();
    let count = told.story.run.step(&step_id("undo-scale-api-eu-central-1")).unwrap();
    assert!(count.after.contains(&step_id("undo-raise-floor-api-eu-central-1")), "{:?}", count.after);
}

#[test]
fn an_object_that_held_nothing_is_not_deleted_for_what_lay_in_it() {
    let mut picture = stoppable();
    let note = SwitchObject { etag: Some("a note".into()), ..object(false) };
    picture.observations.insert(key("stop", B), known(Facts::SwitchObject(note)));
    let plan = plan(&picture, &failover(Mode::Planned)).unwrap();
    let step = plan.step(&step_id(&format!("hold-out-stop-{B}"))).unwrap();
    let (change, resource) = step.change().zip(step.resource.as_ref()).unwrap();
    let why = put_back(change, resource, &plan.before).unwrap_err();
    assert!(why.contains("by hand"), "{why}");
}

#[test]
fn every_kind_of_call_says_whether_it_can_be_taken_back_and_has_a_call_for_it_where_it_can() {
    for (picture, movement) in moves() {
        let plan = plan(&picture, &movement).unwrap();
        let variant = match emergency_variant(&picture, &movement) {
            Some(EmergencyVariant::Ready { steps, .. }) => steps,
            _ => Vec::new(),
        };
        for step in plan.steps.iter().chain(&variant) {
            assert_eq!(step.undo.as_ref(), Some(&declared(&step.work)), "{}", step.id);
            let Some((change, resource)) = step.change().zip(step.resource.as_ref()) else { continue };
            let back = put_back(change, resource, &plan.before);
            match &step.undo {
                Some(Undo::PutBack { .. }) => assert!(back.is_ok(), "{}: {back:?}", step.id),
                _ => assert!(back.is_err(), "{}: {back:?}", step.id),
            }
        }
    }
}

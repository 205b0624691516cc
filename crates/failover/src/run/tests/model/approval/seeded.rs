//! The same office, not gone through whole but walked at random: all eight clients at once, longer than the checker can look,
//! and the same walk again for the same seed. `SEEDS` asks for more of them.

use super::*;

const WALKS: u64 = 10_000;
/// Three times as many as all clients have to read and write.
const STEPS: usize = 60;

/// A small generator, so that a walk can be had again.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// What happened in it, so that a claim about walks in which nothing happens is known as one.
#[derive(Debug, Default)]
struct Seen {
    started: u64,
    begun: u64,
    withdrawn: u64,
    tampered_after_approval: u64,
    asked_again: u64,
}

fn walk(office: &Office, seed: u64, seen: &mut Seen) -> Result<(), String> {
    let mut seeded = Seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
    let mut state = office.init_states().remove(0);
    let mut actions = Vec::new();
    let mut path = Vec::new();
    for _ in 0..STEPS {
        actions.clear();
        office.actions(&state, &mut actions);
        // Time passes seldom: else every request expires before anybody has spoken.
        let action = match seeded.below(40) {
            0 => Action::Tick,
            _ => actions[seeded.below(actions.len())].clone(),
        };
        if matches!(action, Action::Tick) && seeded.below(4) > 0 {
            continue;
        }
        let Some(next) = office.next_state(&state, action.clone()) else { continue };
        if !office.within_boundary(&next) {
            continue;
        }
        let approved = state.runs.last().is_some_and(|run| run.starts > 0);
        seen.tampered_after_approval += u64::from(approved && matches!(action, Action::Tamper));
        path.push(action);
        state = next;
        for property in office.properties() {
            if property.expectation == stateright::Expectation::Always
                && !(property.condition)(office, &state)
            {
                return Err(format!("seed {seed}: not so that {}: {path:?}", property.name));
            }
        }
    }
    let begun = |run: &Stored| run.kept.run.steps.values().any(|p| p.state != StepState::Pending);
    seen.started += u64::from(state.runs.iter().any(|run| run.starts > 0));
    seen.begun += u64::from(state.runs.iter().any(begun));
    let withdrawn = |run: &Stored| run.kept.run.seq >= 3 && run.kept.run.reviews.is_empty();
    seen.withdrawn += u64::from(state.runs.iter().any(withdrawn));
    seen.asked_again += u64::from(state.runs.len() > 1);
    Ok(())
}

fn office() -> Office {
    Office { requests: 2, until: 2, faults: 3, ..everybody() }
}

#[test]
fn ten_thousand_seeded_walks_of_eight_clients_begin_nothing_that_was_not_approved() {
    assert_eq!(office().clients.len(), 8);
    let walks = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(WALKS);
    let mut seen = Seen::default();
    for seed in 0..walks {
        if let Err(broken) = walk(&office(), seed, &mut seen) {
            panic!("{broken}");
        }
    }
    eprintln!("{walks} walks: {seen:?}");
    for (what, times) in [
        ("a run starts", seen.started),
        ("its first step begins", seen.begun),
        ("an approval is withdrawn", seen.withdrawn),
        ("the plan is changed once it was approved", seen.tampered_after_approval),
        ("somebody asks again", seen.asked_again),
    ] {
        assert!(times >= walks / 200, "in {times} of {walks} walks {what}");
    }
}

#[test]
fn an_office_that_does_not_compare_is_found_out_by_some_of_them() {
    let careless = Office { compares: false, ..office() };
    let found = (0..WALKS).find_map(|seed| walk(&careless, seed, &mut Seen::default()).err());
    assert!(found.is_some_and(|broken| broken.contains("not so that")), "{WALKS} walks found nothing");
}

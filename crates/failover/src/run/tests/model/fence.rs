//! Replicas that drive one run with a one-shot call: leases run out, processes are stopped, die and come back, answers of
//! commits and of calls are lost, and a person says something in between.

mod claims;

use super::*;
use crate::lease::{Grant, leaves_in_time};
use crate::step::Step;
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Seconds; as short as they can be and still differ. A call takes effect before its deadline, not at it.
const TTL: u8 = 2;
const DEADLINE: u8 = 2;

/// What is gone through, and which of a worker's checks are left out.
#[derive(Debug)]
struct House {
    workers: usize,
    /// When the clock stops; a run that goes on then is seen to its end without faults.
    until: u8,
    /// Crashes, lost answers, lost calls: so many in all.
    faults: u8,
    /// What a person says, once at most.
    verbs: &'static [Verb],
    looks_at_its_lease: bool,
    leaves_in_time: bool,
    /// Judges whether a call may be repeated by when the look began, not by when it came back.
    judges_by_the_looks_begin: bool,
    /// States from which a run is known to come to an end.
    ends: Mutex<BTreeSet<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Verb {
    Cancel,
    Pause,
    Escalate,
    Skip,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Doing {
    /// Between two moves: the journal is read, and the pure core asked.
    Free,
    Saw {
        step: StepId,
        asked_at: u8,
        done: bool,
    },
    /// The intent stands in the journal and its answer was heard; the call has not left.
    Intended {
        step: StepId,
    },
    Waits {
        step: StepId,
        attempt: u32,
        until: u8,
    },
    Heard {
        step: StepId,
        answered: bool,
    },
    TooLate {
        step: StepId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Hand {
    epoch: i64,
    run: Kept,
    doing: Doing,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Worker {
    /// `None`: it has not begun, or has died.
    grant: Option<Grant<u8>>,
    hand: Option<Hand>,
}

/// A call under way: takes effect before `lands_by`, or never.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Flight {
    step: StepId,
    by: usize,
    attempt: u32,
    lands_by: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    now: u8,
    stored: Kept,
    owner: Option<(usize, i64)>,
    /// In the database: epoch, and when it ends.
    leases: Vec<(i64, u8)>,
    epochs: i64,
    workers: Vec<Worker>,
    flights: Vec<Flight>,
    /// Per step, how often a call took effect: what an outside ledger would show.
    effects: BTreeMap<StepId, u8>,
    effects_after_the_end: u8,
    sent_without_a_lease: u8,
    faults: u8,
    said: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Action {
    Tick,
    Renew(usize),
    Claim(usize),
    Go(usize),
    Write { by: usize, heard: bool },
    Send(usize),
    GiveUp(usize),
    Land { flight: usize, heard: bool },
    Lose(usize),
    Crash(usize),
    Say(Verb),
}

/// What a worker's write comes to.
enum Written {
    Done(Kept),
    /// Not this worker's any more.
    Fenced,
    /// A person spoke first, and what was to be written is no longer so.
    TooLate,
}

fn named(worker: usize) -> String {
    format!("w{worker}")
}

impl State {
    fn lease_lasts(&self, (worker, epoch): (usize, i64)) -> bool {
        let (stored, ends) = self.leases[worker];
        stored == epoch && self.now < ends
    }

    fn new_epoch(&mut self, worker: usize) -> Grant<u8> {
        self.epochs += 1;
        self.leases[worker] = (self.epochs, self.now + TTL);
        Grant { epoch: self.epochs, good_until: self.now + TTL }
    }

    /// The statement of `store/src/journal.rs`: where it was expected, by whom it is owned, under a lease that lasts.
    fn append(&mut self, by: usize, epoch: i64, from: &Kept, commands: &[Command]) -> Written {
        let mut known = from.clone();
        loop {
            let Ok((ahead, _)) = known.after(commands, at(self.now)) else { return Written::TooLate };
            if self.owner != Some((by, epoch)) || !self.lease_lasts((by, epoch)) {
                return Written::Fenced;
            }
            if self.stored.run.seq == known.run.seq {
                self.stored = ahead.clone();
                return Written::Done(ahead);
            }
            known = self.stored.clone();
        }
    }
}

/// The move that the pure core asks of a worker that is free.
enum Move {
    Write(Vec<Command>),
    Look(StepId),
    LetGo,
    Wait,
}

fn next_move(run: &Run, (by, epoch): (usize, i64), now: u8) -> Move {
    match run.next(at(now)) {
        Next::Ended | Next::Wait { .. } => Move::LetGo,
        _ if run.owner != Some((named(by), epoch)) => {
            Move::Write(vec![Command::Record(Event::TakenOver { worker: named(by), epoch })])
        }
        Next::Until { .. } => Move::Wait,
        Next::Conclude => Move::Write(vec![Command::Conclude]),
        Next::AwaitCommit => Move::Write(vec![Command::AwaitCommit]),
        Next::RollBack => Move::Write(vec![Command::RollBack]),
        Next::Drive { steps } => {
            let step = steps[0].clone();
            let progress = &run.steps[&step];
            // Whoever sent it has died, or let go, between the intent and the outcome.
            if matches!(progress.call, Some(CallState::Intended { .. }))
                && progress.state != StepState::Pending
            {
                return Move::Write(vec![unknown(&step)]);
            }
            Move::Look(step)
        }
    }
}

fn unknown(step: &StepId) -> Command {
    Command::Record(Event::CallUnknown { step: step.clone(), reason: "lost".into() })
}

fn begun(run: &Run, step: &StepId, epoch: i64, now: u8, change: Option<Change>) -> Command {
    let due = if change.is_some() { now + DEADLINE } else { now };
    Command::Record(Event::StepStarted {
        step: step.clone(),
        attempt: run.steps[step].attempt + 1,
        epoch,
        before: Vec::new(),
        change,
        answer_due: at(due),
    })
}

impl House {
    /// What a worker makes of what it saw: `check`, `verify` and `look_up` of the engine.
    fn judged(&self, hand: &Hand, step: &StepId, asked_at: u8, done: bool, now: u8) -> (Vec<Command>, bool) {
        let run = &hand.run.run;
        let progress = &run.steps[step];
        let change = run.step(step).and_then(Step::change).cloned();
        let succeeded = Command::Record(Event::StepSucceeded {
            step: step.clone(),
            note: String::new(),
            after: Vec::new(),
        });
        if done || change.is_none() {
            let mut all = Vec::new();
            if progress.state == StepState::Pending {
                all.push(begun(run, step, hand.epoch, now, None));
            }
            all.push(succeeded);
            return (all, false);
        }
        let judged_at = if self.judges_by_the_looks_begin { asked_at } else { now };
        match &progress.call {
            Some(call) if !may_repeat(call, at(judged_at)) => (Vec::new(), false),
            _ => (vec![begun(run, step, hand.epoch, now, change)], true),
        }
    }

    fn write(&self, state: &mut State, by: usize, heard: bool) -> Option<()> {
        let mut hand = state.workers[by].hand.clone()?;
        let (commands, intends) = match &hand.doing {
            Doing::Free => match next_move(&hand.run.run, (by, hand.epoch), state.now) {
                Move::Write(commands) => (commands, false),
                _ => return None,
            },
            Doing::Saw { step, asked_at, done } => self.judged(&hand, step, *asked_at, *done, state.now),
            Doing::Heard { step, answered: true } => {
                (vec![Command::Record(Event::CallAnswered { step: step.clone(), answer: answer() })], false)
            }
            Doing::Heard { step, answered: false } => (vec![unknown(step)], false),
            Doing::TooLate { step } => {
                let (step, reason) = (step.clone(), "the journal took too long".into());
                (
                    vec![Command::Record(Event::CallRefused {
                        step,
                        reason,
                        retry: true,
                        not_executed: false,
                    })],
                    false,
                )
            }
            Doing::Intended { .. } | Doing::Waits { .. } => return None,
        };
        let step = match &hand.doing {
            Doing::Saw { step, .. } if intends => Some(step.clone()),
            _ => None,
        };
        hand.doing = Doing::Free;
        let written = match commands.is_empty() {
            // It waits, and looks again.
            true => Written::TooLate,
            false => state.append(by, hand.epoch, &hand.run, &commands),
        };
        state.workers[by].hand = match written {
            Written::Done(_) if !heard => None,
            Written::Done(run) => {
                let doing = step.map_or(Doing::Free, |step| Doing::Intended { step });
                Some(Hand { run, doing, ..hand })
            }
            Written::Fenced => None,
            Written::TooLate => Some(hand),
        };
        Some(())
    }

    fn send(&self, state: &mut State, by: usize) -> Option<()> {
        let (now, grant) = (state.now, state.workers[by].grant?);
        let hand = state.workers[by].hand.as_mut()?;
        let Doing::Intended { step } = hand.doing.clone() else { return None };
        let progress = &hand.run.run.steps[&step];
        let due = progress.answer_may_come_until()?;
        if self.looks_at_its_lease && !grant.holds(hand.epoch, now) {
            state.workers[by].hand = None;
            return Some(());
        }
        let deadline = SignedDuration::from_secs(i64::from(DEADLINE));
        if self.leaves_in_time && !leaves_in_time(at(now), deadline, due) {
            hand.doing = Doing::TooLate { step };
            return Some(());
        }
        let (attempt, owner) = (progress.attempt, (by, hand.epoch));
        hand.doing = Doing::Waits { step: step.clone(), attempt, until: now + DEADLINE };
        state.flights.push(Flight { step, by, attempt, lands_by: now + DEADLINE });
        if state.owner != Some(owner) || !state.lease_lasts(owner) {
            state.sent_without_a_lease += 1;
        }
        Some(())
    }

    fn go(state: &mut State, by: usize) -> Option<()> {
        let (now, stored) = (state.now, state.stored.clone());
        let hand = state.workers[by].hand.as_mut().filter(|hand| hand.doing == Doing::Free)?;
        hand.run = stored;
        match next_move(&hand.run.run, (by, hand.epoch), now) {
            // Two moves, so that a person or another worker may come in between.
            Move::Write(_) | Move::Wait => {}
            Move::LetGo => state.workers[by].hand = None,
            Move::Look(step) => {
                let done = state.effects.get(&step).is_some_and(|times| *times > 0);
                hand.doing = Doing::Saw { step, asked_at: now, done };
            }
        }
        Some(())
    }

    fn say(state: &mut State, verb: Verb) -> Option<()> {
        let by = who(7);
        let step = step_id("switch-orders");
        let command = match verb {
            Verb::Cancel => Command::Cancel { by, reason: "enough".into() },
            Verb::Pause => Command::Pause { by, reason: None },
            Verb::Skip => Command::SkipStep { by, step, reason: "by hand".into() },
            Verb::Escalate => {
                Command::Escalate { by, reason: "dark".into(), confirm: "shop".into(), overrides: Vec::new() }
            }
        };
        let (stored, _) = state.stored.after(&[command], at(state.now)).ok()?;
        state.stored = stored;
        state.said = true;
        Some(())
    }

    /// Where it has run out, taken anew under another epoch; what is in hand keeps the old one.
    fn renewed(state: &mut State, by: usize) -> Grant<u8> {
        let known = state.workers[by].grant.filter(|known| state.lease_lasts((by, known.epoch)));
        let granted = match known {
            Some(known) => {
                state.leases[by].1 = state.now + TTL;
                Grant { good_until: state.now + TTL, ..known }
            }
            None => state.new_epoch(by),
        };
        state.workers[by].grant = Some(granted);
        granted
    }

    fn renew(state: &mut State, by: usize) -> Option<()> {
        let known = state.workers[by].grant?;
        // What a worker does that has nothing in hand shows when it claims; and sooner than in time makes no difference.
        let idle = state.workers[by].hand.is_none();
        if idle || (state.lease_lasts((by, known.epoch)) && known.good_until > state.now + 1) {
            return None;
        }
        Self::renewed(state, by);
        Some(())
    }

    fn claim(state: &mut State, by: usize) -> Option<()> {
        let run = &state.stored.run;
        if state.workers[by].hand.is_some() || run.state == RunState::AwaitingApproval || run.state.is_over()
        {
            return None;
        }
        let grant = Self::renewed(state, by);
        let me = (by, grant.epoch);
        if state.owner.is_some_and(|owner| owner != me && state.lease_lasts(owner)) {
            return None;
        }
        state.owner = Some(me);
        let (run, doing) = (state.stored.clone(), Doing::Free);
        state.workers[by].hand = Some(Hand { epoch: grant.epoch, run, doing });
        Some(())
    }

    fn land(state: &mut State, flight: usize, heard: bool) {
        let flight = state.flights.remove(flight);
        *state.effects.entry(flight.step.clone()).or_default() += 1;
        state.effects_after_the_end += u8::from(state.stored.run.state.is_over());
        let Some(hand) = state.workers[flight.by].hand.as_mut().filter(|_| heard) else { return };
        if let Doing::Waits { step, attempt, .. } = &hand.doing
            && (step, *attempt) == (&flight.step, flight.attempt)
        {
            hand.doing = Doing::Heard { step: flight.step, answered: true };
        }
    }

    fn give_up(state: &mut State, by: usize) -> Option<()> {
        let under_way = |of: u32| state.flights.iter().any(|f| f.by == by && f.attempt == of);
        match state.workers[by].hand.as_ref().map(|hand| hand.doing.clone())? {
            Doing::Waits { step, attempt, until } if until <= state.now && !under_way(attempt) => {
                state.workers[by].hand.as_mut()?.doing = Doing::Heard { step, answered: false };
                Some(())
            }
            _ => None,
        }
    }

    /// `None`: nothing to be done there now.
    fn act(&self, last: &State, action: &Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            // A call lands, or is lost, within its deadline.
            Action::Tick => {
                if state.flights.iter().any(|flight| flight.lands_by <= state.now + 1) {
                    return None;
                }
                state.now += 1;
            }
            Action::Renew(by) => Self::renew(&mut state, *by)?,
            Action::Claim(by) => Self::claim(&mut state, *by)?,
            Action::Go(by) => Self::go(&mut state, *by)?,
            Action::Write { by, heard } => self.write(&mut state, *by, *heard)?,
            Action::Send(by) => self.send(&mut state, *by)?,
            Action::GiveUp(by) => Self::give_up(&mut state, *by)?,
            Action::Land { flight, heard } => Self::land(&mut state, *flight, *heard),
            Action::Lose(flight) => drop(state.flights.remove(*flight)),
            // It comes back with the next claim, as the same worker under another epoch.
            Action::Crash(by) => {
                state.workers[*by].hand.take()?;
                state.workers[*by].grant = None;
            }
            Action::Say(verb) => Self::say(&mut state, *verb)?,
        }
        let costs = matches!(
            action,
            Action::Write { heard: false, .. }
                | Action::Land { heard: false, .. }
                | Action::Lose(_)
                | Action::Crash(_)
        );
        state.faults = state.faults.checked_sub(u8::from(costs))?;
        (state != *last).then_some(state)
    }
}

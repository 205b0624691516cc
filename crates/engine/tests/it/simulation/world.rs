//! One run in a world of its own: a worker, people, and calls that take effect or do not, by what a tape of numbers says. Where
//! the tape ends, nothing more goes wrong and a person answers what is asked: the run must come to its end.

use holdfast_domain::{PersonId, RunId, StepId};
use holdfast_failover::run::{
    Answer, CallState, Command, Entry, Event, Next, Request, Run, StepState, Who, may_repeat,
    may_repeat_unseen,
};
use holdfast_failover::{Idempotency, Refusal, Review, RunState, Step};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

const BEGIN: Timestamp = Timestamp::constant(1_800_000_000, 0);
const CALL_SECONDS: i64 = 30;
/// More than any plan needs once nothing goes wrong.
const MOVES_AT_MOST: usize = 2_000;

struct Tape {
    numbers: std::vec::IntoIter<u16>,
    over: bool,
}

impl Tape {
    /// Zero, the calm choice, once the tape is over.
    fn choose(&mut self, among: u16) -> u16 {
        let number = self.numbers.next();
        self.over = number.is_none();
        number.unwrap_or_default() % among
    }
}

/// A call that has left and has not landed.
struct Flight {
    step: StepId,
    due: Timestamp,
}

pub struct Simulated {
    run: Run,
    entries: Vec<Entry>,
    now: Timestamp,
    tape: Tape,
    epoch: i64,
    flights: Vec<Flight>,
    /// The judge: what took effect, in order.
    ledger: Vec<StepId>,
    reached: BTreeSet<&'static str>,
}

fn who(number: u128) -> Who {
    Who { id: PersonId(uuid::Uuid::from_u128(number)), email: format!("person-{number}@example.com") }
}

impl Simulated {
    pub fn of(request: &Request, tape: Vec<u16>) -> Self {
        let id = RunId(uuid::Uuid::from_u128(9));
        let events = Run::request(id, request.clone(), BEGIN);
        let entries: Vec<_> =
            events.into_iter().zip(1..).map(|(event, seq)| Entry { seq, at: BEGIN, event }).collect();
        Self {
            run: Run::replay(id, &entries).unwrap(),
            entries,
            now: BEGIN,
            tape: Tape { numbers: tape.into_iter(), over: false },
            epoch: 0,
            flights: Vec::new(),
            ledger: Vec::new(),
            reached: BTreeSet::new(),
        }
    }

    /// What it passed through.
    #[allow(clippy::wrong_self_convention, reason = "it is over afterwards")]
    pub fn to_its_end(mut self) -> BTreeSet<&'static str> {
        let mut prefixes: BTreeMap<usize, Run> = BTreeMap::new();
        for turn in 0.. {
            assert!(turn < MOVES_AT_MOST, "no end: {:?}, next {:?}", self.run.state, self.run.next(self.now));
            if self.run.state.is_over() {
                break;
            }
            match self.tape.choose(8) {
                0..=4 => self.worker(),
                5 => self.a_person(),
                6 => self.passes(),
                _ => self.dies(),
            }
            if turn % 16 == 0 {
                prefixes.insert(self.entries.len(), self.run.clone());
            }
        }
        self.judge();
        prefixes.insert(self.entries.len(), self.run.clone());
        for (end, run) in &prefixes {
            assert_eq!(&Run::replay(run.id, &self.entries[..*end]).unwrap(), run, "the first {end} entries");
        }
        self.reached.insert(self.run.state.as_str());
        self.reached
    }

    fn tell(&mut self, command: Command) -> Result<(), Refusal> {
        for event in self.run.handle(command, self.now)? {
            let entry = Entry { seq: self.run.seq + 1, at: self.now, event };
            self.run.apply(&entry).unwrap();
            self.entries.push(entry);
        }
        Ok(())
    }

    /// The engine's own next move is refused only where a person spoke first.
    fn record(&mut self, event: Event) {
        let kind = event.kind();
        self.tell(Command::Record(event)).unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
    }

    fn dies(&mut self) {
        self.epoch += 1;
        self.reached.insert("died");
    }

    /// Time, and with it calls that land late or never.
    fn passes(&mut self) {
        let seconds = [1, 7, CALL_SECONDS, 4_000][usize::from(self.tape.choose(4))];
        let until = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        for flight in std::mem::take(&mut self.flights) {
            match self.tape.choose(3) {
                0 => {
                    self.reached.insert("landed late");
                    self.now = self
                        .now
                        .max(flight.due.checked_sub(SignedDuration::from_secs(1)).unwrap().min(until));
                    self.lands(&flight.step);
                }
                1 if until < flight.due => self.flights.push(flight),
                _ => {}
            }
        }
        self.now = self.now.max(until);
        if self.run.state == RunState::AwaitingApproval && self.now >= self.run.expires_at {
            self.tell(Command::Expire).ok();
        }
    }

    fn lands(&mut self, step: &StepId) {
        assert!(!self.run.state.is_over(), "`{step}` takes effect after the run's end");
        self.ledger.push(step.clone());
    }

    fn worker(&mut self) {
        let taken = Some(("worker".to_owned(), self.epoch));
        match self.run.next(self.now) {
            Next::Ended => {}
            Next::Wait { .. } => self.somebody_answers(),
            _ if self.run.owner != taken => {
                self.record(Event::TakenOver { worker: "worker".into(), epoch: self.epoch });
            }
            Next::Until { at, .. } => {
                self.flights.clear();
                self.now = at;
            }
            Next::Conclude => self.tell(Command::Conclude).unwrap(),
            Next::AwaitCommit => self.tell(Command::AwaitCommit).unwrap(),
            Next::RollBack => self.tell(Command::RollBack).unwrap(),
            Next::Drive { steps } => {
                let step = steps[usize::from(self.tape.choose(steps.len().try_into().unwrap()))].clone();
                self.drive(&step);
            }
        }
    }

    fn drive(&mut self, id: &StepId) {
        let step = self.run.step(id).unwrap().clone();
        let progress = self.run.progress(id).unwrap().clone();
        let took_effect = self.ledger.contains(id);
        match (&progress.call, progress.state) {
            // Whoever sent it died.
            (Some(CallState::Intended { .. }), StepState::Running) => {
                self.record(Event::CallUnknown { step: id.clone(), reason: "it stopped".into() });
            }
            (Some(CallState::Answered(_)), _) => self.succeeds(&step),
            (Some(call @ (CallState::Unknown { .. } | CallState::Intended { .. })), state) => {
                let shows = step.change().is_some_and(|change| change.shows());
                if took_effect && shows {
                    self.succeeds(&step);
                } else if !may_repeat(call, self.now) {
                    self.passes();
                } else if !shows
                    && state != StepState::Pending
                    && step.change().is_some_and(|change| change.idempotency() == Idempotency::OneShot)
                {
                    self.parks(&step);
                } else {
                    self.reached.insert("called again");
                    self.calls(&step);
                }
            }
            (None, _) if step.is_confirmed_by_a_person() => self.parks(&step),
            (None, _) => match (step.change().is_some(), self.tape.choose(8)) {
                (_, 7) => self.parks(&step),
                (_, 6) => self.record(Event::StepProgress { step: id.clone(), note: "news".into() }),
                (true, _) if !took_effect => self.calls(&step),
                _ => self.succeeds(&step),
            },
        }
    }

    fn starts(&mut self, step: &Step, call: bool) {
        let change = step.change().cloned().filter(|_| call);
        let seconds = if change.is_some() { CALL_SECONDS } else { 0 };
        self.record(Event::StepStarted {
            step: step.id.clone(),
            attempt: self.run.progress(&step.id).unwrap().attempt + 1,
            epoch: self.epoch,
            before: Vec::new(),
            change,
            answer_due: self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap(),
        });
    }

    fn begun(&mut self, step: &Step) {
        if self.run.progress(&step.id).unwrap().state == StepState::Pending {
            self.starts(step, false);
        }
    }

    fn succeeds(&mut self, step: &Step) {
        self.begun(step);
        let (step, note) = (step.id.clone(), String::new());
        self.record(Event::StepSucceeded { step, note, after: Vec::new() });
    }

    fn parks(&mut self, step: &Step) {
        self.begun(step);
        let (step, reason, way_out) = (step.id.clone(), "drift".into(), "look".into());
        self.record(Event::StepParked { step, reason, way_out });
    }

    fn calls(&mut self, step: &Step) {
        for before in &step.after {
            assert!(self.run.progress(before).unwrap().state.is_done(), "`{}` before `{before}`", step.id);
        }
        self.starts(step, true);
        let id = step.id.clone();
        match self.tape.choose(10) {
            // It dies before the call leaves.
            5 => self.dies(),
            6 => {
                self.record(Event::CallRefused {
                    step: id.clone(),
                    reason: "throttled".into(),
                    retry: true,
                    not_executed: true,
                });
                let goes_on = matches!(self.run.next(self.now), Next::Drive { steps } if steps.contains(&id));
                let (progress, change) = (self.run.progress(&id).unwrap(), step.change().unwrap());
                if goes_on && may_repeat_unseen(progress, change, self.now, self.now) {
                    self.reached.insert("called again unseen");
                    self.calls(step);
                }
            }
            7 => {
                self.record(Event::CallRefused {
                    step: id.clone(),
                    reason: "denied".into(),
                    retry: false,
                    not_executed: false,
                });
            }
            8 => {
                let due = self.run.progress(&id).unwrap().answer_may_come_until().unwrap();
                self.flights.push(Flight { step: id, due });
                self.dies();
            }
            9 => {
                self.lands(&id);
                self.reached.insert("answer lost");
                self.record(Event::CallUnknown { step: id, reason: "lost".into() });
            }
            _ => {
                self.lands(&id);
                let answer = Answer {
                    action: step.change().unwrap().action().into(),
                    region: "anywhere".into(),
                    request_id: None,
                    tracking: None,
                };
                self.record(Event::CallAnswered { step: id, answer });
            }
        }
    }

    /// What the run waits for, once nobody stands in its way any more; before that, now and then.
    fn somebody_answers(&mut self) {
        self.reached.insert("waited for a person");
        if self.run.state == RunState::AwaitingApproval {
            return self.somebody_approves();
        }
        if self.run.state == RunState::Paused {
            return self.tell(Command::Resume { by: who(2) }).unwrap();
        }
        let parked: Vec<StepId> =
            self.run.steps_in_order().filter(|s| self.is_parked(&s.id)).map(|s| s.id.clone()).collect();
        for id in parked {
            let step = self.run.step(&id).unwrap().clone();
            let command = if step.is_confirmed_by_a_person() {
                Command::ConfirmStep { by: who(3), groups: self.groups(), step: id, comment: None }
            } else {
                Command::RetryStep { by: who(3), step: id }
            };
            self.tell(command).unwrap();
        }
    }

    fn is_parked(&self, id: &StepId) -> bool {
        self.run.progress(id).is_some_and(|progress| progress.state == StepState::NeedsPerson)
    }

    /// Every group that anything asks for.
    fn groups(&self) -> Vec<holdfast_domain::Name> {
        let asked =
            ["sre", "approvers", "business-owners"].map(|name| holdfast_domain::Name::parse(name).unwrap());
        asked.into_iter().chain(self.run.request.policy.rules.iter().map(|rule| rule.group.clone())).collect()
    }

    fn somebody_approves(&mut self) {
        let tally = self.run.tally();
        let open = tally.rules.iter().find(|rule| rule.given.len() < usize::from(rule.needed)).unwrap();
        let person = who(100 + self.run.seq.unsigned_abs() as u128);
        let review = Review {
            person: person.id,
            email: person.email,
            groups: vec![open.group.clone()],
            at: self.now,
            comment: None,
            others: vec![],
        };
        let digest = self.run.request.digest.clone();
        if self.tell(Command::Approve { review, digest }).is_err() {
            self.tell(Command::Expire).unwrap();
        }
    }

    /// Any verb, of any step: done, or refused with a sentence and a way out.
    fn a_person(&mut self) {
        let steps: Vec<StepId> = self.run.steps_in_order().map(|step| step.id.clone()).collect();
        let step = steps[usize::from(self.tape.choose(steps.len().try_into().unwrap()))].clone();
        let (by, reason) = (who(u128::from(self.tape.choose(4)) + 1), "because".to_owned());
        let command = match self.tape.choose(24) {
            0..=3 => return self.somebody_answers_at_last(),
            4..=7 => Command::RetryStep { by, step },
            8..=9 => Command::SkipStep { by, step, reason },
            10..=11 => Command::ConfirmStep { by, groups: self.groups(), step, comment: None },
            12..=13 => Command::Pause { by, reason: None },
            14..=16 => Command::Resume { by },
            17 => Command::Withdraw { by },
            18 => {
                let confirm = self.run.request.application.to_string();
                Command::Escalate { by, reason, confirm, overrides: Vec::new() }
            }
            19 => Command::Cancel { by, reason },
            20 => Command::Expire,
            21 => {
                let (groups, digest) = (self.groups(), self.run.request.digest.clone());
                Command::Deny { by, groups, digest, comment: None }
            }
            22 => Command::Conclude,
            _ => Command::SkipStep { by, step, reason: " ".into() },
        };
        let asks_for = format!("{command:?}");
        let escalates = matches!(command, Command::Escalate { .. });
        match self.tell(command) {
            Ok(()) if escalates => drop(self.reached.insert("escalated")),
            Ok(()) => {}
            Err(refusal) => assert!(
                !refusal.code.is_empty() && refusal.sentence.ends_with('.') && !refusal.way_out.is_empty(),
                "{asks_for}: {refusal:?}"
            ),
        }
    }

    fn somebody_answers_at_last(&mut self) {
        if matches!(self.run.next(self.now), Next::Wait { .. }) {
            self.somebody_answers();
        }
    }

    /// The ledger beside the journal: nothing twice, nothing lost.
    fn judge(&self) {
        let mut times: BTreeMap<&StepId, u32> = BTreeMap::new();
        for step in &self.ledger {
            *times.entry(step).or_default() += 1;
        }
        for (id, times) in &times {
            let step = self.run.step(id).unwrap();
            // Of what shows nowhere a person may ask for a second time, and a repeat that does no harm is sent again.
            assert!(*times == 1 || !step.change().unwrap().shows(), "`{id}` took effect {times} times");
        }
        if !matches!(self.run.state, RunState::Completed | RunState::CompletedWithExceptions) {
            return;
        }
        for step in self.run.plan().steps.iter().filter(|step| step.change().is_some()) {
            let done = self.run.progress(&step.id).unwrap().state == StepState::Succeeded;
            assert!(!done || self.ledger.contains(&step.id), "`{}` is called done and was not", step.id);
        }
    }
}

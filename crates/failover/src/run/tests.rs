//! Claims about single commands; `break_glass` about starts without approval, `confirm` about steps that a person ends, `escalation` those about going from planned to emergency, `model` what a model checker
//! finds in all orders of what replicas, people and AWS may do, `random` the
//! properties over random sequences, `verbs` the table of every verb in every state.

mod break_glass;
mod calls;
mod commit;
mod confirm;
mod drills;
mod escalation;
mod forecast;
mod left_out;
mod model;
mod random;
mod step_escalation;
mod undo;
mod undo_in_a_world;
mod verbs;

use super::*;
use crate::refusal::Refusal;
use crate::testing::{NOW, after, name, policy, request, scale, sealed, step_id, switch, who};

/// A run and its journal, driven by hand.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub run: Run,
    pub entries: Vec<Entry>,
    pub at: Timestamp,
}

impl Story {
    pub(super) fn of(request: Request) -> Self {
        let id = RunId(uuid::Uuid::from_u128(9));
        let entries: Vec<Entry> = Run::request(id, request, NOW)
            .into_iter()
            .zip(1..)
            .map(|(event, seq)| Entry { seq, at: NOW, event })
            .collect();
        Self { run: Run::replay(id, &entries).unwrap(), entries, at: NOW }
    }

    pub(super) fn tell(&mut self, command: Command) -> Result<(), Refusal> {
        for event in self.run.handle(command, self.at)? {
            let entry = Entry { seq: self.run.seq + 1, at: self.at, event };
            self.run.apply(&entry).unwrap();
            self.entries.push(entry);
        }
        Ok(())
    }

    fn started() -> Self {
        let mut story = Self::of(request());
        story.approve(2, "sre").unwrap();
        story.approve(3, "business-owners").unwrap();
        story
    }

    fn approve(&mut self, person: u128, group: &str) -> Result<(), Refusal> {
        let digest = self.run.request.digest.clone();
        let who = who(person);
        let review = Review {
            person: who.id,
            email: who.email,
            groups: vec![name(group)],
            at: self.at,
            comment: None,
            others: vec![],
        };
        self.tell(Command::Approve { review, digest })
    }

    fn record(&mut self, event: Event) -> Result<(), Refusal> {
        self.tell(Command::Record(event))
    }

    fn start(&mut self, step: &str, change: Option<Change>) -> Result<(), Refusal> {
        let id = step_id(step);
        let attempt = self.run.steps[&id].attempt + 1;
        self.record(Event::StepStarted {
            step: id,
            attempt,
            epoch: 1,
            before: Vec::new(),
            change,
            answer_due: self.at.checked_add(jiff::SignedDuration::from_secs(30)).unwrap(),
        })
    }

    fn succeed(&mut self, step: &str) -> Result<(), Refusal> {
        self.record(Event::StepSucceeded { step: step_id(step), note: String::new(), after: Vec::new() })
    }

    fn look(&mut self, step: &str) {
        self.start(step, None).unwrap();
        self.succeed(step).unwrap();
    }

    fn park(&mut self, step: &str) {
        let (reason, way_out) = ("drift".to_owned(), "look".to_owned());
        self.record(Event::StepParked { step: step_id(step), reason, way_out }).unwrap();
    }

    fn skip(&mut self, step: &str, reason: &str) -> Result<(), Refusal> {
        self.tell(Command::SkipStep { by: who(2), step: step_id(step), reason: reason.into() })
    }

    fn next(&self) -> Next {
        self.run.next(self.at)
    }

    /// Up to the one-shot step, which is left running with its intent written.
    fn at_the_switch() -> Self {
        let mut story = Self::started();
        for step in ["observe-again", "record-lag", "scale-web"] {
            story.look(step);
        }
        story.start("switch-orders", Some(switch())).unwrap();
        story
    }
}

fn answer() -> Answer {
    Answer {
        action: "ecs:UpdateService".into(),
        region: "eu-central-1".into(),
        request_id: None,
        tracking: None,
    }
}

fn code(result: Result<(), Refusal>) -> String {
    let refusal = result.unwrap_err();
    assert!(!refusal.sentence.is_empty() && !refusal.way_out.is_empty(), "{refusal:?} must help");
    refusal.code
}

#[test]
fn the_last_approval_starts_the_run_in_the_same_breath() {
    let mut story = Story::of(request());
    story.approve(2, "sre").unwrap();
    assert_eq!(story.run.state, RunState::AwaitingApproval);
    story.approve(3, "business-owners").unwrap();
    assert_eq!(story.run.state, RunState::Running);
    let kinds: Vec<_> = story.entries.iter().map(|e| e.event.kind()).collect();
    assert_eq!(kinds, ["requested", "approved", "approved", "started"]);
}

#[test]
fn a_policy_that_asks_nobody_starts_at_once() {
    let story = Story::of(sealed(Request { policy: policy(&[]), ..request() }));
    assert_eq!(story.run.state, RunState::Running);
}

#[test]
fn a_requester_cannot_approve_their_own_run() {
    assert_eq!(code(Story::of(request()).approve(1, "sre")), "self_review");
}

#[test]
fn an_approval_of_another_plan_is_stale() {
    let mut story = Story::of(request());
    let who = who(2);
    let review = Review {
        person: who.id,
        email: who.email,
        groups: vec![name("sre")],
        at: NOW,
        comment: None,
        others: vec![],
    };
    let digest = Digest("0".repeat(64));
    assert_eq!(code(story.tell(Command::Approve { review, digest })), "stale_plan");
}

#[test]
fn a_plan_changed_behind_the_digest_is_neither_approved_nor_carried_out() {
    let mut story = Story::started();
    let frozen = Arc::make_mut(&mut story.run.request);
    frozen.plan.roles.insert(name("shop-prod"), "arn:aws:iam::999999999999:role/other".into());
    assert_eq!(code(story.start("observe-again", None)), "stale_plan");
    let mut story = Story::of(request());
    Arc::make_mut(&mut story.run.request).overrides.push("lag".into());
    assert_eq!(code(story.approve(2, "sre")), "stale_plan");
}

#[test]
fn a_request_expires_by_the_clock_and_not_before() {
    let mut story = Story::of(request());
    assert_eq!(code(story.tell(Command::Expire)), "wrong_state");
    story.at = after(7200);
    assert_eq!(code(story.approve(2, "sre")), "expired");
    story.tell(Command::Expire).unwrap();
    assert_eq!(story.run.state, RunState::Expired);
    assert_eq!(story.next(), Next::Ended);
}

#[test]
fn an_approval_can_be_withdrawn_until_the_start_and_no_later() {
    let mut story = Story::of(request());
    assert_eq!(code(story.tell(Command::Withdraw { by: who(2) })), "nothing_to_withdraw");
    story.approve(2, "sre").unwrap();
    story.tell(Command::Withdraw { by: who(2) }).unwrap();
    assert!(story.run.reviews.is_empty());
    assert_eq!(code(Story::started().tell(Command::Withdraw { by: who(2) })), "wrong_state");
}

#[test]
fn one_denial_ends_it() {
    let mut story = Story::of(request());
    let digest = story.run.request.digest.clone();
    let deny = |groups| Command::Deny { by: who(4), groups, digest: digest.clone(), comment: None };
    assert_eq!(code(story.tell(deny(vec![name("strangers")]))), "not_an_approver");
    story.tell(deny(vec![name("sre")])).unwrap();
    assert_eq!(story.run.state, RunState::Denied);
    assert_eq!(code(story.approve(2, "sre")), "run_over");
}

#[test]
fn steps_start_in_their_order_and_side_by_side_where_they_may() {
    let mut story = Story::started();
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("observe-again")] });
    assert_eq!(code(story.start("record-lag", None)), "wrong_state");
    story.look("observe-again");
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("record-lag"), step_id("scale-web")] });
}

#[test]
fn a_dry_run_makes_no_call_and_still_completes() {
    let mut story = Story::of(sealed(Request { policy: policy(&[]), dry_run: true, ..request() }));
    story.look("observe-again");
    story.look("record-lag");
    assert_eq!(code(story.start("scale-web", Some(scale(6)))), "dry_run");
    for step in ["scale-web", "switch-orders", "confirm-serving"] {
        story.look(step);
    }
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::Completed);
}

#[test]
fn a_lost_answer_of_a_one_shot_call_is_not_repeated_while_one_may_come() {
    let mut story = Story::at_the_switch();
    story.record(Event::CallUnknown { step: step_id("switch-orders"), reason: "time-out".into() }).unwrap();
    assert_eq!(story.run.steps[&step_id("switch-orders")].state, StepState::Unknown);
    assert_eq!(code(story.start("switch-orders", Some(switch()))), "wrong_state");
    story.at = after(30);
    story.start("switch-orders", Some(switch())).unwrap();
    assert_eq!(story.run.steps[&step_id("switch-orders")].attempt, 2);
}

#[test]
fn a_lost_answer_of_a_call_that_sets_a_value_is_not_repeated_while_one_may_come_either() {
    let mut story = Story::started();
    story.look("observe-again");
    story.start("scale-web", Some(scale(6))).unwrap();
    assert_eq!(code(story.start("scale-web", Some(scale(6)))), "wrong_state");
    story.record(Event::CallUnknown { step: step_id("scale-web"), reason: "killed".into() }).unwrap();
    assert_eq!(code(story.start("scale-web", Some(scale(6)))), "wrong_state");
    story.at = after(30);
    story.start("scale-web", Some(scale(6))).unwrap();
}

#[test]
fn an_accepted_call_is_repeated_only_when_a_person_retries() {
    let mut story = Story::at_the_switch();
    let id = step_id("switch-orders");
    story.record(Event::CallAnswered { step: id.clone(), answer: answer() }).unwrap();
    assert_eq!(code(story.start("switch-orders", Some(switch()))), "wrong_state");
    assert_eq!(code(story.tell(Command::RetryStep { by: who(2), step: id.clone() })), "wrong_state");
    story.park("switch-orders");
    story.tell(Command::RetryStep { by: who(2), step: id.clone() }).unwrap();
    story.start("switch-orders", Some(switch())).unwrap();
    assert_eq!(story.run.steps[&id].answers.len(), 1, "the first answer stays for the audit");
}

#[test]
fn looking_again_does_not_forget_that_an_answer_was_lost() {
    let mut story = Story::at_the_switch();
    let id = step_id("switch-orders");
    story.record(Event::CallUnknown { step: id.clone(), reason: "time-out".into() }).unwrap();
    story.park("switch-orders");
    story.tell(Command::RetryStep { by: who(2), step: id }).unwrap();
    story.start("switch-orders", None).unwrap();
    assert_eq!(code(story.start("switch-orders", Some(switch()))), "wrong_state");
}

#[test]
fn a_parked_step_asks_a_person_while_other_branches_go_on() {
    let mut story = Story::started();
    story.look("observe-again");
    story.start("record-lag", None).unwrap();
    story.park("record-lag");
    assert_eq!(story.run.state, RunState::NeedsPerson);
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("scale-web")] });
    story.look("scale-web");
    assert!(matches!(story.next(), Next::Wait { why } if why.contains("`record-lag` needs a person: drift")));
    story.tell(Command::RetryStep { by: who(2), step: step_id("record-lag") }).unwrap();
    assert_eq!(story.run.state, RunState::Running);
}

#[test]
fn a_refused_call_parks_the_step_or_lets_it_be_tried_again() {
    let mut story = Story::started();
    story.look("observe-again");
    let id = step_id("scale-web");
    for (retry, state) in [(true, StepState::Pending), (false, StepState::NeedsPerson)] {
        story.start("scale-web", Some(scale(6))).unwrap();
        story
            .record(Event::CallRefused {
                step: id.clone(),
                reason: "throttled".into(),
                retry,
                not_executed: false,
            })
            .unwrap();
        assert_eq!(story.run.steps[&id].state, state);
    }
}

#[test]
fn once_only_its_last_steps_go_on_and_they_only_look_a_run_changes_nothing_more() {
    let mut story = Story::started();
    assert!(!story.run.only_looks_are_left(), "it begins with a look, and changes come");
    story = Story::at_the_switch();
    assert!(!story.run.only_looks_are_left());
    story.record(Event::CallAnswered { step: step_id("switch-orders"), answer: answer() }).unwrap();
    story.succeed("switch-orders").unwrap();
    assert!(story.run.only_looks_are_left());
    story.start("confirm-serving", None).unwrap();
    assert!(story.run.only_looks_are_left());
    story.park("confirm-serving");
    assert!(!story.run.only_looks_are_left(), "it waits for a person");
}

#[test]
fn a_pause_lets_what_runs_finish_and_starts_nothing() {
    let mut story = Story::at_the_switch();
    story.tell(Command::Pause { by: who(2), reason: Some("wait for the owner".into()) }).unwrap();
    assert_eq!(story.run.state, RunState::Paused);
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("switch-orders")] });
    story.record(Event::CallAnswered { step: step_id("switch-orders"), answer: answer() }).unwrap();
    story.succeed("switch-orders").unwrap();
    assert!(matches!(story.next(), Next::Wait { why } if why.contains("wait for the owner")));
    assert_eq!(code(story.start("confirm-serving", None)), "wrong_state");
    story.tell(Command::Resume { by: who(2) }).unwrap();
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("confirm-serving")] });
}

#[test]
fn a_run_is_not_cancelled_while_aws_may_be_working_on_it() {
    let cancel = || Command::Cancel { by: who(2), reason: "false alarm".into() };
    let mut story = Story::at_the_switch();
    assert_eq!(code(story.tell(cancel())), "wrong_state");
    story.record(Event::CallUnknown { step: step_id("switch-orders"), reason: "time-out".into() }).unwrap();
    story.park("switch-orders");
    assert_eq!(code(story.tell(cancel())), "wrong_state");
    story.at = after(31);
    story.tell(cancel()).unwrap();
    assert_eq!(story.run.state, RunState::Cancelled);
}

#[test]
fn a_request_is_cancelled_before_its_start_with_a_reason() {
    let mut story = Story::of(request());
    assert_eq!(code(story.tell(Command::Cancel { by: who(1), reason: " ".into() })), "reason_needed");
    story.tell(Command::Cancel { by: who(1), reason: "superseded".into() }).unwrap();
    assert_eq!(story.run.state, RunState::Cancelled);
}

#[test]
fn a_skip_needs_a_reason_and_a_step_that_is_next_or_asks() {
    let mut story = Story::started();
    assert_eq!(code(story.skip("observe-again", "known")), "not_skippable");
    assert_eq!(code(story.skip("scale-web", "enough there")), "wrong_state");
    story.look("observe-again");
    assert_eq!(code(story.skip("scale-web", "")), "reason_needed");
    story.start("scale-web", Some(scale(6))).unwrap();
    assert_eq!(code(story.skip("scale-web", "enough there")), "wrong_state");
    assert_eq!(code(story.skip("no-such-step", "why")), "no_such_step");
}

#[test]
fn a_step_whose_outcome_is_not_known_is_skipped_only_once_no_answer_can_come() {
    let mut story = Story::at_the_switch();
    story.record(Event::CallUnknown { step: step_id("switch-orders"), reason: "time-out".into() }).unwrap();
    story.park("switch-orders");
    assert_eq!(code(story.skip("switch-orders", "done by hand")), "wrong_state");
    story.at = after(30);
    story.skip("switch-orders", "done by hand").unwrap();
    story.look("confirm-serving");
    assert_eq!(story.next(), Next::Conclude);
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::CompletedWithExceptions);
    assert_eq!(story.run.ending.as_deref(), Some("Completed, without switch-orders."));
}

#[test]
fn a_run_completes_only_when_nothing_is_open() {
    let mut story = Story::at_the_switch();
    assert_eq!(code(story.tell(Command::Conclude)), "wrong_state");
}

#[test]
fn a_stale_epoch_starts_nothing_and_a_takeover_needs_a_later_one() {
    let mut story = Story::started();
    let taken = |worker: &str, epoch| Event::TakenOver { worker: worker.into(), epoch };
    story.record(taken("one", 5)).unwrap();
    assert_eq!(code(story.record(taken("one", 5))), "wrong_state");
    assert_eq!(code(story.start("observe-again", None)), "wrong_state");
    story.record(taken("two", 1)).unwrap();
    story.start("observe-again", None).unwrap();
}

#[test]
fn the_engine_cannot_record_what_people_decide() {
    let mut story = Story::of(request());
    assert_eq!(code(story.record(Event::Started)), "not_the_engines");
    assert_eq!(code(Story::started().record(Event::Completed { exceptions: Vec::new() })), "not_the_engines");
}

#[test]
fn a_journal_with_a_gap_a_wrong_start_or_an_illegal_entry_is_corrupt() {
    let story = Story::at_the_switch();
    let id = story.run.id;
    assert_eq!(Run::replay(id, &[]).unwrap_err().seq, 1);
    let mut gap = story.entries.clone();
    gap.remove(2);
    assert_eq!(Run::replay(id, &gap).unwrap_err().seq, 4);
    assert!(Run::replay(id, &story.entries[1..]).is_err());
    let mut unapproved: Vec<Entry> = story.entries.clone();
    unapproved.retain(|e| e.event.kind() != "approved");
    for (entry, seq) in unapproved.iter_mut().zip(1..) {
        entry.seq = seq;
    }
    assert_eq!(Run::replay(id, &unapproved).unwrap_err().seq, 2, "no start without met policy");
}

#[test]
fn the_stored_words_are_these_and_no_others() {
    let runs: Vec<_> = RunState::ALL.iter().map(|s| s.as_str()).collect();
    let steps: Vec<_> = StepState::ALL.iter().map(|s| s.as_str()).collect();
    for (state, word) in RunState::ALL.iter().zip(&runs) {
        assert_eq!(serde_json::to_value(state).unwrap(), **word);
        assert_eq!(word.parse::<RunState>().unwrap(), *state);
    }
    for (state, word) in StepState::ALL.iter().zip(&steps) {
        assert_eq!(serde_json::to_value(state).unwrap(), **word);
    }
    for entry in &Story::at_the_switch().entries {
        assert_eq!(serde_json::to_value(&entry.event).unwrap()["kind"], entry.event.kind());
        let text = serde_json::to_string(entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), *entry);
    }
    insta::assert_snapshot!(format!("runs: {}\nsteps: {}", runs.join(" "), steps.join(" ")), @r"
    runs: awaiting_approval running paused needs_person undoing awaiting_commit completed completed_with_exceptions rolled_back cancelled denied expired failed
    steps: pending running waiting unknown needs_person succeeded skipped undone failed
    ");
}

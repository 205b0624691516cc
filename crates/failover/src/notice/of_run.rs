//! Who hears what of a run.

use super::{
    Addressee, Matter, Message, Signal, Told, ask, asked_at_once, but, called_to, is_emergency, one, those,
};
use crate::approval::may_review;
use crate::break_glass::UnderBreakGlass;
use crate::run::{Entry, Event, Run, RunState, StepState, Who};
use crate::step::Step;
use holdfast_domain::{Name, PersonId};

/// Who is told of this entry of the run's journal, in the round after so many. `run`: as it stands by now, so that nobody is
/// asked for what is done already. A part of an evacuation is asked about, and decided, with its lot. `team`: whose application it
/// is; whoever is on call for it is called to what needs a person.
#[must_use]
pub fn of_run(run: &Run, entry: &Entry, rounds: u16, people: &[Addressee], team: Option<&Name>) -> Told {
    if run.request.dry_run {
        return Told::default();
    }
    let tale = Tale { run, entry, rounds, people, team };
    let in_a_lot = run.request.evacuation.is_some();
    match &entry.event {
        Event::Requested { .. } if !in_a_lot => tale.requested(),
        Event::BreakGlass { under } if !in_a_lot => tale.broken(under),
        Event::Started if !in_a_lot => tale.started(),
        Event::Denied { by, comment } if !in_a_lot => {
            tale.ended(Matter::Denied, format!("was denied by {}", by.email), comment.clone(), Some(by))
        }
        Event::Expired if !in_a_lot => {
            tale.ended(Matter::Expired, "expired".into(), Some("Nobody approved it in time.".into()), None)
        }
        Event::Cancelled { by, reason } if !in_a_lot => tale.ended(
            Matter::Cancelled,
            format!("was cancelled by {}", by.email),
            Some(reason.clone()),
            Some(by),
        ),
        Event::TurnRefused { reason } => {
            tale.ended(Matter::TurnRefused, "did not begin".into(), Some(reason.clone()), None)
        }
        Event::Escalated { by, reason, .. } if rounds == 0 => {
            let title = tale.title("is an emergency now");
            let message = tale.message(
                Matter::Emergency,
                Signal::Tell,
                title,
                format!("{} escalated it: {reason}", by.email),
            );
            Told { to: to(but(people, by), &message), ..Told::default() }
        }
        Event::StepParked { step, reason, way_out } => tale.parked(step, reason, way_out),
        Event::StepRetried { .. }
        | Event::StepSkipped { .. }
        | Event::StepConfirmed { .. }
        | Event::Committed { .. } => tale.seen_to(),
        Event::CommitAwaited { until } => tale.commit_awaited(&until.to_string()),
        Event::RolledBack { exceptions } => {
            tale.ended(Matter::RolledBack, "was taken back".into(), amiss(exceptions), None)
        }
        Event::Completed { exceptions } => {
            tale.ended(Matter::Completed, "is done".into(), amiss(exceptions), None)
        }
        Event::Failed { reason } => tale.ended(Matter::Failed, "failed".into(), Some(reason.clone()), None),
        _ => Told::default(),
    }
}

fn amiss(exceptions: &[String]) -> Option<String> {
    (!exceptions.is_empty()).then(|| format!("With exceptions: {}.", exceptions.join("; ")))
}

fn to(people: Vec<PersonId>, message: &Message) -> Vec<(PersonId, Message)> {
    people.into_iter().map(|id| (id, message.clone())).collect()
}

struct Tale<'a> {
    run: &'a Run,
    entry: &'a Entry,
    rounds: u16,
    people: &'a [Addressee],
    team: Option<&'a Name>,
}

impl Tale<'_> {
    fn message(&self, matter: Matter, signal: Signal, title: String, text: String) -> Message {
        Message {
            matter,
            signal,
            title,
            text,
            path: format!("/runs/{}", self.run.id),
            thread: format!("run:{}", self.run.id),
            application: Some(self.run.request.application.clone()),
            run: Some(self.run.id),
            evacuation: None,
            at: self.entry.at,
        }
    }

    /// Such as `shop: emergency failover us-east-1 → eu-central-1 waits for your approval`.
    fn title(&self, what: &str) -> String {
        let movement = &self.run.request.movement;
        let mode = if self.is_emergency() { "emergency " } else { "" };
        let (intent, from, to) = (movement.intent.as_str(), &movement.from, &movement.to);
        format!("{}: {mode}{intent} {from} → {to} {what}", self.run.request.application)
    }

    fn is_emergency(&self) -> bool {
        let whole = self.run.escalated.as_ref().is_some_and(|escalated| escalated.is_whole());
        whole || is_emergency(self.run.request.movement.mode)
    }

    /// What was asked for, by whom and why.
    fn asked(&self) -> String {
        let request = &self.run.request;
        let incident = request.incident.as_ref().map(|i| format!(" (incident {i})")).unwrap_or_default();
        format!("{} asks: {}{incident}.", request.by.email, request.reason.trim_end_matches('.'))
    }

    fn by(&self) -> &Who {
        &self.run.request.by
    }

    fn requested(&self) -> Told {
        let emergency = self.is_emergency() && self.rounds == 0;
        if self.run.state != RunState::AwaitingApproval {
            // Nobody was asked, or somebody was quicker than this.
            let begun =
                self.message(Matter::Emergency, Signal::Tell, self.title("has been asked for"), self.asked());
            let whom = if emergency { but(self.people, self.by()) } else { Vec::new() };
            return Told { to: to(whom, &begun), ..Told::default() };
        }
        let waits_for = self.run.tally().waits_for(&self.run.request.policy).unwrap_or_default();
        let text = format!("{} {waits_for} It expires at {:.0}.", self.asked(), self.run.expires_at);
        let title = match self.rounds {
            0 => self.title("waits for your approval"),
            _ => self.title("still waits for your approval"),
        };
        let message = self.message(Matter::ApprovalWanted, Signal::Ask, title, text);
        let wanted = those(self.people, |p| {
            p.may_review && may_review(&self.run.request, &self.run.reviews, &p.review()).is_ok()
        });
        let wanted = match (self.rounds, emergency) {
            (0, false) => asked_at_once(self.run, &wanted, self.people),
            _ => wanted,
        };
        let (also, matter, what) = match (self.rounds, emergency) {
            (0, true) => (but(self.people, self.by()), Matter::Emergency, "was asked for"),
            (0, false) => (Vec::new(), Matter::Emergency, ""),
            // Also whoever asked: they may know whom to wake.
            _ => {
                let also = those(self.people, |p| p.admin || p.id == self.by().id);
                (also, Matter::Unanswered, "is not approved yet: nobody who was asked has answered")
            }
        };
        let to = ask(&wanted, &message, also, matter, || self.title(what));
        Told { to, waits: true, settles: None }
    }

    /// Those whose approvals it does without hear at once, and what rang for them is over.
    fn broken(&self, under: &UnderBreakGlass) -> Told {
        let title = self.title("is started under break-glass, without approvals");
        let message = self.message(Matter::Emergency, Signal::Tell, title.clone(), under.told());
        let over = self.message(Matter::Started, Signal::Settle, title, under.told());
        let whom = those(self.people, |p| (p.may_review || p.admin) && p.id != under.by.id);
        Told { to: to(whom, &message), waits: false, settles: Some(over) }
    }

    /// Told only where others decided: who starts a run by asking for it knows.
    fn started(&self) -> Told {
        // Who broke the glass was told of instead.
        if self.run.break_glass.is_some() {
            return Told::default();
        }
        let Some(last) = self.run.reviews.last() else { return Told::default() };
        let who: Vec<&str> = self.run.reviews.iter().map(|r| r.email.as_str()).collect();
        let text = match &last.comment {
            Some(comment) => format!("Approved by {}: {comment}", who.join(" and ")),
            None => format!("Approved by {}.", who.join(" and ")),
        };
        let title = self.title("is approved and begins");
        self.settled(Matter::Started, title, text, one(self.people, self.by()))
    }

    /// Of an emergency everybody hears how it ended.
    fn ended(&self, matter: Matter, what: String, why: Option<String>, by: Option<&Who>) -> Told {
        let whom = if self.is_emergency() && self.run.approved_at.is_some() {
            self.people.iter().map(|p| p.id).collect()
        } else {
            one(self.people, self.by())
        };
        let whom = whom.into_iter().filter(|id| by.is_none_or(|by| by.id != *id)).collect();
        self.settled(matter, self.title(&what), why.unwrap_or_else(|| self.asked()), whom)
    }

    fn settled(&self, matter: Matter, title: String, text: String, whom: Vec<PersonId>) -> Told {
        let message = self.message(matter, Signal::Settle, title, text);
        Told { to: to(whom, &message), waits: false, settles: Some(message) }
    }

    fn parked(&self, step: &holdfast_domain::StepId, reason: &str, way_out: &str) -> Told {
        // Somebody has seen to it.
        let parked = self.run.progress(step).is_some_and(|p| p.state == StepState::NeedsPerson);
        if !parked || self.run.state.is_over() || self.overtaken(step) {
            return Told::default();
        }
        let title = self.title(&format!("needs a person at `{step}`"));
        let message = self.message(Matter::NeedsPerson, Signal::Ask, title, format!("{reason} {way_out}"));
        self.asks_to_drive(&message)
    }

    /// Nobody is told; what rang ends, unless another step still needs a person.
    fn seen_to(&self) -> Told {
        let needed = |step: &Step| {
            self.run.progress(&step.id).is_some_and(|progress| progress.state == StepState::NeedsPerson)
        };
        if self.run.steps_in_order().any(needed) {
            return Told::default();
        }
        let title = self.title("was seen to");
        let message = self.message(Matter::NeedsPerson, Signal::Settle, title, self.asked());
        Told { settles: Some(message), ..Told::default() }
    }

    /// It was parked again since: that has a notice of its own.
    fn overtaken(&self, step: &holdfast_domain::StepId) -> bool {
        let parked = self.run.progress(step).and_then(|p| p.parked.as_ref());
        let Event::StepParked { reason, way_out, .. } = &self.entry.event else { return false };
        parked.is_some_and(|(r, w)| (r, w) != (reason, way_out))
    }

    fn commit_awaited(&self, until: &str) -> Told {
        if self.run.state != RunState::AwaitingCommit {
            return Told::default();
        }
        let title = self.title("waits for a commit");
        let text = format!("Traffic has moved. Unless somebody commits it by {until}, it is taken back.");
        self.asks_to_drive(&self.message(Matter::CommitWanted, Signal::Ask, title, text))
    }

    /// Everybody who may drive it where those who were called first do not act.
    fn asks_to_drive(&self, message: &Message) -> Told {
        let everybody = self.rounds > 0 || self.is_emergency();
        let whom = called_to(self.people, Some(self.by().id), self.team, everybody);
        Told { to: to(whom, message), waits: true, settles: None }
    }
}

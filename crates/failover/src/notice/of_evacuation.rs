//! Who hears what of an evacuation. Its parts are told of by the lot until it has begun; from there on each as the run that it is.

use super::{Addressee, Matter, Message, Signal, Told, ask, asked_at_once, but, is_emergency, one, those};
use crate::approval::may_review;
use crate::break_glass::UnderBreakGlass;
use crate::evacuation::{Entry, Evacuation, Event};
use crate::run::{Run, RunState, Who};
use holdfast_domain::PersonId;

/// `runs`: its parts, as far as they can be read.
#[must_use]
pub fn of_evacuation(
    evacuation: &Evacuation,
    runs: &[Run],
    entry: &Entry,
    rounds: u16,
    people: &[Addressee],
) -> Told {
    if evacuation.request.dry_run {
        return Told::default();
    }
    let tale = Tale { evacuation, entry, people };
    match &entry.event {
        Event::Requested { .. } => tale.requested(runs, rounds),
        Event::BreakGlass { under } => tale.broken(under),
        Event::Started if evacuation.break_glass.is_none() && !evacuation.reviews.is_empty() => {
            let who: Vec<&str> = evacuation.reviews.iter().map(|r| r.email.as_str()).collect();
            tale.settled(
                Matter::Started,
                "is approved and begins",
                format!("Approved by {}.", who.join(" and ")),
                None,
            )
        }
        Event::Denied { by, comment } => {
            tale.settled(Matter::Denied, "was denied", comment.clone().unwrap_or_default(), Some(by))
        }
        Event::Expired => {
            tale.settled(Matter::Expired, "expired", "Nobody approved it in time.".into(), None)
        }
        Event::Cancelled { by, reason } => {
            tale.settled(Matter::Cancelled, "was cancelled", reason.clone(), Some(by))
        }
        Event::Completed { exceptions } if exceptions.is_empty() => {
            tale.settled(Matter::Completed, "is done", "Every part is over.".into(), None)
        }
        Event::Completed { exceptions } => {
            let text = format!("Not as asked: {}.", exceptions.join("; "));
            tale.settled(Matter::Completed, "is done, with exceptions", text, None)
        }
        Event::Ended => tale.settled(Matter::Completed, "is over", "Its last part is over.".into(), None),
        _ => Told::default(),
    }
}

struct Tale<'a> {
    evacuation: &'a Evacuation,
    entry: &'a Entry,
    people: &'a [Addressee],
}

impl Tale<'_> {
    fn message(&self, matter: Matter, signal: Signal, what: &str, text: String) -> Message {
        let request = &self.evacuation.request;
        let mode = if is_emergency(request.mode) { "emergency " } else { "" };
        let lot = if request.direction.is_out() { "evacuation of" } else { "return home to" };
        let text = if text.trim().is_empty() { self.asked() } else { text };
        Message {
            matter,
            signal,
            title: format!("{mode}{lot} {} {what}", request.region),
            text,
            path: format!("/evacuations/{}", self.evacuation.id),
            thread: format!("evacuation:{}", self.evacuation.id),
            application: None,
            run: None,
            evacuation: Some(self.evacuation.id),
            at: self.entry.at,
        }
    }

    fn asked(&self) -> String {
        let request = &self.evacuation.request;
        let parts = request.parts().count();
        format!("{} asks: {}. Applications: {parts}.", request.by.email, request.reason.trim_end_matches('.'))
    }

    fn requested(&self, runs: &[Run], rounds: u16) -> Told {
        let by = &self.evacuation.request.by;
        let emergency = is_emergency(self.evacuation.request.mode) && rounds == 0;
        if self.evacuation.started_at.is_some() || self.evacuation.ended_at.is_some() {
            let whom = if emergency { but(self.people, by) } else { Vec::new() };
            let message = self.message(Matter::Emergency, Signal::Tell, "has been asked for", self.asked());
            return Told {
                to: whom.into_iter().map(|id| (id, message.clone())).collect(),
                ..Told::default()
            };
        }
        let what = if rounds == 0 { "waits for your approval" } else { "still waits for your approval" };
        let text = format!("{} It expires at {:.0}.", self.asked(), self.evacuation.expires_at);
        let message = self.message(Matter::ApprovalWanted, Signal::Ask, what, text);
        let waiting: Vec<&Run> = runs.iter().filter(|r| r.state == RunState::AwaitingApproval).collect();
        let of_part = |run: &Run| {
            let wanted = those(self.people, |p| {
                p.may_review && may_review(&run.request, &run.reviews, &p.review()).is_ok()
            });
            if rounds == 0 && !emergency { asked_at_once(run, &wanted, self.people) } else { wanted }
        };
        let asked: Vec<PersonId> = waiting.into_iter().flat_map(of_part).collect();
        let wanted = those(self.people, |p| asked.contains(&p.id));
        let (also, matter, what) = match (rounds, emergency) {
            (0, true) => (but(self.people, by), Matter::Emergency, "was asked for"),
            (0, false) => (Vec::new(), Matter::Emergency, ""),
            _ => {
                let also = those(self.people, |p| p.admin || p.id == by.id);
                (also, Matter::Unanswered, "is not approved yet: nobody who was asked has answered")
            }
        };
        let title = || self.message(matter, Signal::Tell, what, String::new()).title;
        Told { to: ask(&wanted, &message, also, matter, title), waits: true, settles: None }
    }

    /// As of a run, once for the lot.
    fn broken(&self, under: &UnderBreakGlass) -> Told {
        let what = "is started under break-glass, without approvals";
        let message = self.message(Matter::Emergency, Signal::Tell, what, under.told());
        let over = self.message(Matter::Started, Signal::Settle, what, under.told());
        let whom = those(self.people, |p| (p.may_review || p.admin) && p.id != under.by.id);
        Told {
            to: whom.into_iter().map(|id| (id, message.clone())).collect(),
            waits: false,
            settles: Some(over),
        }
    }

    fn settled(&self, matter: Matter, what: &str, text: String, by: Option<&Who>) -> Told {
        let request = &self.evacuation.request;
        let whom: Vec<PersonId> = if is_emergency(request.mode) && self.evacuation.started_at.is_some() {
            self.people.iter().map(|p| p.id).collect()
        } else {
            one(self.people, &request.by)
        };
        let message = self.message(matter, Signal::Settle, what, text);
        let whom = whom.into_iter().filter(|id| by.is_none_or(|by| by.id != *id));
        Told { to: whom.map(|id| (id, message.clone())).collect(), waits: false, settles: Some(message) }
    }
}

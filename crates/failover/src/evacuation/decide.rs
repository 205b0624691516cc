//! What people and the clock decide of the lot: events of its own journal, and of the runs of its parts, to be written
//! together or not at all.

use super::{Evacuation, Event, Next, Parts, Request};
use crate::approval::{Review, may_count, may_deny, may_review, tally};
use crate::break_glass::{UnderBreakGlass, over as break_glass_over};
use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::run::{self, Run, RunState, Who};
use holdfast_domain::{Name, RunId};
use jiff::Timestamp;

/// What is written to which journal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decided {
    pub events: Vec<Event>,
    pub of_runs: Vec<(RunId, Vec<run::Event>)>,
}

type Answer = Result<Decided, Refusal>;

impl Request {
    /// The first events. Where no part's policy asks anybody, it starts at once.
    #[must_use]
    pub fn begin(self, parts: &[&run::Request]) -> Vec<Event> {
        let asks_nobody = parts.iter().all(|part| tally(&part.policy, &[]).met);
        let mut events = vec![Event::Requested { request: Box::new(self) }];
        if asks_nobody {
            events.push(Event::Started);
        }
        events
    }
}

pub(super) fn wrong_state(sentence: impl Into<String>, way_out: impl Into<String>) -> Refusal {
    Refusal::new("wrong_state", sentence, way_out)
}

impl Evacuation {
    /// A person's yes to the lot: it counts in the tally of each part under that part's own policy. `lapsed`: those
    /// whose earlier approval no longer stands.
    ///
    /// Where the last part that still asked somebody was taken out, nobody's approval is missing, and no seat is free.
    /// Then the lot waits for one more yes to what is left of it, of anybody whom a policy asks; an earlier yes of the
    /// same person does not stand in its way.
    ///
    /// # Errors
    /// Says what stands against it and the way out.
    pub fn approve(
        &self,
        runs: &[Run],
        lapsed: &[Who],
        review: Review,
        digest: &Digest,
        now: Timestamp,
    ) -> Answer {
        self.may_decide(digest, now)?;
        let all_met = all_met(runs, lapsed, now)?;
        let stands = |earlier: &&Review| !lapsed.iter().any(|who| who.id == earlier.person);
        let earlier = self.reviews.iter().filter(stands).find(|earlier| earlier.is_one_with(&review));
        if let Some(earlier) = earlier.filter(|_| !all_met) {
            return Err(Refusal::new(
                "already_reviewed",
                format!("{} has approved this evacuation already.", earlier.email),
                "One person counts once: somebody else must give what is still missing.",
            ));
        }
        let mut decided = Decided {
            events: lapsed.iter().map(|by| Event::ApprovalWithdrawn { by: by.clone() }).collect(),
            of_runs: Vec::new(),
        };
        let (mut counted, mut first_no, mut met) = (false, None, true);
        for run in waiting(runs) {
            self.is_as_approved(run)?;
            let mut events = withdrawn(run, lapsed);
            let standing = run.after(&events, now)?;
            let asked = if all_met {
                may_let_it_start(&standing.request, &review)
            } else {
                may_review(&standing.request, &standing.reviews, &review)
            };
            match asked {
                Ok(()) if all_met => counted = true,
                Ok(()) => {
                    let digest = run.request.digest.clone();
                    events.push(run::Event::Approved { review: review.clone(), digest });
                    counted = true;
                }
                Err(refusal) => first_no = first_no.or(Some(refusal)),
            }
            met &= run.after(&events, now)?.tally().met;
            if !events.is_empty() {
                decided.of_runs.push((run.id, events));
            }
        }
        if !counted {
            return Err(first_no.unwrap_or_else(|| {
                wrong_state("No part of it waits for approval any more.", "Ask for a new evacuation.")
            }));
        }
        decided.events.push(Event::Approved { review, digest: digest.clone() });
        if met {
            decided.events.push(Event::Started);
        }
        Ok(decided)
    }

    /// Starts the lot without the approvals that its parts wait for; each part is marked with it.
    ///
    /// # Errors
    /// `not_for_break_glass` for a dry run, and as for an approval.
    pub fn break_glass(&self, runs: &[Run], under: UnderBreakGlass, now: Timestamp) -> Answer {
        self.may_decide(&self.request.digest, now)?;
        let mut of_runs = Vec::new();
        for run in waiting(runs) {
            self.is_as_approved(run)?;
            run.request.may_break_glass()?;
            of_runs.push((run.id, vec![run::Event::BreakGlass { under: under.clone() }]));
        }
        if of_runs.is_empty() {
            return Err(wrong_state(
                "No part of it waits for approval any more.",
                "Ask for a new evacuation.",
            ));
        }
        Ok(Decided { events: vec![Event::BreakGlass { under }, Event::Started], of_runs })
    }

    /// Why its holder may not go on with it any more, now that they hold nothing open: that was for the hour.
    #[must_use]
    pub fn not_after_its_end(&self, by: &Who) -> Option<Refusal> {
        self.break_glass.as_deref().filter(|under| under.by.id == by.id).map(break_glass_over)
    }

    /// # Errors
    /// `nothing_to_withdraw`, or when it has started.
    pub fn withdraw(&self, runs: &[Run], by: &Who) -> Answer {
        self.must_await_approval()?;
        if !self.reviews.iter().any(|r| r.person == by.id) {
            return Err(Refusal::new(
                "nothing_to_withdraw",
                format!("{} has not approved this evacuation.", by.email),
                "Only one's own approval can be withdrawn.",
            ));
        }
        let of_runs = waiting(runs)
            .map(|run| (run.id, withdrawn(run, std::slice::from_ref(by))))
            .filter(|(_, events)| !events.is_empty())
            .collect();
        Ok(Decided { events: vec![Event::ApprovalWithdrawn { by: by.clone() }], of_runs })
    }

    /// One no ends the lot.
    ///
    /// # Errors
    /// When the person may deny no part of it.
    pub fn deny(
        &self,
        runs: &[Run],
        by: &Who,
        groups: &[Name],
        digest: &Digest,
        comment: Option<String>,
        now: Timestamp,
    ) -> Answer {
        self.may_decide(digest, now)?;
        let asked: Vec<_> = waiting(runs).map(|run| may_deny(&run.request, by, groups)).collect();
        if !asked.iter().any(Result::is_ok) {
            return Err(asked.into_iter().find_map(Result::err).unwrap_or_else(|| {
                wrong_state("No part of it waits for approval any more.", "There is nothing to deny.")
            }));
        }
        let denied = run::Event::Denied { by: by.clone(), comment: comment.clone() };
        Ok(Decided {
            events: vec![Event::Denied { by: by.clone(), comment }],
            of_runs: waiting(runs).map(|run| (run.id, vec![denied.clone()])).collect(),
        })
    }

    /// A person lets the next waves begin although the last did not go well.
    ///
    /// # Errors
    /// When nothing holds it, or no reason is given.
    pub fn go_on(&self, parts: &Parts, by: &Who, reason: &str) -> Answer {
        let Next::Stopped { wave, .. } = self.next(parts) else {
            return Err(wrong_state(
                "No wave holds the next one.",
                "There is nothing to go on from; each run has verbs of its own.",
            ));
        };
        needs_reason(reason, "Going on past a wave that did not go well needs a reason.")?;
        let event = Event::WentOn { by: by.clone(), wave, reason: reason.to_owned() };
        Ok(Decided { events: vec![event], of_runs: Vec::new() })
    }

    /// No further part begins; those that have not are cancelled with it.
    ///
    /// # Errors
    /// When it is over or cancelled already, or no reason is given.
    pub fn cancel(&self, runs: &[Run], by: &Who, reason: &str) -> Answer {
        if let Some((state, _)) = &self.ending {
            return Err(over(*state));
        }
        if let Some((who, _)) = &self.cancelled {
            return Err(wrong_state(
                format!("The rest was cancelled by {} already.", who.email),
                "What is under way has a page of its own.",
            ));
        }
        needs_reason(reason, "Cancelling needs a reason.")?;
        let (by, reason) = (by.clone(), reason.to_owned());
        let of_run =
            run::Event::Cancelled { by: by.clone(), reason: format!("with the evacuation: {reason}") };
        Ok(Decided {
            events: vec![Event::Cancelled { by, reason }],
            of_runs: waiting(runs).map(|run| (run.id, vec![of_run.clone()])).collect(),
        })
    }

    /// The database's clock passed its expiry.
    ///
    /// # Errors
    /// When it did not, or it is not waiting for approval.
    pub fn expire(&self, runs: &[Run], now: Timestamp) -> Answer {
        self.must_await_approval()?;
        if now < self.expires_at {
            return Err(wrong_state(
                format!("The request may be approved until {}.", self.expires_at),
                "Nothing need be done.",
            ));
        }
        Ok(Decided {
            events: vec![Event::Expired],
            of_runs: waiting(runs).map(|run| (run.id, vec![run::Event::Expired])).collect(),
        })
    }

    /// The turn of these runs: each starts, or is refused by what stands against it now, be it that it is not what was
    /// approved.
    #[must_use]
    pub fn turn(&self, runs: &[(Run, Option<Refusal>)]) -> Decided {
        let mut of_runs = Vec::new();
        for (run, refused) in runs {
            let refused = self.is_as_approved(run).err().or_else(|| refused.clone());
            let event = match refused {
                None => run::Event::Started,
                Some(refusal) => run::Event::TurnRefused { reason: refusal.to_string() },
            };
            of_runs.push((run.id, vec![event]));
        }
        let event = Event::TurnCame { runs: runs.iter().map(|(run, _)| run.id).collect() };
        Decided { events: vec![event], of_runs }
    }

    fn must_await_approval(&self) -> Result<(), Refusal> {
        match (&self.ending, self.started_at) {
            (Some((state, _)), _) => Err(over(*state)),
            (None, Some(_)) => Err(wrong_state(
                "The evacuation has started; approvals are closed.",
                "Cancel the rest, or steer each run on its own page.",
            )),
            (None, None) => Ok(()),
        }
    }

    /// What an approval and a denial have in common: still awaited, in time, and about these very bytes.
    fn may_decide(&self, digest: &Digest, now: Timestamp) -> Result<(), Refusal> {
        self.must_await_approval()?;
        if now >= self.expires_at {
            return Err(Refusal::new(
                "expired",
                format!("The request expired at {}.", self.expires_at),
                "Ask for it again.",
            ));
        }
        if *digest != self.request.digest {
            return Err(Refusal::new(
                "stale_plan",
                format!(
                    "The review is of lot {}, and this request is lot {}.",
                    digest.short(),
                    self.request.digest.short()
                ),
                "Read the evacuation as it is now and review that.",
            ));
        }
        if self.request.digest_now()? == self.request.digest { Ok(()) } else { Err(changed()) }
    }

    /// The run that stands is the one that the lot's digest covers.
    fn is_as_approved(&self, run: &Run) -> Result<(), Refusal> {
        run.request.check_digest()?;
        let covered =
            self.request.parts().any(|part| part.run == run.id && part.digest == run.request.digest);
        if covered { Ok(()) } else { Err(changed()) }
    }
}

/// The parts that have not begun and are not over.
fn waiting(runs: &[Run]) -> impl Iterator<Item = &Run> {
    runs.iter().filter(|run| run.state == RunState::AwaitingApproval)
}

/// Whether parts wait, and none of them for anybody's approval.
fn all_met(runs: &[Run], lapsed: &[Who], now: Timestamp) -> Result<bool, Refusal> {
    let mut waits = false;
    for run in waiting(runs) {
        waits = true;
        if !run.after(&withdrawn(run, lapsed), now)?.tally().met {
            return Ok(false);
        }
    }
    Ok(waits)
}

/// A policy that asks nobody leaves it to anybody who may review.
fn may_let_it_start(part: &run::Request, review: &Review) -> Result<(), Refusal> {
    if tally(&part.policy, &[]).met { Ok(()) } else { may_count(part, review) }
}

fn withdrawn(run: &Run, by: &[Who]) -> Vec<run::Event> {
    let has_approved = |who: &&Who| run.reviews.iter().any(|r| r.person == who.id);
    by.iter().filter(has_approved).map(|who| run::Event::ApprovalWithdrawn { by: who.clone() }).collect()
}

fn needs_reason(reason: &str, sentence: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() { Err(Refusal::new("reason_needed", sentence, "Say why.")) } else { Ok(()) }
}

pub(super) fn over(state: super::State) -> Refusal {
    Refusal::new(
        "evacuation_over",
        format!("The evacuation is {}.", state.as_str().replace('_', " ")),
        "Ask for a new one.",
    )
}

fn changed() -> Refusal {
    Refusal::new(
        "stale_plan",
        "What is stored of the evacuation is not what its digest says: it was changed after the request.",
        "Nothing of it is carried out. Make a new request, and find out in the audit log who changed it.",
    )
}

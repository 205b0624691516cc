//! What people are told of runs and evacuations, and who is told: a function of a journal's entry, of how things stand by
//! now, and of how often people were told before. What somebody is waited for in is told again while nobody acts on it.

mod of_break_glass;
mod of_clock;
mod of_evacuation;
mod of_gap;
mod of_run;

pub use of_break_glass::of_break_glass;
pub use of_clock::of_clock;
pub use of_evacuation::of_evacuation;
pub use of_gap::of_gap;
pub use of_run::of_run;

use crate::approval::{self, Review};
use crate::movement::Mode;
use crate::run::{Run, Who};
use holdfast_domain::{EvacuationId, Name, PersonId, RunId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody who could be told, and what they may do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    pub id: PersonId,
    pub email: String,
    pub groups: Vec<Name>,
    /// Their other accounts.
    pub others: Vec<PersonId>,
    pub may_review: bool,
    pub may_drive: bool,
    /// Looks after people: finds somebody when those who were asked do not answer.
    pub admin: bool,
    /// The teams that they are on call for now.
    pub on_call: Vec<Name>,
}

impl Addressee {
    fn review(&self) -> Review {
        Review::supposed(&Who { id: self.id, email: self.email.clone() }, &self.groups, &self.others)
    }
}

/// What a message is about. Stored names: a contract with receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// The request waits for this person.
    ApprovalWanted,
    /// Nobody who was asked has answered.
    Unanswered,
    /// An emergency was asked for, a run became one, or one is started without approvals.
    Emergency,
    /// Somebody may start runs without approvals for a while.
    BreakGlass,
    Started,
    Denied,
    Expired,
    TurnRefused,
    Cancelled,
    NeedsPerson,
    CommitWanted,
    RolledBack,
    Completed,
    Failed,
    /// Two clocks differ by more than they may.
    ClockApart,
    /// The database has lost entries of a run's journal.
    JournalGap,
    /// Somebody tries a channel.
    Test,
}

/// For receivers that ring until somebody has seen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Rings.
    Ask,
    /// Is read.
    Tell,
    /// Ends the ringing of the same thread.
    Settle,
}

/// As it was when it happened: attempts at delivering it may come much later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub matter: Matter,
    pub signal: Signal,
    pub title: String,
    pub text: String,
    /// Of the page where something can be done about it.
    pub path: String,
    /// What belongs together: everything of one run, or of one evacuation.
    pub thread: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evacuation: Option<EvacuationId>,
    pub at: Timestamp,
}

/// Who is told what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    pub to: Vec<(PersonId, Message)>,
    /// Somebody is waited for: it is told again if nobody acts.
    pub waits: bool,
    /// What was rung for before is over: this is said to whatever rang.
    pub settles: Option<Message>,
}

impl Message {
    /// What somebody hears who tries a channel.
    #[must_use]
    pub fn test(email: &str, at: Timestamp) -> Self {
        Self {
            matter: Matter::Test,
            signal: Signal::Tell,
            title: "This channel works".into(),
            text: format!("{email} tries how Holdfast reaches them. Nothing needs to be done."),
            path: "/me".into(),
            thread: format!("test:{email}"),
            application: None,
            run: None,
            evacuation: None,
            at,
        }
    }
}

/// What happened cannot be read, so whom it concerns cannot be known: those who look after this hear that, once.
#[must_use]
pub fn of_unreadable(page: &str, people: &[Addressee], at: Timestamp) -> Told {
    let message = Message {
        matter: Matter::NeedsPerson,
        signal: Signal::Tell,
        title: "Something happened that nobody could be told of".into(),
        text: "Its journal cannot be read. Look at the page, and at the server's log for why.".into(),
        path: page.to_owned(),
        thread: format!("unreadable:{page}"),
        application: None,
        run: None,
        evacuation: None,
        at,
    };
    let to = those(people, |p| p.admin).into_iter().map(|id| (id, message.clone())).collect();
    Told { to, waits: false, settles: None }
}

fn one(people: &[Addressee], who: &Who) -> Vec<PersonId> {
    people.iter().filter(|p| p.id == who.id).map(|p| p.id).collect()
}

fn but(people: &[Addressee], who: &Who) -> Vec<PersonId> {
    people.iter().filter(|p| p.id != who.id).map(|p| p.id).collect()
}

fn those(people: &[Addressee], are: impl Fn(&Addressee) -> bool) -> Vec<PersonId> {
    people.iter().filter(|p| are(p)).map(|p| p.id).collect()
}

/// Of those whose answer is wanted, who is asked at once: in a group that somebody is on call for, they alone, as long as those who
/// are asked could give all that is missing. Else everybody: nobody sleeps while it waits for them because of a schedule.
fn asked_at_once(run: &Run, wanted: &[PersonId], people: &[Addressee]) -> Vec<PersonId> {
    let wanted: Vec<&Addressee> = people.iter().filter(|p| wanted.contains(&p.id)).collect();
    let on_call = |p: &Addressee, group: &Name| p.groups.contains(group) && p.on_call.contains(group);
    let groups = || run.request.policy.rules.iter().map(|rule| &rule.group);
    let first: Vec<&Addressee> = wanted
        .iter()
        .filter(|p| {
            groups()
                .filter(|group| p.groups.contains(group))
                .any(|group| on_call(p, group) || !wanted.iter().any(|other| on_call(other, group)))
        })
        .copied()
        .collect();
    let more = first.iter().map(|p| p.review());
    let enough = approval::met_with(&run.request.policy, &run.reviews, more);
    (if enough { first } else { wanted }).iter().map(|p| p.id).collect()
}

/// To what needs a person, first whoever asked for the run, and who is on call for its application; everybody who may drive it
/// where there are none of them, and where `everybody` is wanted.
fn called_to(
    people: &[Addressee],
    by: Option<PersonId>,
    team: Option<&Name>,
    everybody: bool,
) -> Vec<PersonId> {
    let on_call = |p: &Addressee| p.may_drive && team.is_some_and(|team| p.on_call.contains(team));
    let first = those(people, |p| Some(p.id) == by || on_call(p));
    if everybody || first.is_empty() { those(people, |p| p.may_drive) } else { first }
}

fn is_emergency(mode: Mode) -> bool {
    mode == Mode::Emergency
}

/// Whose answer is missing hears that it is; everybody else of `also` that nobody has answered, or of the emergency.
fn ask(
    wanted: &[PersonId],
    message: &Message,
    also: Vec<PersonId>,
    matter: Matter,
    title: impl FnOnce() -> String,
) -> Vec<(PersonId, Message)> {
    let others: Vec<PersonId> = also.into_iter().filter(|id| !wanted.contains(id)).collect();
    let mut to: Vec<_> = wanted.iter().map(|id| (*id, message.clone())).collect();
    if !others.is_empty() {
        let message = Message { matter, signal: Signal::Tell, title: title(), ..message.clone() };
        to.extend(others.into_iter().map(|id| (id, message.clone())));
    }
    to
}

#[cfg(test)]
mod tests;

//! What people are told of runs and evacuations, and who is told: a function of a journal's entry, of how things stand by
//! now, and of how often people were told before. What somebody is waited for in is told again while nobody acts on it.

mod of_break_glass;
mod of_evacuation;
mod of_run;

pub use of_break_glass::of_break_glass;
pub use of_evacuation::of_evacuation;
pub use of_run::of_run;

use crate::movement::Mode;
use crate::run::Who;
use holdfast_domain::{EvacuationId, Name, PersonId, RunId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody who could be told, and what they may do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    pub id: PersonId,
    pub email: String,
    pub groups: Vec<Name>,
    pub may_review: bool,
    pub may_drive: bool,
    /// Looks after people: finds somebody when those who were asked do not answer.
    pub admin: bool,
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

fn one(people: &[Addressee], who: &Who) -> Vec<PersonId> {
    people.iter().filter(|p| p.id == who.id).map(|p| p.id).collect()
}

fn but(people: &[Addressee], who: &Who) -> Vec<PersonId> {
    people.iter().filter(|p| p.id != who.id).map(|p| p.id).collect()
}

fn those(people: &[Addressee], are: impl Fn(&Addressee) -> bool) -> Vec<PersonId> {
    people.iter().filter(|p| are(p)).map(|p| p.id).collect()
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

//! Break-glass: one person, with a fresh strong factor or a sealed code and a reason, may for at most an hour start what would
//! wait for others. What that lifts, and what it does not, is [`Rule::lifted`]; who may open, end and close it, and when, is
//! here too. How a run is started so is the run's own (`run/break_glass.rs`).

use crate::refusal::Refusal;
use crate::run::Who;
use holdfast_domain::{BreakGlassId, PersonId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest that the glass stays broken. The database holds it to the same.
pub const MINUTES_AT_MOST: u16 = 60;

/// What stands between a person and a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Others must approve what is done.
    ApprovalByOthers,
    /// Without a checkpoint of the audit log for five minutes nothing starts.
    CheckpointKept,
    /// What is done is written down in the transaction that does it.
    AuditWritten,
    /// Only a role that demands its external id is used.
    UnsafeTrust,
    /// A guard that refuses this kind of run.
    GuardThatRefuses,
    /// A guard that asks to be overridden by name.
    GuardToOverride,
    /// Whoever starts it has proved within five minutes who they are.
    FreshIdentity,
    /// One run at a time holds an application, and what it changes.
    OneRunAtATime,
    /// What is started is what was shown, to the byte.
    PlanAsShown,
    /// The role of an operator or an administrator.
    RoleToRequest,
    /// Approval policies, people, accounts and roles are changed as ever.
    PolicyChanges,
    /// Nobody edits the audit log, nor what a run's journal says.
    AuditEdits,
}

impl Rule {
    pub const ALL: [Self; 12] = [
        Self::ApprovalByOthers,
        Self::CheckpointKept,
        Self::AuditWritten,
        Self::UnsafeTrust,
        Self::GuardThatRefuses,
        Self::GuardToOverride,
        Self::FreshIdentity,
        Self::OneRunAtATime,
        Self::PlanAsShown,
        Self::RoleToRequest,
        Self::PolicyChanges,
        Self::AuditEdits,
    ];

    /// The table: what break-glass lifts. Everything else holds under it as it does without.
    #[must_use]
    pub fn lifted(self) -> bool {
        match self {
            Self::ApprovalByOthers | Self::CheckpointKept => true,
            Self::AuditWritten
            | Self::UnsafeTrust
            | Self::GuardThatRefuses
            | Self::GuardToOverride
            | Self::FreshIdentity
            | Self::OneRunAtATime
            | Self::PlanAsShown
            | Self::RoleToRequest
            | Self::PolicyChanges
            | Self::AuditEdits => false,
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ApprovalByOthers => "others approve what is done",
            Self::CheckpointKept => "nothing starts without a checkpoint of the audit log for five minutes",
            Self::AuditWritten => "what is done is written down in the transaction that does it",
            Self::UnsafeTrust => "a role that can be assumed without its external id is not used",
            Self::GuardThatRefuses => "a guard that refuses this kind of run",
            Self::GuardToOverride => "a guard is overridden by its name, or holds",
            Self::FreshIdentity => "whoever starts it has proved within five minutes who they are",
            Self::OneRunAtATime => "one run at a time holds an application, and what it changes",
            Self::PlanAsShown => "what is started is what was shown",
            Self::RoleToRequest => "the role of an operator or an administrator",
            Self::PolicyChanges => "how policies, people, accounts and roles are changed",
            Self::AuditEdits => "nobody edits the audit log or a run's journal",
        }
    }
}

/// Under which break-glass a run was started: in its journal for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderBreakGlass {
    pub id: BreakGlassId,
    pub by: Who,
    /// Why the glass was broken.
    pub reason: String,
    /// Until when it lets anything start.
    pub until: Timestamp,
    /// The bundle from which it was carried out where no server was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<uuid::Uuid>,
}

impl UnderBreakGlass {
    /// To those whose approvals it does without.
    #[must_use]
    pub fn told(&self) -> String {
        format!(
            "{} broke the glass: {}. Somebody else has to close its review.",
            self.by.email,
            self.reason.trim_end_matches('.')
        )
    }
}

/// What the glass is broken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedWith {
    SecondFactor,
    SealedCode,
    /// A person's own code, which opens bundles where no server is.
    OfflineCode,
}

impl OpenedWith {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::SecondFactor => "a second factor",
            Self::SealedCode => "a sealed code",
            Self::OfflineCode => "an offline code, without a server",
        }
    }
}

/// One time that the glass was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    pub id: BreakGlassId,
    pub holder: Who,
    pub reason: String,
    pub incident: Option<String>,
    pub opened_with: OpenedWith,
    pub opened_at: Timestamp,
    pub expires_at: Timestamp,
    /// When it ended, and by whom: its holder, an administrator, or the clock.
    pub ended: Option<(Timestamp, String)>,
    pub reviewed: Option<Reviewed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    pub by: String,
    pub at: Timestamp,
    pub words: String,
}

/// What a person brings to break the glass with, beside fresh proof of who they are.
///
/// # Errors
/// `strong_factor_needed` where that proof held no second factor and there is no sealed code either.
pub fn opened_with(second_factor: bool, sealed_code: bool) -> Result<OpenedWith, Refusal> {
    match (sealed_code, second_factor) {
        (true, _) => Ok(OpenedWith::SealedCode),
        (false, true) => Ok(OpenedWith::SecondFactor),
        (false, false) => Err(Refusal::new(
            "strong_factor_needed",
            "You have proved who you are without a second factor, which breaks no glass.",
            "Prove it with the code of an authenticator app (it is set up on your own page), or open it with a sealed code.",
        )),
    }
}

/// A second factor breaks no glass before it has stood for so long: whoever has only the password could have set it up just now.
pub const FACTOR_STANDS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// # Errors
/// `factor_too_new`.
pub fn factor_stands(since: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match since {
        Some(since) if now.duration_since(since) >= FACTOR_STANDS_FOR => Ok(()),
        _ => Err(Refusal::new(
            "factor_too_new",
            "Your second factor was set up less than a day ago: the password alone could have done that.",
            "Open it with a sealed code, or have it opened by an operator whose second factor is older.",
        )),
    }
}

/// So long after it was opened a person's own second factor opens no other before the review of the first is closed.
pub const REVIEW_COMES_FIRST_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The hour would be none if whoever had it could take another by themselves, with whichever of their accounts. Somebody else has
/// to have had a say: by closing the review, or by a sealed code, which somebody else made.
///
/// # Errors
/// `review_comes_first`.
pub fn opened_again(
    with: OpenedWith,
    by: PersonId,
    others: &[PersonId],
    unreviewed: &[BreakGlass],
    now: Timestamp,
) -> Result<(), Refusal> {
    // The account's own that is open still is refused as that.
    let theirs = |glass: &BreakGlass| {
        others.contains(&glass.holder.id) || (glass.holder.id == by && glass.over_since(now).is_some())
    };
    let recent = |glass: &&BreakGlass| {
        theirs(glass)
            && glass.reviewed.is_none()
            && now.duration_since(glass.opened_at) < REVIEW_COMES_FIRST_FOR
    };
    match unreviewed.iter().find(recent) {
        Some(first) if with == OpenedWith::SecondFactor => Err(Refusal::new(
            "review_comes_first",
            format!(
                "You broke the glass at {:.0} as {}, and nobody has reviewed that yet.",
                first.opened_at, first.holder.email
            ),
            "Open it with a sealed code, have the review closed by somebody else once its runs are over, or let another \
             operator open it.",
        )),
        _ => Ok(()),
    }
}

impl BreakGlass {
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires_at
    }

    /// When it was over; the clock's end counts also before anybody has written it down.
    #[must_use]
    pub fn over_since(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.ended {
            Some((at, _)) => Some(*at),
            None => (now >= self.expires_at).then_some(self.expires_at),
        }
    }

    /// What a run started under it keeps.
    ///
    /// # Errors
    /// `break_glass_not_open` when it is over.
    pub fn mark(&self, now: Timestamp) -> Result<UnderBreakGlass, Refusal> {
        if !self.is_open(now) {
            return Err(not_open());
        }
        Ok(UnderBreakGlass {
            id: self.id,
            by: self.holder.clone(),
            reason: self.reason.clone(),
            until: self.expires_at,
            offline: None,
        })
    }

    /// Its holder ends it, or an administrator.
    ///
    /// # Errors
    /// `break_glass_over` when it is over, `not_the_holder` for everybody else.
    pub fn may_end(&self, by: PersonId, is_admin: bool, now: Timestamp) -> Result<(), Refusal> {
        if !self.is_open(now) {
            return Err(Refusal::new(
                "break_glass_over",
                "It is over already.",
                "Nothing need be ended; what is due is its review.",
            ));
        }
        if by != self.holder.id && !is_admin {
            return Err(Refusal::new(
                "not_the_holder",
                format!("{} holds it.", self.holder.email),
                "Its holder or an administrator ends it.",
            ));
        }
        Ok(())
    }

    /// Somebody else closes its review, once it is over and so is all that was begun under it. `others`: their other accounts.
    ///
    /// # Errors
    /// `self_review`, `review_closed` or `review_not_due`.
    pub fn may_review(
        &self,
        by: PersonId,
        others: &[PersonId],
        runs_under_way: usize,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Some(reviewed) = &self.reviewed {
            return Err(Refusal::new(
                "review_closed",
                format!("{} closed the review at {:.0}.", reviewed.by, reviewed.at),
                "Nothing need be done.",
            ));
        }
        if by == self.holder.id || others.contains(&self.holder.id) {
            return Err(Refusal::new(
                "self_review",
                format!("{} broke the glass, and nobody reviews that of themselves.", self.holder.email),
                "Ask an approver or an administrator to review it.",
            ));
        }
        if self.over_since(now).is_none() {
            return Err(Refusal::new(
                "review_not_due",
                format!("It lasts until {:.0}: more may be started under it.", self.expires_at),
                "Review it when it is over; an administrator may end it now.",
            ));
        }
        if runs_under_way > 0 {
            return Err(Refusal::new(
                "review_not_due",
                format!("{runs_under_way} of the runs that were started under it have not ended."),
                "Review it when they have: how they ended is a part of it.",
            ));
        }
        Ok(())
    }
}

/// Nothing is open that would let this person start anything.
#[must_use]
pub fn not_open() -> Refusal {
    Refusal::new(
        "break_glass_not_open",
        "You hold no break-glass that is open now.",
        "Open one on the page Break-glass, or by `holdfast break-glass open`; or wait for the approvals.",
    )
}

/// Its holder holds nothing open any more, and asks for more than stopping what they started under it.
#[must_use]
pub fn over(under: &UnderBreakGlass) -> Refusal {
    Refusal::new(
        "break_glass_over",
        format!("{} started it under break-glass, which is over.", under.by.email),
        "Somebody else who may steer runs takes it over; or open break-glass anew, with a sealed code. Stopping it and taking it back need neither.",
    )
}

#[cfg(test)]
mod tests;

//! Starting a run without the approvals that it waits for, and what its holder may still ask of it once the glass is whole again.

use super::legal::{Legal, wrong_state};
use super::{Command, Event, Request, Run};
use crate::break_glass::{UnderBreakGlass, over};
use crate::refusal::Refusal;
use jiff::Timestamp;

impl Request {
    /// A drill and a dry run can wait: only a real move is what break-glass is for.
    ///
    /// # Errors
    /// `not_for_break_glass`.
    pub fn may_break_glass(&self) -> Result<(), Refusal> {
        let what = match (self.dry_run, self.plan.drill.is_some()) {
            (true, _) => "A dry run changes nothing and waits for nobody",
            (_, true) => "A drill can wait for its approvals",
            (false, false) => return Ok(()),
        };
        Err(Refusal::new(
            "not_for_break_glass",
            format!("{what}: break-glass is for real moves."),
            "Request it without break-glass.",
        ))
    }
}

impl Run {
    /// The first events of a run that is started at once, whatever its policy asks.
    ///
    /// # Errors
    /// `not_for_break_glass`.
    pub fn request_under(request: Request, under: UnderBreakGlass) -> Result<Vec<Event>, Refusal> {
        request.may_break_glass()?;
        Ok(vec![Event::Requested { request: Box::new(request) }, Event::BreakGlass { under }, Event::Started])
    }

    pub(super) fn may_break_glass(&self) -> Legal {
        self.must_await_approval()?;
        if self.break_glass.is_some() {
            return Err(wrong_state(
                "It is under break-glass already.",
                "It starts when its turn in the evacuation comes.",
            ));
        }
        self.request.may_break_glass()
    }

    pub(super) fn start_under(&self, under: UnderBreakGlass, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = Event::BreakGlass { under };
        self.legal(&event, now)?;
        if now >= self.expires_at {
            return Err(Refusal::new(
                "expired",
                format!("The request expired at {}.", self.expires_at),
                "Request it again.",
            ));
        }
        self.request.check_digest()?;
        Ok(vec![event, Event::Started])
    }

    /// What its holder may not ask of it any more, now that they hold nothing open: starting and changing was for the hour.
    /// Stopping it and taking it back are not changes, and whoever else has the right takes it over.
    #[must_use]
    pub fn not_after_its_end(&self, command: &Command) -> Option<Refusal> {
        let under = self.break_glass.as_deref()?;
        let by = match command {
            Command::Resume { by }
            | Command::RetryStep { by, .. }
            | Command::SkipStep { by, .. }
            | Command::ConfirmStep { by, .. }
            | Command::Escalate { by, .. }
            | Command::EscalateStep { by, .. }
            | Command::Commit { by, .. } => by,
            Command::Approve { .. }
            | Command::Withdraw { .. }
            | Command::Deny { .. }
            | Command::Pause { .. }
            | Command::Cancel { .. }
            | Command::Abort { .. }
            | Command::BreakGlass { .. }
            | Command::Expire
            | Command::AwaitCommit
            | Command::RollBack
            | Command::Record(_)
            | Command::Conclude => return None,
        };
        (by.id == under.by.id).then(|| over(under))
    }
}

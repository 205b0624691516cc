//! Who hears that the glass was broken: everybody, at once, but whoever broke it.

use super::{Addressee, Matter, Message, Signal, Told, but};
use crate::break_glass::{BreakGlass, OpenedWith};

#[must_use]
pub fn of_break_glass(glass: &BreakGlass, people: &[Addressee]) -> Told {
    let reason = glass.reason.trim_end_matches('.');
    let (title, text) = match glass.opened_with {
        // It is over when anybody can be told.
        OpenedWith::OfflineCode => (
            format!("{} carried a plan out without a server", glass.holder.email),
            format!("{reason}. It was handed in now. Somebody else closes the review."),
        ),
        OpenedWith::SecondFactor | OpenedWith::SealedCode => (
            format!("{} broke the glass", glass.holder.email),
            format!(
                "{reason}. Until {:.0} they start runs without anybody's approval. Somebody else closes the review.",
                glass.expires_at
            ),
        ),
    };
    let message = Message {
        matter: Matter::BreakGlass,
        signal: Signal::Tell,
        title,
        text,
        path: format!("/break-glass/{}", glass.id),
        thread: format!("break_glass:{}", glass.id),
        application: None,
        run: None,
        evacuation: None,
        at: glass.opened_at,
    };
    let to = but(people, &glass.holder).into_iter().map(|id| (id, message.clone())).collect();
    Told { to, waits: false, settles: None }
}

//! Who hears that the glass was broken: everybody, at once, but whoever broke it.

use super::{Addressee, Matter, Message, Signal, Told, but};
use crate::break_glass::BreakGlass;

#[must_use]
pub fn of_break_glass(glass: &BreakGlass, people: &[Addressee]) -> Told {
    let reason = glass.reason.trim_end_matches('.');
    let message = Message {
        matter: Matter::BreakGlass,
        signal: Signal::Tell,
        title: format!("{} broke the glass", glass.holder.email),
        text: format!(
            "{reason}. Until {:.0} they start runs without anybody's approval. Somebody else closes the review.",
            glass.expires_at
        ),
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

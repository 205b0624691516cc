//! Who hears that two clocks are apart: whoever looks after the server, and whoever drives runs.

use super::{Addressee, Matter, Message, Signal, Told, those};
use jiff::Timestamp;

/// `says` and `way_out`: as it was judged when it began.
#[must_use]
pub fn of_clock(worker: &str, since: Timestamp, (says, way_out): (&str, &str), people: &[Addressee]) -> Told {
    let message = Message {
        matter: Matter::ClockApart,
        signal: Signal::Tell,
        title: "Two clocks are apart".into(),
        text: format!("{says} {way_out}"),
        path: "/system".into(),
        thread: format!("clock:{worker}"),
        application: None,
        run: None,
        evacuation: None,
        at: since,
    };
    let to = those(people, |p| p.admin || p.may_drive).into_iter().map(|id| (id, message.clone())).collect();
    Told { to, waits: false, settles: None }
}

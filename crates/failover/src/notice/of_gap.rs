//! Who hears that the database has lost entries of a run's journal: whoever would be called to the run, and whoever looks after
//! the server.

use super::{Addressee, Matter, Message, Signal, Told, called_to, is_emergency, those};
use crate::gap::{Gap, WAY_OUT};
use crate::run::Run;
use holdfast_domain::Name;
use jiff::Timestamp;

/// `run`: what is left of it, where that can be read. `team`: whose application it is.
#[must_use]
pub fn of_gap(
    gap: &Gap,
    noticed_at: Timestamp,
    run: Option<&Run>,
    people: &[Addressee],
    team: Option<&Name>,
) -> Told {
    let message = Message {
        matter: Matter::JournalGap,
        signal: Signal::Tell,
        title: format!("{}: the database has lost entries of a run's journal", gap.application),
        text: format!("{} {WAY_OUT}", gap.says()),
        // The run itself may be among what was lost.
        path: if gap.kept == 0 { "/system".to_owned() } else { format!("/runs/{}", gap.run) },
        thread: format!("run:{}", gap.run),
        application: Some(gap.application.clone()),
        run: Some(gap.run),
        evacuation: None,
        at: noticed_at,
    };
    let rehearsal = run.is_some_and(|run| run.request.dry_run);
    let called = match rehearsal {
        true => Vec::new(),
        false => {
            // A lot loses entries of many runs in one moment: those who are called to it tell the others.
            let alone = run.filter(|run| run.request.evacuation.is_none());
            let everybody = alone.is_some_and(|run| is_emergency(run.movement().mode));
            called_to(people, run.map(|run| run.request.by.id), team, everybody)
        }
    };
    let whom = those(people, |p| p.admin || called.contains(&p.id));
    Told { to: whom.into_iter().map(|id| (id, message.clone())).collect(), waits: false, settles: None }
}

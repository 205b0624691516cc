//! Evacuations go on: the turn of the next runs, the end of a lot, a request that expired. Any number of replicas may do
//! it at once: each move is written against the journals as they were read, and whoever comes second writes nothing.

use crate::crash;
use crate::journal::Lost;
use holdfast_domain::{EvacuationId, RunId};
use holdfast_failover::break_glass::Rule;
use holdfast_failover::evacuation::{Decided, Event, Next, as_part};
use holdfast_failover::guard::standing_refusal;
use holdfast_failover::run::{Event as RunEvent, Run};
use holdfast_failover::{Evacuation, Refusal};
use holdfast_store::{AuditActor, AuditEntry, Error, EvacuationFilter, RunHead, Store, Wakeup, Wakeups};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Also without any notification: notifications may be lost.
const EVERY: Duration = Duration::from_secs(1);
/// More than this many at once are not to be expected; the rest waits until one of them ends.
const AT_ONCE: u32 = 100;

pub async fn run(store: Store, stop: CancellationToken) {
    let mut wakeups = store.wakeups();
    while !stop.is_cancelled() {
        let live = match go_on(&store).await {
            Ok(live) => live,
            Err(error) => {
                tracing::warn!(%error, "evacuations could not be seen to");
                Live::default()
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
            () = news(&mut wakeups, &live) => {}
        }
    }
}

/// The runs whose end may make a turn.
type Live = BTreeSet<RunId>;

/// Until something is said of an evacuation, or of a run of one.
async fn news(wakeups: &mut Wakeups, live: &Live) {
    loop {
        match wakeups.next().await {
            Wakeup::Evacuation(_) => return,
            Wakeup::Run(run) if live.contains(&run) => return,
            _ => {}
        }
    }
}

async fn go_on(store: &Store) -> Result<Live, Error> {
    let mut live = Live::default();
    let question = EvacuationFilter { live: true, before: None, limit: AT_ONCE };
    let found = store.evacuations(&question).await?;
    let ids: Vec<EvacuationId> = found.iter().map(|(id, _)| *id).collect();
    let mut parts = store.parts_of(&ids).await?;
    for (id, entries) in found {
        let heads = parts.remove(&id).unwrap_or_default();
        let seen_to = async {
            let read = Evacuation::replay(id, &entries?);
            let evacuation = read.map_err(|corrupt| Lost::Corrupt(corrupt.to_string()))?;
            Ok(one(store, &evacuation, &heads).await?)
        };
        // The others go on past a defect that one of them brings to light.
        match crash::caught(seen_to).await {
            // Another replica, or a person, was first: there is news of it already.
            Ok(()) | Err(Lost::Store(Error::EvacuationMoved { .. } | Error::RunMoved { .. })) => {}
            Err(lost) if lost.is_a_crash() => {
                tracing::error!(evacuation = %id, %lost, "an evacuation cannot go on");
            }
            Err(lost) => tracing::warn!(evacuation = %id, %lost, "an evacuation could not go on"),
        }
        live.extend(heads.iter().filter(|head| !head.state.is_over()).map(|head| head.id));
    }
    Ok(live)
}

async fn one(store: &Store, evacuation: &Evacuation, heads: &[RunHead]) -> Result<(), Error> {
    let states = heads.iter().map(|head| (head.id, as_part(head.state, head.set_aside.is_some()))).collect();
    let alone = |event| Decided { events: vec![event], of_runs: Vec::new() };
    match evacuation.next(&states) {
        Next::Wait { .. } | Next::Stopped { .. } | Next::Ended => Ok(()),
        Next::Start { runs } => turn(store, evacuation, &runs).await,
        Next::Complete { exceptions } => {
            write(store, evacuation, &[], "evacuation.complete", alone(Event::Completed { exceptions })).await
        }
        Next::End => write(store, evacuation, &[], "evacuation.end", alone(Event::Ended)).await,
        Next::Approve => {
            let now = store.now().await?;
            if now < evacuation.expires_at {
                return Ok(());
            }
            let open: Vec<RunId> = heads.iter().filter(|head| !head.state.is_over()).map(|h| h.id).collect();
            let runs = load(store, &open).await?;
            match evacuation.expire(&runs, now) {
                Ok(decided) => write(store, evacuation, &runs, "evacuation.expire", decided).await,
                // Somebody approved or denied it in the meantime.
                Err(_) => Ok(()),
            }
        }
    }
}

/// Those that can be read. Of another a crash is counted: the others go on, and at the third time it is set aside.
async fn load(store: &Store, ids: &[RunId]) -> Result<Vec<Run>, Error> {
    let mut runs = Vec::new();
    for id in ids {
        let read = match store.entries(*id, 0).await {
            Ok(entries) => Run::replay(*id, &entries).map_err(|corrupt| corrupt.to_string()),
            Err(Error::Corrupt(what)) => Err(what),
            Err(error) => return Err(error),
        };
        match read {
            Ok(run) => runs.push(run),
            Err(what) => {
                let why = Lost::Corrupt(what).to_string();
                crash::count(store, ("holdfast", None), *id, &why).await?;
            }
        }
    }
    Ok(runs)
}

/// Hours may lie between the approval and a run's turn: what stands against its start is asked again.
async fn turn(store: &Store, evacuation: &Evacuation, ids: &[RunId]) -> Result<(), Error> {
    let lifted = evacuation.break_glass.is_some() && Rule::CheckpointKept.lifted();
    if !evacuation.request.dry_run && !lifted && store.log_state().await?.refusal().is_some() {
        // Said on every page; the turn comes when the audit log is kept again.
        tracing::warn!(evacuation = %evacuation.id, "no run starts while the audit log is not kept");
        return Ok(());
    }
    let now = store.now().await?;
    let mut turns: Vec<(Run, Option<Refusal>)> = Vec::new();
    for run in load(store, ids).await? {
        let refused = against(store, &run, now).await?;
        turns.push((run, refused));
    }
    if turns.is_empty() {
        return Ok(());
    }
    let decided = evacuation.turn(&turns);
    let runs: Vec<Run> = turns.into_iter().map(|(run, _)| run).collect();
    write(store, evacuation, &runs, "evacuation.turn", decided).await
}

async fn against(store: &Store, run: &Run, now: Timestamp) -> Result<Option<Refusal>, Error> {
    Ok(standing_refusal(&run.request, &store.standing(&run.request.application).await?, now))
}

/// With an audit entry for each run that began, was refused or expired, and one for the lot.
async fn write(
    store: &Store,
    evacuation: &Evacuation,
    runs: &[Run],
    action: &str,
    decided: Decided,
) -> Result<(), Error> {
    let holdfast = || AuditActor::System { name: "holdfast".into() };
    let now = store.now().await?;
    let mut change = store.begin().await?;
    change.decide_evacuation(evacuation, runs, &decided, now).await?;
    for (id, events) in &decided.of_runs {
        let of = runs.iter().find(|run| run.id == *id).map(|run| &run.request.application);
        for event in events {
            let entry = match event {
                RunEvent::Started => AuditEntry::done("run.start", holdfast(), "run", id),
                RunEvent::TurnRefused { reason } => {
                    AuditEntry::refused("run.start", holdfast(), "run", id, "turn_refused").because(reason)
                }
                RunEvent::Expired => AuditEntry::done("run.expire", holdfast(), "run", id)
                    .because("nobody approved its evacuation in time")
                    .with(serde_json::json!({ "evacuation": evacuation.id })),
                _ => continue,
            };
            let entry = match of {
                Some(application) => entry.of_application(application),
                None => entry,
            };
            change.also_audit(&entry).await?;
        }
    }
    let detail = serde_json::json!({
        "region": evacuation.request.region,
        "digest": evacuation.request.digest,
        "events": decided.events,
    });
    let entry = AuditEntry::done(action, holdfast(), "evacuation", evacuation.id).with(detail);
    change.commit(entry).await?;
    Ok(())
}

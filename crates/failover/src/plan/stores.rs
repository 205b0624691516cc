//! The data: what is restored, which writers move, at what loss, and whether a copy protects them afterwards. What
//! each kind of store asks for stands in its own file; the phases, in which all of them take part, stand here.

mod aurora;
mod backup;
mod copied;
mod datastore;
pub(super) mod fence;
pub(super) mod rehearse;
mod replica;

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::movement::{Intent, Mode};
use crate::refusal::Refusal;
use crate::step::Work;
use backup::Restore;
use holdfast_domain::facts::ReplicaSettings;
use holdfast_domain::{Name, RegionCode, ResourceSpec, StepId, Strategy};

/// What the move does with the stores, decided before any step is made.
pub(super) struct Moves {
    writers: Vec<Move>,
    restores: Vec<Restore>,
    /// Tables and buckets, for which there is nothing to do.
    copied: Vec<Name>,
}

/// One store whose writer is to be in the target Region.
struct Move {
    store: Name,
    /// Where the writer is, as far as it is known.
    writer: Option<RegionCode>,
    /// It is there already; only its protection is of interest.
    stands: bool,
    /// It is there, and copies nothing: what it has of the others' writes is not known, which is recorded.
    apart: bool,
    how: How,
}

#[allow(clippy::large_enum_variant, reason = "made once a store of a plan; a box would only move it")]
enum How {
    Aurora { global_cluster: String, target_cluster_arn: String },
    Datastore { global_datastore: String, replication_group: String },
    Replica { id: String, is_cluster: bool, rebuild: Option<Rebuild> },
}

/// A replica to be built before anything can be promoted.
struct Rebuild {
    id: String,
    source_arn: String,
    settings: ReplicaSettings,
    /// What has the name already.
    in_the_way: String,
    /// Of a cluster, what it copies with.
    instance: Option<NewInstance>,
}

struct NewInstance {
    id: String,
    class: String,
    engine: String,
}

/// What every store needs so that the application can be served from the target Region.
pub(super) fn moves(draft: &mut Draft<'_>) -> Result<Moves, Refusal> {
    let mut moves = Moves { writers: Vec::new(), restores: Vec::new(), copied: Vec::new() };
    for resource in &draft.picture.application.resources {
        let store = &resource.name;
        if resource.spec.kind().has_writer() && !belongs_in_target(draft, store) {
            continue;
        }
        match &resource.spec {
            ResourceSpec::AuroraGlobalDatabase(spec) => {
                moves.writers.push(aurora::a_move(draft, store, spec)?);
            }
            ResourceSpec::ElasticacheGlobalDatastore(spec) => {
                moves.writers.push(datastore::a_move(draft, store, spec)?);
            }
            ResourceSpec::RdsReadReplica(_) => moves.writers.push(replica::a_move(draft, store)?),
            ResourceSpec::BackupVault(spec) => moves.restores.extend(backup::restores(draft, store, spec)?),
            ResourceSpec::DynamodbGlobalTable(_) => {
                copied::table(draft, store)?;
                moves.copied.push(store.clone());
            }
            ResourceSpec::S3Replication(_) => {
                copied::bucket(draft, store)?;
                moves.copied.push(store.clone());
            }
            _ => {}
        }
    }
    Ok(moves)
}

/// Seen now before seen long ago: after a move by others the old writer may be remembered as one. Of several, as
/// promotions leave them, the one in the Region being left counts.
fn writer(draft: &Draft<'_>, store: &Name) -> Option<RegionCode> {
    let from = &draft.movement.from;
    let regions =
        || std::iter::once(from).chain(draft.picture.application.regions().filter(move |r| *r != from));
    let writes = |facts: Option<&holdfast_domain::Facts>| facts.and_then(|f| f.writes()) == Some(true);
    regions()
        .find(|r| writes(draft.known(store, r)))
        .or_else(|| regions().find(|r| writes(draft.last(store, r))))
        .cloned()
}

fn belongs_in_target(draft: &Draft<'_>, store: &Name) -> bool {
    if draft.picture.application.strategy != Strategy::ActiveActive {
        return true;
    }
    let to = &draft.movement.to;
    if draft.movement.intent == Intent::Failback {
        return draft
            .before(store, to)
            .and_then(|before| before.writes())
            .unwrap_or(*to == draft.picture.application.home_region);
    }
    // A writer in a Region that stays in service stays where it is.
    writer(draft, store).is_none_or(|w| w == draft.movement.from || w == *to)
}

fn no_copy(store: &Name, to: &RegionCode) -> Refusal {
    Refusal::new(
        "not_ready",
        format!("{store} has no known copy in {to}: traffic would move there without its data."),
        format!("Refresh the application's status. If there is no copy, add one in {to} first."),
    )
}

/// A copy that does not get all the data stops a planned move; an emergency says what it may cost.
fn not_copying(draft: &mut Draft<'_>, store: &Name, state: &str, what: &str) -> Result<(), Refusal> {
    let to = &draft.movement.to;
    if draft.movement.mode == Mode::Emergency {
        // Also back home: a copy shows as not connected exactly when the Region that it copies from is dark.
        draft.note(format!("The copy of {store} in {to} is {state}: more may be lost than its lag says."));
        return Ok(());
    }
    if draft.movement.intent == Intent::Failback {
        return Err(Refusal::new(
            "not_ready_to_fail_back",
            format!("The copy of {store} in {to} is {state}: it does not have all the data yet."),
            "Wait until that copy is connected again, or request an emergency, which accepts the loss of what was not copied.",
        ));
    }
    Err(Refusal::new(
        "not_ready",
        format!("The copy of {store} in {to} is {state}, so {what} is not possible."),
        "Wait until it is connected, or request an emergency, which accepts the loss of what was not copied.",
    ))
}

/// What must be made in the target before anything can move: stores out of their backups, replicas where the last
/// promotion left none. Empty where nothing must.
pub(super) fn build(draft: &mut Draft<'_>, moves: &Moves, after: &[StepId]) -> Result<Vec<StepId>, Refusal> {
    let mut ids = Vec::new();
    if !moves.restores.is_empty() {
        let mut stores: Vec<Name> = moves.restores.iter().map(|r| r.store.clone()).collect();
        stores.dedup();
        // The age at the beginning of the restore is the loss; hours later it would say more than that.
        let recorded = record(draft, "record-backups", stores, after)?;
        for restore in &moves.restores {
            ids.push(backup::start(draft, restore, std::slice::from_ref(&recorded))?);
        }
    }
    let to = draft.movement.to.clone();
    for m in &moves.writers {
        if let How::Replica { rebuild: Some(rebuild), .. } = &m.how {
            ids.push(replica::build(draft, &m.store, &to, rebuild, after)?);
        }
    }
    Ok(ids)
}

/// The RPO at the cut, of each store that the move leaves behind.
pub(super) fn record_lag(
    draft: &mut Draft<'_>,
    moves: &Moves,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let cut = |name: &Name| {
        let moving = moves.writers.iter().find(|m| m.store == *name);
        moving.is_some_and(|m| !m.stands || m.apart) || moves.copied.contains(name)
    };
    let stores: Vec<Name> =
        draft.picture.application.resources.iter().filter(|r| cut(&r.name)).map(|r| r.name.clone()).collect();
    if stores.is_empty() {
        return Ok(None);
    }
    record(draft, "record-lag", stores, after).map(Some)
}

fn record(draft: &mut Draft<'_>, id: &str, stores: Vec<Name>, after: &[StepId]) -> Result<StepId, Refusal> {
    let rpo = draft.picture.application.objectives.rpo;
    let target = draft.movement.to.clone();
    let planned = draft.movement.mode == Mode::Planned;
    let limit_ms = planned.then(|| f64::from(rpo.get()) * 1000.0);
    let names: Vec<_> = stores.iter().map(Name::as_str).collect();
    let title = format!("Record how far {} is behind in {target}", names.join(", "));
    let value_to_be = match limit_ms {
        Some(_) => format!("at most {rpo} behind"),
        None => super::LAG_WHATEVER.into(),
    };
    draft.add(Making {
        id: (id, &[]),
        title,
        work: Work::RecordLag { stores, target: target.clone(), limit_ms },
        regions: vec![target],
        after: after.to_vec(),
        timeout_seconds: 120,
        value_to_be,
        ..Making::default()
    })
}

pub(super) fn switch(draft: &mut Draft<'_>, moves: &Moves, after: &[StepId]) -> Result<Vec<StepId>, Refusal> {
    let mut ids = Vec::new();
    for m in moves.writers.iter().filter(|m| !m.stands) {
        ids.push(match &m.how {
            How::Replica { id, is_cluster, .. } => {
                let after = fence::catch_up(draft, m, after)?;
                promote(draft, m, id, *is_cluster, &after)?
            }
            How::Aurora { .. } | How::Datastore { .. } => hand_over(draft, m, after)?,
        });
    }
    Ok(ids)
}

/// Stores that AWS moves as a whole, the old writer becoming a copy.
fn hand_over(draft: &mut Draft<'_>, m: &Move, after: &[StepId]) -> Result<StepId, Refusal> {
    let to = draft.movement.to.clone();
    let emergency = draft.movement.mode == Mode::Emergency;
    let change = match (&m.how, &m.writer) {
        (How::Datastore { global_datastore, replication_group }, _) => Change::FailDatastoreOver {
            region: to.clone(),
            global_datastore: global_datastore.clone(),
            replication_group: replication_group.clone(),
        },
        (How::Aurora { global_cluster, target_cluster_arn }, _) if emergency => Change::FailAuroraOver {
            region: to.clone(),
            global_cluster: global_cluster.clone(),
            target_cluster_arn: target_cluster_arn.clone(),
        },
        (How::Aurora { global_cluster, target_cluster_arn }, Some(region)) => Change::SwitchAuroraOver {
            region: region.clone(),
            global_cluster: global_cluster.clone(),
            target_cluster_arn: target_cluster_arn.clone(),
        },
        _ => {
            return Err(Refusal::new(
                "not_ready",
                format!("Where the writer of {} is, is not known.", m.store),
                "Refresh the application's status, or request an emergency.",
            ));
        }
    };
    let title = if emergency {
        format!("Fail {} over to {to}, accepting the loss of data not copied yet", m.store)
    } else {
        format!("Switch {} over to {to}", m.store)
    };
    draft.add(Making {
        id: ("switch", &[m.store.as_str()]),
        title,
        work: Work::Call { change },
        resource: Some(&m.store),
        regions: draft.seen_regions(&m.store),
        after: after.to_vec(),
        timeout_seconds: if emergency { 1800 } else { 900 },
        irreversible: emergency,
        value_now: m.writer.as_ref().map_or_else(|| "writer not known".into(), |w| format!("writer in {w}")),
        value_to_be: format!("writer in {to}"),
    })
}

fn promote(
    draft: &mut Draft<'_>,
    m: &Move,
    id: &str,
    is_cluster: bool,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let region = draft.movement.to.clone();
    let change = if is_cluster {
        Change::PromoteReplicaCluster { region: region.clone(), cluster: id.to_owned() }
    } else {
        Change::PromoteReplica { region: region.clone(), instance: id.to_owned() }
    };
    draft.add(Making {
        id: ("promote", &[m.store.as_str()]),
        title: format!("Promote {id} in {region} to take writes"),
        work: Work::Call { change },
        resource: Some(&m.store),
        regions: vec![region.clone()],
        after: after.to_vec(),
        timeout_seconds: 3600,
        irreversible: true,
        value_now: format!("{id} copies"),
        value_to_be: format!("{id} takes writes of its own"),
    })
}

/// After a planned move, where a promotion left no copy: a new one in the Region that was left.
pub(super) fn reprotect(
    draft: &mut Draft<'_>,
    moves: &mut Moves,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    if draft.movement.mode == Mode::Emergency {
        return Ok(Vec::new());
    }
    let mut ids = Vec::new();
    let mut unprotected = Vec::new();
    for m in moves.writers.iter().filter(|m| !m.stands) {
        let How::Replica { id, .. } = &m.how else { continue };
        match replica::reprotect(draft, m, id, after)? {
            Some(step) => ids.push(step),
            None => unprotected.push(m.store.clone()),
        }
    }
    // Nothing would ever come that could be waited for.
    moves.writers.retain(|m| !unprotected.contains(&m.store));
    Ok(ids)
}

/// Not done until every store is protected again; an emergency cannot wait for a Region that may be gone.
pub(super) fn confirm_protected(
    draft: &mut Draft<'_>,
    moves: &Moves,
    after: &[StepId],
) -> Result<(), Refusal> {
    let region = draft.movement.to.clone();
    let mut stores: Vec<Name> = moves.writers.iter().map(|m| m.store.clone()).collect();
    for store in &moves.copied {
        let elsewhere = draft.picture.application.regions().filter(|r| **r != region);
        let copied =
            elsewhere.filter_map(|r| draft.last(store, r)).any(|facts| facts.protects(&region) == Some(true));
        if copied {
            stores.push(store.clone());
        } else {
            draft.note(format!(
                "What {store} is given in {region} is copied nowhere: nothing protects it after the move."
            ));
        }
    }
    if !moves.restores.is_empty() {
        draft.note("What is restored is protected again when its own backups reach another Region. No step waits for that; the recovery state says when.");
    }
    if stores.is_empty() {
        return Ok(());
    }
    if draft.movement.mode == Mode::Emergency {
        draft.note("Nothing waits for the stores to be protected again: the Region being left may be dark. The recovery state says when they are.");
        return Ok(());
    }
    let names: Vec<_> = stores.iter().map(Name::as_str).collect();
    draft.add(Making {
        id: ("confirm-protected", &[]),
        title: format!("See that {} has a connected copy outside {region}", names.join(", ")),
        work: Work::ConfirmProtected { stores: stores.clone(), region: region.clone() },
        regions: draft.picture.application.regions().cloned().collect(),
        after: after.to_vec(),
        timeout_seconds: 3600,
        value_to_be: format!("a connected copy outside {region}"),
        ..Making::default()
    })?;
    Ok(())
}

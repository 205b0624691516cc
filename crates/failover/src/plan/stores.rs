//! The data: which writers move, at what loss, and whether a copy protects them afterwards.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::movement::{Intent, Mode};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Facts, Name, RegionCode, ResourceSpec, StepId, Strategy};

/// One Aurora global database whose writer is to be in the target Region.
pub(super) struct Move {
    store: Name,
    global_cluster: String,
    /// Where the writer is, as far as it is known.
    writer: Option<RegionCode>,
    target_cluster_arn: String,
    /// It is there already; only its protection is of interest.
    stands: bool,
}

fn member<'a>(draft: &Draft<'a>, store: &Name, region: &RegionCode) -> Option<&'a AuroraMember> {
    match draft.last(store, region) {
        Some(Facts::AuroraMember(member)) => Some(member),
        _ => None,
    }
}

/// The stores whose writer belongs in the target Region.
pub(super) fn moves(draft: &mut Draft<'_>) -> Result<Vec<Move>, Refusal> {
    let mut moves = Vec::new();
    let to = &draft.movement.to;
    for resource in &draft.picture.application.resources {
        let ResourceSpec::AuroraGlobalDatabase(spec) = &resource.spec else { continue };
        let store = &resource.name;
        let writer = writer(draft, store);
        if !belongs_in_target(draft, store, writer.as_ref()) {
            continue;
        }
        let Some(target) = member(draft, store, to) else {
            return Err(Refusal::new(
                "not_ready",
                format!("{store} has no known copy in {to}: traffic would move there without its data."),
                format!("Refresh the application's status. If there is no copy, add one in {to} first."),
            ));
        };
        let stands = target.writer && draft.known(store, to).is_some();
        if !stands {
            must_be_connected(draft, store, target)?;
            if target.instances == Some(0) {
                draft.note(format!(
                    "{store} has no instance in {to}: after the move nothing there can be written to until one is added."
                ));
            }
        }
        moves.push(Move {
            store: store.clone(),
            global_cluster: spec.global_cluster.clone(),
            writer,
            target_cluster_arn: target.cluster_arn.clone(),
            stands,
        });
    }
    Ok(moves)
}

/// Seen now before seen long ago: after a move by others the old writer may be remembered as one.
fn writer(draft: &Draft<'_>, store: &Name) -> Option<RegionCode> {
    let is_writer = |facts: Option<&Facts>| matches!(facts, Some(Facts::AuroraMember(m)) if m.writer);
    let regions = || draft.picture.application.regions();
    regions()
        .find(|r| is_writer(draft.known(store, r)))
        .or_else(|| regions().find(|r| is_writer(draft.last(store, r))))
        .cloned()
}

fn belongs_in_target(draft: &Draft<'_>, store: &Name, writer: Option<&RegionCode>) -> bool {
    if draft.picture.application.strategy != Strategy::ActiveActive {
        return true;
    }
    let to = &draft.movement.to;
    if draft.movement.intent == Intent::Failback {
        return match draft.before(store, to) {
            Some(Facts::AuroraMember(before)) => before.writer,
            _ => *to == draft.picture.application.home_region,
        };
    }
    // A writer in a Region that stays in service stays where it is.
    writer.is_none_or(|w| *w == draft.movement.from || w == to)
}

fn must_be_connected(draft: &mut Draft<'_>, store: &Name, target: &AuroraMember) -> Result<(), Refusal> {
    if target.synchronization.as_deref() == Some("connected") {
        return Ok(());
    }
    let to = &draft.movement.to;
    let state = target.synchronization.as_deref().unwrap_or("not known to be connected");
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
        format!(
            "The copy of {store} in {to} is {state}, so a switchover that loses nothing is not possible."
        ),
        "Wait until it is connected, or request an emergency, which accepts the loss of what was not copied.",
    ))
}

/// The RPO at the cut. Stores that this version cannot read are listed, so that they are said to be unknown.
pub(super) fn record_lag(
    draft: &mut Draft<'_>,
    moves: &[Move],
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let application = &draft.picture.application;
    let stores: Vec<Name> = application
        .resources
        .iter()
        .filter(|r| {
            let kind = r.spec.kind();
            kind.is_store() && (!kind.is_observed() || moves.iter().any(|m| m.store == r.name && !m.stands))
        })
        .map(|r| r.name.clone())
        .collect();
    if stores.is_empty() {
        return Ok(None);
    }
    let target = draft.movement.to.clone();
    let planned = draft.movement.mode == Mode::Planned;
    let limit_ms = planned.then(|| f64::from(application.objectives.rpo.get()) * 1000.0);
    let names: Vec<_> = stores.iter().map(Name::as_str).collect();
    let title = format!("Record how far {} is behind in {target}", names.join(", "));
    let value_to_be = match limit_ms {
        Some(_) => format!("at most {} behind", application.objectives.rpo),
        None => super::LAG_WHATEVER.into(),
    };
    let id = draft.add(Making {
        id: ("record-lag", &[]),
        title,
        work: Work::RecordLag { stores, target: target.clone(), limit_ms },
        regions: vec![target],
        after: after.to_vec(),
        timeout_seconds: 120,
        value_to_be,
        ..Making::default()
    })?;
    Ok(Some(id))
}

pub(super) fn switch(
    draft: &mut Draft<'_>,
    moves: &[Move],
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let to = draft.movement.to.clone();
    let mut ids = Vec::new();
    for m in moves.iter().filter(|m| !m.stands) {
        let emergency = draft.movement.mode == Mode::Emergency;
        let (global_cluster, target_cluster_arn) = (m.global_cluster.clone(), m.target_cluster_arn.clone());
        let change = if emergency {
            Change::FailAuroraOver { region: to.clone(), global_cluster, target_cluster_arn }
        } else {
            let Some(region) = m.writer.clone() else {
                return Err(Refusal::new(
                    "not_ready",
                    format!("Where the writer of {} is, is not known.", m.store),
                    "Refresh the application's status, or request an emergency.",
                ));
            };
            Change::SwitchAuroraOver { region, global_cluster, target_cluster_arn }
        };
        let title = if emergency {
            format!("Fail {} over to {to}, accepting the loss of data not copied yet", m.store)
        } else {
            format!("Switch {} over to {to}", m.store)
        };
        ids.push(draft.add(Making {
            id: ("switch", &[m.store.as_str()]),
            title,
            work: Work::Call { change },
            resource: Some(&m.store),
            regions: draft.seen_regions(&m.store),
            after: after.to_vec(),
            timeout_seconds: if emergency { 1800 } else { 900 },
            irreversible: emergency,
            value_now:
                m.writer.as_ref().map_or_else(|| "writer not known".into(), |w| format!("writer in {w}")),
            value_to_be: format!("writer in {to}"),
        })?);
    }
    Ok(ids)
}

/// Not done until every store is protected again; an emergency cannot wait for a Region that may be gone.
pub(super) fn confirm_protected(
    draft: &mut Draft<'_>,
    moves: &[Move],
    after: &[StepId],
) -> Result<(), Refusal> {
    if moves.is_empty() {
        return Ok(());
    }
    if draft.movement.mode == Mode::Emergency {
        draft.note("Nothing waits for the stores to be protected again: the Region being left may be dark. The recovery state says when they are.");
        return Ok(());
    }
    let region = draft.movement.to.clone();
    let stores: Vec<Name> = moves.iter().map(|m| m.store.clone()).collect();
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

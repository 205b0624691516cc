//! Aurora global databases: a switchover that loses nothing, or a failover that accepts loss.

use super::{How, Move, no_copy, not_copying, writer};
use crate::plan::draft::Draft;
use crate::refusal::Refusal;
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::resource::AuroraGlobalDatabase;
use holdfast_domain::{Facts, Name, RegionCode};

fn member<'a>(draft: &Draft<'a>, store: &Name, region: &RegionCode) -> Option<&'a AuroraMember> {
    match draft.last(store, region) {
        Some(Facts::AuroraMember(member)) => Some(member),
        _ => None,
    }
}

pub(super) fn a_move(
    draft: &mut Draft<'_>,
    store: &Name,
    spec: &AuroraGlobalDatabase,
) -> Result<Move, Refusal> {
    let to = &draft.movement.to;
    let Some(target) = member(draft, store, to) else { return Err(no_copy(store, to)) };
    let stands = target.writer && draft.known(store, to).is_some();
    if !stands {
        if target.synchronization.as_deref() != Some("connected") {
            let state = target.synchronization.as_deref().unwrap_or("not known to be connected");
            not_copying(draft, store, state, "a switchover that loses nothing")?;
        }
        if target.instances == Some(0) {
            draft.note(format!(
                "{store} has no instance in {to}: after the move nothing there can be written to until one is added."
            ));
        }
    }
    Ok(Move {
        store: store.clone(),
        writer: writer(draft, store),
        stands,
        apart: false,
        how: How::Aurora {
            global_cluster: spec.global_cluster.clone(),
            target_cluster_arn: target.cluster_arn.clone(),
        },
    })
}

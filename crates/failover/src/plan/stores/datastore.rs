//! ElastiCache Global Datastores: one call in either mode, to the same end.

use super::{How, Move, no_copy, not_copying, writer};
use crate::movement::Mode;
use crate::plan::draft::Draft;
use crate::refusal::Refusal;
use holdfast_domain::resource::ElasticacheGlobalDatastore;
use holdfast_domain::{Facts, Name};

pub(super) fn a_move(
    draft: &mut Draft<'_>,
    store: &Name,
    spec: &ElasticacheGlobalDatastore,
) -> Result<Move, Refusal> {
    let to = &draft.movement.to;
    let Some(Facts::DatastoreMember(target)) = draft.last(store, to) else { return Err(no_copy(store, to)) };
    let stands = target.primary && draft.known(store, to).is_some();
    if !stands {
        let associated = target.status.as_deref() == Some("associated");
        if target.global_status != "available" || !associated {
            let state = if associated {
                format!("in a global datastore that is {}", target.global_status)
            } else {
                target.status.clone().unwrap_or_else(|| "not known to be associated".into())
            };
            not_copying(draft, store, &state, "a failover that loses little")?;
        }
        if draft.movement.mode == Mode::Planned {
            draft.note(format!(
                "ElastiCache has no switchover that loses nothing: what {store} has not copied when it fails over is gone. Stop its writers before that step where it matters."
            ));
        }
    }
    Ok(Move {
        store: store.clone(),
        writer: writer(draft, store),
        stands,
        apart: false,
        how: How::Datastore {
            global_datastore: spec.global_datastore.clone(),
            replication_group: target.replication_group.clone(),
        },
    })
}

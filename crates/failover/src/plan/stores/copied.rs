//! Stores without a writer: tables whose every replica takes writes, and buckets that copy to each other. A move has
//! no step for them; it rests on their being copied.

use super::fence::fencing;
use super::no_copy;
use crate::movement::{Intent, Mode};
use crate::plan::draft::Draft;
use crate::refusal::Refusal;
use holdfast_domain::{Facts, Name};

/// Whether the move may rest on the table's replica in the target.
pub(super) fn table(draft: &mut Draft<'_>, store: &Name) -> Result<(), Refusal> {
    let (from, to) = (&draft.movement.from, &draft.movement.to);
    let Some(Facts::TableReplica(replica)) = draft.last(store, to) else { return Err(no_copy(store, to)) };
    match replica.status.as_deref() {
        Some("ACTIVE") => {}
        None => return Err(no_copy(store, to)),
        Some(status) => {
            let sentence = format!("The replica of {store} in {to} is {status}.");
            if draft.movement.intent == Intent::Failback && draft.movement.mode == Mode::Planned {
                return Err(Refusal::new(
                    "not_ready_to_fail_back",
                    sentence,
                    "Wait until it is ACTIVE; where it stays so, read its status in DynamoDB.",
                ));
            }
            draft.cannot(
                &sentence,
                "Wait until it is ACTIVE; where it stays so, read its status in DynamoDB.",
            )?;
        }
    }
    let fenced: Vec<&str> = fencing(draft, store).map(|own| own.name.as_str()).collect();
    draft.note(if fenced.is_empty() {
        format!(
            "{store} is a global table: it has no writer to switch, and {from} goes on taking writes as long as anything there writes. Fence those writers: with a step of your own that says `fences: [{store}]`, or by hand."
        )
    } else {
        format!(
            "{store} is a global table: it has no writer to switch. What writes to it in {from} is stopped by the own step `{}`.",
            fenced.join("`, `")
        )
    });
    Ok(())
}

/// Whether a failback may rest on the bucket in the target: what was written away from home must have come back.
pub(super) fn bucket(draft: &mut Draft<'_>, store: &Name) -> Result<(), Refusal> {
    let (from, to) = (&draft.movement.from, &draft.movement.to);
    let copied = draft.last(store, to).map(|facts| facts.protects(from));
    let sentence = match copied {
        Some(Some(true)) => return Ok(()),
        Some(Some(false)) => {
            format!("What is written to {store} in {from} is not copied to {to}: no enabled rule says so.")
        }
        Some(None) | None => {
            format!("Whether what is written to {store} in {from} is copied to {to} is not known.")
        }
    };
    let way_out = format!(
        "Add a replication rule from the bucket in {from} to the one in {to}, and copy what is there already (S3 Batch Replication)."
    );
    if draft.movement.intent == Intent::Failback && draft.movement.mode == Mode::Planned {
        return Err(Refusal::new("not_ready_to_fail_back", sentence, way_out));
    }
    // A rule is configured through us-east-1, so it is no part of a move.
    draft.note(format!("{sentence} {way_out}"));
    Ok(())
}

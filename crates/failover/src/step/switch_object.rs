//! Putting an object that holds a Region out, or taking it away: reached when it is seen so. What is seen otherwise than
//! it was planned with, and not as it is to be, is somebody else's doing.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::{Facts, RegionCode};

pub(super) fn check(look: &Look<'_>, change: &Change, region: &RegionCode) -> Verdict {
    let Change::SetSwitchObject { bucket, key, holds, on_etag, .. } = change else {
        return Verdict::Stuck { reason: "not an object's call".into(), way_out: "Plan again.".into() };
    };
    let object = match look.at(region) {
        Ok(Facts::SwitchObject(object)) => object,
        Ok(other) => return look.not_what_it_was(region, other),
        Err(reason) => return Verdict::Unseen { reason },
    };
    if (&object.bucket, &object.key) != (bucket, key) {
        return Verdict::Drift {
            expected: format!("object {key} of bucket {bucket}"),
            found: format!("object {} of bucket {}", object.key, object.bucket),
        };
    }
    if object.holds == *holds {
        let note = if *holds { "the object is there" } else { "the object holds nothing out" };
        return Verdict::Reached { note: format!("{note}; Route 53 follows within its interval of asking") };
    }
    // An undo that takes it away names no version: the step that it takes back made one of its own.
    if object.etag != *on_etag && (*holds || !look.undoing()) {
        let words = |etag: &Option<String>| {
            etag.as_ref().map_or("no object".to_owned(), |etag| format!("version {etag} of the object"))
        };
        return Verdict::Drift {
            expected: words(on_etag),
            found: format!("{}: somebody has changed it since the plan was made", words(&object.etag)),
        };
    }
    Verdict::Act(change.on_etag(object.etag.as_deref()))
}

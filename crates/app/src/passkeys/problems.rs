//! What is said where a key, or its answer, is not taken.

use super::KEYS_AT_MOST;
use crate::webauthn::NoAnswer;
use holdfast_api::Problem;
use uuid::Uuid;

/// Of a key's answer that was not taken.
pub(super) fn refused(no: NoAnswer) -> Problem {
    match no {
        NoAnswer::NotRead(why) => {
            Problem::bad_field("answer", why, "Send what `PublicKeyCredential.toJSON()` gives, as it is.")
        }
        NoAnswer::Wrong(why) => {
            tracing::info!(why, "the answer of a passkey is not right");
            key_refused()
        }
        NoAnswer::CountWentBack => went_back(),
        NoAnswer::Kept(why) => defect(NoAnswer::Kept(why)),
    }
}

pub(super) fn key_refused() -> Problem {
    Problem::new(
        401,
        "passkey_refused",
        "The key's answer is not right",
        "It is not the answer of a key of yours to what it was asked here and now.",
        "Try again at the address that you registered the key at. Without the key, use a code.",
    )
}

pub(super) const WENT_BACK: &str = "passkey_count_went_back";

fn went_back() -> Problem {
    Problem::new(
        401,
        WENT_BACK,
        "The key may have been copied",
        "The key says that it has signed less often than it had before: there may be a copy of it.",
        "Use another second factor, remove this key, and tell your administrator.",
    )
}

pub(super) fn nothing_asked() -> Problem {
    Problem::new(
        409,
        "challenge_gone",
        "Nothing waits for this answer",
        "What the key was asked has been answered already, in another session, or more than five minutes ago.",
        "Begin again: the key is asked anew.",
    )
}

pub(super) fn for_something_else() -> Problem {
    Problem::new(
        409,
        "challenge_for_something_else",
        "The key was asked for something else",
        "The key has answered for another page than this one.",
        "Begin again from the page that you want to go on with.",
    )
}

pub(super) fn not_offered(why: &str) -> Problem {
    Problem::new(
        409,
        "passkeys_not_offered",
        "No passkeys here",
        why,
        "An administrator sets the address that people use (HOLDFAST_PUBLIC_URL). Codes of an authenticator app work at any address.",
    )
}

pub(super) fn there_already() -> Problem {
    Problem::new(
        409,
        "already_there",
        "There is one already",
        "This key is registered already.",
        "Use another key, or the one that is there.",
    )
}

pub(super) fn too_many() -> Problem {
    Problem::new(
        409,
        "too_many_passkeys",
        "Too many keys",
        format!("You have {KEYS_AT_MOST} keys, which is as many as a person can have."),
        "Remove one that you no longer use.",
    )
}

pub(super) fn none_there() -> Problem {
    Problem::new(
        404,
        "not_found",
        "Not found",
        "There is no key to ask.",
        "Use a code, or register a key on your own page.",
    )
}

pub(super) fn no_such_key(id: Uuid) -> Problem {
    Problem::not_found("key", &id.to_string())
}

pub(super) fn defect(no: NoAnswer) -> Problem {
    tracing::error!(?no, "a passkey could not be asked");
    Problem::new(
        500,
        "internal",
        "Something is wrong inside",
        "The key could not be asked, or its answer not looked at.",
        "Use a code meanwhile; an administrator finds the reason in the log.",
    )
}

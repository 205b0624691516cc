//! Who may do what: the one policy function. Pages, REST, the command line and every import come through here. The policies
//! stand in `policies.cedar` beside this file's modules and are Cedar's to judge; nothing is permitted that no policy permits.
//! What a person may do to a *particular* run (their own, one that waits for their group) is the pure core's and the
//! database's, which hold whatever a policy says.

mod action;
mod cedar;
mod scope;
#[cfg(test)]
mod tests;

pub use action::Action;
pub use cedar::ready;
pub(crate) use scope::{Seen, everywhere, over_labels};

use cedar::{Question, permits};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Due, HeldRole, Reach, Role, Scope};
use jiff::{SignedDuration, Timestamp};

/// How long a proof of identity stays fresh.
pub const FRESH_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How far apart the server's clock and the database's may be; a proof from further ahead proves nothing.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

/// Asked of the application that the actor is asked about (`Actor::over`). Where none is, the answer is whether they may ask at
/// all: which applications it is true of is asked of each, by [`crate::App::may_over`] and the others beside it.
///
/// # Errors
/// 403 with what would be needed.
pub fn may(actor: &Actor, action: Action) -> Answer<()> {
    if let Some(due) = actor.due.filter(|due| !comes_before(*due, action)) {
        return Err(Problem::first(due));
    }
    if actor.held().any(|held| permits(&Question::of(actor, held, action))) {
        return Ok(());
    }
    if let Some(scopes) = &actor.token_scopes {
        match scope_of(action) {
            None => {
                return Err(Problem::new(
                    403,
                    "person_needed",
                    "Not for API tokens",
                    format!("An API token cannot do this: {}.", action.words()),
                    "Sign in as a person and do it from a session.",
                ));
            }
            Some(scope) if !scopes.contains(&scope) => {
                return Err(Problem::new(
                    403,
                    "scope_missing",
                    "Not allowed",
                    format!("The API token lacks the scope `{}` for {}.", scope.as_str(), action.words()),
                    "Make a token with that scope.",
                ));
            }
            Some(_) => {}
        }
    }
    let roles = roles_of(action);
    let with_limits: Vec<HeldRole> = actor.held().filter(|held| roles.contains(&held.role)).collect();
    if !with_limits.is_empty() {
        return Err(out_of_scope(actor, action, &with_limits));
    }
    let names: Vec<_> = roles.iter().map(|r| r.as_str()).collect();
    Err(Problem::forbidden(&format!("the role {} ({})", names.join(" or "), action.words())))
}

/// What may be done while something is due: what leads to its being done.
fn comes_before(due: Due, action: Action) -> bool {
    match action {
        Action::ProveOneself | Action::ChangeOwnPassword => true,
        Action::ManageOwnSignIn => due == Due::SecondFactor,
        _ => false,
    }
}

/// The scope that an API token needs for it; `None`: only a person's own session may.
fn scope_of(action: Action) -> Option<Scope> {
    let enough = |scope: &Scope| {
        let token = Some((vec![*scope], Reach::default()));
        let by = |role: Role| Question { held: role.into(), action, over: None, token: token.clone() };
        Role::ALL.into_iter().any(|role| permits(&by(role)))
    };
    Scope::ALL.into_iter().find(enough)
}

/// The roles that may, where they are held over everything.
fn roles_of(action: Action) -> Vec<Role> {
    let by = |role: Role| Question { held: role.into(), action, over: None, token: None };
    Role::ALL.into_iter().filter(|role| permits(&by(*role))).collect()
}

/// The role would do, and does not reach so far.
fn out_of_scope(actor: &Actor, action: Action, held: &[HeldRole]) -> Problem {
    let mut ends: Vec<String> = held.iter().filter(|h| h.is_limited()).map(|h| format!("`{h}`")).collect();
    if !actor.token_within.is_everything() {
        ends.push(format!("the token's `{}`", actor.token_within));
    }
    let what = match &actor.over {
        Some(labels) => format!("{} is outside of it", labels.application),
        None => "it is of no one application".to_owned(),
    };
    let names: Vec<_> = roles_of(action).iter().map(|r| r.as_str()).collect();
    Problem::new(
        403,
        "out_of_scope",
        "Outside of your scope",
        format!("Not within {} ({}): {what}.", ends.join(" or "), action.words()),
        format!(
            "Ask somebody who is {} without that limit to do it, or an admin over everything to widen yours (People).",
            names.join(" or ")
        ),
    )
}

/// # Errors
/// 403 `fresh_identity_needed` when the last proof is older than five minutes or from the future, or there is none.
pub fn fresh(actor: &Actor, now: Timestamp) -> Answer<()> {
    match actor.identity_proved_at {
        Some(at) if (-SKEW..=FRESH_FOR).contains(&now.duration_since(at)) => Ok(()),
        _ => Err(Problem::new(
            403,
            "fresh_identity_needed",
            "Prove who you are",
            "This needs a proof of who you are that is at most five minutes old.",
            "Prove who you are (on the page, or by POST /api/v1/session/proof), then repeat it.",
        )),
    }
}

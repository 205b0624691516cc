//! Passwords: what one has to be, and changing one's own. Somebody else's is an admin's to give (`people.rs`).

mod breached;
mod guessed;

use crate::audit::done;
use crate::authority::{Action, fresh, may};
use crate::problems::of_store;
use crate::proofs::subject_of;
use crate::secrets::hash_password;
use crate::{App, RelyingParty};
use async_trait::async_trait;
pub use breached::Breached;
use guessed::{Guessed, guessed, words_of_this_place};
use holdfast_api::passwords::{ChangePassword, Passwords};
use holdfast_api::{Answer, Problem};
use holdfast_domain::Actor;
use serde_json::json;

const AT_LEAST: usize = 12;
/// Hashing more than this would be somebody's way of keeping a core busy.
const AT_MOST: usize = 256;

#[async_trait]
impl Passwords for App {
    async fn change_password(
        &self,
        actor: &Actor,
        change: ChangePassword,
        here: Option<&str>,
        from: &str,
    ) -> Answer<u64> {
        may(actor, Action::ChangeOwnPassword)?;
        let ChangePassword { present, new } = change;
        if self.store.credentials(&actor.email).await.map_err(of_store)?.password_hash.is_none() {
            return Err(no_password());
        }
        // Of whoever has nothing else the present password is the whole proof.
        if self.has_second_factor(actor.person).await? {
            fresh(actor, self.store.now().await.map_err(of_store)?)?;
        }
        if new == present {
            return Err(Problem::bad_field("new", "is the password that you have", "Choose another one."));
        }
        // First: a new one that is not accepted uses up no try at the present one.
        let hash = self.hashed("new", new, &actor.email).await?;
        self.right_password(&actor.email, &present, from).await.map_err(not_the_present_one)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.login_succeeded(&actor.email, from).await.map_err(of_store)?;
        let ended = change.set_password_hash(actor.person, &hash, here).await.map_err(of_store)?;
        let entry = done(actor, "password.change", &subject_of(&actor.email));
        change.commit(entry.with(json!({ "from": from, "sessions": ended }))).await.map_err(of_store)?;
        Ok(ended)
    }
}

impl App {
    /// The hash of a password that may be one for this address; `field`: where it was given.
    ///
    /// # Errors
    /// 422 when it may not. What was typed is never repeated.
    pub(crate) async fn hashed(&self, field: &str, password: String, email: &str) -> Answer<String> {
        let length = password.chars().count();
        if length < AT_LEAST {
            return Err(Problem::bad_field(field, "is shorter than 12 characters", "Choose a longer one."));
        }
        if length > AT_MOST {
            return Err(Problem::bad_field(field, "is longer than 256 characters", "Choose a shorter one."));
        }
        let host = self.settings.passkeys.as_ref().ok().and_then(RelyingParty::host);
        let place = words_of_this_place(email, host);
        let breached = self.settings.breached.clone();
        let looked_at = tokio::task::spawn_blocking(move || {
            if let Some(why) = guessed(&password, &place) {
                return Ok(Err(why));
            }
            match breached.map(|list| list.has(&password)).transpose() {
                Ok(Some(true)) => Ok(Err(Guessed::Breached)),
                Ok(_) => hash_password(&password).map(Ok),
                Err(error) => Err(format!("HOLDFAST_BREACHED_PASSWORDS: the list {error}")),
            }
        });
        match looked_at.await.map_err(|e| e.to_string()).and_then(|looked_at| looked_at) {
            Ok(Ok(hash)) => Ok(hash),
            Ok(Err(why)) => Err(too_easy(field, why)),
            Err(error) => {
                tracing::error!(%error, "a password could not be looked at");
                Err(Problem::new(
                    500,
                    "internal",
                    "Something is wrong inside",
                    "The password could not be looked at.",
                    "Try again; an admin finds the reason in the server's log.",
                ))
            }
        }
    }
}

fn too_easy(field: &str, why: Guessed) -> Problem {
    match why {
        Guessed::Common => Problem::bad_field(
            field,
            "is among those that are guessed first: common and breached passwords, common words with digits, rows of keys, dates, \
             repeats",
            "Choose four words or more that do not belong together, or let a password manager draw one.",
        ),
        Guessed::Breached => Problem::bad_field(
            field,
            "is known from a breach: it is in the list of such passwords that this server has",
            "Choose one that you use nowhere else, or let a password manager draw one.",
        ),
        Guessed::OfThisPlace => Problem::bad_field(
            field,
            "is made of words that are known here: the product's name, the person's address, the name of this server. Without \
             them too little is left",
            "Leave them out, or add three words or more that have nothing to do with them.",
        ),
    }
}

/// What the door of the sign-in says of a wrong one, said of this field.
fn not_the_present_one(problem: Problem) -> Problem {
    if problem.code != "sign_in_refused" {
        return problem;
    }
    Problem::new(
        401,
        "password_refused",
        "Not changed",
        "The present password is not right.",
        "Type the one that you sign in with. Whoever has forgotten it is given another by an admin (People).",
    )
}

fn no_password() -> Problem {
    Problem::new(
        409,
        "no_password",
        "There is no password here",
        "You sign in by your identity provider, and have no password here.",
        "Change it at the provider; or have an admin give you one here (People).",
    )
}

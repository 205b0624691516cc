//! People, sign-in and API tokens.

use crate::App;
use crate::authority::{Action, may};
use crate::problems::of_store;
use crate::secrets::{NOBODY, new_token, password_is, read_token, same};
use async_trait::async_trait;
use holdfast_api::people::{People, PersonView, TokenView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, PersonId, Scope};
use holdfast_store::{AuditEntry, NewToken, Person};
use jiff::{SignedDuration, Timestamp};

/// Wrong passwords within the window before the door closes for its length.
const FAILURES_ALLOWED: i64 = 5;
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
const TOKEN_DAYS_AT_MOST: u16 = 90;

fn wrong_password() -> Problem {
    Problem::new(
        401,
        "sign_in_refused",
        "Not signed in",
        "The address or the password is not right.",
        "Try again; an admin can set a new password with `holdfast admin user create`.",
    )
}

fn sign_in_needed() -> Problem {
    Problem::new(
        401,
        "sign_in_needed",
        "Sign in first",
        "The session has ended, or the token is not valid (any more).",
        "Sign in, or make a new token.",
    )
}

#[async_trait]
impl People for App {
    async fn sign_in(&self, email: &str, password: &str, from: &str) -> Answer<PersonId> {
        let email = email.trim().to_lowercase();
        let failures = self.store.failed_sign_ins(&email, WINDOW).await.map_err(of_store)?;
        if failures >= FAILURES_ALLOWED {
            return Err(Problem::new(
                429,
                "sign_in_locked",
                "Too many wrong passwords",
                "This address had five wrong passwords within fifteen minutes.",
                "Wait fifteen minutes.",
            ));
        }
        let person = match self.store.person_by_email(&email).await {
            Ok(person) => Some(person),
            Err(holdfast_store::Error::NotFound) => None,
            Err(error) => return Err(of_store(error)),
        };
        let stored = person.as_ref().map_or_else(|| NOBODY.to_owned(), |p| p.password_hash.clone());
        let typed = password.to_owned();
        let right = tokio::task::spawn_blocking(move || password_is(&typed, &stored)).await.unwrap_or(false);
        match person {
            Some(person) if right && !person.disabled => {
                let mut change = self.store.begin().await.map_err(of_store)?;
                change.clear_failed_sign_ins(&email).await.map_err(of_store)?;
                let actor = actor(&person, None);
                let detail = serde_json::json!({ "from": from });
                change
                    .commit(AuditEntry::done(&actor, "session.sign_in", &format!("person:{email}"), detail))
                    .await
                    .map_err(of_store)?;
                Ok(person.id)
            }
            // Counted, not written one by one: strangers must not be able to fill the log.
            _ => {
                self.store.count_failed_sign_in(&email, from).await.map_err(of_store)?;
                Err(wrong_password())
            }
        }
    }

    async fn actor_of_session(&self, person: PersonId, identity_proved_at: Option<Timestamp>) -> Answer<Actor> {
        match self.store.person(person).await {
            Ok(person) if !person.disabled => Ok(actor(&person, identity_proved_at)),
            Ok(_) | Err(holdfast_store::Error::NotFound) => Err(sign_in_needed()),
            Err(error) => Err(of_store(error)),
        }
    }

    async fn actor_of_token(&self, token: &str) -> Answer<Actor> {
        let (id, hash) = read_token(token).ok_or_else(sign_in_needed)?;
        let stored = match self.store.live_token(id).await {
            Ok(stored) => stored,
            Err(holdfast_store::Error::NotFound) => return Err(sign_in_needed()),
            Err(error) => return Err(of_store(error)),
        };
        if !same(&stored.secret_hash, &hash) {
            return Err(sign_in_needed());
        }
        let person = self.store.person(stored.person).await.map_err(|_| sign_in_needed())?;
        if person.disabled {
            return Err(sign_in_needed());
        }
        let mut actor = actor(&person, None);
        actor.token_scopes = Some(stored.scopes);
        Ok(actor)
    }

    async fn sign_out(&self, actor: &Actor) -> Answer<()> {
        let change = self.store.begin().await.map_err(of_store)?;
        let subject = format!("person:{}", actor.email);
        change
            .commit(AuditEntry::done(actor, "session.sign_out", &subject, serde_json::Value::Null))
            .await
            .map_err(of_store)?;
        Ok(())
    }

    async fn people(&self, actor: &Actor) -> Answer<Vec<PersonView>> {
        may(actor, Action::ReadPeople)?;
        let people = self.store.people().await.map_err(of_store)?;
        Ok(people.into_iter().map(|p| person_view(&p)).collect())
    }

    async fn tokens(&self, actor: &Actor) -> Answer<Vec<TokenView>> {
        may(actor, Action::ManageOwnTokens)?;
        let tokens = self.store.tokens_of(actor.person).await.map_err(of_store)?;
        Ok(tokens
            .into_iter()
            .map(|t| TokenView {
                id: t.id.to_string(),
                name: t.name,
                email: actor.email.clone(),
                scopes: t.scopes.iter().map(|s| s.as_str().to_owned()).collect(),
                expires_at: t.expires_at,
                last_used_at: t.last_used_at,
                revoked: t.revoked,
                token: None,
            })
            .collect())
    }

    async fn create_token(&self, actor: &Actor, name: &str, scopes: Vec<Scope>, days: u16) -> Answer<TokenView> {
        may(actor, Action::ManageOwnTokens)?;
        self.issue_token(actor, actor.person, &actor.email, name, scopes, days).await
    }

    async fn revoke_token(&self, actor: &Actor, id: &str) -> Answer<()> {
        may(actor, Action::ManageOwnTokens)?;
        let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found("token", id))?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.revoke_token(actor.person, id).await.map_err(of_store)? {
            return Err(Problem::not_found("token", &id.to_string()));
        }
        change
            .commit(AuditEntry::done(actor, "token.revoke", &format!("token:{id}"), serde_json::Value::Null))
            .await
            .map_err(of_store)?;
        Ok(())
    }
}

impl App {
    pub(crate) async fn issue_token(
        &self,
        actor: &Actor,
        person: PersonId,
        email: &str,
        name: &str,
        scopes: Vec<Scope>,
        days: u16,
    ) -> Answer<TokenView> {
        if days == 0 || days > TOKEN_DAYS_AT_MOST {
            return Err(Problem::bad_field("days", "must be 1 to 90", "A token lasts 90 days at most."));
        }
        if scopes.is_empty() {
            let all: Vec<_> = Scope::ALL.iter().map(|s| s.as_str()).collect();
            return Err(Problem::bad_field("scopes", "is empty", format!("Name at least one of {}.", all.join(", "))));
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Problem::bad_field("name", "must have 1 to 100 characters", "Say what the token is for."));
        }
        let id = uuid::Uuid::now_v7();
        let (token, secret_hash) = new_token(id);
        let now = self.store.database_now().await.map_err(of_store)?;
        let expires_at = now + SignedDuration::from_hours(24 * i64::from(days));
        let mut change = self.store.begin().await.map_err(of_store)?;
        change
            .create_token(&NewToken { id, person, name: name.to_owned(), secret_hash, scopes: scopes.clone(), expires_at })
            .await
            .map_err(of_store)?;
        let scopes: Vec<String> = scopes.iter().map(|s| s.as_str().to_owned()).collect();
        let detail = serde_json::json!({ "name": name, "scopes": scopes, "expires_at": expires_at, "for": email });
        change
            .commit(AuditEntry::done(actor, "token.create", &format!("token:{id}"), detail))
            .await
            .map_err(of_store)?;
        Ok(TokenView {
            id: id.to_string(),
            name: name.to_owned(),
            email: email.to_owned(),
            scopes,
            expires_at,
            last_used_at: None,
            revoked: false,
            token: Some(token),
        })
    }
}

pub(crate) fn actor(person: &Person, identity_proved_at: Option<Timestamp>) -> Actor {
    Actor {
        person: person.id,
        email: person.email.clone(),
        roles: person.roles.clone(),
        groups: person.groups.clone(),
        token_scopes: None,
        identity_proved_at,
    }
}

pub(crate) fn person_view(person: &Person) -> PersonView {
    PersonView {
        id: person.id.to_string(),
        email: person.email.clone(),
        roles: person.roles.iter().map(|r| r.as_str().to_owned()).collect(),
        groups: person.groups.iter().map(ToString::to_string).collect(),
        disabled: person.disabled,
    }
}

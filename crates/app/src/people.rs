//! People, sign-in and API tokens.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::problems::of_store;
use crate::secrets::{NOBODY, new_token, password_is, token_hash};
use async_trait::async_trait;
use holdfast_api::people::{People, PersonView, TokenView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, PersonId, Scope};
use holdfast_store::{LoginGate, LoginLimits, NewToken, Person};
use jiff::Timestamp;

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
        // Counted before the password is looked at, and taken back when it was right.
        let gate = self.store.begin_login(&email, from, LoginLimits::default()).await.map_err(of_store)?;
        if let LoginGate::Closed { retry_after_seconds } = gate {
            let mut locked = Problem::new(
                429,
                "sign_in_locked",
                "Too many wrong passwords",
                "There were too many wrong passwords for this address or from this place.",
                format!("Wait {} minutes.", retry_after_seconds.div_ceil(60)),
            );
            locked.retry_after_seconds = Some(retry_after_seconds);
            return Err(locked);
        }
        let person = match self.store.credentials(&email).await {
            Ok(credentials) => Some(credentials),
            Err(holdfast_store::Error::NotFound(_)) => None,
            Err(error) => return Err(of_store(error)),
        };
        let stored =
            person.as_ref().and_then(|c| c.password_hash.clone()).unwrap_or_else(|| NOBODY.to_owned());
        let typed = password.to_owned();
        let right = tokio::task::spawn_blocking(move || password_is(&typed, &stored)).await.unwrap_or(false);
        match person.map(|c| c.person) {
            Some(person) if right && person.disabled_at.is_none() => {
                self.store.login_succeeded(&email, from).await.map_err(of_store)?;
                let entry = done(&actor(&person, None), "session.sign_in", &format!("person:{email}"));
                self.store.audit(entry.with(serde_json::json!({ "from": from }))).await.map_err(of_store)?;
                Ok(person.id)
            }
            // Counted, not written one by one: strangers must not be able to fill the log.
            _ => Err(wrong_password()),
        }
    }

    async fn actor_of_session(
        &self,
        person: PersonId,
        identity_proved_at: Option<Timestamp>,
    ) -> Answer<Actor> {
        match self.store.person(person).await {
            Ok(person) if person.disabled_at.is_none() => Ok(actor(&person, identity_proved_at)),
            Ok(_) | Err(holdfast_store::Error::NotFound(_)) => Err(sign_in_needed()),
            Err(error) => Err(of_store(error)),
        }
    }

    async fn actor_of_token(&self, token: &str) -> Answer<Actor> {
        let hash = token_hash(token).ok_or_else(sign_in_needed)?;
        // Neither revoked nor expired, of a person who is not disabled.
        let stored = self.store.usable_token(&hash).await.map_err(of_store)?.ok_or_else(sign_in_needed)?;
        let person = self.store.person(stored.person).await.map_err(of_store)?;
        let mut actor = actor(&person, None);
        actor.token = Some(stored.id);
        actor.token_scopes = Some(stored.scopes);
        Ok(actor)
    }

    async fn sign_out(&self, actor: &Actor) -> Answer<()> {
        let entry = done(actor, "session.sign_out", &format!("person:{}", actor.email));
        self.store.audit(entry).await.map(|_| ()).map_err(of_store)
    }

    async fn people(&self, actor: &Actor) -> Answer<Vec<PersonView>> {
        may(actor, Action::ReadPeople)?;
        let people = self.store.people().await.map_err(of_store)?;
        Ok(people.into_iter().map(|p| person_view(&p)).collect())
    }

    async fn tokens(&self, actor: &Actor) -> Answer<Vec<TokenView>> {
        may(actor, Action::ManageOwnTokens)?;
        let tokens = self.store.tokens(Some(actor.person)).await.map_err(of_store)?;
        Ok(tokens
            .into_iter()
            .map(|t| TokenView {
                id: t.id.to_string(),
                name: t.label,
                email: actor.email.clone(),
                scopes: t.scopes.iter().map(|s| s.as_str().to_owned()).collect(),
                expires_at: t.expires_at,
                last_used_at: t.last_used_at,
                revoked: t.revoked_at.is_some(),
                token: None,
            })
            .collect())
    }

    async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        scopes: Vec<Scope>,
        days: u16,
    ) -> Answer<TokenView> {
        may(actor, Action::ManageOwnTokens)?;
        self.issue_token(actor, actor.person, &actor.email, name, scopes, days).await
    }

    async fn revoke_token(&self, actor: &Actor, id: &str) -> Answer<()> {
        may(actor, Action::ManageOwnTokens)?;
        let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found("token", id))?;
        let own = match self.store.token(id).await {
            Ok(token) => token.person == actor.person,
            Err(holdfast_store::Error::NotFound(_)) => false,
            Err(error) => return Err(of_store(error)),
        };
        // Somebody else's token answers as one that is not there.
        if !own {
            return Err(Problem::not_found("token", &id.to_string()));
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.revoke_token(id).await.map_err(of_store)?;
        change.commit(done(actor, "token.revoke", &format!("token:{id}"))).await.map(|_| ()).map_err(of_store)
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
            return Err(Problem::bad_field(
                "scopes",
                "is empty",
                format!("Name at least one of {}.", all.join(", ")),
            ));
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Problem::bad_field(
                "name",
                "must have 1 to 100 characters",
                "Say what the token is for.",
            ));
        }
        let id = uuid::Uuid::now_v7();
        let (token, secret_hash) = new_token();
        let lives_seconds = u32::from(days) * 86_400;
        let mut change = self.store.begin().await.map_err(of_store)?;
        let new = NewToken {
            id,
            person,
            label: name.to_owned(),
            secret_hash,
            scopes: scopes.clone(),
            lives_seconds,
        };
        let expires_at = change.create_token(&new).await.map_err(of_store)?;
        let scopes: Vec<String> = scopes.iter().map(|s| s.as_str().to_owned()).collect();
        let detail =
            serde_json::json!({ "name": name, "scopes": scopes, "expires_at": expires_at, "for": email });
        change
            .commit(done(actor, "token.create", &format!("token:{id}")).with(detail))
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
        token: None,
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
        disabled: person.disabled_at.is_some(),
    }
}

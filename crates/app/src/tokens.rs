//! API tokens: made for oneself, shown once, ended by oneself.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::problems::of_store;
use crate::secrets::new_token;
use async_trait::async_trait;
use holdfast_api::people::{TokenView, Tokens};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, PersonId, Reach, Scope};
use holdfast_store::NewToken;

const DAYS_AT_MOST: u16 = 90;

#[async_trait]
impl Tokens for App {
    async fn tokens(&self, actor: &Actor) -> Answer<Vec<TokenView>> {
        may(actor, Action::ManageOwnTokens)?;
        let tokens = self.store.tokens(Some(actor.person)).await.map_err(of_store)?;
        Ok(tokens
            .into_iter()
            .map(|t| TokenView {
                id: t.id.to_string(),
                name: t.label,
                email: actor.email.clone(),
                within: (!t.within.is_everything()).then(|| t.within.to_string()),
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
        within: Reach,
        days: u16,
    ) -> Answer<TokenView> {
        self.may_freshly(actor, Action::ManageOwnTokens).await?;
        let new = IssueToken { name, scopes, within, days };
        self.issue_token(actor, (actor.person, &actor.email), new).await
    }

    async fn revoke_token(&self, actor: &Actor, id: &str) -> Answer<()> {
        may(actor, Action::ManageOwnTokens)?;
        let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found("token", id))?;
        // Somebody else's token answers as one that is not there.
        match self.store.token(id).await {
            Ok(token) if token.person == actor.person => {}
            Ok(_) | Err(holdfast_store::Error::NotFound(_)) => {
                return Err(Problem::not_found("token", &id.to_string()));
            }
            Err(error) => return Err(of_store(error)),
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.revoke_token(id).await.map_err(of_store)?;
        change.commit(done(actor, "token.revoke", &format!("token:{id}"))).await.map(|_| ()).map_err(of_store)
    }
}

/// A token as it is asked for.
pub(crate) struct IssueToken<'a> {
    pub name: &'a str,
    pub scopes: Vec<Scope>,
    pub within: Reach,
    pub days: u16,
}

impl App {
    pub(crate) async fn issue_token(
        &self,
        actor: &Actor,
        (person, email): (PersonId, &str),
        IssueToken { name, scopes, within, days }: IssueToken<'_>,
    ) -> Answer<TokenView> {
        if days == 0 || days > DAYS_AT_MOST {
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
            within: within.clone(),
            lives_seconds,
        };
        let expires_at = change.create_token(&new).await.map_err(of_store)?;
        let scopes: Vec<String> = scopes.iter().map(|s| s.as_str().to_owned()).collect();
        let within = (!within.is_everything()).then(|| within.to_string());
        let detail = serde_json::json!({
            "name": name, "scopes": scopes, "within": within, "expires_at": expires_at, "for": email,
        });
        change
            .commit(done(actor, "token.create", &format!("token:{id}")).with(detail))
            .await
            .map_err(of_store)?;
        Ok(TokenView {
            id: id.to_string(),
            name: name.to_owned(),
            email: email.to_owned(),
            scopes,
            within,
            expires_at,
            last_used_at: None,
            revoked: false,
            token: Some(token),
        })
    }
}

//! Where a person is signed in, and ending it: for oneself, from the page of one's sign-in; for everybody, by an admin.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::sessions::{EVERYBODY, OwnSession, Sessions};
use holdfast_api::{Answer, Problem};
use holdfast_domain::Actor;
use serde_json::json;

#[async_trait]
impl Sessions for App {
    async fn own_sessions(&self, actor: &Actor, current: Option<&str>) -> Answer<Vec<OwnSession>> {
        may(actor, Action::ManageOwnSignIn)?;
        let sessions = self.store.sessions_of(actor.person).await.map_err(of_store)?;
        Ok(sessions
            .into_iter()
            .map(|session| OwnSession {
                current: current == Some(session.id.as_str()),
                id: session.id,
                signed_in_at: session.signed_in_at,
                last_seen_at: session.last_seen_at,
                from: session.address,
                agent: session.agent,
            })
            .collect())
    }

    async fn end_session(&self, actor: &Actor, id: &str) -> Answer<()> {
        let subject = format!("person:{}", actor.email);
        may(actor, Action::ManageOwnSignIn)?;
        let id: String = id.chars().take(64).collect();
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.end_session(actor.person, &id).await.map_err(of_store)? {
            return Err(Problem::not_found("session", &id));
        }
        change
            .commit(done(actor, "session.end", &subject).with(json!({ "session": id })))
            .await
            .map_err(of_store)?;
        Ok(())
    }

    async fn end_sessions(&self, actor: &Actor, but: Option<&str>) -> Answer<u64> {
        let subject = format!("person:{}", actor.email);
        may(actor, Action::ManageOwnSignIn)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        let ended = change.end_sessions(actor.person, but).await.map_err(of_store)?;
        let detail = json!({ "sessions": ended, "but_this_one": but.is_some() });
        change.commit(done(actor, "session.end_all", &subject).with(detail)).await.map_err(of_store)?;
        Ok(ended)
    }

    async fn end_everybodys_sessions(&self, actor: &Actor, confirm: &str) -> Answer<u64> {
        self.may_freshly(actor, Action::WritePeople).await?;
        if confirm.trim() != EVERYBODY {
            return Err(Problem::bad_field(
                "confirm",
                format!("is not `{EVERYBODY}`"),
                format!("Type `{EVERYBODY}`: each person is signed out at once, you too. API tokens stay."),
            ));
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        let ended = change.end_everybodys_sessions().await.map_err(of_store)?;
        let entry = done(actor, "session.end_everybodys", "person:*");
        change.commit(entry.with(json!({ "sessions": ended }))).await.map_err(of_store)?;
        Ok(ended)
    }
}

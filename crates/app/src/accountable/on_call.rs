//! Who is on call.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::on_call::{NewOverride, OnCallView, OnCalls, PutOnCall};
use holdfast_domain::{Actor, Name};
use uuid::Uuid;

fn subject(team: &Name) -> String {
    format!("on_call:{team}")
}

#[async_trait]
impl OnCalls for Accountable {
    async fn on_call(&self, actor: &Actor) -> Answer<Vec<OnCallView>> {
        self.read(actor, "on_call", self.0.on_call(actor)).await
    }

    async fn put_on_call(&self, actor: &Actor, team: &Name, put: PutOnCall) -> Answer<OnCallView> {
        self.change(actor, "on_call.put", &subject(team), self.0.put_on_call(actor, team, put)).await
    }

    async fn remove_on_call(&self, actor: &Actor, team: &Name) -> Answer<()> {
        self.change(actor, "on_call.remove", &subject(team), self.0.remove_on_call(actor, team)).await
    }

    async fn override_on_call(&self, actor: &Actor, team: &Name, new: NewOverride) -> Answer<OnCallView> {
        let asked = self.0.override_on_call(actor, team, new);
        self.change(actor, "on_call.override", &subject(team), asked).await
    }

    async fn end_override(&self, actor: &Actor, team: &Name, id: Uuid) -> Answer<OnCallView> {
        let asked = self.0.end_override(actor, team, id);
        self.change(actor, "on_call.end_override", &subject(team), asked).await
    }
}

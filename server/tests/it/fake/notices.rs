//! The fake control plane's channels, and who was told.

use super::Fake;
use async_trait::async_trait;
use holdfast_api::{Answer, notices::*};
use holdfast_domain::{Actor, ChannelKind, EvacuationId, RunId};
use jiff::Timestamp;

fn channel(kind: ChannelKind) -> ChannelView {
    ChannelView {
        id: super::RUN.into(),
        kind,
        name: "my phone".into(),
        leads_to: "hooks.example.com".into(),
        created_at: Timestamp::UNIX_EPOCH,
        last: None,
        secret: None,
    }
}

fn told() -> Vec<DeliveryView> {
    vec![DeliveryView {
        id: super::RUN.into(),
        matter: "approval_wanted".into(),
        title: "shop waits for your approval".into(),
        person: "approver@example.com".into(),
        channel: Some("Webhook my phone".into()),
        round: 1,
        state: "delivered".into(),
        attempts: 1,
        error: None,
        at: Timestamp::UNIX_EPOCH,
        next_attempt_at: None,
        ended_at: Some(Timestamp::UNIX_EPOCH),
    }]
}

#[async_trait]
impl Notices for Fake {
    async fn channels(&self, _: &Actor) -> Answer<Vec<ChannelView>> {
        Ok(vec![channel(ChannelKind::Webhook)])
    }
    async fn add_channel(&self, actor: &Actor, new: NewChannel) -> Answer<ChannelView> {
        self.change(actor, format!("add channel {}", new.kind.as_str()))?;
        Ok(ChannelView { secret: Some("whsec_new".into()), ..channel(new.kind) })
    }
    async fn remove_channel(&self, _: &Actor, id: &str) -> Answer<()> {
        self.note(format!("remove channel {id}"));
        Ok(())
    }
    async fn test_channel(&self, actor: &Actor, id: &str) -> Answer<ChannelView> {
        self.change(actor, format!("test channel {id}"))?;
        Ok(channel(ChannelKind::Webhook))
    }
    async fn told_of_run(&self, _: &Actor, _: RunId) -> Answer<Vec<DeliveryView>> {
        Ok(told())
    }
    async fn told_of_evacuation(&self, _: &Actor, _: EvacuationId) -> Answer<Vec<DeliveryView>> {
        Ok(told())
    }
}

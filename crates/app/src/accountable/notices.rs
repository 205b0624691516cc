//! How people are told.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::notices::{ChannelView, DeliveryView, NewChannel, Notices};
use holdfast_domain::{Actor, EvacuationId, RunId};

#[async_trait]
impl Notices for Accountable {
    async fn channels(&self, actor: &Actor) -> Answer<Vec<ChannelView>> {
        self.read(actor, "channel", self.0.channels(actor)).await
    }

    async fn add_channel(&self, actor: &Actor, new: NewChannel) -> Answer<ChannelView> {
        let subject = format!("person:{}", actor.email);
        self.change(actor, "channel.add", &subject, self.0.add_channel(actor, new)).await
    }

    async fn remove_channel(&self, actor: &Actor, id: &str) -> Answer<()> {
        self.change(actor, "channel.remove", &format!("channel:{id}"), self.0.remove_channel(actor, id)).await
    }

    async fn test_channel(&self, actor: &Actor, id: &str) -> Answer<ChannelView> {
        self.change(actor, "channel.test", &format!("channel:{id}"), self.0.test_channel(actor, id)).await
    }

    async fn told_of_run(&self, actor: &Actor, id: RunId) -> Answer<Vec<DeliveryView>> {
        self.read(actor, "run", self.0.told_of_run(actor, id)).await
    }

    async fn told_of_evacuation(&self, actor: &Actor, id: EvacuationId) -> Answer<Vec<DeliveryView>> {
        self.read(actor, "evacuation", self.0.told_of_evacuation(actor, id)).await
    }
}

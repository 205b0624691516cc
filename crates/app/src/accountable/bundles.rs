//! The bundle for where no server is, and what is handed in afterwards.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::bundles::{BundleView, Bundles, HandInJournal, HandedInView, NewOfflineCodeView};
use holdfast_domain::Actor;
use uuid::Uuid;

#[async_trait]
impl Bundles for Accountable {
    async fn bundle(&self, actor: &Actor) -> Answer<BundleView> {
        self.read(actor, "bundle", self.0.bundle(actor)).await
    }

    async fn bundle_copy(&self, actor: &Actor) -> Answer<String> {
        self.read(actor, "bundle", self.0.bundle_copy(actor)).await
    }

    async fn make_offline_code(&self, actor: &Actor) -> Answer<NewOfflineCodeView> {
        let subject = format!("person:{}", actor.email);
        self.change(actor, "offline_code.make", &subject, self.0.make_offline_code(actor)).await
    }

    async fn end_offline_code(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        let subject = format!("offline_code:{id}");
        self.change(actor, "offline_code.end", &subject, self.0.end_offline_code(actor, id)).await
    }

    async fn hand_in_journal(&self, actor: &Actor, journal: HandInJournal) -> Answer<HandedInView> {
        self.change(actor, "run.hand_in", "journals", self.0.hand_in_journal(actor, journal)).await
    }
}

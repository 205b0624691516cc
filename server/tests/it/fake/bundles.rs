//! The bundle of the fake control plane: one that is fresh, in one place.

use super::{Fake, RUN};
use async_trait::async_trait;
use holdfast_api::{Answer, bundles::*};
use holdfast_domain::Actor;
use serde_json::json;
use uuid::Uuid;

#[async_trait]
impl Bundles for Fake {
    async fn bundle(&self, _: &Actor) -> Answer<BundleView> {
        Ok(serde_json::from_value(json!({
            "id": RUN, "made_at": "2026-11-21T10:00:00Z", "age_seconds": 60.0, "stale": false, "applications": 1, "plans": 2,
            "places": [{"name": "folder /mnt/bundle on h", "made_at": "2026-11-21T10:00:00Z", "age_seconds": 60.0,
                        "stale": false, "tried_at": "2026-11-21T10:00:00Z", "error": null}],
            "opened_by": [{"id": RUN, "person": "operator@example.com", "made_at": "2026-11-20T10:00:00Z"}],
            "problems": []
        }))
        .unwrap())
    }
    async fn bundle_copy(&self, _: &Actor) -> Answer<String> {
        Ok("{}\n\n\u{2014} holdfast AAAA\n---\nAAAA\n".into())
    }
    async fn make_offline_code(&self, actor: &Actor) -> Answer<NewOfflineCodeView> {
        self.change(actor, "make an offline code")?;
        Ok(NewOfflineCodeView { id: Uuid::nil(), code: "abcd-efgh".into() })
    }
    async fn end_offline_code(&self, _: &Actor, id: Uuid) -> Answer<()> {
        self.note(format!("end offline code {id}"));
        Ok(())
    }
    async fn hand_in_journal(&self, actor: &Actor, journal: HandInJournal) -> Answer<HandedInView> {
        self.change(actor, format!("hand in {} bytes", journal.journal.len()))?;
        Ok(HandedInView {
            run: RUN.into(),
            break_glass: RUN.into(),
            application: "shop".into(),
            entries: 3,
            already: false,
        })
    }
}

//! Break-glass of the fake control plane: one, that is over and waits for its review.

use super::{Fake, RUN};
use async_trait::async_trait;
use holdfast_api::{Answer, Page, break_glass::*};
use holdfast_domain::{Actor, BreakGlassId};
use serde_json::json;
use uuid::Uuid;

fn view() -> BreakGlassView {
    serde_json::from_value(json!({
        "id": RUN, "holder": "operator@example.com", "reason": "nobody answers", "incident": null,
        "opened_with": "second_factor", "opened_at": "2026-11-21T10:00:00Z", "expires_at": "2026-11-21T11:00:00Z",
        "open": false, "ended_at": "2026-11-21T11:00:00Z", "ended_by": "the clock", "runs": [], "review": null
    }))
    .unwrap()
}

#[async_trait]
impl BreakGlasses for Fake {
    async fn break_glass_state(&self, _: &Actor) -> Answer<BreakGlassState> {
        Ok(BreakGlassState { open: vec![], reviews_due: vec![view()] })
    }
    async fn break_glasses(
        &self,
        _: &Actor,
        _: Option<&str>,
        _: Option<u32>,
    ) -> Answer<Page<BreakGlassView>> {
        Ok(Page { items: vec![view()], next: None })
    }
    async fn break_glass(&self, _: &Actor, _: BreakGlassId) -> Answer<BreakGlassView> {
        Ok(view())
    }
    async fn open_break_glass(&self, actor: &Actor, open: OpenBreakGlass) -> Answer<BreakGlassView> {
        self.change(
            actor,
            format!("open break-glass: {} by a second factor: {}", open.reason, actor.second_factor),
        )?;
        Ok(view())
    }
    async fn end_break_glass(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView> {
        self.change(actor, format!("end break-glass {id}"))?;
        Ok(view())
    }
    async fn review_break_glass(
        &self,
        actor: &Actor,
        id: BreakGlassId,
        review: ReviewBreakGlass,
    ) -> Answer<BreakGlassView> {
        self.change(actor, format!("review break-glass {id}: {}", review.words))?;
        Ok(view())
    }
    async fn sealed_codes(&self, _: &Actor) -> Answer<Vec<SealedCodeView>> {
        Ok(vec![])
    }
    async fn make_sealed_code(&self, actor: &Actor, make: MakeSealedCode) -> Answer<NewSealedCodeView> {
        self.change(actor, format!("make sealed code: {}", make.kept_at))?;
        Ok(NewSealedCodeView { id: Uuid::nil(), kept_at: make.kept_at, code: "abcd-efgh".into() })
    }
    async fn withdraw_sealed_code(&self, _: &Actor, id: Uuid) -> Answer<()> {
        self.note(format!("withdraw sealed code {id}"));
        Ok(())
    }
}

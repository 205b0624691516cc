//! Break-glass, and the codes that are kept for it.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::break_glass::{
    BreakGlassState, BreakGlassView, BreakGlasses, MakeSealedCode, NewSealedCodeView, OpenBreakGlass,
    ReviewBreakGlass, SealedCodeView,
};
use holdfast_api::{Answer, Page};
use holdfast_domain::{Actor, BreakGlassId};
use uuid::Uuid;

#[async_trait]
impl BreakGlasses for Accountable {
    async fn break_glass_state(&self, actor: &Actor) -> Answer<BreakGlassState> {
        self.read(actor, "break_glass", self.0.break_glass_state(actor)).await
    }

    async fn break_glasses(
        &self,
        actor: &Actor,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Answer<Page<BreakGlassView>> {
        self.read(actor, "break_glass", self.0.break_glasses(actor, cursor, limit)).await
    }

    async fn break_glass(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView> {
        self.read(actor, "break_glass", self.0.break_glass(actor, id)).await
    }

    async fn open_break_glass(&self, actor: &Actor, open: OpenBreakGlass) -> Answer<BreakGlassView> {
        let subject = format!("person:{}", actor.email);
        self.change(actor, "break_glass.open", &subject, self.0.open_break_glass(actor, open)).await
    }

    async fn end_break_glass(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView> {
        let subject = format!("break_glass:{id}");
        self.change(actor, "break_glass.end", &subject, self.0.end_break_glass(actor, id)).await
    }

    async fn review_break_glass(
        &self,
        actor: &Actor,
        id: BreakGlassId,
        review: ReviewBreakGlass,
    ) -> Answer<BreakGlassView> {
        let subject = format!("break_glass:{id}");
        self.change(actor, "break_glass.review", &subject, self.0.review_break_glass(actor, id, review)).await
    }

    async fn sealed_codes(&self, actor: &Actor) -> Answer<Vec<SealedCodeView>> {
        self.read(actor, "sealed_code", self.0.sealed_codes(actor)).await
    }

    async fn make_sealed_code(&self, actor: &Actor, make: MakeSealedCode) -> Answer<NewSealedCodeView> {
        self.change(actor, "sealed_code.make", "sealed_codes", self.0.make_sealed_code(actor, make)).await
    }

    async fn withdraw_sealed_code(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        let subject = format!("sealed_code:{id}");
        self.change(actor, "sealed_code.withdraw", &subject, self.0.withdraw_sealed_code(actor, id)).await
    }
}

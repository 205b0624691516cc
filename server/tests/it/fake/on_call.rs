//! The fake control plane's schedules of who is on call.

use super::Fake;
use async_trait::async_trait;
use holdfast_api::{Answer, on_call::*};
use holdfast_domain::{Actor, Name};
use jiff::Timestamp;
use uuid::Uuid;

fn of(team: &str) -> OnCallView {
    OnCallView {
        team: team.into(),
        state: "known".into(),
        reason: None,
        now: vec!["approver@example.com".into()],
        overridden: false,
        next: None,
        rotation: Some(RotationView {
            people: vec!["approver@example.com".into()],
            time_zone: "UTC".into(),
            starts_on: "2026-12-07".into(),
            hand_over: "09:00".into(),
            turn_days: 7,
        }),
        calendar: None,
        overrides: vec![],
        kept_by: "admin@example.com".into(),
        kept_at: Timestamp::UNIX_EPOCH,
    }
}

#[async_trait]
impl OnCalls for Fake {
    async fn on_call(&self, _: &Actor) -> Answer<Vec<OnCallView>> {
        Ok(vec![of("approvers")])
    }
    async fn put_on_call(&self, actor: &Actor, team: &Name, _: PutOnCall) -> Answer<OnCallView> {
        self.change(actor, format!("put on call {team}"))?;
        Ok(of(team.as_str()))
    }
    async fn remove_on_call(&self, _: &Actor, team: &Name) -> Answer<()> {
        self.note(format!("remove on call {team}"));
        Ok(())
    }
    async fn override_on_call(&self, actor: &Actor, team: &Name, new: NewOverride) -> Answer<OnCallView> {
        self.change(actor, format!("override on call {team} {}", new.person))?;
        Ok(of(team.as_str()))
    }
    async fn end_override(&self, actor: &Actor, team: &Name, id: Uuid) -> Answer<OnCallView> {
        self.change(actor, format!("end override {team} {id}"))?;
        Ok(of(team.as_str()))
    }
}

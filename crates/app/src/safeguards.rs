//! Change freezes and the automation switch: declared, lifted and turned by people; read wherever a run is thought of.

use crate::App;
use crate::applications::parse_name;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::free_text::{REASON_AT_MOST, free_text};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::safeguards::{AutomationView, DeclareFreeze, FreezeView, Safeguards, SwitchAutomation};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Name};
use holdfast_failover::guard::Standing;
use holdfast_store::{ChangeFreeze, NewFreeze};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Longer than any quarter's end; a freeze without end is forgotten and then overridden by habit.
const LONGEST_FREEZE: SignedDuration = SignedDuration::from_hours(24 * 92);

#[async_trait]
impl Safeguards for App {
    async fn automation(&self, actor: &Actor) -> Answer<AutomationView> {
        may(actor, Action::ReadStatus)?;
        self.automation_view().await
    }

    async fn switch_automation(&self, actor: &Actor, switch: SwitchAutomation) -> Answer<AutomationView> {
        let action = if switch.on { "automation.on" } else { "automation.off" };
        may(actor, Action::SwitchAutomation)?;
        let reason = free_text("reason", switch.reason.as_deref(), REASON_AT_MOST)?;
        if !switch.on && reason.is_none() {
            return Err(Problem::bad_field(
                "reason",
                "is missing",
                "Say why automation stops; everybody reads it.",
            ));
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.set_automation(switch.on, &actor.email, reason.as_deref()).await.map_err(of_store)?;
        let entry = done(actor, action, "settings:automation").with(serde_json::json!({ "reason": reason }));
        change.commit(entry).await.map_err(of_store)?;
        self.automation_view().await
    }

    async fn freezes(&self, actor: &Actor) -> Answer<Vec<FreezeView>> {
        may(actor, Action::ReadStatus)?;
        let now = self.store.now().await.map_err(of_store)?;
        let seen = self.seen(actor).await?;
        let mut freezes = self.store.freezes().await.map_err(of_store)?;
        freezes.retain(|freeze| freeze.application.as_ref().is_none_or(|name| seen.sees(name)));
        Ok(freezes.into_iter().map(|freeze| view(freeze, now)).collect())
    }

    async fn declare_freeze(&self, actor: &Actor, asked: DeclareFreeze) -> Answer<FreezeView> {
        let application = asked.application.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let application = application.map(parse_name).transpose()?;
        let subject =
            application.as_ref().map_or_else(|| "applications:*".to_owned(), |a| format!("application:{a}"));
        match &application {
            Some(application) => {
                self.may_over(actor, Action::DeclareFreeze, application).await.map(|_| ())?
            }
            None => may(actor, Action::DeclareFreeze)?,
        }
        let Some(reason) = free_text("reason", Some(&asked.reason), REASON_AT_MOST)? else {
            return Err(Problem::bad_field(
                "reason",
                "is missing",
                "Say why nothing is to change; everybody reads it.",
            ));
        };
        if let Some(application) = &application {
            self.application_named(application).await?;
        }
        let now = self.store.now().await.map_err(of_store)?;
        let starts_at = asked.starts_at.unwrap_or(now);
        let ends_at = asked.ends_at;
        let lasts = ends_at.duration_since(starts_at);
        if ends_at <= now || lasts <= SignedDuration::ZERO || lasts > LONGEST_FREEZE {
            return Err(Problem::bad_field(
                "ends_at",
                format!(
                    "is not between its beginning and {} days later, or already over",
                    LONGEST_FREEZE.as_hours() / 24
                ),
                "Give the time at which changes may go on, with its zone.",
            ));
        }
        let new = NewFreeze { application, reason, starts_at, ends_at, declared_by: actor.email.clone() };
        let mut change = self.store.begin().await.map_err(of_store)?;
        let id = change.declare_freeze(&new).await.map_err(of_store)?;
        let entry = done(actor, "freeze.declare", &subject).with(serde_json::json!({
            "id": id, "reason": new.reason, "starts_at": starts_at, "ends_at": ends_at,
        }));
        change.commit(entry).await.map_err(of_store)?;
        let freeze = ChangeFreeze {
            id,
            application: new.application,
            reason: new.reason,
            starts_at,
            ends_at,
            declared_by: new.declared_by,
            declared_at: now,
        };
        Ok(view(freeze, now))
    }

    async fn lift_freeze(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        let subject = format!("freeze:{id}");
        self.may_lift(actor, id).await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        let lifted = change.lift_freeze(id, &actor.email).await.map_err(of_store)?;
        let mut entry = done(actor, "freeze.lift", &subject);
        entry.application = lifted.application;
        let detail = serde_json::json!({ "reason": lifted.reason, "ends_at": lifted.ends_at });
        change.commit(entry.with(detail)).await.map_err(of_store)?;
        Ok(())
    }
}

impl App {
    /// One of an application that they may not know of is not there.
    async fn may_lift(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        if !actor.is_limited() {
            return may(actor, Action::DeclareFreeze);
        }
        let hidden = || of_store(holdfast_store::Error::NotFound("change freeze"));
        let freezes = self.store.freezes().await.map_err(of_store)?;
        let freeze = freezes.into_iter().find(|freeze| freeze.id == id).ok_or_else(hidden)?;
        let Some(application) = freeze.application else { return may(actor, Action::DeclareFreeze) };
        match self.may_over(actor, Action::DeclareFreeze, &application).await {
            Err(problem) if problem.status == 404 => Err(hidden()),
            other => other.map(|_| ()),
        }
    }

    async fn automation_view(&self) -> Answer<AutomationView> {
        let automation = self.store.automation().await.map_err(of_store)?;
        let (changed_by, changed_at) = automation.changed.unzip();
        Ok(AutomationView { on: automation.on, reason: automation.reason, changed_by, changed_at })
    }

    /// What stands around an application when a run of it is thought of.
    pub(crate) async fn standing(&self, application: &Name) -> Answer<Standing> {
        self.store.standing(application).await.map_err(of_store)
    }
}

fn view(freeze: ChangeFreeze, now: Timestamp) -> FreezeView {
    FreezeView {
        id: freeze.id,
        application: freeze.application.map(|name| name.to_string()),
        reason: freeze.reason,
        holds: freeze.starts_at <= now && now < freeze.ends_at,
        starts_at: freeze.starts_at,
        ends_at: freeze.ends_at,
        declared_by: freeze.declared_by,
        declared_at: freeze.declared_at,
    }
}

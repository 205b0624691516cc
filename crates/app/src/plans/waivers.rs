//! Waivers by name: somebody answers for a plane that a step needs, with a reason and until a date. They are entries of
//! the inventory, so that its file carries them, and whoever gives one is its author.

use crate::App;
use crate::authority::Action;
use crate::free_text::{LINE_AT_MOST, free_text};
use crate::inventory::Edit;
use crate::problems::of_store;
use holdfast_api::plans::NewWaiver;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Inventory, Name, Waiver};
use jiff::tz::TimeZone;

/// Longer than this nobody remembers why.
const DAYS_AT_MOST: i32 = 366;

impl App {
    pub(super) async fn add_waiver(&self, actor: &Actor, name: &Name, asked: NewWaiver) -> Answer<()> {
        self.may_freshly_over(actor, Action::Waive, name).await?;
        let Some(reason) = free_text("reason", Some(&asked.reason), LINE_AT_MOST)? else {
            return Err(Problem::bad_field(
                "reason",
                "is missing",
                "Say why an emergency is no worse for it; auditors read it.",
            ));
        };
        if reason.contains('\n') {
            return Err(Problem::bad_field("reason", "has more than one line", "Say it in one line."));
        }
        let today = self.store.now().await.map_err(of_store)?.to_zoned(TimeZone::UTC).date();
        let days = today.until(asked.review_on).map(|span| span.get_days()).unwrap_or(i32::MAX);
        if !(0..=DAYS_AT_MOST).contains(&days) {
            return Err(Problem::bad_field(
                "review_on",
                format!("is not between today and {DAYS_AT_MOST} days from now"),
                "Give the day by which somebody looks at it again.",
            ));
        }
        let step = Name::parse(asked.step.trim()).map_err(|e| {
            Problem::bad_field("step", e.to_string(), "Name the resource or the step as the lint does.")
        })?;
        let plane = asked.plane.trim().to_owned();
        if !is_a_plane(&plane) {
            return Err(Problem::bad_field(
                "plane",
                "is no plane",
                "Write it as the lint does, such as `route53@us-east-1`.",
            ));
        }
        let waiver = Waiver { step, plane, by: actor.email.clone(), reason, review_on: asked.review_on };
        self.change_waivers(actor, name, "waiver.add", move |waivers| {
            waivers.retain(|w| w.step != waiver.step || w.plane != waiver.plane);
            waivers.push(waiver);
            Ok(())
        })
        .await
    }

    pub(super) async fn take_waiver_back(
        &self,
        actor: &Actor,
        name: &Name,
        step: &str,
        plane: &str,
    ) -> Answer<()> {
        self.may_over(actor, Action::WriteInventory, name).await?;
        let missing = Problem::not_found("waiver", &format!("{step}/{plane}"));
        let (step, plane) = (step.to_owned(), plane.to_owned());
        self.change_waivers(actor, name, "waiver.end", move |waivers| {
            let before = waivers.len();
            waivers.retain(|w| w.step.as_str() != step || w.plane != plane);
            if waivers.len() == before { Err(missing) } else { Ok(()) }
        })
        .await
    }

    async fn change_waivers(
        &self,
        actor: &Actor,
        name: &Name,
        action: &'static str,
        change: impl FnOnce(&mut Vec<Waiver>) -> Answer<()> + Send,
    ) -> Answer<()> {
        self.application_named(name).await?;
        let make = |stored: &Inventory| {
            let mut applications = stored.applications.clone().unwrap_or_default();
            let application = applications
                .iter_mut()
                .find(|a| a.name == *name)
                .ok_or_else(|| Problem::not_found("application", name.as_str()))?;
            change(&mut application.waivers)?;
            Ok(Inventory { version: 1, applications: Some(applications), ..Inventory::default() })
        };
        self.store_inventory(actor, make, Edit::whole(action).of(format!("application:{name}"))).await?;
        // What the waiver was given for is looked at at once.
        self.look_after(name, None).await
    }
}

/// `service@region`, as the lint names it and the database takes it.
fn is_a_plane(text: &str) -> bool {
    let part = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.split_once('@').is_some_and(|(service, region)| part(service) && part(region))
}

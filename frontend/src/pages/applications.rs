//! Applications: which of them would survive?

use crate::components::tone::Tone;
use crate::components::{applications, parts};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::Screen;
use holdfast_api::Page;
use holdfast_api::applications::{ApplicationFilter, ApplicationSummary};
use holdfast_domain::{REGIONS, Strategy};
use leptos::prelude::*;

#[must_use]
pub fn page(page: Page<ApplicationSummary>, filter: ApplicationFilter) -> Screen {
    let worst = page.items.iter().map(applications::tone).min().unwrap_or(Tone::Quiet);
    Screen::new("Applications", "/applications", move || body(&page, &filter)).mark(worst).live(LOOK_AGAIN)
}

fn body(page: &Page<ApplicationSummary>, filter: &ApplicationFilter) -> AnyView {
    let all = page.items.as_slice();
    let filtered = filter.narrows();
    let list = match (all.is_empty(), filtered || filter.cursor.is_some()) {
        (true, true) => parts::empty(
            "No application fits these filters",
            view! { <a href="/applications">"Show all applications"</a> }.into_any(),
        ),
        (true, false) => {
            let next = view! { "Describe them in a file and run "<code>"holdfast apply inventory.yaml"</code>". The same file can be read back with "<code>"holdfast export"</code>"." };
            parts::empty("No applications yet", next.into_any())
        }
        _ => applications::table("Applications", all),
    };
    let count = format::count(all.len(), "application", "applications");
    let found = match (page.next.is_some() || filter.cursor.is_some(), filtered) {
        (true, _) => format!("{count} on this page"),
        (false, true) => format!("{count} found"),
        (false, false) => count,
    };
    let more = page.next.as_deref().map(|next| {
        let tier = filter.tier.map(|tier| tier.to_string());
        let href = format::query(
            "/applications",
            &[
                ("search", filter.search.as_deref()),
                ("strategy", filter.strategy.as_deref()),
                ("region", filter.region.as_deref()),
                ("tier", tier.as_deref()),
                ("owner", filter.owner.as_deref()),
                ("recovery_state", filter.recovery_state.as_deref()),
                ("compliance", filter.compliance.as_deref()),
                ("cursor", Some(next)),
            ],
        );
        view! { <p class="more"><a class="btn" href=href rel="next">"More applications"</a></p> }
    });
    view! {
        {parts::head("Applications", view! { "Would each of them survive the loss of its Region, now?" }.into_any(), parts::nothing())}
        {filters(filter)}
        {parts::card("list", found, parts::nothing(), view! { {list}{more} }.into_any())}
    }
    .into_any()
}

fn filters(filter: &ApplicationFilter) -> AnyView {
    let strategies = Strategy::ALL.iter().map(|s| (s.as_str().to_owned(), s.words().to_owned())).collect();
    let regions = REGIONS.iter().map(|r| (r.code.to_owned(), format!("{} · {}", r.code, r.name))).collect();
    let tiers = ApplicationFilter::TIERS.iter().map(|t| (t.to_string(), format!("tier {t}"))).collect();
    let states = ApplicationFilter::RECOVERY_STATES
        .iter()
        .map(|s| (s.as_str().to_owned(), crate::components::tone::recovery(*s).1))
        .collect();
    let compliance =
        ApplicationFilter::COMPLIANCE.iter().map(|c| ((*c).to_owned(), (*c).to_owned())).collect();
    let tier = filter.tier.map(|t| t.to_string());
    view! {
        <form class="filters" method="get" action="/applications" role="search">
            {parts::search("search", "Name or owner", filter.search.as_deref())}
            {parts::choice("strategy", "Strategy", "any", strategies, filter.strategy.as_deref())}
            {parts::choice("region", "Region", "any", regions, filter.region.as_deref())}
            {parts::choice("tier", "Tier", "any", tiers, tier.as_deref())}
            {parts::choice("recovery_state", "State", "any", states, filter.recovery_state.as_deref())}
            {parts::choice("compliance", "Objectives", "any", compliance, filter.compliance.as_deref())}
            <div class="field"><button class="btn" type="submit">"Filter applications"</button></div>
        </form>
    }
    .into_any()
}

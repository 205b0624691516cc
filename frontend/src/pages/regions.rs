//! Regions: what was seen of each, what people say of it, what lives there.

use crate::components::tone::{self, Tone, badge};
use crate::components::{applications, lots, map, parts, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::{Screen, typed};
use holdfast_api::regions::{RegionView, RegionsView, Replication};
use holdfast_domain::Declaration;
use leptos::prelude::*;

/// `may_declare`: operators and admins; others read why they may not.
#[must_use]
pub fn page(view: RegionsView, may_declare: bool) -> Screen {
    let mark = view.regions.iter().map(map::region_tone).min().unwrap_or(Tone::Quiet);
    Screen::new("Regions", "/regions", move || body(&view, may_declare)).mark(mark).live(LOOK_AGAIN)
}

/// One of them by itself.
#[must_use]
pub fn one(view: RegionView, may_declare: bool) -> Screen {
    let mark = map::region_tone(&view);
    let title = view.code.clone();
    Screen::new(title, "/regions", move || {
        view! {
            {parts::head(view.code.clone(), view! { {view.name.clone()}": what was observed of it stands beside what operators declare." }.into_any(), view! { <a class="btn" href="/regions">"All Regions"</a> }.into_any())}
            {region(&view, view.code.clone().into_any(), may_declare)}
        }
        .into_any()
    })
    .mark(mark)
    .live(LOOK_AGAIN)
}

fn body(view: &RegionsView, may_declare: bool) -> AnyView {
    let list = if view.regions.is_empty() {
        parts::card(
            "none",
            "Regions",
            parts::nothing(),
            parts::empty(
                "No Region is in the inventory",
                view! { "Applications bring theirs: run "<code>"holdfast apply FILE"</code>"." }.into_any(),
            ),
        )
    } else {
        view.regions.iter().map(|r| region(r, linked(r), may_declare)).collect_view().into_any()
    };
    view! {
        {parts::head("Regions", view! { "What was observed stands beside what operators declare. Neither overwrites the other." }.into_any(), view! { <a class="btn" href="/evacuations">"Evacuations"</a> }.into_any())}
        <div class="grid wide-left">
            {parts::card("map", "Where they are", parts::nothing(), view! { {map::map(view, &[])}{map::legend()} }.into_any())}
            {parts::card("replication", "Replication", view! { "writer to copy" }.into_any(), replication(&view.replication))}
        </div>
        {list}
    }
    .into_any()
}

fn names(names: &[String]) -> AnyView {
    if names.is_empty() {
        return view! { <span class="muted">"none"</span> }.into_any();
    }
    names
        .iter()
        .map(|name| view! { <a href=applications::href(name)>{name.clone()}</a>" " })
        .collect_view()
        .into_any()
}

/// Its code, leading to its own page.
fn linked(region: &RegionView) -> AnyView {
    let href = format!("/regions/{}", format::encode(&region.code));
    view! { <a href=href>{region.code.clone()}</a> }.into_any()
}

fn region(region: &RegionView, code: AnyView, may_declare: bool) -> AnyView {
    let (seen, seen_word) = tone::observed(&region.observed);
    let (said, said_word) = tone::declared(&region.declared);
    let counts = format!("{} known, {} stale, {} unknown", region.known, region.stale, region.unknown);
    let reasons = (!region.reasons.is_empty()).then(|| {
        let items = region.reasons.iter().take(5).map(|r| view! { <li>{r.clone()}</li> }).collect_view();
        view! { <ul class="reasons">{items}</ul> }
    });
    let why = region.declared_reason.clone().map(|r| view! { <div class="muted">{r}</div> });
    let evacuate = may_declare.then(|| {
        let home = format::query(&lots::ask_href(&region.code), &[("direction", Some("home"))]);
        view! {
            <a class="btn" href=lots::ask_href(&region.code)>{format!("Evacuate {}", region.code)}</a>" "
            <a class="btn" href=home>{format!("Bring home to {}", region.code)}</a>
        }
    });
    let key = format!("region-{}", region.code);
    view! {
        <section class="card region-card" id=region.code.clone() data-live=key.clone() aria-labelledby=format!("h-{key}")>
            <header><h2 id=format!("h-{key}")>{code}<span class="muted">{format!(" {}", region.name)}</span></h2><div class="aside">{evacuate}</div></header>
            <dl class="columns">
                <div><dt>"Observed"</dt><dd>{badge(seen, seen_word)}<div class="muted">{counts}</div><div class="muted">{time::ago_or(region.observed_at, "never looked")}</div>{reasons}</dd></div>
                <div><dt>"Declared"</dt><dd>{badge(said, said_word)}{why}{declare(region, may_declare)}</dd></div>
                <div><dt>{format!("Serving {}", region.serving.len())}</dt><dd>{names(&region.serving)}</dd></div>
                <div><dt>{format!("Home of {}", region.home_of.len())}</dt><dd>{names(&region.home_of)}</dd></div>
                <div><dt>{format!("Recovery of {}", region.recovery_of.len())}</dt><dd>{names(&region.recovery_of)}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}

fn declare(region: &RegionView, may_declare: bool) -> AnyView {
    if !may_declare {
        return view! { <p class="hint">"Declaring needs an operator."</p> }.into_any();
    }
    let form = format!("declare-{}", region.code);
    let chosen = typed(&form, "declared").unwrap_or_else(|| region.declared.clone());
    let options = Declaration::ALL
        .iter()
        .map(|d| {
            let selected = d.as_str() == chosen;
            view! { <option value=d.as_str() selected=selected>{d.as_str()}</option> }
        })
        .collect_view();
    let id = format!("{form}-state");
    let summary = view! { "Declare " {region.code.clone()} "…" }.into_any();
    let body = view! {
        <form method="post" action=format!("/regions/{}", format::encode(&region.code)) class="stack">
            <div class="field">
                <label for=id.clone()>{format!("{} is", region.code)}</label>
                <select id=id name="declared">{options}</select>
            </div>
            {parts::text_field(&form, "reason", "Why", "Everybody reads this beside the Region.", false)}
            <button class="btn" type="submit">{format!("Declare {}", region.code)}</button>
            <p class="hint">"A declaration is a word for people: every page shows it. It moves nothing; an evacuation sends nobody to a Region that is not declared normal."</p>
        </form>
    }
    .into_any();
    parts::fold(form.clone(), typed(&form, "declared").is_some(), "plain-fold", summary, body)
}

fn replication(arcs: &[Replication]) -> AnyView {
    if arcs.is_empty() {
        return parts::empty(
            "No replication was seen",
            view! { "Stores with copies in other Regions appear here once they were looked at." }.into_any(),
        );
    }
    let rows = arcs
        .iter()
        .map(|arc| {
            let lag = match arc.worst_lag_ms {
                None => badge(Tone::Unknown, "not known"),
                Some(ms) if arc.above_objective => badge(Tone::Bad, format!("{}, above an objective", format::lag(ms))),
                Some(ms) => view! { {format::lag(ms)} }.into_any(),
            };
            view! { <tr><td>{arc.from.clone()}" → "{arc.to.clone()}</td><td class="n">{arc.stores.to_string()}</td><td class="n">{lag}</td></tr> }
        })
        .collect_view();
    let head = view! { <th scope="col">"From → to"</th><th scope="col" class="n">"Stores"</th><th scope="col" class="n">"Worst lag"</th> };
    parts::table("Replication between Regions", head.into_any(), rows.into_any())
}

//! Audit: who did what, who was refused what?

use crate::components::tone::{Tone, badge};
use crate::components::{audit_log, parts, time};
use crate::format;
use crate::pages::calls;
use crate::screen::Screen;
use holdfast_api::Page;
use holdfast_api::audit::{AuditEntryView, AuditFilter, SETS_GOING};
use holdfast_api::audit_log::AuditLogView;
use leptos::prelude::*;

#[must_use]
pub fn page(page: Page<AuditEntryView>, filter: AuditFilter, log: AuditLogView) -> Screen {
    let mark = if log.blocks_starts.is_some() { Tone::Bad } else { Tone::Quiet };
    Screen::new("Audit", "/audit", move || body(&page, &filter, &log)).mark(mark)
}

fn body(page: &Page<AuditEntryView>, filter: &AuditFilter, log: &AuditLogView) -> AnyView {
    let filtered = [&filter.actor, &filter.action, &filter.subject, &filter.outcome, &filter.cursor]
        .iter()
        .any(|f| f.is_some());
    let list = if !page.items.is_empty() {
        table(&page.items)
    } else if filtered {
        parts::empty(
            "No entry fits these filters",
            view! { <a href="/audit">"Show all entries"</a> }.into_any(),
        )
    } else {
        parts::empty(
            "The log is empty",
            view! { "Every change and every refusal is entered here." }.into_any(),
        )
    };
    let older = page.next.as_deref().map(|next| {
        let href = format::query(
            "/audit",
            &[
                ("actor", filter.actor.as_deref()),
                ("action", filter.action.as_deref()),
                ("subject", filter.subject.as_deref()),
                ("outcome", filter.outcome.as_deref()),
                ("cursor", Some(next)),
            ],
        );
        view! { <p class="more"><a class="btn" href=href rel="next">"Older entries"</a></p> }
    });
    let outcomes = AuditFilter::OUTCOMES.iter().map(|o| ((*o).to_owned(), (*o).to_owned())).collect();
    view! {
        {parts::head("Audit", view! { "Every change, every refusal of somebody who was signed in, and every account that wrong passwords locked. Nothing is ever taken out." }.into_any(), parts::nothing())}
        {audit_log::card(log)}
        <form class="filters" method="get" action="/audit" role="search">
            {parts::search("actor", "Who", filter.actor.as_deref())}
            {field("action", "What, such as run.request", filter.action.as_deref())}
            {field("subject", "On what, such as application:shop", filter.subject.as_deref())}
            {parts::choice("outcome", "Outcome", "any", outcomes, filter.outcome.as_deref())}
            <div class="field"><button class="btn" type="submit">"Filter entries"</button></div>
        </form>
        {parts::card("list", if filter.cursor.is_some() { "Older entries" } else { "Newest first" }, parts::nothing(), view! { {list}{older} }.into_any())}
    }
    .into_any()
}

fn field(name: &'static str, label: &'static str, value: Option<&str>) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="field grow">
            <label for=id.clone()>{label}</label>
            <input id=id name=name type="text" value=value.unwrap_or_default().to_owned() maxlength="200" autocomplete="off" />
        </div>
    }
    .into_any()
}

/// A subject that has a page leads to it.
fn subject(subject: &str) -> AnyView {
    let href = match subject.split_once(':') {
        Some(("run", id)) => Some(crate::components::runs::href(id)),
        Some(("application", name)) => Some(crate::components::applications::href(name)),
        Some(("region", code)) => Some(format!("/regions#{}", format::encode(code))),
        _ => None,
    };
    let words = subject.to_owned();
    match href {
        Some(href) => view! { <a href=href><code>{words}</code></a> }.into_any(),
        None => view! { <code>{words}</code> }.into_any(),
    }
}

/// What somebody's word about a run set going.
fn called(entry: &AuditEntryView) -> Option<AnyView> {
    let sets_going = entry.outcome == "done"
        && entry.subject.starts_with("run:")
        && SETS_GOING.contains(&entry.action.as_str());
    let number = entry.id.to_string();
    sets_going.then(|| {
        view! { <a class="small target" href=calls::href("click", &number)>"What it did in AWS"<span class="sr">{format!(": entry {number}")}</span></a> }.into_any()
    })
}

fn table(entries: &[AuditEntryView]) -> AnyView {
    let rows = entries
        .iter()
        .map(|entry| {
            let tone = match entry.outcome.as_str() {
                "done" => Tone::Quiet,
                "refused" => Tone::Watch,
                _ => Tone::Unknown,
            };
            let code = entry.code.clone().map(|c| view! { " "<code>{c}</code> });
            let reason = entry.reason.clone().map(|r| view! { <div>{r}</div> });
            let empty = entry.detail.is_null() || entry.detail.as_object().is_some_and(serde_json::Map::is_empty);
            let detail = (!empty).then(|| {
                let text = serde_json::to_string_pretty(&entry.detail).unwrap_or_default();
                parts::fold(format!("entry-{}", entry.id), false, "plain-fold", view! { "Detail" }.into_any(), view! { <pre tabindex="0">{text}</pre> }.into_any())
            });
            view! {
                <tr>
                    <td class="when">{time::moment(entry.at)}<div class="muted">{entry.at.strftime("%Y-%m-%d").to_string()}</div></td>
                    <td>
                        <code>{entry.action.clone()}</code>{reason}
                        <div class="beside">
                            {called(entry)}
                            <a class="small target" href=format!("/api/v1/audit/{}", entry.id)>"Proof"<span class="sr">{format!(" of entry {}", entry.id)}</span></a>
                            {detail}
                        </div>
                    </td>
                    <td>{entry.actor.clone()}</td>
                    <td class="opt">{subject(&entry.subject)}</td>
                    <td>{badge(tone, entry.outcome.clone())}{code}</td>
                    <td class="n opt muted">{entry.id.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"At"</th><th scope="col">"What"</th><th scope="col">"Who"</th>
        <th scope="col" class="opt">"On what"</th><th scope="col">"Outcome"</th><th scope="col" class="n opt">"No."</th>
    };
    parts::folding_table("Audit entries", head.into_any(), rows.into_any())
}

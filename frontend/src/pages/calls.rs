//! What did this person's click do in AWS? The calls that the audit log tells of, each with its proof.

use crate::components::tone::{Tone, badge};
use crate::components::{applications, parts, runs, time};
use crate::format;
use crate::screen::Screen;
use holdfast_api::Page;
use holdfast_api::audit::{AuditCallView, CallFilter};
use leptos::prelude::*;

#[must_use]
pub fn href(name: &str, value: &str) -> String {
    format::query("/audit/calls", &[(name, Some(value))])
}

#[must_use]
pub fn page(page: Page<AuditCallView>, filter: CallFilter) -> Screen {
    Screen::new("Calls in AWS", "/audit", move || body(&page, &filter)).crumb("Audit", "/audit")
}

fn body(page: &Page<AuditCallView>, filter: &CallFilter) -> AnyView {
    let click = filter.click.map(|entry| entry.to_string());
    let list = if page.items.is_empty() {
        let words = if click.is_some() {
            "Nothing was called in AWS on that word"
        } else {
            "No call fits these filters"
        };
        parts::empty(words, view! { <a href="/audit/calls">"Show all calls"</a> }.into_any())
    } else {
        table(&page.items)
    };
    let older = page.next.as_deref().map(|next| {
        let href = format::query(
            "/audit/calls",
            &[
                ("person", filter.person.as_deref()),
                ("run", filter.run.as_deref()),
                ("click", click.as_deref()),
                ("cursor", Some(next)),
            ],
        );
        view! { <p class="more"><a class="btn" href=href rel="next">"Older calls"</a></p> }
    });
    let of_click = click.clone().map(|entry| {
        view! { <p>"On the word of "<a href=format!("/api/v1/audit/{entry}")>{format!("entry {entry}")}</a>", until the next one. "<a href="/audit/calls">"Show all calls"</a></p> }
    });
    view! {
        {parts::head("Calls in AWS", view! { "Every changing call that a worker made, in whose name, and the request id by which AWS's own logs know it." }.into_any(), parts::nothing())}
        {of_click}
        <form class="filters" method="get" action="/audit/calls" role="search">
            {parts::search("person", "For whom, by e-mail", filter.person.as_deref())}
            {parts::search("run", "Of which run, by id", filter.run.as_deref())}
            <div class="field"><button class="btn" type="submit">"Filter calls"</button></div>
        </form>
        {parts::card("list", if filter.cursor.is_some() { "Older calls" } else { "Newest first" }, parts::nothing(), view! { {list}{older} }.into_any())}
    }
    .into_any()
}

fn table(calls: &[AuditCallView]) -> AnyView {
    let rows = calls
        .iter()
        .map(|call| {
            let tone = match call.outcome.as_str() {
                "answered" => Tone::Quiet,
                "refused" => Tone::Watch,
                _ => Tone::Unknown,
            };
            let action = call.action.clone().unwrap_or_else(|| "a call that the plan no longer names".to_owned());
            let place = call.region.clone().map(|region| view! { <div class="muted">{region}</div> });
            let id = call.request_id.clone().map_or_else(
                || view! { <span class="muted">"no request id"</span> }.into_any(),
                |id| view! { <code>{id}</code> }.into_any(),
            );
            let reason = call.reason.clone().map(|reason| view! { <div>{reason}</div> });
            let application = call.application.as_ref().map(|name| {
                view! { <a class="target" href=applications::href(name)>{name.clone()}</a> }
            });
            let step = call.step.clone().map(|step| view! { <code>{step}</code> });
            view! {
                <tr>
                    <td class="when">{time::moment(call.at)}<div class="muted">{call.at.strftime("%Y-%m-%d").to_string()}</div></td>
                    <td><code>{action}</code>{place}{reason}</td>
                    <td>{id}</td>
                    <td>{badge(tone, call.outcome.clone())}</td>
                    <td>{call.person.clone()}</td>
                    <td>{application}<div class="beside"><a class="small target" href=runs::href(&call.run)>"Run"</a>{step}</div></td>
                    <td><a class="small target" href=format!("/api/v1/audit/{}", call.entry)>"Proof"<span class="sr">{format!(" of entry {}", call.entry)}</span></a></td>
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"At"</th><th scope="col">"Call"</th><th scope="col">"Request id"</th>
        <th scope="col">"Outcome"</th><th scope="col">"For"</th><th scope="col">"Of"</th><th scope="col">"Entry"</th>
    };
    parts::folding_table("Calls in AWS", head.into_any(), rows.into_any())
}

//! Approval policies: who must say yes before anything moves?

use crate::components::parts;
use crate::format;
use crate::screen::{Screen, typed};
use crate::words;
use holdfast_api::people::PolicyView;
use holdfast_api::version;
use leptos::prelude::*;

/// `may_change`: whether the forms are shown; whether they are accepted is the control plane's to say.
#[must_use]
pub fn page(policies: Vec<PolicyView>, may_change: bool) -> Screen {
    Screen::new("Policies", "/policies", move || body(&policies, may_change))
}

fn body(policies: &[PolicyView], may_change: bool) -> AnyView {
    let list = if policies.is_empty() {
        parts::empty(
            "No policies yet",
            view! { "Each application stands under one. They are made here or by the inventory file." }
                .into_any(),
        )
    } else {
        let head = view! {
            <th scope="col">"Policy"</th><th scope="col">"Who must approve"</th><th scope="col">"A request waits for"</th>
            <th scope="col"><span class="sr">"Change"</span></th>
        };
        let rows = policies.iter().map(|p| policy(p, may_change)).collect_view();
        parts::paired_table("Approval policies", head.into_any(), rows.into_any())
    };
    let add = may_change.then(|| {
        let form = view! {
            <form method="post" action="/policies" class="stack">
                {parts::text_field("add-policy", "name", "Name", "Small letters, digits and hyphens.", true)}
                {fields("add-policy", "approvers: 1", "2h")}
                <button class="btn primary" type="submit">"Add this policy"</button>
            </form>
        };
        parts::card("add-policy", "Add a policy", parts::nothing(), form.into_any())
    });
    view! {
        {parts::head("Approval policies", view! { "Every rule of a policy must be met. One person counts once, and never for their own request." }.into_any(), parts::nothing())}
        {parts::card("policies", format::count(policies.len(), "policy", "policies"), parts::nothing(), list)}
        {add}
    }
    .into_any()
}

fn policy(policy: &PolicyView, may_change: bool) -> AnyView {
    let rules = policy
        .rules
        .iter()
        .map(|rule| view! { <li>{format!("{} of ", rule.approvals)}<b>{rule.group.clone()}</b></li> })
        .collect_view();
    let expires = words::span(f64::from(policy.expires_after_seconds));
    let change = may_change.then(|| change(policy));
    view! {
        <tr>
            <td><b>{policy.name.clone()}</b></td>
            {parts::labelled("Who must approve", view! { <ul class="bare">{rules}</ul> }.into_any())}
            {parts::labelled("A request waits for", view! { {expires} }.into_any())}
            <td class="whole">{change}</td>
        </tr>
    }
    .into_any()
}

fn change(policy: &PolicyView) -> AnyView {
    let form = format!("policy-{}", policy.name);
    let path = format!("/policies/{}", format::encode(&policy.name));
    let rules: Vec<String> = policy.rules.iter().map(|r| format!("{}: {}", r.group, r.approvals)).collect();
    let tag = version::of_policy(policy);
    let body = view! {
        <form method="post" action=path.clone() class="stack">
            <input type="hidden" name="if_match" value=tag.clone() />
            {fields(&form, &rules.join(", "), &format!("{}s", policy.expires_after_seconds))}
            <button class="btn" type="submit">{format!("Change {}", policy.name)}</button>
            <p class="hint">"Requests that wait keep the policy that they were made under."</p>
        </form>
        <div class="apart">
            <form method="post" action=format!("{path}/remove")>
                <input type="hidden" name="if_match" value=tag />
                <button class="btn danger" type="submit">{format!("Remove {}", policy.name)}</button>
            </form>
        </div>
    }
    .into_any();
    let summary = view! { "Change…"<span class="sr">{format!(" {}", policy.name)}</span> }.into_any();
    parts::fold(form.clone(), typed(&form, "rules").is_some(), "plain-fold", summary, body)
}

fn fields(form: &str, rules: &str, expires: &str) -> AnyView {
    let field = |name: &'static str, label: &'static str, hint: &'static str, stored: &str| {
        let id = format!("{form}-{name}");
        let value = typed(form, name).unwrap_or_else(|| stored.to_owned());
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <input id=id.clone() name=name type="text" required=true value=value maxlength="500" autocomplete="off" aria-describedby=format!("{id}-hint") />
                <span class="hint" id=format!("{id}-hint")>{hint}</span>
            </div>
        }
        .into_any()
    };
    view! {
        {field("rules", "Rules", "group: approvals, separated by commas; all of them must be met.", rules)}
        {field("expires_after", "A request waits for", "Such as 30m or 2h.", expires)}
    }
    .into_any()
}

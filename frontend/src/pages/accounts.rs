//! Accounts: can Holdfast reach them, and if not, what mends it?

use crate::components::tone::{self, Tone, badge};
use crate::components::{applications, parts, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::Screen;
use holdfast_api::accounts::{AccountView, DiscoveredAccount, PermissionsAnswer, RoleAnswer};
use leptos::prelude::*;

#[must_use]
pub fn page(accounts: Vec<AccountView>, discovered: Vec<DiscoveredAccount>) -> Screen {
    // The act role is assumed by steps only; that it is unknown before is as it should be.
    let reached = accounts.iter().map(|a| tone::role(&a.read.state).0);
    let mark = reached.chain(accounts.iter().map(allowed)).min().unwrap_or(Tone::Quiet);
    Screen::new("Accounts", "/accounts", move || body(&accounts, &discovered)).mark(mark).live(LOOK_AGAIN)
}

/// The worst that IAM says of an account's roles; quiet while it was not asked.
fn allowed(account: &AccountView) -> Tone {
    account.permissions.iter().map(|p| permission_tone(&p.state)).min().unwrap_or(Tone::Quiet)
}

fn permission_tone(state: &str) -> Tone {
    match state {
        "ok" => Tone::Good,
        "missing" => Tone::Bad,
        _ => Tone::Unknown,
    }
}

fn body(accounts: &[AccountView], discovered: &[DiscoveredAccount]) -> AnyView {
    let list = if accounts.is_empty() {
        parts::empty(
            "No accounts yet",
            view! { "Name them in the inventory file with a read role and an act role, then run "<code>"holdfast apply"</code>". Holdfast then says which external id their trust policies must ask for." }.into_any(),
        )
    } else {
        accounts.iter().map(account).collect_view().into_any()
    };
    view! {
        {parts::head("Accounts", view! { "Each is reached through two roles: one that only reads, and one that only a run's steps assume." }.into_any(), parts::nothing())}
        <div class="stack-cards">{list}{(!discovered.is_empty()).then(|| others(discovered))}</div>
    }
    .into_any()
}

/// Nothing is asked of anybody here: an account without a part in any recovery need not be registered.
fn others(discovered: &[DiscoveredAccount]) -> AnyView {
    let rows = discovered
        .iter()
        .map(|account| {
            let status = match account.status.as_str() {
                "ACTIVE" => "active".to_owned(),
                other => format::plain(&other.to_lowercase()),
            };
            view! {
                <tr>
                    <th scope="row">{account.name.clone()}</th>
                    <td><code>{account.id.clone()}</code></td>
                    <td>{status}</td>
                    <td>{format!("{}, ", account.told_by)}{time::ago(account.seen_at)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card" data-live="discovered" aria-labelledby="h-discovered">
            <header><h2 id="h-discovered">"Not in the inventory"</h2><div class="aside">{format::count(discovered.len(), "account", "accounts")}</div></header>
            <p class="muted">"The organization has these too. Whatever takes part in a recovery should be named in the inventory; the rest need not."</p>
            <table class="plain">
                <thead><tr><th scope="col">"Name"</th><th scope="col">"Account"</th><th scope="col">"State"</th><th scope="col">"Told by"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

fn account(account: &AccountView) -> AnyView {
    let used = account
        .applications
        .iter()
        .map(|name| view! { <a href=applications::href(name)>{name.clone()}</a>" " })
        .collect_view();
    let used = if account.applications.is_empty() {
        view! { <span class="muted">"no application"</span> }.into_any()
    } else {
        used.into_any()
    };
    let external = account
        .external_id
        .clone()
        .map_or_else(|| badge(Tone::Unknown, "none yet"), |id| view! { <code>{id}</code> }.into_any());
    let key = format!("account-{}", account.id);
    view! {
        <section class="card" data-live=key.clone() aria-labelledby=format!("h-{key}")>
            <header><h2 id=format!("h-{key}")>{account.name.clone()}</h2><div class="aside"><code>{account.id.clone()}</code></div></header>
            <div class="grid halves">
                {role("Read role", "used by every look", &account.read_role_arn, &account.read)}
                {role("Act role", "assumed by a run's steps only", &account.act_role_arn, &account.act)}
            </div>
            <table class="plain pairs">
                <tbody>
                    {account.permissions.iter().map(permissions).collect_view()}
                    <tr><th scope="row">"External id"</th><td>{external}<div class="muted">"Both trust policies must ask for it. It is no secret."</div></td></tr>
                    <tr><th scope="row">{format::count(account.applications.len(), "application", "applications")}</th><td class="names">{used}</td></tr>
                </tbody>
            </table>
        </section>
    }
    .into_any()
}

fn permissions(answer: &PermissionsAnswer) -> AnyView {
    let tone = permission_tone(&answer.state);
    let word = match answer.state.as_str() {
        "ok" => "may do all that is needed".to_owned(),
        "missing" => format!("lacks {}", format::count(answer.missing.len(), "action", "actions")),
        _ => "not known".to_owned(),
    };
    let missing =
        answer.missing.iter().map(|action| view! { <code>{action.clone()}</code>" " }).collect_view();
    let reason = answer.reason.clone().map(|r| view! { <div class="muted">{parts::prose(&r)}</div> });
    let way_out = answer.way_out.clone().map(|w| view! { <div class="way-out">{parts::prose(&w)}</div> });
    view! {
        <tr>
            <th scope="row">{format!("{} role", answer.role)}</th>
            <td>{badge(tone, word)}<span class="muted">", "{time::ago(answer.at)}</span><div class="small">{missing}</div>{reason}{way_out}</td>
        </tr>
    }
    .into_any()
}

fn role(name: &'static str, means: &'static str, arn: &str, answer: &RoleAnswer) -> AnyView {
    let (tone, word) = tone::role(&answer.state);
    let at = answer.at.map(|at| view! { <span class="muted">", "{time::ago(at)}</span> });
    let identity =
        answer.identity.clone().map(|i| view! { <p class="small">"AWS says we are "<code>{i}</code></p> });
    let mend = (answer.reason.is_some() || answer.way_out.is_some()).then(|| {
        let reason = answer.reason.clone().map(|r| view! { <p>{parts::prose(&r)}</p> });
        let way_out = answer.way_out.clone().map(|w| view! { <p class="way-out">{parts::prose(&w)}</p> });
        let title = if tone == Tone::Bad { "What to mend" } else { "Why" };
        parts::callout(tone, title, view! { {reason}{way_out} }.into_any())
    });
    view! {
        <div>
            <h3>{name}<span class="muted">{format!(", {means}")}</span></h3>
            <p>{badge(tone, word)}{at}</p>
            <p class="small"><code>{arn.to_owned()}</code></p>
            {identity}
            {mend}
        </div>
    }
    .into_any()
}

//! Now: is anything wrong, is anything moving?

use crate::components::map::{self, Moving};
use crate::components::tone::{self, Tone, badge};
use crate::components::{applications, parts, runs, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::Screen;
use holdfast_api::applications::ApplicationSummary;
use holdfast_api::now::{Need, NowView};
use holdfast_failover::RunState;
use holdfast_failover::serving::RecoveryState;
use leptos::prelude::*;

/// More than this many are counted and linked, not listed.
const LISTED: usize = 12;

#[must_use]
pub fn page(view: NowView) -> Screen {
    let (mark, title) = state(&view);
    let moving = !view.active_runs.is_empty();
    let screen = Screen::new(title, "/", move || body(&view)).mark(mark).live(LOOK_AGAIN);
    if moving { screen.refresh(5) } else { screen }
}

/// The tab's icon and title: the worst that stands.
fn state(view: &NowView) -> (Tone, String) {
    let bad = view.needs.iter().filter(|n| n.state == "bad").count();
    let stuck = view.active_runs.iter().any(|r| r.state == RunState::NeedsPerson || r.set_aside.is_some());
    if let [run] = view.active_runs.as_slice()
        && run.state == RunState::Running
        && run.set_aside.is_none()
    {
        return (Tone::Moving, format!("▶ {} of {} · {}", run.steps_done, run.steps_total, run.application));
    }
    if !view.active_runs.is_empty() {
        let tone = if stuck { Tone::Bad } else { Tone::Moving };
        return (
            tone,
            format!("{} {} · Now", tone.glyph(), format::count(view.active_runs.len(), "run", "runs")),
        );
    }
    if bad > 0 {
        return (Tone::Bad, format!("■ {bad} · Now"));
    }
    if !view.approvals_for_me.is_empty() {
        return (
            Tone::Watch,
            format!("▲ {} · Now", format::count(view.approvals_for_me.len(), "approval", "approvals")),
        );
    }
    let unknown =
        view.picture_at.is_none() || view.applications.iter().any(|a| applications::tone(a) == Tone::Unknown);
    (if unknown { Tone::Unknown } else { Tone::Good }, "Now".to_owned())
}

fn body(view: &NowView) -> AnyView {
    let moving: Vec<Moving> = view
        .active_runs
        .iter()
        .filter(|r| !r.dry_run && !matches!(r.state, RunState::AwaitingApproval))
        .map(|r| Moving { from: r.from_region.clone(), to: r.to_region.clone() })
        .collect();
    let picture = match view.picture_at {
        Some(at) => view! { "Last look at everything: "{time::ago(at)} }.into_any(),
        None => badge(Tone::Unknown, "nothing has been looked at yet"),
    };
    let regions = if view.regions.regions.is_empty() {
        parts::empty(
            "No Region is in the inventory",
            view! { "Put applications into a file and run "<code>"holdfast apply FILE"</code>"." }.into_any(),
        )
    } else {
        view! { {map::map(&view.regions, &moving)}{map::legend()} }.into_any()
    };
    view! {
        {parts::head("Now", view! { <span data-live="picture">{picture}</span> }.into_any(), parts::nothing())}
        {figures(view)}
        <div class="grid wide-left">
            {parts::card("map", "Regions", view! { <a href="/regions">"As a table"</a> }.into_any(), regions)}
            {parts::card("needs", "Needs somebody", parts::nothing(), needs(&view.needs))}
        </div>
        {active(view)}
        {trouble(&view.applications)}
    }
    .into_any()
}

fn figures(view: &NowView) -> AnyView {
    let count = |word: &str| view.applications.iter().filter(|a| a.would_survive == word).count();
    let (yes, no) = (count("yes"), count("no"));
    let total = view.applications.len();
    let unknown = total - yes - no;
    let number = |n: usize| view! { {n.to_string()} }.into_any();
    let say = |n: usize, tone: Tone, words: String, calm: &'static str| {
        if n == 0 { view! { <span class="muted">{calm}</span> }.into_any() } else { badge(tone, words) }
    };
    let of = if total == 0 {
        view! { <span class="muted">"no applications yet"</span> }.into_any()
    } else if yes == 0 {
        view! { <span class="muted">{format!("of {total}")}</span> }.into_any()
    } else {
        badge(Tone::Good, format!("of {total}"))
    };
    let moving = view.active_runs.iter().filter(|r| r.state != RunState::AwaitingApproval).count();
    let worst_lag = view
        .applications
        .iter()
        .filter_map(|a| a.lag_now_ms.map(|ms| (ms, a)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (lag, whose) = match worst_lag {
        Some((ms, app)) => {
            let above = ms > f64::from(app.rpo_objective_seconds) * 1_000.0;
            (
                view! { {format::lag(ms)} }.into_any(),
                badge(if above { Tone::Bad } else { Tone::Quiet }, app.name.clone()),
            )
        }
        None => (view! { "–" }.into_any(), badge(Tone::Unknown, "not known")),
    };
    parts::figures(
        "figures",
        vec![
            parts::figure("Would survive", number(yes), of),
            parts::figure("Would not", number(no), say(no, Tone::Bad, "see below".into(), "none")),
            parts::figure(
                "Cannot be told",
                number(unknown),
                say(unknown, Tone::Unknown, "unknown".into(), "none"),
            ),
            parts::figure("Moving", number(moving), say(moving, Tone::Moving, "now".into(), "nothing")),
            parts::figure(
                "Waits for you",
                number(view.approvals_for_me.len()),
                if view.approvals_for_me.is_empty() {
                    view! { <span class="muted">"no approval"</span> }.into_any()
                } else {
                    view! { <a href="/approvals">{badge(Tone::Watch, "review")}</a> }.into_any()
                },
            ),
            parts::figure("Worst lag", lag, whose),
        ],
    )
}

fn needs(needs: &[Need]) -> AnyView {
    if needs.is_empty() {
        return parts::empty(
            "Nothing needs anybody",
            view! { "What is wrong, unknown or waiting appears here, worst first." }.into_any(),
        );
    }
    let more = needs.len().saturating_sub(LISTED);
    let items = needs
        .iter()
        .take(LISTED)
        .map(|need| {
            view! {
                <li>
                    <div>{badge(Tone::named(&need.state), need.title.clone())}<p class="muted">{parts::prose(&need.detail)}</p></div>
                    <a class="go" href=format::own_path(&need.href)>{need.verb.clone()}<span class="sr">": "{need.title.clone()}</span></a>
                </li>
            }
        })
        .collect_view();
    let more = (more > 0).then(|| view! { <p class="muted">{format!("and {more} more, in the lists of ")}<a href="/applications">"applications"</a>" and "<a href="/runs">"runs"</a>"."</p> });
    view! { <ul class="needs">{items}</ul>{more} }.into_any()
}

fn active(view: &NowView) -> AnyView {
    let body = if view.active_runs.is_empty() {
        parts::empty(
            "Nothing is moving",
            view! { "A failover begins on an "<a href="/applications">"application's page"</a>"." }
                .into_any(),
        )
    } else {
        runs::table("Active runs", &view.active_runs, "Watch")
    };
    parts::card("active", "Active runs", view! { <a href="/runs">"All runs"</a> }.into_any(), body)
}

/// Those that are not steady and would not surely survive, worst first; and how all of them stand.
fn trouble(all: &[ApplicationSummary]) -> AnyView {
    if all.is_empty() {
        let next = view! { "Describe them in a file and run "<code>"holdfast apply inventory.yaml"</code>"; then their status appears by itself." };
        return parts::card(
            "trouble",
            "Applications",
            parts::nothing(),
            parts::empty("No applications yet", next.into_any()),
        );
    }
    let mut states: Vec<(RecoveryState, usize)> = Vec::new();
    for app in all {
        match states.iter_mut().find(|(s, _)| *s == app.recovery_state) {
            Some((_, n)) => *n += 1,
            None => states.push((app.recovery_state, 1)),
        }
    }
    states.sort_unstable();
    let states = states
        .into_iter()
        .map(|(state, n)| {
            let (tone, word) = tone::recovery(state);
            let href = format::query("/applications", &[("recovery_state", Some(state.as_str()))]);
            view! { <li><a href=href>{badge(tone, format!("{n} {word}"))}</a></li> }
        })
        .collect_view();
    let mut worst: Vec<ApplicationSummary> =
        all.iter().filter(|a| applications::tone(a) != Tone::Good).cloned().collect();
    worst.sort_by(|a, b| {
        (applications::tone(a), a.tier, &a.name).cmp(&(applications::tone(b), b.tier, &b.name))
    });
    let more = worst.len().saturating_sub(LISTED);
    worst.truncate(LISTED);
    let list = if worst.is_empty() {
        parts::empty(
            "Every application is steady and would survive",
            view! { "As far as can be seen now." }.into_any(),
        )
    } else {
        applications::table("Applications that need a look", &worst)
    };
    let more = (more > 0)
        .then(|| view! { <p class="muted more"><a href="/applications">{format!("{more} more")}</a></p> });
    let aside = view! { <a href="/applications">{format!("All {}", all.len())}</a> };
    parts::card(
        "trouble",
        "Applications that need a look",
        aside.into_any(),
        view! { <ul class="chips">{states}</ul>{list}{more} }.into_any(),
    )
}

//! Applications as lines of a list.

use crate::components::parts;
use crate::components::time;
use crate::components::tone::{self, Tone, badge};
use crate::{format, words};
use holdfast_api::applications::ApplicationSummary;
use holdfast_failover::serving::{RecoveryState, Serving};
use leptos::prelude::*;

#[must_use]
pub fn href(name: &str) -> String {
    format!("/applications/{}", format::encode(name))
}

/// How bad it is, for sorting: the worst tone of an application.
#[must_use]
pub fn tone(app: &ApplicationSummary) -> Tone {
    tone::recovery(app.recovery_state).0.min(tone::survives(&app.would_survive).0)
}

/// Where it serves from; what cannot be told is said.
#[must_use]
pub fn serving(serving: &Serving, home: &str) -> AnyView {
    if serving.regions.is_empty() {
        return badge(Tone::Unknown, "not known");
    }
    let regions = serving
        .regions
        .iter()
        .map(|region| {
            let away = (region.as_str() != home).then_some(" away");
            view! { <span class=format!("region{}", away.unwrap_or_default())>{region.to_string()}</span> }
        })
        .collect_view();
    let doubt = (!serving.certain).then(|| badge(Tone::Unknown, "not certain"));
    view! { <span class="regions">{regions}{doubt}</span> }.into_any()
}

/// Objective beside what was measured; never measured is unknown.
#[must_use]
pub fn rto(app: &ApplicationSummary) -> AnyView {
    let objective = f64::from(app.rto_objective_seconds);
    let measured = match app.rto_measured_seconds {
        None => view! { <span class="unmeasured">"never measured"</span> }.into_any(),
        Some(s) if s <= objective => view! { <span class="measured">{words::span(s)}</span> }.into_any(),
        Some(s) => badge(Tone::Bad, words::span(s)),
    };
    view! { {measured}<div class="muted">"of "{words::span(objective)}</div> }.into_any()
}

#[must_use]
pub fn rpo(app: &ApplicationSummary) -> AnyView {
    let objective = f64::from(app.rpo_objective_seconds);
    let now = match app.lag_now_ms {
        _ if !app.has_store => view! { <span class="muted">"no store"</span> }.into_any(),
        None => badge(Tone::Unknown, "not known"),
        Some(ms) if ms <= objective * 1_000.0 => {
            view! { <span class="measured">{format::lag(ms)}</span> }.into_any()
        }
        Some(ms) => badge(Tone::Bad, format::lag(ms)),
    };
    view! { {now}<div class="muted">"of "{words::span(objective)}</div> }.into_any()
}

#[must_use]
pub fn table(label: &'static str, applications: &[ApplicationSummary]) -> AnyView {
    let rows = applications
        .iter()
        .map(|app| {
            let (state, word) = tone::recovery(app.recovery_state);
            let (survival, survives) = tone::survives(&app.would_survive);
            let because = app.because.clone().map(|b| view! { <div class="muted because">{parts::prose(&b)}</div> });
            let run = app.active_run.clone().map(|id| view! { <div><a href=super::runs::href(&id)>"watch the run"</a></div> });
            // Steady is the rule; only what departs from it asks for attention.
            let state_tone = if app.recovery_state == RecoveryState::Steady { Tone::Quiet } else { state };
            view! {
                <tr>
                    <td>
                        <a class="row-link" href=href(&app.name)><b>{app.name.clone()}</b></a>
                        <div class="muted"><span class="unbroken">{format!("{} · tier {}", app.owner, app.tier)}</span><span class="opt-inline">" · "{format::strategy(&app.strategy)}</span></div>
                    </td>
                    <td>{badge(survival, survives)}{because}</td>
                    <td class="when">{badge(state_tone, word)}{run}</td>
                    <td class="opt">{serving(&app.serving, &app.home_region)}</td>
                    <td class="n opt">{rto(app)}</td>
                    <td class="n opt">{rpo(app)}</td>
                    <td class="n opt">{time::ago_or(app.picture_at, "never seen")}</td>
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"Application"</th><th scope="col">"Failover now"</th><th scope="col">"State"</th>
        <th scope="col" class="opt">"Serves from"</th><th scope="col" class="n opt">"Worst RTO"</th>
        <th scope="col" class="n opt">"Lag now"</th><th scope="col" class="n opt">"Seen"</th>
    };
    parts::folding_table(label, head.into_any(), rows.into_any())
}

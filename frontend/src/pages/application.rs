//! One application: would it survive, and what could be done now?

use crate::components::icon::icon;
use crate::components::tone::{self, Tone, badge};
use crate::components::{applications, bars, facts, own_steps, parts, runs, shares, spark, time};
use crate::pages::{LOOK_AGAIN, plans};
use crate::screen::Screen;
use crate::{format, words};
use holdfast_api::applications::{ApplicationView, LagSeries, Move, RegionStatus, ResourceStatus};
use holdfast_domain::{RegionCode, Strategy};
use holdfast_failover::serving::Protected;
use holdfast_failover::{Finding, Severity};
use leptos::prelude::*;

#[must_use]
pub fn page(view: ApplicationView) -> Screen {
    let tone = applications::tone(&view.summary);
    let moving = view.summary.active_run.is_some();
    let screen =
        Screen::new(format!("{} {}", tone.glyph(), view.summary.name), "/applications", move || body(&view))
            .mark(tone)
            .crumb("Applications", "/applications")
            .live(LOOK_AGAIN);
    if moving { screen.refresh(5) } else { screen }
}

fn body(view: &ApplicationView) -> AnyView {
    let app = &view.summary;
    let under = view! { {format!("{} · owned by {} · tier {}", format::strategy(&app.strategy), app.owner, app.tier)} };
    let refresh = view! {
        <a class="btn" href=plans::href(&app.name)>"Plans"</a>
        <form method="post" action=format!("{}/refresh", applications::href(&app.name))>
            <button class="btn" type="submit">{icon("again")}"Look again now"</button>
        </form>
    };
    let (survival, survives) = tone::survives(&app.would_survive);
    let because = app.because.clone().unwrap_or_else(|| match survival {
        Tone::Good => "Nothing was found that stands in the way of a failover now.".to_owned(),
        _ => "The findings below say why.".to_owned(),
    });
    let active = app.active_run.clone().map(|id| {
        let href = runs::href(&id);
        view! { <div data-live="active">{parts::callout(Tone::Moving, "A run holds this application", view! { <a class="btn" href=href>"Watch the run"</a> }.into_any())}</div> }
    });
    view! {
        {parts::head(app.name.clone(), under.into_any(), refresh.into_any())}
        {active}
        {figures(view)}
        <div class="grid wide-left">
            <div class="stack-cards">
                {parts::card("places", "What stands where", view! { {time::ago_or(app.picture_at, "never seen")} }.into_any(), matrix(view))}
                {recovery(view)}
                {parts::card("runs", "Runs", view! { <a href=format::query("/runs", &[("application", Some(&app.name))])>"All of its runs"</a> }.into_any(), history(view))}
                {own_steps(view)}
                {parts::card("about", "As the inventory has it", parts::nothing(), about(view))}
            </div>
            <div class="stack-cards">
                <section class="card card-verdict" data-live="verdict" aria-labelledby="h-verdict">
                    <header><h2 id="h-verdict">"Failover now"</h2></header>
                    {parts::callout(survival, survives, view! { <p>{parts::prose(&because)}</p> }.into_any())}
                    {moves(view)}
                </section>
                {parts::card("findings", "Findings", view! { {format::count(view.findings.len(), "finding", "findings")} }.into_any(), findings(&view.findings))}
            </div>
        </div>
    }
    .into_any()
}

/// Where it stands between home and recovery, and what would outlive the Region that it is in.
fn recovery(view: &ApplicationView) -> AnyView {
    let recovery = &view.recovery;
    if recovery.sentence.is_empty() {
        return parts::nothing();
    }
    let (tone, word) = tone::recovery(view.summary.recovery_state);
    let rows = recovery
        .stores
        .iter()
        .map(|store| {
            let (tone, word) = match store.state {
                Protected::Yes => (Tone::Good, "protected"),
                Protected::No => (Tone::Bad, "not protected"),
                Protected::NotKnown => (Tone::Unknown, "not known"),
            };
            view! { <tr><th scope="row">{store.store.to_string()}</th><td>{badge(tone, word)}</td><td>{parts::prose(&store.sentence)}</td></tr> }
        })
        .collect_view();
    let table = (!recovery.stores.is_empty()).then(|| {
        let head =
            view! { <th scope="col">"Store"</th><th scope="col">"Now"</th><th scope="col">"By what"</th> };
        parts::folding_table("What protects each store", head.into_any(), rows.into_any())
    });
    let body = view! { <p>{parts::prose(&recovery.sentence)}</p>{table} }.into_any();
    parts::card("recovery", "Recovery", badge(tone, word), body)
}

fn own_steps(view: &ApplicationView) -> AnyView {
    if view.own_steps.is_empty() {
        return parts::nothing();
    }
    let count = view! { {format::count(view.own_steps.len(), "step", "steps")} }.into_any();
    parts::card(
        "own-steps",
        "Steps of its own in every plan",
        count,
        own_steps::list(&view.summary.name, &view.own_steps),
    )
}

fn figures(view: &ApplicationView) -> AnyView {
    let app = &view.summary;
    let (state, word) = tone::recovery(app.recovery_state);
    let certain = if app.serving.certain {
        view! { <span class="muted">"as traffic is routed"</span> }.into_any()
    } else {
        badge(Tone::Unknown, app.serving.reasons.first().cloned().unwrap_or_else(|| "not certain".into()))
    };
    let writers = app
        .serving
        .writers
        .iter()
        .map(|(store, region)| {
            let at = region
                .as_ref()
                .map_or_else(|| badge(Tone::Unknown, "not known"), |r| view! { {r.to_string()} }.into_any());
            view! { <div>{format!("{store} ")}<span class="writer">{at}</span></div> }
        })
        .collect_view();
    let mut items = vec![
        parts::figure("State", view! { <span class="figure-words">{badge(state, word)}</span> }.into_any(), view! { <span class="muted">{format!("home {}", app.home_region)}</span> }.into_any()),
        parts::figure("Serves from", view! { <span class="figure-words">{applications::serving(&app.serving, &app.home_region)}</span> }.into_any(), certain),
    ];
    if !app.serving.writers.is_empty() {
        items.push(parts::figure(
            "Writer",
            view! { <span class="figure-words">{writers}</span> }.into_any(),
            view! { <span class="muted">"seen, not declared"</span> }.into_any(),
        ));
    }
    let rto = f64::from(app.rto_objective_seconds);
    let rto_tone = match app.rto_measured_seconds {
        Some(s) if s <= rto => Tone::Good,
        Some(_) => Tone::Bad,
        None => Tone::Unknown,
    };
    let rto_words = app
        .rto_measured_seconds
        .map_or_else(|| badge(Tone::Unknown, "never measured"), |s| view! { {words::span(s)} }.into_any());
    items.push(parts::figure(
        "RTO, worst measured",
        view! { <span class="figure-words">{rto_words}</span> }.into_any(),
        view! { {bars::against(app.rto_measured_seconds, rto, rto_tone)}<span class="muted">{format!("objective {}", words::span(rto))}</span> }.into_any(),
    ));
    if app.has_store {
        let rpo = f64::from(app.rpo_objective_seconds);
        let lag = app.lag_now_ms.map(|ms| ms / 1_000.0);
        let tone = match lag {
            Some(s) if s <= rpo => Tone::Good,
            Some(_) => Tone::Bad,
            None => Tone::Unknown,
        };
        let lag_words = app
            .lag_now_ms
            .map_or_else(|| badge(Tone::Unknown, "not known"), |ms| view! { {format::lag(ms)} }.into_any());
        items.push(parts::figure(
            "RPO, lag now",
            view! { <span class="figure-words">{lag_words}</span> }.into_any(),
            view! { {bars::against(lag, rpo, tone)}<span class="muted">{format!("objective {}", words::span(rpo))}</span> }.into_any(),
        ));
    }
    items.push(parts::figure(
        "Verified",
        view! { <span class="figure-words">{plans::verified(&view.verification)}</span> }.into_any(),
        view! { <a href=plans::href(&app.name)>{verified_words(view)}</a> }.into_any(),
    ));
    parts::figures("figures", items)
}

fn verified_words(view: &ApplicationView) -> String {
    view.verification.reasons.first().map_or_else(
        || "what would be carried out today was rehearsed".to_owned(),
        |reason| reason.sentence.clone(),
    )
}

/// Resources down, Regions across: home first, then recovery in the order given.
fn matrix(view: &ApplicationView) -> AnyView {
    if view.resources.is_empty() {
        return parts::empty(
            "It has no resources",
            view! { "Name them in the inventory file, then run "<code>"holdfast apply"</code>"." }.into_any(),
        );
    }
    let mut regions: Vec<String> = std::iter::once(view.summary.home_region.clone())
        .chain(view.summary.recovery_regions.clone())
        .collect();
    for region in view.resources.iter().flat_map(|r| &r.regions) {
        if !regions.contains(&region.region) {
            regions.push(region.region.clone());
        }
    }
    let heads = regions
        .iter()
        .map(|code| {
            let role = if *code == view.summary.home_region { "home" } else if view.summary.recovery_regions.contains(code) { "recovery" } else { "elsewhere" };
            let serves = view.summary.serving.regions.iter().any(|r| r.as_str() == code);
            let serving = serves.then(|| view! { <span class="tag accent">"serves"</span> });
            view! { <th scope="col"><span class="region-head">{code.clone()}</span><span class="muted">{role}" "{serving}</span></th> }
        })
        .collect_view();
    let objective = f64::from(view.summary.rpo_objective_seconds) * 1_000.0;
    let rows = view
        .resources
        .iter()
        .map(|resource| {
            let cells = regions.iter().map(|code| cell(resource, code, &view.lag, objective)).collect_view();
            view! { <tr><th scope="row">{resource.name.clone()}<div class="muted">{facts::kind(&resource.kind)}</div></th>{cells}</tr> }
        })
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Resources by Region">
            <table class="matrix"><thead><tr><th scope="col">"Resource"</th>{heads}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
    .into_any()
}

fn cell(resource: &ResourceStatus, region: &str, lag: &[LagSeries], objective_ms: f64) -> AnyView {
    let Some(status) = resource.regions.iter().find(|r| r.region == region) else {
        return view! { <td class="absent"><span class="muted">"not here"</span></td> }.into_any();
    };
    let series = lag.iter().find(|s| s.store == resource.name && s.region == region);
    let curve = series.map(|s| lag_words(s, objective_ms));
    let seen = status.values.as_ref().map(facts::of);
    if status.state == "known" {
        let Some(seen) = seen else { return unknown_cell(status, None, curve) };
        let under =
            seen.under.iter().map(|line| view! { <div class="muted">{line.clone()}</div> }).collect_view();
        let main = if seen.tone == Tone::Quiet {
            view! { <b>{seen.main}</b> }.into_any()
        } else {
            badge(seen.tone, seen.main)
        };
        return view! { <td>{main}{under}{curve}</td> }.into_any();
    }
    unknown_cell(status, seen.map(|s| s.main), curve)
}

fn unknown_cell(status: &RegionStatus, last: Option<String>, curve: Option<AnyView>) -> AnyView {
    let word = if status.state == "stale" { "stale" } else { "unknown" };
    let last = last.map(|last| view! { <div class="muted">"last seen: "{last}</div> });
    let at = status.observed_at.map(|at| view! { <div class="muted">{time::ago(at)}</div> });
    let reason = status.reason.clone().map(|r| view! { <div class="reason">{parts::prose(&r)}</div> });
    view! { <td class="unseen">{badge(Tone::Unknown, word)}{reason}{last}{at}{curve}</td> }.into_any()
}

fn lag_words(series: &LagSeries, objective_ms: f64) -> AnyView {
    let Some((at, ms)) = series.points.last().copied() else { return parts::nothing() };
    let class = if ms > objective_ms { "lag bad" } else { "lag" };
    view! {
        <div class=class>
            {spark::curve(&series.points, objective_ms)}
            <span>"lag "<b>{format::lag(ms)}</b>", "{time::ago(at)}</span>
        </div>
    }
    .into_any()
}

fn findings(findings: &[Finding]) -> AnyView {
    if findings.is_empty() {
        return parts::empty(
            "Nothing was found",
            view! { "Every check that could be made now passed." }.into_any(),
        );
    }
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|f| match f.severity {
        Severity::Blocker => 0,
        Severity::Unknown => 1,
        Severity::Warning => 2,
        Severity::Note => 3,
    });
    // Notes want nothing done; beside what does they wait to be asked for.
    let (stands, notes): (Vec<&Finding>, Vec<&Finding>) =
        sorted.into_iter().partition(|f| f.severity != Severity::Note);
    let open = stands.is_empty();
    let stands = (!open).then(|| list(&stands));
    let notes = (!notes.is_empty()).then(|| {
        let words = view! { {format::count(notes.len(), "note", "notes")} }.into_any();
        parts::fold("finding-notes".into(), open, "plain-fold", words, list(&notes))
    });
    view! { {stands}{notes} }.into_any()
}

fn list(findings: &[&Finding]) -> AnyView {
    let items = findings
        .iter()
        .map(|f| {
            let (tone, word) = tone::severity(f.severity);
            let place: Vec<String> = f
                .resource
                .iter()
                .map(ToString::to_string)
                .chain(f.region.iter().map(ToString::to_string))
                .collect();
            let place =
                (!place.is_empty()).then(|| view! { <span class="muted">{place.join(" in ")}", "</span> });
            let seen = f.seen_at.map(|at| view! { <span class="muted">", seen "{time::ago(at)}</span> });
            let evidence = f.evidence.clone().map(|said| view! { <p class="small muted">"Seen: "{said}</p> });
            view! {
                <li>
                    {badge(tone, word)}
                    <div>
                        <p>{parts::prose(&f.sentence)}</p>
                        <p class="way-out">{parts::prose(&f.way_out)}</p>
                        <p class="small">{place}<code>{f.code.clone()}</code>{seen}</p>
                        {evidence}
                    </div>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="findings">{items}</ul> }.into_any()
}

/// What may be asked for. A move leads to its review; nothing begins here.
fn moves(view: &ApplicationView) -> AnyView {
    if view.moves.is_empty() {
        return view! { <p class="muted">"There is nowhere to move it now."</p> }.into_any();
    }
    // Where several serve, which of them is left is half of the sentence.
    let serving = &view.summary.serving.regions;
    let items = view.moves.iter().map(|m| one_move(&view.summary.name, m, serving)).collect_view();
    view! { <div class="moves">{items}</div>{rehearsals(view)} }.into_any()
}

/// Wherever it could fail over to now, that can be tried.
fn rehearsals(view: &ApplicationView) -> AnyView {
    let serving = &view.summary.serving.regions;
    let possible = |m: &&Move| m.intent == "failover" && m.refused.is_none() && !is_done(m, serving);
    let path = format!("{}/runs/new", applications::href(&view.summary.name));
    let items = view
        .moves
        .iter()
        .filter(possible)
        .map(|m| {
            let asked = [
                ("intent", Some("drill")),
                ("from", Some(m.from.as_str())),
                ("to", Some(m.to.as_str())),
                ("mode", Some("planned")),
            ];
            view! { <li><a href=format::query(&path, &asked)>{format!("Drill in {}…", m.to)}</a></li> }
        })
        .collect_view();
    let any = view.moves.iter().any(|m| possible(&m));
    any.then(|| {
        view! {
            <h3>"Rehearse"</h3>
            <p class="muted">"An isolated drill raises, restores and probes beside production, and cleans up."</p>
            <ul class="bare">{items}</ul>
        }
    })
    .into_any()
}

/// `Fail over shop to eu-central-1`.
#[must_use]
pub fn move_words(intent: &str, application: &str, to: &str) -> String {
    match intent {
        "failover" => format!("Fail over {application} to {to}"),
        "failback" => format!("Fail back {application} to {to}"),
        "drill" => format!("Drill {application} in {to}"),
        other => format!("Start a {other} of {application} to {to}"),
    }
}

/// A failover that has nothing left to move: it holds the Region out that was left.
fn is_done(m: &Move, serving: &[RegionCode]) -> bool {
    let serves = |code: &str| serving.iter().any(|region| region.as_str() == code);
    m.intent == "failover" && serves(&m.to) && !serves(&m.from)
}

fn one_move(application: &str, m: &Move, serving: &[RegionCode]) -> AnyView {
    let mut words = move_words(&m.intent, application, &m.to);
    if is_done(m, serving) {
        words = format!("Fence {} again, and hold {application} out of it", m.from);
    } else if serving.len() > 1 && m.intent == "failover" {
        words = format!("Fail over {application} from {} to {}", m.from, m.to);
    }
    if let Some(refusal) = m.refused.clone() {
        return parts::refused_verb(words, refusal);
    }
    let path = format!("{}/runs/new", applications::href(application));
    let asked = [
        ("intent", Some(m.intent.as_str())),
        ("from", Some(m.from.as_str())),
        ("to", Some(m.to.as_str())),
        ("mode", Some("planned")),
    ];
    let href = format::query(&path, &asked);
    view! { <a class="btn wide" href=href>{format!("{words}…")}<span class="muted">"shows the plan first"</span></a> }.into_any()
}

fn history(view: &ApplicationView) -> AnyView {
    if view.runs.is_empty() {
        return parts::empty("It was never run", view! { "Its recovery time is unknown until a run has measured it. A dry run shows every call and changes nothing." }.into_any());
    }
    runs::table("Runs of this application", &view.runs, "Open")
}

fn about(view: &ApplicationView) -> AnyView {
    let app = &view.application;
    let join =
        |regions: &[RegionCode]| regions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let depends: Vec<AnyView> = app
        .depends_on
        .iter()
        .map(|name| view! { <a href=applications::href(name.as_str())>{name.to_string()}</a>" " }.into_any())
        .collect();
    let depends = if depends.is_empty() {
        view! { <span class="muted">"nothing"</span> }.into_any()
    } else {
        view! { {depends} }.into_any()
    };
    let residency =
        if app.data_residency.is_empty() { "anywhere".to_owned() } else { join(&app.data_residency) };
    let environment = app.environment.as_ref().map_or_else(|| "not said".to_owned(), ToString::to_string);
    let band = app.strategy.band();
    let gaps = app
        .strategy
        .gaps(&app.objectives)
        .into_iter()
        .map(|gap| view! { <li>{badge(Tone::Bad, gap)}</li> })
        .collect_view();
    let waivers = app
        .waivers
        .iter()
        .map(|w| view! { <li><code>{w.plane.clone()}</code>{format!(" for {}: {} ({}, review on {})", w.step, w.reason, w.by, w.review_on)}</li> })
        .collect_view();
    let waivers =
        (!app.waivers.is_empty()).then(|| view! { <h3>"Waivers"</h3><ul class="bare">{waivers}</ul> });
    view! {
        <table class="plain pairs">
            <tbody>
                <tr><th scope="row">"Recovers in"</th><td>{join(&app.recovery_regions)}</td></tr>
                <tr><th scope="row">"Data may be in"</th><td>{residency}</td></tr>
                <tr><th scope="row">"Environment"</th><td>{environment}</td></tr>
                {(app.strategy == Strategy::ActiveActive).then(|| view! { <tr><th scope="row">"Load of a Region that leaves"</th><td>{format!("split {}", shares::stated(&app.load_split))}</td></tr> })}
                <tr><th scope="row">"Depends on"</th><td class="names">{depends}</td></tr>
                <tr><th scope="row">"Approval policy"</th><td>{app.approval_policy.to_string()}</td></tr>
                <tr><th scope="row">"Its strategy reaches"</th><td>{format!("RTO {}, RPO {}", band.rto_words, band.rpo_words)}</td></tr>
            </tbody>
        </table>
        <ul class="bare">{gaps}</ul>
        {waivers}
    }
    .into_any()
}

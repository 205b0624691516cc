//! One run: while it waits, what would happen and who decides; while it moves, where it is and what it waits
//! for; when it is over, what was measured.

use crate::components::graph::{self, Live};
use crate::components::tone::{Tone, badge};
use crate::components::{
    approval, bars, gaps, lots, on_call, own_steps, parts, plan, runs, shares, steps, time, told,
};
use crate::pages::{abort, break_glass, calls, run_ended, run_verbs};
use crate::screen::{Screen, Signed};
use crate::{format, words};
use holdfast_api::notices::DeliveryView;
use holdfast_api::on_call::OnCallView;
use holdfast_api::runs::{DrillView, RunEvent, RunView, StepView};
use holdfast_failover::evacuation::Direction;
use holdfast_failover::{RunState, StepState};
use leptos::prelude::*;

/// Before anybody was told of it, where no team has a schedule.
#[must_use]
pub fn page(run: RunView, events: Vec<RunEvent>, signed: Signed) -> Screen {
    page_with(run, events, Vec::new(), Vec::new(), signed)
}

#[must_use]
pub fn page_with(
    run: RunView,
    events: Vec<RunEvent>,
    told: Vec<DeliveryView>,
    on_call: Vec<OnCallView>,
    signed: Signed,
) -> Screen {
    let (tone, word) = runs::state(&run.summary);
    let s = &run.summary;
    let title = match s.state {
        RunState::Running | RunState::Undoing if s.set_aside.is_none() => format!(
            "{} {} of {} · {} → {}",
            tone.glyph(),
            s.steps_done,
            s.steps_total,
            s.application,
            s.to_region
        ),
        _ => format!("{} {word} · {} → {}", tone.glyph(), s.application, s.to_region),
    };
    let live = s.ended_at.is_none();
    let shape = match s.state {
        RunState::AwaitingApproval => "run-awaiting",
        _ if live => "run-live",
        _ => "run-ended",
    };
    let stream = format!("/api/v1/runs/{}/events?after={}", format::encode(&s.id), run.seq);
    let seconds = refresh_seconds(&run);
    let (name, back) = (s.application.clone(), crate::components::applications::href(&s.application));
    let screen = Screen::new(title, "/runs", move || body(&run, &events, &told, &on_call, &signed))
        .mark(tone)
        .shape(shape)
        .crumb("Runs", "/runs")
        .crumb(name, back);
    match (live, seconds) {
        (true, Some(seconds)) => screen.live(stream).refresh(seconds),
        (true, None) => screen.live(stream),
        (false, _) => screen,
    }
}

/// Without scripts a reload loses what is being typed: a page that asks this person for words does not reload.
fn refresh_seconds(run: &RunView) -> Option<u16> {
    let may = |name: &str| run.verbs.iter().any(|v| v.verb == name && v.refused.is_none());
    let step_asks = |s: &StepView| s.may_confirm || (s.parked.is_some() && s.may_skip);
    let asks = may("approve") || may("deny") || run.steps.iter().any(step_asks);
    if asks { None } else { Some(5) }
}

fn body(
    run: &RunView,
    events: &[RunEvent],
    told: &[DeliveryView],
    on_call: &[OnCallView],
    signed: &Signed,
) -> AnyView {
    let s = &run.summary;
    let incident = run.incident.clone().map(|i| view! { " · incident "{i} });
    let lot = s.evacuation.as_ref().map(|id| {
        let called = match run.lot_direction {
            Some(direction @ Direction::Out) => lots::called(direction, &s.from_region),
            Some(direction @ Direction::Home) => lots::called(direction, &s.to_region),
            None => "a lot whose request cannot be read".to_owned(),
        };
        view! { <div>"Part of: "<a href=lots::href(id)>{called}</a>", and decided with it."</div> }
    });
    let under = view! {
        {runs::what(s)}" · asked for by "{s.requested_by.clone()}" "{time::ago(s.requested_at)}{incident}
        <div class="why">{s.reason.clone()}</div>
        {lot}
    };
    let asked_by = run.asked_by.as_ref().map(|by| {
        let href = runs::href(&by.run);
        view! { <div>"For the step "<code>{by.step.clone()}</code>" of "<a class="target" href=href>{format!("a run of {}", by.application)}</a></div> }
    });
    let called = (s.state != RunState::AwaitingApproval && !s.dry_run).then(|| {
        view! { <div><a class="target" href=calls::href("run", &s.id)>"What was called in AWS, with proof"</a></div> }
    });
    let glass = s.break_glass.as_ref().map(|id| {
        let (title, rest) = if s.executed_offline {
            ("Executed offline", ", without a server, from a bundle, and handed in afterwards")
        } else {
            ("Started under break-glass", ", without the approvals that its policy asks for")
        };
        view! { <div><a href=break_glass::href(id)>{badge(Tone::Bad, title)}</a>{rest}</div> }
    });
    let under = view! { {under}{glass}{asked_by}{called} };
    let verbs = view! { <div data-live="verbs" class="verbs">{run_verbs::first(run)}</div> };
    let parts_of_it = match s.state {
        _ if run.unreadable.is_some() => parts::nothing(),
        RunState::AwaitingApproval => awaiting(run, on_call, signed),
        _ if s.ended_at.is_none() => moving(run),
        _ => run_ended::body(run),
    };
    view! {
        {parts::head(runs::route(s), under.into_any(), verbs.into_any())}
        {now(run)}
        {parts_of_it}
        <div class="grid wide-left">
            {parts::card("events", "Events", view! { {format::count(events.len(), "event", "events")}", newest first" }.into_any(), journal(events))}
            <div class="stack-cards">
                {(s.state != RunState::AwaitingApproval && run.unreadable.is_none()).then(|| parts::card("approvals", "Approved by", parts::nothing(), approvals(run)))}
                {told::card(told)}
                {run.verbs.iter().any(|v| v.refused.is_some()).then(|| parts::card("refused", "Not possible now", parts::nothing(), run_verbs::refused(run)))}
            </div>
        </div>
    }
    .into_any()
}

/// The other leg of a live drill, and when the way back comes.
fn live_drill(drill: &DrillView) -> AnyView {
    let other = drill.other.as_ref().map(|other| {
        let (_, state) = runs::state(other);
        view! { <p><a href=runs::href(&other.id)>{format!("{}{}: {state}", runs::what(other)[..1].to_uppercase(), &runs::what(other)[1..])}</a></p> }
    });
    let ends = drill.ends_at.map(|at| {
        view! { <p>"A live drill: the way back is asked for "{time::until(at)}" from now, or as soon as somebody ends it."</p> }
    });
    let refused = drill.refused.clone().map(|why| view! { <p>"The way back could not be asked for: "{parts::prose(&why)}" It is tried again."</p> });
    view! { {ends}{refused}{other} }.into_any()
}

/// What it is doing or waiting for, in one sentence that screen readers hear when it changes.
fn now(run: &RunView) -> AnyView {
    let s = &run.summary;
    let (tone, word) = runs::state(s);
    let parked: Vec<&StepView> =
        run.steps.iter().filter(|st| st.parked.is_some() && st.state == StepState::NeedsPerson).collect();
    let parked = parked
        .into_iter()
        .filter_map(|step| {
            let parked = step.parked.clone()?;
            // The sentence above may have said it all but the way out.
            if s.now.contains(&step.title) && s.now.contains(&parked.reason) {
                return Some(view! { <p>{parts::prose(&parked.way_out)}</p> }.into_any());
            }
            Some(view! { <p><b>{step.title.clone()}</b>": "{parts::prose(&parked.reason)}" "{parts::prose(&parked.way_out)}</p> }.into_any())
        })
        .collect_view();
    let expires = s
        .expires_at
        .filter(|_| s.state == RunState::AwaitingApproval)
        .map(|at| view! { <p>"The request expires in "{time::until(at)}"."</p> });
    let ending = run.ending.clone().filter(|e| *e != s.now).map(|e| view! { <p>{e}</p> });
    let others = others(run);
    let sentence = (!s.now.is_empty()).then(|| view! { <p class="now-sentence">{parts::prose(&s.now)}</p> });
    let escalated = run.escalated.clone().map(|e| {
        let what = if e.steps.is_empty() {
            "An emergency".to_owned()
        } else {
            format!("{}, as an emergency", e.steps.join(" and "))
        };
        view! { <p>{what}" since "{time::ago(e.at)}", by "{e.by}": "{e.reason}</p> }
    });
    let commit = run.commit.clone().map(|commit| match (commit.by, commit.until) {
        (Some(by), _) => view! { <p>{format!("Committed by {by}.")}</p> }.into_any(),
        (None, Some(until)) => {
            view! { <p>"Without a commit it is taken back in "{time::until(until)}"."</p> }.into_any()
        }
        (None, None) if run.undoing.is_some() || run.escalated.is_some() => parts::nothing(),
        (None, None) => {
            let within = words::span(f64::from(commit.within_seconds));
            view! { <p>{format!("Once traffic has moved it must be committed within {within}, or it is taken back.")}</p> }.into_any()
        }
    });
    let undoing = run.undoing.clone().map(|u| {
        let by = u.by.map(|by| format!(", by {by}"));
        view! { <p>"Aborted "{time::ago(u.at)}{by}": "{u.reason}</p> }
    });
    let dry = s.dry_run.then(|| view! { <p>"A dry run: it makes no changing call."</p> });
    let live_drill = run.live_drill.as_ref().map(live_drill);
    let set_aside = s.set_aside.clone().map(|why| {
        view! { <p>"Nobody drives it since "{time::moment(why.at)}". "{parts::prose(&why.way_out)}</p> }
    });
    let unreadable = run.unreadable.clone().map(|why| {
        view! { <p>"Its journal cannot be read, so that its steps are not shown: "{parts::prose(&why)}</p> }
    });
    let gaps = run.gaps.iter().map(gaps::said).collect_view();
    let under_way =
        matches!(s.state, RunState::Running | RunState::Paused | RunState::NeedsPerson | RunState::Undoing);
    let progress = if under_way && run.unreadable.is_none() {
        let of = if run.undoing.is_some() { "steps of the undo" } else { "steps" };
        format!("{word}: {} of {} {of} done", s.steps_done, s.steps_total)
    } else {
        word.to_owned()
    };
    view! {
        <div class="now-box" role="status" aria-live="polite" data-live="now">
            {parts::callout(tone, progress, view! { {sentence}{gaps}{set_aside}{unreadable}{escalated}{commit}{undoing}{live_drill}{dry}{parked}{others}{expires}{ending} }.into_any())}
        </div>
    }
    .into_any()
}

/// The runs of other applications that are not over: waited for, or going on by themselves once this one is over.
fn others(run: &RunView) -> AnyView {
    let over = run.summary.ended_at.is_some();
    run.steps
        .iter()
        .filter_map(|step| step.other_run.as_ref().filter(|other| !other.state.is_over()))
        .map(|other| {
            let goes_on = (over && other.asked_for).then_some(
                " It goes on: that this run is over ends it not. It is cancelled on its own page.",
            );
            view! { <div>{own_steps::other_run(other)}{goes_on}</div> }
        })
        .collect_view()
        .into_any()
}

fn awaiting(run: &RunView, on_call: &[OnCallView], signed: &Signed) -> AnyView {
    let asked = run.tally.rules.iter().map(|rule| rule.group.as_str());
    let on_call = on_call::of_teams(on_call, asked);
    let changes = run.steps.iter().filter(|s| s.action.is_some()).count();
    let overrides = (!run.overrides.is_empty()).then(|| {
        let list = run.overrides.join(", ");
        parts::callout(
            Tone::Watch,
            "Overrides",
            view! { <p>"Approving accepts these by name: "<b>{list}</b></p> }.into_any(),
        )
    });
    view! {
        <div class="grid wide-left">
            <div class="stack-cards">
                {parts::card("plan", format!("What will happen: {}", format::count(changes, "changing call", "changing calls")), parts::nothing(), plan::steps(&run.steps))}
                {graph::card(&run.steps, Live::No)}
                {shares::card(run.split.as_ref())}
                {parts::card("measurements", "Measured beside the plan", view! { "checked again before the first change" }.into_any(), plan::measurements(&run.measurements))}
                {plan::if_escalated(run.if_escalated.as_ref())}
                {parts::card("facts", "Facts it rests on", view! { "a change of any voids the approval" }.into_any(), plan::facts(&run.facts))}
            </div>
            <div class="stack-cards">
                {parts::card("decide", "Decide", parts::nothing(), view! { {overrides}{run_verbs::decide(run, signed)} }.into_any())}
                {parts::card("approvals", "Who must approve", parts::nothing(), view! { {approvals(run)}{on_call} }.into_any())}
                {parts::card("notes", "Cautions", parts::nothing(), plan::notes(&run.notes))}
            </div>
        </div>
    }
    .into_any()
}

fn approvals(run: &RunView) -> AnyView {
    view! { {approval::tally(&run.approval_policy, &run.tally, &run.reviews)}{approval::digest(&run.plan_digest)} }.into_any()
}

fn moving(run: &RunView) -> AnyView {
    let s = &run.summary;
    let objective = f64::from(run.rto_objective_seconds);
    let from = run.impact_began_at.unwrap_or(s.requested_at);
    let so_far = format::seconds_between(from, run.at);
    let left = objective - so_far;
    let (rto_tone, rto_words) = if left >= 0.0 {
        (Tone::Good, format!("{} left of {}", words::clock(left), words::span(objective)))
    } else {
        (Tone::Bad, format!("{} over {}", words::clock(-left), words::span(objective)))
    };
    let since = if run.impact_began_at.is_some() { "since the impact" } else { "since the request" };
    let lag = run_ended::worst_store(run);
    let (lag_value, lag_note) = match lag {
        Some((store, ms)) => {
            let above = ms > f64::from(run.rpo_objective_seconds) * 1_000.0;
            (
                view! { {format::lag(ms)} }.into_any(),
                badge(
                    if above { Tone::Bad } else { Tone::Good },
                    format!("{store}, objective {}", words::span(f64::from(run.rpo_objective_seconds))),
                ),
            )
        }
        None if run.measured.stores.is_empty() => (
            view! { <span class="figure-words">"not measured yet"</span> }.into_any(),
            view! { <span class="muted">"read just before the cut"</span> }.into_any(),
        ),
        None => (
            view! { <span class="figure-words">"–"</span> }.into_any(),
            badge(Tone::Unknown, "could not be measured"),
        ),
    };
    let elapsed = run
        .approved_at
        .map_or_else(|| view! { <span class="figure-words">"not begun"</span> }.into_any(), time::since);
    let figures = parts::figures(
        "figures",
        vec![
            parts::figure(
                "Steps done",
                view! { {s.steps_done.to_string()}<small>{format!(" of {}", s.steps_total)}</small> }
                    .into_any(),
                bars::against(Some(count(s.steps_done)), count(s.steps_total), Tone::Moving),
            ),
            parts::figure(
                "Running for",
                elapsed,
                view! { <span class="muted">"since the last approval"</span> }.into_any(),
            ),
            parts::figure(
                format!("RTO so far, {since}"),
                time::since(from),
                view! { {bars::against(Some(so_far), objective, rto_tone)}{badge(rto_tone, rto_words)} }
                    .into_any(),
            ),
            ends(run),
            parts::figure("RPO at the cut", lag_value, lag_note),
        ],
    );
    view! {
        {figures}
        {run.undoing.as_ref().map(|undoing| abort::stays(&undoing.stays))}
        <section class="card" aria-labelledby="h-timeline">
            <header><h2 id="h-timeline">"Timeline"</h2><div class="aside">"Open a step for its call and what AWS answered."</div></header>
            {critical_path(run)}
            {steps::timeline(run)}
        </section>
        {graph::card(&run.steps, Live::Yes)}
        {shares::card(run.split.as_ref())}
    }
    .into_any()
}

/// The band in which it may end, and what that rests on.
fn ends(run: &RunView) -> AnyView {
    let Some(forecast) = &run.forecast else {
        return parts::figure(
            "May end in",
            view! { <span class="figure-words">"not known"</span> }.into_any(),
            parts::nothing(),
        );
    };
    let latest = words::span(forecast.latest_seconds.ceil());
    let (value, means) = match forecast.likely_seconds {
        Some(likely) => {
            (format!("{} – {latest}", words::span(likely.ceil())), "from the middle to the worst of ")
        }
        None => (format!("at most {latest}"), "by the limits of steps that never ran, and "),
    };
    let rests_on = match (forecast.earlier_runs, forecast.steps_that_never_ran) {
        (0, _) => "by the plan's time limits: no earlier run to go by".to_owned(),
        (runs, 0) => format!("{means}{}", format::count(runs, "earlier run", "earlier runs")),
        (runs, never) => format!(
            "{} of {} never ran: their limits count; the rest by {}",
            never,
            format::count(never + forecast.steps_that_ran_before, "step left", "steps left"),
            format::count(runs, "earlier run", "earlier runs")
        ),
    };
    let waits = matches!(run.summary.state, RunState::Paused | RunState::NeedsPerson)
        .then_some("; it waits for a person, whose time is not counted");
    parts::figure(
        "May end in",
        view! { <span class="figure-words">{value}</span> }.into_any(),
        view! { <span class="muted">{rests_on}{waits}</span> }.into_any(),
    )
}

fn critical_path(run: &RunView) -> AnyView {
    let Some(forecast) = &run.forecast else { return parts::nothing() };
    let left = forecast.critical_path.iter().filter_map(|id| run.steps.iter().find(|s| s.id == id.as_str()));
    let left: Vec<&StepView> = left.filter(|s| !s.state.is_done()).collect();
    if left.is_empty() {
        return parts::nothing();
    }
    let items = left
        .into_iter()
        .map(|s| view! { <li><a href=format!("#{}", steps::anchor(s))>{s.title.clone()}</a></li> })
        .collect_view();
    view! {
        <div class="critical" data-live="critical"><span class="critical-words">"The end waits for"</span><ol>{items}</ol></div>
    }
    .into_any()
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn event_tone(kind: &str) -> Tone {
    match kind {
        "completed" | "step_succeeded" | "approved" | "committed" => Tone::Good,
        "failed" | "step_parked" | "call_refused" | "escalated" | "aborted" | "break_glass" => Tone::Bad,
        "call_unknown" => Tone::Unknown,
        "rolled_back"
        | "commit_awaited"
        | "commit_window_ended"
        | "step_skipped"
        | "paused"
        | "cancelled"
        | "denied"
        | "expired"
        | "approval_withdrawn"
        | "taken_over"
        | "step_retried" => Tone::Watch,
        "started" | "step_started" | "resumed" | "step_progress" | "call_answered" => Tone::Moving,
        _ => Tone::Quiet,
    }
}

fn journal(events: &[RunEvent]) -> AnyView {
    if events.is_empty() {
        return parts::empty(
            "No events",
            view! { "They could not be read, or there are none yet." }.into_any(),
        );
    }
    let rows = events
        .iter()
        .rev()
        .map(|event| {
            let who = event.person.clone().map(|p| view! { <span>{p}</span> });
            let reason = event
                .reason
                .clone()
                .filter(|r| !event.words.contains(r.as_str()))
                .map(|r| view! { <div class="muted">{r}</div> });
            view! {
                <tr>
                    <td class="when">{time::moment(event.at)}</td>
                    <td>{badge(event_tone(&event.kind), event.words.clone())}{reason}</td>
                    <td class="opt">{who}</td>
                    <td class="n opt muted">{event.seq.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    let head = view! { <th scope="col">"At"</th><th scope="col">"What"</th><th scope="col" class="opt">"Who"</th><th scope="col" class="n opt">"No."</th> };
    view! { <div class="journal">{parts::folding_table("Events of this run", head.into_any(), rows.into_any())}</div> }.into_any()
}

//! One evacuation, on one live page: while it waits, who moves in which order and who decides; while it moves, every run
//! wave by wave; when it is over, what did not go as planned.

use crate::components::icon::icon;
use crate::components::tone::{self, Tone, badge};
use crate::components::{bars, lots, parts, runs, time, told};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::{Screen, Signed, typed};
use holdfast_api::Page;
use holdfast_api::evacuations::{EvacuationEvent, EvacuationSummary, EvacuationView};
use holdfast_api::notices::DeliveryView;
use holdfast_api::runs::{RunSummary, VerbView};
use holdfast_failover::RunState;
use holdfast_failover::evacuation::State;
use leptos::prelude::*;

/// All of them, newest first.
#[must_use]
pub fn list(page: Page<EvacuationSummary>) -> Screen {
    let moving = page.items.iter().any(|one| one.ended_at.is_none());
    let mark = if moving { Tone::Moving } else { Tone::Quiet };
    let screen = Screen::new("Evacuations", "/regions", move || list_body(&page))
        .mark(mark)
        .crumb("Regions", "/regions")
        .live(LOOK_AGAIN);
    if moving { screen.refresh(5) } else { screen }
}

fn list_body(page: &Page<EvacuationSummary>) -> AnyView {
    let list = if page.items.is_empty() {
        let next = view! { "One begins on a "<a href="/regions">"Region's"</a>" card." };
        parts::empty("No Region was ever evacuated", next.into_any())
    } else {
        lots::table(&page.items)
    };
    let older = page.next.as_ref().map(|next| {
        let href = format::query("/evacuations", &[("cursor", Some(next))]);
        view! { <p class="muted more"><a href=href>"Older"</a></p> }
    });
    view! {
        {parts::head("Evacuations", view! { "Every application out of a Region, or home to it, in waves, under one approval." }.into_any(), parts::nothing())}
        {parts::card("list", format::count(page.items.len(), "evacuation", "evacuations"), parts::nothing(), view! { {list}{older} }.into_any())}
    }
    .into_any()
}

/// Before anybody was told of it.
#[must_use]
pub fn page(view: EvacuationView, signed: Signed) -> Screen {
    page_with(view, Vec::new(), signed)
}

#[must_use]
pub fn page_with(view: EvacuationView, told: Vec<DeliveryView>, signed: Signed) -> Screen {
    let (tone, word) = tone::evacuation_state(view.summary.state);
    let one = &view.summary;
    let title = match one.state {
        State::Running => format!("{} {} of {} · {}", tone.glyph(), one.moved, one.applications, one.region),
        _ => format!("{} {word} · {}", tone.glyph(), lots::called(one.direction, &one.region)),
    };
    let shape = match one.state {
        State::AwaitingApproval => "evacuation-awaiting",
        State::Running => "evacuation-running",
        State::Stopped => "evacuation-stopped",
        _ => "evacuation-ended",
    };
    let live = one.ended_at.is_none();
    // Without scripts a reload loses what is being typed: a page that asks this person for words does not reload.
    let asks = ["approve", "deny", "commit", "go_on"].iter().any(|verb| may(&view, verb));
    let screen = Screen::new(title, "/regions", move || body(&view, &told, &signed))
        .mark(tone)
        .shape(shape)
        .crumb("Regions", "/regions")
        .crumb("Evacuations", "/evacuations");
    match (live, asks) {
        (true, false) => screen.live(LOOK_AGAIN).refresh(5),
        (true, true) => screen.live(LOOK_AGAIN),
        (false, _) => screen,
    }
}

fn verb<'a>(view: &'a EvacuationView, name: &str) -> Option<&'a VerbView> {
    view.verbs.iter().find(|verb| verb.verb == name)
}

fn may(view: &EvacuationView, name: &str) -> bool {
    verb(view, name).is_some_and(|verb| verb.refused.is_none())
}

fn action(view: &EvacuationView, verb: &str) -> String {
    format!("{}/{verb}", lots::href(&view.summary.id))
}

fn body(view: &EvacuationView, told: &[DeliveryView], signed: &Signed) -> AnyView {
    let one = &view.summary;
    let waits = one.state == State::AwaitingApproval;
    let incident = view.incident.clone().map(|i| view! { " · incident "{i} });
    let under = view! {
        {lots::what(one)}" · asked for by "{one.requested_by.clone()}" "{time::ago(one.requested_at)}{incident}
        <div class="why">{one.reason.clone()}</div>
    };
    let title = format!(
        "{} in {}",
        format::count(one.applications, "application", "applications"),
        format::count(one.waves_total, "wave", "waves")
    );
    let rule = if view.stop_on_failure { "stops at a wave that fails" } else { "does not stop at a failure" };
    let once = format!("at most {} at once, {rule}", view.concurrency);
    let waves = (1..).zip(&view.waves).map(|(number, wave)| wave_of_runs(view, number, wave)).collect_view();
    let left_tone = if view.left_out.is_empty() {
        parts::nothing()
    } else {
        badge(Tone::Bad, format!("{} left out", view.left_out.len()))
    };
    let refused = view.verbs.iter().any(|verb| verb.refused.is_some());
    view! {
        {parts::head(lots::called(one.direction, &one.region), under.into_any(), view! { <div data-live="verbs" class="verbs">{first(view)}</div> }.into_any())}
        {now(view)}
        {(!waits).then(|| figures(view))}
        <div class="grid wide-left">
            <div class="stack-cards">
                {parts::card("waves", title, view! { {once} }.into_any(), view! { {lots::circles(&view.circles)}{waves} }.into_any())}
                {parts::card("left-out", "Left out, and why", left_tone, lots::left_out(&view.left_out, one.direction, &one.region))}
                {parts::card("events", "Of the lot", view! { "each run has events of its own" }.into_any(), events(&view.events))}
            </div>
            <div class="stack-cards">
                {waits.then(|| parts::card("decide", "Decide on the lot", parts::nothing(), decide(view, signed)))}
                {waits.then(|| parts::card("approvers", "Who must approve", parts::nothing(), lots::policies(&view.policies, &view.reviews, &view.plan_digest)))}
                {(!waits).then(|| parts::card("approvers", "Approved by", parts::nothing(), lots::policies(&[], &view.reviews, &view.plan_digest)))}
                {told::card(told)}
                {refused.then(|| parts::card("refused", "Not possible now", parts::nothing(), not_now(view)))}
            </div>
        </div>
    }
    .into_any()
}

/// What it is doing or waiting for, in one sentence that screen readers hear when it changes.
fn now(view: &EvacuationView) -> AnyView {
    let one = &view.summary;
    let (tone, word) = tone::evacuation_state(one.state);
    let expires = one.expires_at.map(|at| view! { <p>"The request expires in "{time::until(at)}"."</p> });
    let dry = one.dry_run.then(|| view! { <p>"A dry run: it makes no changing call."</p> });
    view! {
        <div class="now-box" role="status" aria-live="polite" data-live="now">
            {parts::callout(tone, word, view! { <p class="now-sentence">{parts::prose(&one.now)}</p>{dry}{expires}{commit(view)}{go_on(view)} }.into_any())}
        </div>
    }
    .into_any()
}

/// One word for all that wait for it. Each has a page of its own, where it is said of that run alone.
fn commit(view: &EvacuationView) -> AnyView {
    let waiting: Vec<&RunSummary> =
        view.waves.iter().flatten().filter(|run| run.state == RunState::AwaitingCommit).collect();
    if waiting.is_empty() || !may(view, "commit") {
        return parts::nothing();
    }
    let what = format::count(waiting.len(), "run that waits for it", "runs that wait for it");
    let each = waiting
        .iter()
        .map(|run| {
            view! { <li><a href=runs::href(&run.id)>{run.application.clone()}</a>" stays in "{run.to_region.clone()}</li> }
        })
        .collect_view();
    let summary = view! { <span class="btn primary">{format!("Commit the {what}…")}</span> }.into_any();
    let body = view! {
        <form method="post" action=action(view, "commit") class="stack">
            <p>"What these have done stays, and is not taken back by itself any more:"</p>
            <ul>{each}</ul>
            {parts::text_field("commit", "comment", "Comment", "Optional. Kept in each run's journal.", false)}
            <button class="btn primary" type="submit">{icon("approve")}{format!("Commit the {what}")}</button>
        </form>
    }
    .into_any();
    parts::fold("ask-commit".into(), typed("commit", "comment").is_some(), "ask", summary, body)
}

/// Where a wave holds the next ones, the word that lets them begin.
fn go_on(view: &EvacuationView) -> AnyView {
    let (Some(wave), true) = (view.stopped_after, may(view, "go_on")) else { return parts::nothing() };
    let summary = view! { <span class="btn primary">{format!("Go on past wave {wave}…")}</span> }.into_any();
    let body = view! {
        <form method="post" action=action(view, "go-on") class="stack">
            <p>"What did not go well stays as it is. The next wave begins at once, also what depends on it."</p>
            {parts::text_field("go-on", "reason", "Why", "Kept in the journal and the audit log.", true)}
            <button class="btn primary" type="submit">{format!("Go on past wave {wave}")}</button>
        </form>
    }
    .into_any();
    parts::fold("ask-go-on".into(), typed("go-on", "reason").is_some(), "ask", summary, body)
}

fn figures(view: &EvacuationView) -> AnyView {
    let one = &view.summary;
    let all = || view.waves.iter().flatten();
    let under_way = all().filter(|run| run.state.is_under_way() && run.set_aside.is_none()).count();
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let say = |n: usize, tone: Tone, words: &'static str| {
        if n == 0 { view! { <span class="muted">"none"</span> }.into_any() } else { badge(tone, words) }
    };
    let since = one
        .started_at
        .map_or_else(|| view! { <span class="figure-words">"not begun"</span> }.into_any(), time::since);
    parts::figures(
        "figures",
        vec![
            parts::figure(
                "Moved",
                view! { {one.moved.to_string()}<small>{format!(" of {}", one.applications)}</small> }
                    .into_any(),
                bars::against(Some(count(one.moved)), count(one.applications), Tone::Moving),
            ),
            parts::figure(
                "Under way",
                view! { {under_way.to_string()} }.into_any(),
                say(under_way, Tone::Moving, "now"),
            ),
            parts::figure(
                "Not as planned",
                view! { {view.exceptions.len().to_string()} }.into_any(),
                say(view.exceptions.len(), Tone::Bad, "see the waves and who is left out"),
            ),
            parts::figure("Since the last approval", since, parts::nothing()),
        ],
    )
}

fn wave_of_runs(view: &EvacuationView, number: usize, wave: &[RunSummary]) -> AnyView {
    let done = wave.iter().filter(|run| run.ended_at.is_some()).count();
    let held = (view.stopped_after == Some(number)).then(|| badge(Tone::Bad, "holds the next waves"));
    let rows = wave
        .iter()
        .map(|run| {
            let (tone, word) = runs::state(run);
            let waits = run.state == RunState::AwaitingApproval;
            let (tone, word) = if waits { (Tone::Quiet, "waits for its turn") } else { (tone, word) };
            let (done, total) = (run.steps_done, run.steps_total);
            let state = if run.state.is_under_way() { format!("{word}, {done} of {total}") } else { word.to_owned() };
            view! {
                <tr>
                    <td><a class="row-link" href=runs::href(&run.id)><b>{run.application.clone()}</b>" "<span class="route">{format!("{} → {}", run.from_region, run.to_region)}</span></a></td>
                    <td>{badge(tone, state)}{(!waits).then(|| view! { <div class="muted">{parts::prose(&run.now)}</div> })}</td>
                    <td class="n"><a class="go" href=runs::href(&run.id)>"Open"<span class="sr">{format!(" the run of {}", run.application)}</span></a></td>
                </tr>
            }
        })
        .collect_view();
    let head = view! { <th scope="col">"Run"</th><th scope="col">"State"</th><th scope="col"><span class="sr">"Open"</span></th> };
    view! {
        <section class="wave" data-live=format!("wave-{number}") aria-labelledby=format!("wave-{number}")>
            <h3 id=format!("wave-{number}")>{format!("Wave {number}")}" "<span class="muted">{format!("{done} of {} over", wave.len())}</span>" "{held}</h3>
            {parts::folding_table(&format!("Runs of wave {number}"), head.into_any(), rows.into_any())}
        </section>
    }
    .into_any()
}

/// Beside the title: taking one's approval back, and ending it.
fn first(view: &EvacuationView) -> AnyView {
    let withdraw = may(view, "withdraw").then(|| {
        view! {
            <form method="post" action=action(view, "withdraw")>
                <button class="btn" type="submit">"Withdraw my approval"</button>
            </form>
        }
    });
    let cancel = may(view, "cancel").then(|| {
        let waits = view.summary.started_at.is_none();
        let (words, what) = if waits {
            ("Cancel the request…", "Nothing has been changed. Every application is free for another run.")
        } else {
            ("Cancel the rest…", "No further run begins. What is under way goes on, and each run can be steered on its own page.")
        };
        let summary = view! { <span class="btn danger">{words}</span> }.into_any();
        let body = view! {
            <form method="post" action=action(view, "cancel") class="stack">
                <p>{what}</p>
                {parts::text_field("cancel", "reason", "Why", "Kept in the journals and the audit log.", true)}
                <button class="btn danger" type="submit">{format!("Cancel the {} of {}", if view.summary.direction.is_out() { "evacuation" } else { "return" }, view.summary.region)}</button>
            </form>
        }
        .into_any();
        view! { <div class="apart">{parts::fold("ask-cancel".into(), typed("cancel", "reason").is_some(), "ask ask-right", summary, body)}</div> }
    });
    view! { {withdraw}{cancel} }.into_any()
}

fn prove(view: &EvacuationView) -> AnyView {
    let href = format::query(crate::pages::prove::PATH, &[("next", Some(&lots::href(&view.summary.id)))]);
    let body = view! { <p>"Approving needs a proof of who you are, of the last five minutes."</p><a class="btn" href=href>"Prove who you are"</a> };
    parts::callout(Tone::Watch, "Sign in again to approve", body.into_any())
}

/// Approve or deny: two forms, far apart, each bound to the digest that is shown.
fn decide(view: &EvacuationView, signed: &Signed) -> AnyView {
    let words = lots::verb(view.summary.direction, &view.summary.region);
    let refusal = |name: &str| verb(view, name).and_then(|verb| verb.refused.clone());
    let approve = match refusal("approve") {
        Some(why) => parts::refused_verb(format!("Approve: {words}"), why),
        None => {
            let again = if signed.is_fresh(crate::screen::now()) { parts::nothing() } else { prove(view) };
            view! {
                {again}
                <form method="post" action=action(view, "review") class="stack">
                    <input type="hidden" name="decision" value="approve" />
                    <input type="hidden" name="plan_digest" value=view.plan_digest.clone() />
                    {parts::text_field("approve", "comment", "Comment", "Optional. Kept with your approval.", false)}
                    <button class="btn primary" type="submit">{icon("approve")}{format!("Approve: {words}")}</button>
                    <p class="hint">"It counts for every run of the lot whose policy asks for one of your groups. The first wave begins with the last approval."</p>
                </form>
            }
            .into_any()
        }
    };
    let glass = may(view, "break_glass").then(|| {
        let summary = view! { <span class="btn danger">"Start it without approvals…"</span> }.into_any();
        let body = view! {
            <form method="post" action=action(view, "break_glass") class="stack">
                <p>"You hold break-glass open. The first wave begins at once, on your word alone, and every run of the lot is marked for ever."</p>
                <button class="btn danger" type="submit">{format!("Start now, without approvals: {words}")}</button>
            </form>
        }
        .into_any();
        parts::fold("ask-break-glass".into(), false, "ask", summary, body)
    });
    let deny = may(view, "deny").then(|| {
        let summary = view! { <span class="btn danger">"Deny this request…"</span> }.into_any();
        let body = view! {
            <form method="post" action=action(view, "review") class="stack">
                <input type="hidden" name="decision" value="deny" />
                <input type="hidden" name="plan_digest" value=view.plan_digest.clone() />
                <p>"One denial ends the request, with every run of it. Whoever still wants it asks anew."</p>
                {parts::text_field("deny", "comment", "Why not", "Whoever asked reads this.", true)}
                <button class="btn danger" type="submit">{format!("Deny: {words}")}</button>
            </form>
        }
        .into_any();
        parts::fold("ask-deny".into(), typed("deny", "comment").is_some(), "ask", summary, body)
    });
    view! { {approve}<div class="far">{glass}{deny}</div> }.into_any()
}

fn not_now(view: &EvacuationView) -> AnyView {
    let items: Vec<AnyView> = view
        .verbs
        .iter()
        .filter_map(|verb| {
            let why = verb.refused.clone()?;
            Some(parts::refused_verb(format::sentence(&format::plain(&verb.verb)), why))
        })
        .collect();
    let summary = view! { {format::count(items.len(), "verb", "verbs")}", and why" };
    parts::fold("refused-verbs".into(), false, "plain-fold", summary.into_any(), view! { {items} }.into_any())
}

fn event_tone(kind: &str) -> Tone {
    match kind {
        "approved" | "committed" | "completed" => Tone::Good,
        "denied" | "expired" | "cancelled" | "went_on" | "approval_withdrawn" => Tone::Watch,
        "started" | "turn_came" => Tone::Moving,
        _ => Tone::Quiet,
    }
}

fn events(events: &[EvacuationEvent]) -> AnyView {
    let rows = events
        .iter()
        .rev()
        .map(|event| {
            let who = event.person.clone().map(|person| view! { <span>{person}</span> });
            view! {
                <tr>
                    <td class="when">{time::moment(event.at)}</td>
                    <td>{badge(event_tone(&event.kind), event.words.clone())}</td>
                    <td class="opt">{who}</td>
                </tr>
            }
        })
        .collect_view();
    let head =
        view! { <th scope="col">"At"</th><th scope="col">"What"</th><th scope="col" class="opt">"Who"</th> };
    view! { <div class="journal">{parts::folding_table("Events of this evacuation", head.into_any(), rows.into_any())}</div> }.into_any()
}

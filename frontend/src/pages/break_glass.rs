//! Break-glass: is the glass broken, by whom, until when; breaking it; each time that it was; the codes that are kept for it.

use crate::components::tone::{Tone, badge};
use crate::components::{parts, runs, time};
use crate::format;
use crate::pages::{LOOK_AGAIN, bundle};
use crate::screen::{Screen, Signed, typed};
use holdfast_api::break_glass::{BreakGlassState, BreakGlassView, NewSealedCodeView, SealedCodeView};
use holdfast_api::bundles::{BundleView, NewOfflineCodeView};
use holdfast_failover::break_glass::{MINUTES_AT_MOST, Rule};
use leptos::prelude::*;

pub const PATH: &str = "/break-glass";
pub const OPEN: &str = "open-break-glass";
pub const REVIEW: &str = "review-break-glass";
pub const MAKE_CODE: &str = "make-sealed-code";
pub const MAKE_OFFLINE_CODE: &str = "make-offline-code";

/// A code that a form just made: the page that shows it is the only one that ever does.
#[derive(Debug, Clone)]
pub enum MadeCode {
    Sealed(NewSealedCodeView),
    Offline(NewOfflineCodeView),
}

/// What the page shows, and who looks at it.
#[derive(Debug, Clone)]
pub struct BreakGlass {
    pub state: BreakGlassState,
    /// The newest first.
    pub history: Vec<BreakGlassView>,
    /// `None`: whoever looks may not keep them.
    pub codes: Option<Vec<SealedCodeView>>,
    /// What there is to act with where no server is.
    pub bundle: BundleView,
    pub signed: Signed,
}

#[must_use]
pub fn href(id: &str) -> String {
    format!("{PATH}/{}", format::encode(id))
}

#[must_use]
pub fn page(view: BreakGlass, made: Option<MadeCode>) -> Screen {
    let mark = match (view.state.open.is_empty(), view.state.reviews_due.is_empty()) {
        (false, _) => Tone::Bad,
        (true, false) => Tone::Watch,
        (true, true) if !view.bundle.problems.is_empty() => Tone::Watch,
        (true, true) => Tone::Quiet,
    };
    let screen = Screen::new("Break-glass", "/break-glass", move || body(&view, made.as_ref())).mark(mark);
    screen.live(LOOK_AGAIN)
}

fn has(signed: &Signed, roles: &[&str]) -> bool {
    signed.roles.iter().any(|role| roles.contains(&role.as_str()))
}

fn body(view: &BreakGlass, made: Option<&MadeCode>) -> AnyView {
    let code = made.map(|made| {
        let (title, what, code) = match made {
            MadeCode::Sealed(made) => (
                "A sealed code",
                format!("Write it down now and keep it at {}: it is not shown again. It opens break-glass once, for anybody but you.", made.kept_at),
                made.code.clone(),
            ),
            MadeCode::Offline(made) => (
                "Your offline code",
                "Write it down now and keep it away from the bundle: it is not shown again. With both, your plans are carried out in your name.".to_owned(),
                made.code.clone(),
            ),
        };
        let words = view! { <p>{what}</p><p><code class="secret">{code}</code></p> };
        view! { <div role="status">{parts::callout(Tone::Good, title, words.into_any())}</div> }
    });
    let history = if view.history.is_empty() {
        parts::empty(
            "The glass was never broken",
            view! { "Each time is listed here, with what was started under it." }.into_any(),
        )
    } else {
        table(&view.history)
    };
    let codes = view.codes.as_ref().map(|codes| {
        parts::card("sealed-codes", "Sealed codes", view! { "each opens it once" }.into_any(), sealed(codes))
    });
    view! {
        {parts::head("Break-glass", view! { "For when it cannot wait for others, and they do not answer: one person, for at most an hour, and a review by somebody else." }.into_any(), parts::nothing())}
        {code}
        <div class="grid halves">
            {parts::card("glass-now", "Now", parts::nothing(), now(view))}
            {parts::card("glass-lifts", "What it lifts", parts::nothing(), lifts())}
        </div>
        {bundle::card(&view.bundle, &view.signed)}
        {parts::card("glass-history", "Each time", view! { "newest first" }.into_any(), history)}
        {codes}
    }
    .into_any()
}

fn now(view: &BreakGlass) -> AnyView {
    let open = &view.state.open;
    let mine = open.iter().any(|glass| glass.holder == view.signed.email);
    let state = if open.is_empty() {
        view! { <p>"The glass is "{badge(Tone::Good, "whole")}</p> }.into_any()
    } else {
        open.iter()
            .map(|glass| {
                view! {
                    <div class="stack">
                        <p><a href=href(&glass.id)>{badge(Tone::Bad, format!("Open: {}", glass.holder))}</a>" for "{time::until(glass.expires_at)}</p>
                        <p>{parts::prose(&glass.reason)}</p>
                    </div>
                }
            })
            .collect_view()
            .into_any()
    };
    let due = (!view.state.reviews_due.is_empty()).then(|| {
        let items = view
            .state
            .reviews_due
            .iter()
            .map(|glass| {
                view! { <li><a href=href(&glass.id)>{format!("{}, {}", glass.holder, format::moment(glass.opened_at))}</a></li> }
            })
            .collect_view();
        parts::callout(Tone::Watch, "Reviews are due", view! { <p>"Compliance is not green until somebody else closes them."</p><ul>{items}</ul> }.into_any())
    });
    let form = if mine {
        view! { <p class="hint">"You hold it open: a request's page offers to start it now, without approvals."</p> }.into_any()
    } else if view.signed.holds(&["operator", "admin"]) {
        open_form()
    } else {
        view! { <p class="hint">"Opening it needs an operator or an administrator."</p> }.into_any()
    };
    view! { <div class="stack">{state}{due}{form}</div> }.into_any()
}

fn open_form() -> AnyView {
    let minutes = typed(OPEN, "minutes").unwrap_or_else(|| MINUTES_AT_MOST.to_string());
    let reason = typed(OPEN, "reason").unwrap_or_default();
    view! {
        <form method="post" action=PATH class="stack">
            <h3>"Break the glass"</h3>
            <div class="field">
                <label for="open-break-glass-reason">"Why it cannot wait"</label>
                <textarea id="open-break-glass-reason" name="reason" rows="3" required maxlength="1000" inner_html=format::escaped(&reason)></textarea>
                <span class="hint">"Everybody reads it, on every page, while it lasts."</span>
            </div>
            {parts::text_field(OPEN, "incident", "Incident", "Its number or link, if there is one.", false)}
            <div class="field">
                <label for="open-break-glass-minutes">"Minutes"</label>
                <input id="open-break-glass-minutes" name="minutes" type="number" min="1" max=MINUTES_AT_MOST.to_string() value=minutes required />
                <span class="hint">"A run that was begun within them goes on to its end."</span>
            </div>
            <div class="field">
                <label for="open-break-glass-code">"Sealed code"</label>
                <input id="open-break-glass-code" name="sealed_code" type="password" maxlength="100" autocomplete="off" />
                <span class="hint">"Only without a second factor of your own. It is used up."</span>
            </div>
            <button class="btn danger" type="submit">"Break the glass"</button>
            <p class="hint">"Every approver sees it at once, and somebody else has to close its review."</p>
        </form>
    }
    .into_any()
}

/// From the rules themselves, so that the page cannot say otherwise.
fn lifts() -> AnyView {
    let list = |lifted: bool| {
        let rules = Rule::ALL.into_iter().filter(move |rule| rule.lifted() == lifted);
        rules.map(|rule| view! { <li>{format::sentence(rule.words())}</li> }).collect_view()
    };
    view! {
        <div class="stack">
            <p>"While it is open, its holder need not wait for this:"</p>
            <ul>{list(true)}</ul>
            <p>"This holds as ever:"</p>
            <ul>{list(false)}</ul>
        </div>
    }
    .into_any()
}

fn state_of(glass: &BreakGlassView) -> AnyView {
    match (glass.open, &glass.review) {
        (true, _) => badge(Tone::Bad, "open"),
        (false, None) => badge(Tone::Watch, "review due"),
        (false, Some(_)) => badge(Tone::Quiet, "reviewed"),
    }
}

fn table(all: &[BreakGlassView]) -> AnyView {
    let head = view! {
        <th scope="col">"By"</th><th scope="col">"State"</th><th scope="col">"Opened"</th><th scope="col">"Why"</th>
        <th scope="col">"Runs"</th>
    };
    let rows = all
        .iter()
        .map(|glass| {
            view! {
                <tr>
                    <td><a class="row-link" href=href(&glass.id)><b>{glass.holder.clone()}</b></a></td>
                    {parts::labelled("State", state_of(glass))}
                    {parts::labelled("Opened", time::ago(glass.opened_at))}
                    <td class="whole"><span class="narrow-label">"Why"</span>{parts::prose(&glass.reason)}</td>
                    {parts::labelled("Runs", view! { {glass.runs.len().to_string()} }.into_any())}
                </tr>
            }
        })
        .collect_view();
    parts::paired_table("Each time that the glass was broken", head.into_any(), rows.into_any())
}

fn sealed(codes: &[SealedCodeView]) -> AnyView {
    let head = view! {
        <th scope="col">"Kept at"</th><th scope="col">"State"</th><th scope="col">"Made by"</th>
        <th scope="col"><span class="sr">"Withdraw"</span></th>
    };
    let rows = codes
        .iter()
        .map(|code| {
            let state = match (&code.used_by, &code.withdrawn_by) {
                (Some(by), _) => badge(Tone::Quiet, format!("used by {by}")),
                (None, Some(by)) => badge(Tone::Quiet, format!("withdrawn by {by}")),
                (None, None) => badge(Tone::Good, "good"),
            };
            let withdraw = code.is_good().then(|| {
                view! {
                    <form method="post" action=format!("{PATH}/codes/{}/withdraw", code.id)>
                        <button class="btn small danger" type="submit">{format!("Withdraw the one at {}", code.kept_at)}</button>
                    </form>
                }
            });
            view! {
                <tr>
                    <td><b>{code.kept_at.clone()}</b></td>
                    {parts::labelled("State", state)}
                    {parts::labelled("Made by", view! { {code.made_by.clone()}" "{time::ago(code.made_at)} }.into_any())}
                    <td class="whole">{withdraw}</td>
                </tr>
            }
        })
        .collect_view();
    let list = if codes.is_empty() {
        parts::empty(
            "No sealed codes",
            view! { "One in a safe opens it for an operator who has no second factor at hand." }.into_any(),
        )
    } else {
        parts::paired_table("Sealed codes", head.into_any(), rows.into_any())
    };
    view! {
        <div class="stack">
            {list}
            <form method="post" action=format!("{PATH}/codes") class="stack">
                {parts::text_field(MAKE_CODE, "kept_at", "Where it will be kept", "Such as: the safe in Dublin.", true)}
                <button class="btn" type="submit">"Make a sealed code"</button>
            </form>
        </div>
    }
    .into_any()
}

/// One time that the glass was broken.
#[must_use]
pub fn one(glass: BreakGlassView, signed: Signed) -> Screen {
    let mark = match (glass.open, &glass.review) {
        (true, _) => Tone::Bad,
        (false, None) => Tone::Watch,
        (false, Some(_)) => Tone::Quiet,
    };
    let title = format!("Break-glass of {}", glass.holder);
    Screen::new(title, "/break-glass", move || one_body(&glass, &signed))
        .mark(mark)
        .crumb("Break-glass", PATH)
        .live(LOOK_AGAIN)
}

fn one_body(glass: &BreakGlassView, signed: &Signed) -> AnyView {
    let may_end = glass.open && (signed.email == glass.holder || has(signed, &["admin"]));
    let end = may_end.then(|| {
        view! {
            <form method="post" action=format!("{}/end", href(&glass.id))>
                <button class="btn danger" type="submit">"End it now"</button>
            </form>
        }
    });
    let incident = glass.incident.clone().map(|incident| view! { " · incident "{incident} });
    let under = view! {
        {format!("opened {} with {}", format::moment(glass.opened_at), glass.opened_with.words())}{incident}
        <div class="why">{parts::prose(&glass.reason)}</div>
    };
    let lasts = match (&glass.ended_by, glass.ended_at) {
        (Some(by), Some(at)) => view! { <p>{format!("Ended {} by {by}.", format::moment(at))}</p> }.into_any(),
        _ => view! { <p>"Ends by itself in "{time::until(glass.expires_at)}". Runs that were begun by then go on to their end."</p> }.into_any(),
    };
    let started = if glass.runs.is_empty() {
        parts::empty(
            "Nothing was started under it",
            view! { "A run that was started so is marked for ever." }.into_any(),
        )
    } else {
        let items = glass
            .runs
            .iter()
            .map(|run| {
                let (tone, word) = runs::state_of(run.state, false);
                view! { <li><a href=runs::href(&run.id)>{run.application.clone()}</a>" "{badge(tone, word)}</li> }
            })
            .collect_view();
        view! { <ul>{items}</ul> }.into_any()
    };
    view! {
        {parts::head(format!("Break-glass of {}", glass.holder), under.into_any(), view! { {end} }.into_any())}
        <div class="grid halves">
            {parts::card("glass-lasts", "How long", parts::nothing(), view! { <div class="stack"><p>{state_of(glass)}</p>{lasts}</div> }.into_any())}
            {parts::card("glass-runs", "Started under it", parts::nothing(), started)}
        </div>
        {parts::card("glass-review", "Review", parts::nothing(), review(glass, signed))}
    }
    .into_any()
}

fn review(glass: &BreakGlassView, signed: &Signed) -> AnyView {
    if let Some(review) = &glass.review {
        return view! {
            <div class="stack"><p>{parts::prose(&review.words)}</p><p class="muted">{format!("Closed {} by {}", format::moment(review.at), review.by)}</p></div>
        }
        .into_any();
    }
    if glass.open || glass.runs.iter().any(|run| !run.state.is_over()) {
        return view! { <p class="muted">"It is due once this and what was started under it are over. Compliance is not green until it is closed."</p> }.into_any();
    }
    if signed.email == glass.holder || !has(signed, &["approver", "admin"]) {
        return view! { <p class="muted">"An approver or an administrator closes it, never its holder. Compliance is not green until then."</p> }.into_any();
    }
    let words = typed(REVIEW, "words").unwrap_or_default();
    view! {
        <form method="post" action=format!("{}/review", href(&glass.id)) class="stack">
            <div class="field">
                <label for="review-break-glass-words">"What was found"</label>
                <textarea id="review-break-glass-words" name="words" rows="4" required maxlength="2000" inner_html=format::escaped(&words)></textarea>
                <span class="hint">"Whether it was rightly broken, and what follows from it. Auditors read this."</span>
            </div>
            <button class="btn primary" type="submit">"Close the review"</button>
        </form>
    }
    .into_any()
}

/// On every page while it lasts.
#[must_use]
pub fn banner(open: &[BreakGlassView]) -> AnyView {
    if open.is_empty() {
        return parts::nothing();
    }
    let each = open
        .iter()
        .map(|glass| {
            view! {
                <p><a href=href(&glass.id)>{glass.holder.clone()}</a>" may start runs without approvals for "{time::until(glass.expires_at)}": "{parts::prose(&glass.reason)}</p>
            }
        })
        .collect_view();
    view! { <div role="alert" class="break-glass">{parts::callout(Tone::Bad, "Break-glass is open", each.into_any())}</div> }.into_any()
}

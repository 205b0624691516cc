//! What may be asked of a run, each as a form of its own; what may not, with the reason.

use crate::components::icon::icon;
use crate::components::parts;
use crate::components::tone::Tone;
use crate::format;
use crate::pages::application::move_words;
use crate::screen::{Signed, typed};
use holdfast_api::runs::{RunView, VerbView};
use holdfast_failover::RunState;
use leptos::prelude::*;

fn verb<'a>(run: &'a RunView, name: &str) -> Option<&'a VerbView> {
    run.verbs.iter().find(|v| v.verb == name)
}

fn may(run: &RunView, name: &str) -> bool {
    verb(run, name).is_some_and(|v| v.refused.is_none())
}

fn action(run: &RunView, verb: &str) -> String {
    format!("/runs/{}/{verb}", format::encode(&run.summary.id))
}

/// Beside the page's title: what is harmless first, what ends the run last and apart.
#[must_use]
pub fn first(run: &RunView) -> AnyView {
    let name = &run.summary.application;
    let pause = may(run, "pause").then(|| {
        view! {
            <form method="post" action=action(run, "pause")>
                <button class="btn" type="submit">{icon("pause")}"Pause after the running steps"</button>
            </form>
        }
    });
    let resume = may(run, "resume").then(|| {
        view! {
            <form method="post" action=action(run, "resume")>
                <button class="btn primary" type="submit">{icon("play")}{format!("Resume the run of {name}")}</button>
            </form>
        }
    });
    let try_again = may(run, "try_again").then(|| {
        view! {
            <form method="post" action=action(run, "try_again")>
                <button class="btn primary" type="submit">{icon("play")}{format!("Have the run of {name} tried again")}</button>
            </form>
        }
    });
    let end_drill = may(run, "end_drill").then(|| {
        view! {
            <form method="post" action=action(run, "end_drill")>
                <button class="btn primary" type="submit">{format!("End the drill now: bring {name} back to {}", run.summary.from_region)}</button>
            </form>
        }
    });
    let withdraw = may(run, "withdraw").then(|| {
        view! {
            <form method="post" action=action(run, "withdraw")>
                <button class="btn" type="submit">"Withdraw my approval"</button>
            </form>
        }
    });
    let notify = run.summary.ended_at.is_none().then(|| {
        view! { <button class="btn needs-js" type="button" data-notify="" hidden=true>"Notify me when it ends or stops"</button> }
    });
    // A page of its own: this one is drawn anew while the run is under way.
    let escalate = may(run, "escalate").then(|| {
        view! { <div class="apart"><a class="btn danger" href=action(run, "escalate")>"Escalate to an emergency…"</a></div> }
    });
    let commit = may(run, "commit").then(|| {
        view! {
            <form method="post" action=action(run, "commit")>
                <button class="btn primary" type="submit">{icon("approve")}{format!("Commit: {name} stays in {}", run.summary.to_region)}</button>
            </form>
        }
    });
    let abort = may(run, "abort").then(|| {
        view! { <div class="apart"><a class="btn danger" href=action(run, "abort")>"Abort, and take it back…"</a></div> }
    });
    let cancel = may(run, "cancel").then(|| {
        let summary = view! { <span class="btn danger">{if run.summary.state == RunState::AwaitingApproval { "Cancel the request…" } else { "Cancel the run…" }}</span> }.into_any();
        let what = if run.summary.state == RunState::AwaitingApproval {
            "Nothing has been changed. The request ends, and the application is free for another."
        } else {
            "The run stops where it is. Steps that are done stay done, and nothing is put back: the application may be left between two Regions."
        };
        let body = view! {
            <form method="post" action=action(run, "cancel") class="stack">
                <p>{what}</p>
                {parts::text_field("cancel", "reason", "Why", "Kept in the journal and the audit log.", true)}
                <button class="btn danger" type="submit">{format!("Cancel the run of {name} for good")}</button>
            </form>
        }
        .into_any();
        view! { <div class="apart">{parts::fold("ask-cancel".into(), typed("cancel", "reason").is_some(), "ask ask-right", summary, body)}</div> }
    });
    let acknowledge = may(run, "acknowledge").then(|| {
        view! {
            <form method="post" action=action(run, "acknowledge")>
                <button class="btn primary" type="submit">{icon("approve")}"Acknowledge how it ended"</button>
            </form>
        }
    });
    view! { {notify}{pause}{resume}{try_again}{end_drill}{withdraw}{acknowledge}{commit}{escalate}{abort}{cancel} }
        .into_any()
}

/// Approve or deny: two forms, far apart, each bound to the digest that is shown.
#[must_use]
pub fn decide(run: &RunView, signed: &Signed) -> AnyView {
    let s = &run.summary;
    let words = move_words(s.intent.as_str(), &s.application, &s.to_region);
    let refusal = |name: &str| verb(run, name).and_then(|v| v.refused.clone());
    let approve = match refusal("approve") {
        Some(why) if why.code == "fresh_identity_needed" => prove(run),
        Some(why) => parts::refused_verb(format!("Approve: {words}"), why),
        None if !may(run, "approve") => {
            view! { <p class="muted">"Your approval is not asked for."</p> }.into_any()
        }
        None => {
            let last = if signed.is_fresh(crate::screen::now()) { parts::nothing() } else { prove(run) };
            view! {
                {last}
                <form method="post" action=action(run, "review") class="stack">
                    <input type="hidden" name="decision" value="approve" />
                    <input type="hidden" name="plan_digest" value=run.plan_digest.clone() />
                    {parts::text_field("approve", "comment", "Comment", "Optional. Kept with your approval.", false)}
                    <button class="btn primary" type="submit">{icon("approve")}{format!("Approve: {words}")}</button>
                    <p class="hint">{consequence(run)}</p>
                </form>
            }
            .into_any()
        }
    };
    let glass = may(run, "break_glass").then(|| {
        let summary = view! { <span class="btn danger">"Start it without approvals…"</span> }.into_any();
        let body = view! {
            <form method="post" action=action(run, "break_glass") class="stack">
                <p>"You hold break-glass open. The run begins at once, on your word alone, and is marked for ever."</p>
                <button class="btn danger" type="submit">{format!("Start now, without approvals: {words}")}</button>
            </form>
        }
        .into_any();
        parts::fold("ask-break-glass".into(), false, "ask", summary, body)
    });
    let deny = match refusal("deny") {
        Some(why) => Some(parts::refused_verb("Deny", why)),
        None if may(run, "deny") => {
            let summary = view! { <span class="btn danger">"Deny this request…"</span> }.into_any();
            let body = view! {
                <form method="post" action=action(run, "review") class="stack">
                    <input type="hidden" name="decision" value="deny" />
                    <input type="hidden" name="plan_digest" value=run.plan_digest.clone() />
                    <p>"One denial ends the request. Whoever still wants it asks anew."</p>
                    {parts::text_field("deny", "comment", "Why not", "Whoever asked reads this.", true)}
                    <button class="btn danger" type="submit">{format!("Deny: {words}")}</button>
                </form>
            }
            .into_any();
            Some(parts::fold("ask-deny".into(), typed("deny", "comment").is_some(), "ask", summary, body))
        }
        None => None,
    };
    view! { {approve}<div class="far">{glass}{deny}</div> }.into_any()
}

fn consequence(run: &RunView) -> String {
    let missing: usize =
        run.tally.rules.iter().map(|r| usize::from(r.needed).saturating_sub(r.given.len())).sum();
    match (run.summary.dry_run, missing) {
        (true, _) => "A dry run: nothing will be changed.".to_owned(),
        (false, 0 | 1) => "This is the last approval needed: the run begins at once.".to_owned(),
        (false, n) => {
            format!("{} more will be needed after yours.", format::count(n - 1, "approval", "approvals"))
        }
    }
}

fn prove(run: &RunView) -> AnyView {
    let path = crate::components::runs::href(&run.summary.id);
    let href = format::query(crate::pages::prove::PATH, &[("next", Some(&path))]);
    let body = view! { <p>"Approving needs a proof of who you are, of the last five minutes."</p><a class="btn" href=href>"Prove who you are"</a> };
    parts::callout(Tone::Watch, "Sign in again to approve", body.into_any())
}

/// The rest, each with what is in its way.
#[must_use]
pub fn refused(run: &RunView) -> AnyView {
    let items: Vec<AnyView> = run
        .verbs
        .iter()
        .filter_map(|v| {
            let why = v.refused.clone()?;
            Some(parts::refused_verb(format::sentence(&format::plain(&v.verb)), why))
        })
        .collect();
    let summary = view! { {format::count(items.len(), "verb", "verbs")}", and why" };
    parts::fold("refused-verbs".into(), false, "plain-fold", summary.into_any(), view! { {items} }.into_any())
}

//! The pages, each from one or two questions to the control plane.

use super::query::{Asked, Fields};
use super::render::{self, Visit};
use crate::http::problem::Refused;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use holdfast_api::applications::ApplicationFilter;
use holdfast_api::audit::{AuditFilter, CallFilter};
use holdfast_api::runs::{RequestRun, RunFilter};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Name, RegionCode, Role, RunId};
use holdfast_failover::{DrillKind, Intent, Mode};
use holdfast_frontend::pages;
use holdfast_frontend::screen::Screen;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many lines a page of a list has.
const LINES: u32 = 50;
/// How many of a run's newest events its page shows.
const EVENTS: i64 = 500;

pub async fn now(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = state.plane.now(&visit.actor).await.map(pages::now::page);
    visit.show(&state, answer).await
}

pub async fn sign_in(State(state): State<AppState>, headers: HeaderMap, Asked(asked): Asked) -> Response {
    let failed = asked.get("refused").map(|code| {
        match code.as_str() {
            "sign_in_locked" => "There were too many wrong passwords for this address or from this place. Wait fifteen minutes.",
            "password_expired" => "The password that an administrator chose for you was good for 72 hours, and they are over. Ask an administrator for a new one.",
            "code_late" => "The code came more than five minutes after the password. Begin again.",
            other => pages::sign_in::refusal_of_provider(other)
                .unwrap_or("The e-mail address and the password do not fit together."),
        }
        .to_owned()
    });
    let status = if failed.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    let page = pages::sign_in::page(pages::sign_in::SignIn {
        next: asked.text("next"),
        failed,
        email: String::new(),
        demo: state.site.demo,
        provider: state.site.provider.as_ref().map(|provider| provider.name().to_owned()),
    });
    render::alone(&state, &headers, status, page)
}

pub async fn applications(State(state): State<AppState>, visit: Visit, Asked(asked): Asked) -> Response {
    let filter = ApplicationFilter {
        strategy: asked.get("strategy"),
        region: asked.get("region"),
        tier: asked.get("tier").and_then(|tier| tier.parse().ok()),
        owner: asked.get("owner"),
        recovery_state: asked.get("recovery_state"),
        compliance: asked.get("compliance"),
        search: asked.get("search"),
        cursor: asked.get("cursor"),
        limit: None,
    };
    let answer = state.plane.applications(&visit.actor, &filter).await;
    visit.show(&state, answer.map(|page| pages::applications::page(page, filter))).await
}

fn name(text: &str) -> Answer<Name> {
    Name::parse(text).map_err(|_| Problem::not_found("application", text))
}

pub async fn application(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let answer = async {
        let view = state.plane.application(&visit.actor, &name(&text)?).await?;
        Ok(pages::application::page(view))
    };
    let answer = answer.await;
    visit.show(&state, answer).await
}

/// Whose secret it is.
///
/// # Errors
/// 404 where the application has no such webhook.
pub async fn webhook_of(
    state: &AppState,
    visit: &Visit,
    application: &str,
    step: &str,
) -> Answer<pages::webhook::Webhook> {
    let view = state.plane.application(&visit.actor, &name(application)?).await?;
    pages::webhook::Webhook::of(&view, step)
        .ok_or_else(|| Problem::not_found("webhook", &format!("{application}/{step}")))
}

pub async fn webhook(
    State(state): State<AppState>,
    visit: Visit,
    Path((application, step)): Path<(String, String)>,
) -> Response {
    let may_make = visit.actor.held().any(|held| held.role == Role::Admin);
    let answer = webhook_of(&state, &visit, &application, &step).await;
    visit.show(&state, answer.map(|webhook| pages::webhook::page(webhook, may_make))).await
}

pub async fn review(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Asked(asked): Asked,
) -> Response {
    let answer = async {
        let request = asked_for(&text, &asked)?;
        let preview = state.plane.preview_run(&visit.actor, &request).await?;
        let on_call = state.plane.on_call(&visit.actor).await?;
        Ok(pages::review::page_with(preview, on_call, Uuid::new_v4().to_string()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn escalate(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let answer = async {
        let id = text.parse().map_err(|_| Problem::not_found("run", &text))?;
        let review = state.plane.escalation(&visit.actor, id).await?;
        Ok(pages::escalate::page(review, visit.signed()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn abort(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let answer = async {
        let id = text.parse().map_err(|_| Problem::not_found("run", &text))?;
        let review = state.plane.abort_review(&visit.actor, id).await?;
        Ok(pages::abort::page(review, visit.signed()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

fn asked_for(application: &str, asked: &Fields) -> Answer<RequestRun> {
    Ok(RequestRun {
        application: name(application)?.to_string(),
        intent: intent(asked)?,
        mode: mode(asked)?,
        drill: drill(asked)?,
        drill_minutes: drill_minutes(asked)?,
        from_region: asked.get("from"),
        to_region: asked.get("to"),
        split: split(asked)?,
        dry_run: false,
        reason: String::new(),
        incident: None,
        impact_began_at: None,
        detected_at: None,
        overrides: Vec::new(),
        commit_within_seconds: window(asked)?,
        break_glass: break_glass(asked),
        plan_digest: None,
    })
}

/// Which share of the load each Region takes over: one by one, as the page's fields have it, or all in one text, as its links do.
///
/// # Errors
/// When a share is no percentage.
pub fn split(fields: &Fields) -> Answer<Option<BTreeMap<String, u8>>> {
    let all = fields.get("split").unwrap_or_default();
    let linked = all.split(',').filter_map(|one| one.split_once('='));
    let named: Vec<(String, String)> = match fields.beginning("share_") {
        typed if typed.is_empty() => {
            linked.map(|(code, share)| (code.to_owned(), share.to_owned())).collect()
        }
        typed => typed,
    };
    let read = |(code, share): (String, String)| match share.trim().parse::<u8>() {
        Ok(percent) => Ok((code, percent)),
        Err(_) => Err(Problem::bad_field(
            "split",
            format!("`{share}` is not a percentage"),
            "Give each Region a whole number from 0 to 100.",
        )),
    };
    let split = named.into_iter().map(read).collect::<Answer<BTreeMap<_, _>>>()?;
    Ok((!split.is_empty()).then_some(split))
}

/// # Errors
/// When it is no number of seconds.
pub fn window(fields: &Fields) -> Answer<Option<u32>> {
    let Some(text) = fields.get("commit") else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Problem::bad_field(
            "commit",
            format!("`{text}` is no number of seconds"),
            "Choose one of those offered.",
        )
    })
}

/// Without approvals, by whoever holds the glass broken.
#[must_use]
pub fn break_glass(fields: &Fields) -> bool {
    fields.text("break_glass") == "yes"
}

/// # Errors
/// When it is none of the intents.
pub fn intent(fields: &Fields) -> Answer<Intent> {
    match fields.text("intent").as_str() {
        "" | "failover" => Ok(Intent::Failover),
        "failback" => Ok(Intent::Failback),
        "drill" => Ok(Intent::Drill),
        other => Err(Problem::bad_field(
            "intent",
            format!("`{other}` is not an intent"),
            "Choose failover, failback or drill.",
        )),
    }
}

/// # Errors
/// When it is neither of the two.
pub fn drill(fields: &Fields) -> Answer<Option<DrillKind>> {
    match fields.text("drill").as_str() {
        "" => Ok(None),
        "isolated" => Ok(Some(DrillKind::Isolated)),
        "live" => Ok(Some(DrillKind::Live)),
        other => {
            Err(Problem::bad_field("drill", format!("`{other}` is not a drill"), "Choose isolated or live."))
        }
    }
}

/// # Errors
/// When it is no number.
pub fn drill_minutes(fields: &Fields) -> Answer<Option<u32>> {
    let not_a_number = |text: String| {
        Problem::bad_field(
            "drill_minutes",
            format!("`{text}` is no number of minutes"),
            "Write a number, such as 30.",
        )
    };
    fields.get("drill_minutes").map(|text| text.parse().map_err(|_| not_a_number(text))).transpose()
}

/// # Errors
/// When it is neither of the modes.
pub fn mode(fields: &Fields) -> Answer<Mode> {
    match fields.text("mode").as_str() {
        "" | "planned" => Ok(Mode::Planned),
        "emergency" => Ok(Mode::Emergency),
        other => Err(Problem::bad_field(
            "mode",
            format!("`{other}` is not a mode"),
            "Choose planned or emergency.",
        )),
    }
}

pub async fn runs(State(state): State<AppState>, visit: Visit, Asked(asked): Asked) -> Response {
    let filter = RunFilter {
        application: asked.get("application"),
        state: asked.get("state"),
        live: asked.get("live").is_some_and(|live| live == "true"),
        cursor: asked.get("cursor"),
        set_aside: false,
        told_singly: false,
        limit: Some(LINES),
    };
    let answer = state.plane.runs(&visit.actor, &filter).await;
    visit.show(&state, answer.map(|page| pages::runs::page(page, filter))).await
}

pub async fn run(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let answer = async {
        let id: RunId = text.parse().map_err(|_| Problem::not_found("run", &text))?;
        let run = state.plane.run(&visit.actor, id).await?;
        // Those of a journal that cannot be read cannot be told either.
        let events = match run.unreadable {
            Some(_) => Vec::new(),
            None => state.plane.run_events(&visit.actor, id, (run.seq - EVENTS).max(0)).await?,
        };
        let told = state.plane.told_of_run(&visit.actor, id).await?;
        let on_call = state.plane.on_call(&visit.actor).await?;
        Ok(pages::run::page_with(run, events, told, on_call, visit.signed()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn approvals(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = futures::try_join!(
        state.plane.approvals(&visit.actor),
        state.plane.evacuations_to_review(&visit.actor)
    );
    let answer = answer.map(|(runs, lots)| pages::approvals::page(runs, lots));
    visit.show(&state, answer).await
}

pub async fn accounts(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = match state.plane.accounts(&visit.actor).await {
        Ok(accounts) => {
            let discovered = state.plane.discovered_accounts(&visit.actor).await;
            discovered.map(|discovered| pages::accounts::page(accounts, discovered))
        }
        Err(problem) => Err(problem),
    };
    visit.show(&state, answer).await
}

pub async fn regions(State(state): State<AppState>, visit: Visit) -> Response {
    // Whether the form is shown; whether it is accepted is the control plane's to say.
    let may_declare = visit.actor.has(Role::Operator) || visit.actor.has(Role::Admin);
    let answer = state.plane.regions(&visit.actor).await;
    visit.show(&state, answer.map(|view| pages::regions::page(view, may_declare))).await
}

pub async fn region(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let may_declare = visit.actor.has(Role::Operator) || visit.actor.has(Role::Admin);
    let answer = async {
        let code = RegionCode::parse(&text).map_err(|_| Problem::not_found("Region", &text))?;
        state.plane.region(&visit.actor, &code).await
    };
    let answer = answer.await;
    visit.show(&state, answer.map(|region| pages::regions::one(region, may_declare))).await
}

pub async fn people(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = async {
        let (people, groups) =
            futures::try_join!(state.plane.people(&visit.actor), state.plane.groups(&visit.actor))?;
        Ok(pages::people::page(people, groups, visit.actor.email.clone()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn policies(State(state): State<AppState>, visit: Visit) -> Response {
    let may_change = visit.actor.has(Role::Admin);
    let answer = state.plane.policies(&visit.actor).await;
    visit.show(&state, answer.map(|policies| pages::policies::page(policies, may_change))).await
}

pub async fn tokens(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = state.plane.tokens(&visit.actor).await;
    visit.show(&state, answer.map(|tokens| pages::tokens::page(tokens, None))).await
}

pub async fn compliance(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = state.plane.compliance(&visit.actor).await.map(pages::compliance::page);
    visit.show(&state, answer).await
}

pub async fn compliance_csv(State(state): State<AppState>, visit: Visit) -> Response {
    match state.plane.compliance_csv(&visit.actor).await {
        Ok(csv) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
                (
                    header::CONTENT_DISPOSITION,
                    HeaderValue::from_static("attachment; filename=\"holdfast-compliance.csv\""),
                ),
            ];
            (headers, csv).into_response()
        }
        Err(problem) => Refused(problem).into_response(),
    }
}

pub async fn audit(State(state): State<AppState>, visit: Visit, Asked(asked): Asked) -> Response {
    let filter = AuditFilter {
        actor: asked.get("actor"),
        action: asked.get("action"),
        subject: asked.get("subject"),
        outcome: asked.get("outcome"),
        cursor: asked.get("cursor"),
        limit: Some(LINES),
    };
    let answer = async {
        let (page, log) = futures::try_join!(
            state.plane.audit(&visit.actor, &filter),
            state.plane.audit_log(&visit.actor)
        )?;
        Ok(pages::audit::page(page, filter.clone(), log))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn calls(State(state): State<AppState>, visit: Visit, Asked(asked): Asked) -> Response {
    let click = match asked.get("click").map(|text| text.parse::<i64>()) {
        None => None,
        Some(Ok(entry)) => Some(entry),
        Some(Err(_)) => {
            let why = Problem::bad_field("click", "is no entry's number", "Take it from the audit page.");
            return visit.show(&state, Err(why)).await;
        }
    };
    let filter = CallFilter {
        person: asked.get("person"),
        run: asked.get("run"),
        click,
        cursor: asked.get("cursor"),
        limit: Some(LINES),
    };
    let answer = state.plane.audit_calls(&visit.actor, &filter).await;
    visit.show(&state, answer.map(|page| pages::calls::page(page, filter))).await
}

pub async fn system(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = crate::http::v1::system::view(&state, &visit.actor).await;
    visit.show(&state, answer.map(pages::system::page)).await
}

pub async fn api(State(state): State<AppState>, visit: Visit) -> Response {
    let page = pages::api::page(state.site.public_url.clone(), crate::http::docs::areas());
    visit.show(&state, Ok(page)).await
}

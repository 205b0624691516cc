//! The pages and forms of evacuations. Each calls what REST calls, with the same refusals.

use super::query::{Asked, Fields, Sent};
use super::render::{Form, Visit, back, came_of};
use super::run_forms::reason;
use super::{flash, views};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::evacuations::{
    CommitOutcome, CommittedEvacuation, EvacuationFilter, EvacuationVerb, EvacuationView, RequestEvacuation,
    ReviewEvacuation,
};
use holdfast_api::runs::Decision;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{EvacuationId, RegionCode};
use holdfast_failover::RunState;
use holdfast_failover::evacuation::Direction;
use holdfast_frontend::components::lots;
use holdfast_frontend::format;
use holdfast_frontend::pages;
use holdfast_frontend::pages::evacuate::FORM;
use holdfast_frontend::screen::{Flash, Screen};
use uuid::Uuid;

const LINES: u32 = 50;

pub async fn list(State(state): State<AppState>, visit: Visit, Asked(asked): Asked) -> Response {
    let filter = EvacuationFilter { live: false, cursor: asked.get("cursor"), limit: Some(LINES) };
    let answer = state.plane.evacuations(&visit.actor, &filter).await;
    visit.show(&state, answer.map(pages::evacuation::list)).await
}

pub async fn one(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let answer = async {
        let id = id(&text)?;
        let view = state.plane.evacuation(&visit.actor, id).await?;
        let told = state.plane.told_of_evacuation(&visit.actor, id).await?;
        Ok(pages::evacuation::page_with(view, told, visit.signed()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn preview(
    State(state): State<AppState>,
    visit: Visit,
    Path(code): Path<String>,
    Asked(asked): Asked,
) -> Response {
    let answer = async {
        let preview = state.plane.preview_evacuation(&visit.actor, &read(&code, &asked)?).await?;
        Ok(pages::evacuate::page(preview, Uuid::new_v4().to_string()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn request(
    State(state): State<AppState>,
    visit: Visit,
    Path(code): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let request = read(&code, &sent)?;
        let key = sent.get("idempotency_key").ok_or_else(|| {
            Problem::bad_field(
                "idempotency_key",
                "is missing",
                "Open the evacuation's preview anew and send its form.",
            )
        })?;
        state.plane.request_evacuation(&visit.actor, request, &key).await
    };
    match answer.await {
        Ok(view) => {
            let (lot, region) = (lots::what(&view.summary), &view.summary.region);
            let way = if view.summary.direction.is_out() { "of" } else { "home to" };
            back(&lots::href(&view.summary.id), flash::done(format!("Asked for: {lot} {way} {region}")))
        }
        Err(problem) => {
            let typed = sent.typed(&["reason", "incident"]);
            back(&preview_path(&code, &sent), flash::refused(&problem, FORM, typed))
        }
    }
}

fn read(code: &str, fields: &Fields) -> Answer<RequestEvacuation> {
    let region = RegionCode::parse(code).map_err(|_| Problem::not_found("Region", code))?;
    let dry_run = fields.text("dry_run") == "true";
    let concurrency = fields.get("concurrency").map(|text| {
        text.parse().map_err(|_| {
            Problem::bad_field("concurrency", format!("`{text}` is no number"), "Give one from 1 to 64.")
        })
    });
    Ok(RequestEvacuation {
        region: region.to_string(),
        direction: direction(fields)?,
        mode: views::mode(fields)?,
        commit_within_seconds: views::window(fields)?.filter(|_| !dry_run),
        reason: fields.text("reason"),
        incident: fields.get("incident"),
        concurrency: concurrency.transpose()?,
        stop_on_failure: fields.get("stop_on_failure").map(|text| text != "false"),
        dry_run,
        overrides: fields
            .text("overrides")
            .split(',')
            .filter(|guard| !guard.is_empty())
            .map(str::to_owned)
            .collect(),
        applications: None,
        // The digest shown is that of the request which people approve; a dry run is another one, and asks nobody.
        plan_digest: fields.get("plan_digest").filter(|_| !dry_run),
    })
}

/// Out of the Region, unless the page says home to it.
fn direction(fields: &Fields) -> Answer<Direction> {
    match fields.get("direction").as_deref() {
        None | Some("out") => Ok(Direction::Out),
        Some("home") => Ok(Direction::Home),
        Some(other) => Err(Problem::bad_field(
            "direction",
            format!("`{other}` is neither out nor home"),
            "Open the page anew from the Region's card.",
        )),
    }
}

/// The preview of the same request: the lot is made anew there.
fn preview_path(code: &str, sent: &Fields) -> String {
    let names = ["direction", "mode", "concurrency", "stop_on_failure", "overrides", "commit"];
    let kept = names.map(|name| (name, sent.get(name)));
    let pairs: Vec<(&str, Option<&str>)> =
        kept.iter().map(|(name, value)| (*name, value.as_deref())).collect();
    format::query(&lots::ask_href(code), &pairs)
}

pub async fn review(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let denies = sent.text("decision") == "deny";
    let answer = async {
        let decision = match sent.text("decision").as_str() {
            "approve" => Decision::Approve,
            "deny" => Decision::Deny,
            other => {
                return Err(Problem::bad_field(
                    "decision",
                    format!("`{other}` is not a decision"),
                    "Approve or deny.",
                ));
            }
        };
        let (plan_digest, comment) = (sent.text("plan_digest"), sent.get("comment"));
        let review = ReviewEvacuation { decision, plan_digest, comment };
        state.plane.review_evacuation(&visit.actor, id(&text)?, review).await
    };
    let words = if denies { "you denied the request" } else { "you approved it" };
    of_lot(&text, answer.await, words, if denies { "deny" } else { "approve" }, &sent)
}

pub async fn withdraw(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    drive(s, visit, path, sent, "withdraw", "your approval is withdrawn", |_| Ok(EvacuationVerb::Withdraw))
        .await
}

pub async fn break_glass(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    let words = "started without approvals";
    drive(s, visit, path, sent, "break-glass", words, |_| Ok(EvacuationVerb::BreakGlass)).await
}

/// Said again it changes nothing; what stands against a part is told with what was done of the others.
pub async fn commit(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let comment = sent.get("comment");
    let answer = async { state.plane.commit_evacuation(&visit.actor, id(&text)?, comment).await };
    let page = lots::href(&text);
    match answer.await {
        Ok(committed) => back(&page, committed_words(&committed)),
        Err(problem) => back(&page, flash::refused(&problem, "commit", sent.typed(&["comment"]))),
    }
}

fn committed_words(committed: &CommittedEvacuation) -> Flash {
    let names = |wanted: CommitOutcome| -> Vec<&str> {
        let of = committed.parts.iter().filter(|part| part.outcome == wanted);
        of.map(|part| part.application.as_str()).collect()
    };
    let now = names(CommitOutcome::Committed);
    let said = if now.is_empty() {
        "nothing was left to commit".to_owned()
    } else {
        format!("committed {}", now.join(", "))
    };
    let against = committed.parts.iter().filter_map(|part| Some((part, part.refused.as_ref()?)));
    let against: Vec<String> = against
        .map(|(part, why)| format!("Not {}: {} {}", part.application, why.sentence, why.way_out))
        .collect();
    // One whose turn to be committed has not come is no failure.
    let mut waiting = committed.evacuation.waves.iter().flatten().map(|run| run.state);
    let whole = !waiting.any(|state| state == RunState::AwaitingCommit);
    flash::partly(&format!("{}: {said}", called(&committed.evacuation)), &against.join(" "), whole)
}

pub async fn go_on(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    drive(s, visit, path, sent, "go-on", "it goes on", |sent| {
        Ok(EvacuationVerb::GoOn { reason: reason(sent)? })
    })
    .await
}

pub async fn cancel(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    drive(s, visit, path, sent, "cancel", "nothing further of it begins", |sent| {
        Ok(EvacuationVerb::Cancel { reason: reason(sent)? })
    })
    .await
}

async fn drive(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
    form: &str,
    words: &str,
    verb: impl FnOnce(&Fields) -> Answer<EvacuationVerb>,
) -> Response {
    let verb = verb(&sent);
    let answer = async { state.plane.drive_evacuation(&visit.actor, id(&text)?, verb?).await };
    of_lot(&text, answer.await, words, form, &sent)
}

fn of_lot(text: &str, answer: Answer<EvacuationView>, words: &str, form: &str, sent: &Fields) -> Response {
    let form = Form { page: &lots::href(text), name: form, fields: &["reason", "comment"] };
    came_of(answer, form, sent, |view| format!("{}: {words}", called(&view)))
}

fn called(view: &EvacuationView) -> String {
    lots::called(view.summary.direction, &view.summary.region)
}

fn id(text: &str) -> Answer<EvacuationId> {
    text.parse().map_err(|_| Problem::not_found("evacuation", text))
}

//! Kept plans: the pages, and their forms. Each form is one edit, laid over the version that its page showed, and calls
//! what REST calls.

use super::flash;
use super::query::{Asked, Fields, Sent};
use super::render::{Form, Visit, back, came_of};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::plans::{EditPlan, NewWaiver, PlanVersionView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::own_step::{OwnWork, Phase, Place, Until};
use holdfast_domain::{Invalid, Name, RegionCode, Seconds, StepId};
use holdfast_failover::Mode;
use holdfast_failover::plan::edit::{Edit, Editing};
use holdfast_failover::step::how::{Condition, IfItFails};
use holdfast_frontend::pages::plan::{self, INSERT, ORDER, TIME, WHEN};
use holdfast_frontend::pages::plans::{self, WAIVE, href, version_href};

fn name(text: &str) -> Answer<Name> {
    Name::parse(text).map_err(|_| Problem::not_found("application", text))
}

fn number(text: &str) -> Answer<i32> {
    text.parse().map_err(|_| Problem::not_found("plan version", text))
}

pub async fn list(State(state): State<AppState>, visit: Visit, Path(application): Path<String>) -> Response {
    let answer = async {
        let view = state.plane.plans(&visit.actor, &name(&application)?).await?;
        Ok(plans::page(plans::Plans { view, signed: visit.signed() }))
    };
    let answer = answer.await;
    visit.show(&state, answer).await
}

pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    Path((application, version)): Path<(String, String)>,
) -> Response {
    let answer = version_of(&state, &visit, &application, &version).await.map(plan::page);
    visit.show(&state, answer).await
}

async fn version_of(
    state: &AppState,
    visit: &Visit,
    application: &str,
    version: &str,
) -> Answer<PlanVersionView> {
    state.plane.plan_version(&visit.actor, &name(application)?, number(version)?).await
}

pub async fn diff(
    State(state): State<AppState>,
    visit: Visit,
    Path((application, version)): Path<(String, String)>,
    Asked(asked): Asked,
) -> Response {
    let answer = async {
        let with = asked.get("with").map(|text| number(&text)).transpose()?;
        let (application, version) = (name(&application)?, number(&version)?);
        let diff = state.plane.compare_plans(&visit.actor, &application, with, version).await?;
        Ok(plan::diff_page(diff))
    };
    let answer = answer.await;
    visit.show(&state, answer).await
}

pub async fn evaluate(
    State(state): State<AppState>,
    visit: Visit,
    Path((application, version)): Path<(String, String)>,
    Sent(sent): Sent,
) -> Response {
    let answer =
        async { state.plane.evaluate_plans(&visit.actor, &name(&application)?, number(&version)?).await };
    let page = href(&application);
    let form = Form { page: &page, name: "evaluate", fields: &[] };
    came_of(answer.await, form, &sent, |view| format!("Evaluated: {}", view.evaluation.outcome.as_str()))
}

pub async fn edit(
    State(state): State<AppState>,
    visit: Visit,
    Path((application, version)): Path<(String, String)>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let read = version_of(&state, &visit, &application, &version).await?;
        let mut edits: Vec<Edit> = read.edits.iter().map(|edit| edit.edit.clone()).collect();
        match sent.get("take_back") {
            Some(at) => {
                let at: usize = at.parse().map_err(|_| Problem::not_found("edit", &at))?;
                if at >= edits.len() {
                    return Err(Problem::not_found("edit", &at.to_string()));
                }
                edits.remove(at);
            }
            None => edits.push(from_form(&sent)?),
        }
        let edit = EditPlan {
            intent: read.head.intent,
            from_region: read.head.from_region.clone(),
            to_region: read.head.to_region.clone(),
            expected_version: read.head.version,
            edits,
            reason: sent.get("reason"),
        };
        state.plane.edit_plan(&visit.actor, &name(&application)?, edit).await
    };
    match answer.await {
        Ok(made) => {
            let done = flash::done(format!("Version {} is the plan now", made.head.version));
            back(&version_href(&application, made.head.version), done)
        }
        Err(problem) => {
            let fields =
                ["kind", "step", "other", "number", "signal", "mode", "name", "place", "says", "reason"];
            let shown = number(&version).unwrap_or_default();
            let refused = flash::refused(&problem, &sent.text("form"), sent.typed(&fields));
            back(&version_href(&application, shown), refused)
        }
    }
}

pub async fn waive(
    State(state): State<AppState>,
    visit: Visit,
    Path(application): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let text = sent.text("review_on");
        let waiver = NewWaiver {
            step: sent.text("step"),
            plane: sent.text("plane"),
            reason: sent.text("reason"),
            review_on: text.parse().map_err(|_| {
                Problem::bad_field("review_on", format!("`{text}` is no day"), "Write it as 2027-03-01.")
            })?,
        };
        state.plane.waive(&visit.actor, &name(&application)?, waiver).await
    };
    let page = href(&application);
    let form = Form { page: &page, name: WAIVE, fields: &["step", "plane", "reason", "review_on"] };
    came_of(answer.await, form, &sent, |_| "It is waived in your name".to_owned())
}

pub async fn end_waiver(
    State(state): State<AppState>,
    visit: Visit,
    Path(application): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let (step, plane) = (sent.text("step"), sent.text("plane"));
        state.plane.end_waiver(&visit.actor, &name(&application)?, &step, &plane).await
    };
    let page = href(&application);
    let form = Form { page: &page, name: "end-waiver", fields: &[] };
    came_of(answer.await, form, &sent, |_| "The waiver is taken back".to_owned())
}

/// One edit, of the form that was filled in.
fn from_form(sent: &Fields) -> Answer<Edit> {
    let mode = match sent.text("mode").as_str() {
        "" => None,
        "planned" => Some(Mode::Planned),
        "emergency" => Some(Mode::Emergency),
        other => return Err(unknown("mode", other)),
    };
    let (kind, form) = (sent.text("kind"), sent.text("form"));
    let edit = match (form.as_str(), kind.as_str()) {
        (ORDER, "wait_for") => Editing::WaitFor { step: step(sent, "step")?, other: step(sent, "other")? },
        (ORDER, "do_not_wait_for") => {
            Editing::DoNotWaitFor { step: step(sent, "step")?, other: step(sent, "other")? }
        }
        (TIME, "timeout") => Editing::Timeout { step: step(sent, "step")?, seconds: count(sent)? },
        (TIME, "tries") => Editing::Tries { step: step(sent, "step")?, tries: count(sent)? },
        (WHEN, "leave_out") => Editing::LeaveOut { step: step(sent, "step")? },
        (WHEN, "go_on") => Editing::IfItFails { step: step(sent, "step")?, then: IfItFails::GoOn },
        (WHEN, "only_if_well" | "only_if_not_well") => {
            let condition = signal(&sent.text("signal"), kind == "only_if_well")?;
            Editing::OnlyIf { step: step(sent, "step")?, condition }
        }
        (INSERT, "person" | "time") => Editing::Insert {
            name: Name::parse(&sent.text("name")).map_err(|e| wrong("name", &e))?,
            place: place(&sent.text("place"))?,
            work: if kind == "person" {
                OwnWork::WaitForPerson { says: sent.text("says"), group: None }
            } else {
                let length = Seconds::parse(&sent.text("says")).map_err(|e| wrong("says", &e))?;
                OwnWork::WaitForTime { until: Until::For(length) }
            },
            timeout: None,
        },
        (_, other) => return Err(unknown("kind", other)),
    };
    Ok(Edit { mode, edit })
}

fn wrong(field: &str, why: &Invalid) -> Problem {
    Problem::bad_field(field, why.to_string(), "Mend the field and send the form again.")
}

fn unknown(field: &str, value: &str) -> Problem {
    let value: String = value.chars().take(60).collect();
    Problem::bad_field(
        field,
        format!("`{value}` is none of the choices"),
        "Choose one of those that are listed.",
    )
}

fn step(sent: &Fields, field: &str) -> Answer<StepId> {
    StepId::parse(&sent.text(field)).map_err(|e| wrong(field, &e))
}

fn count(sent: &Fields) -> Answer<u32> {
    let text = sent.text("number");
    text.parse().map_err(|_| {
        Problem::bad_field("number", format!("`{text}` is no whole number"), "Write it in digits.")
    })
}

/// `resource@region`.
fn signal(text: &str, well: bool) -> Answer<Condition> {
    let (resource, region) = text.split_once('@').ok_or_else(|| {
        Problem::bad_field(
            "signal",
            "names no Region",
            "Write it as resource@region, such as web@eu-central-1.",
        )
    })?;
    Ok(Condition::Signal {
        resource: Name::parse(resource.trim()).map_err(|e| wrong("signal", &e))?,
        region: RegionCode::parse(region.trim()).map_err(|e| wrong("signal", &e))?,
        well,
    })
}

fn place(text: &str) -> Answer<Place> {
    let phase = |word: &str| {
        Phase::ALL.iter().copied().find(|p| p.as_str() == word).ok_or_else(|| unknown("place", text))
    };
    match text.split_once(':') {
        Some(("before", word)) => phase(word).map(Place::Before),
        Some(("after", word)) => phase(word).map(Place::After),
        Some(("before_step", id)) => Ok(Place::BeforeStep(id.to_owned())),
        Some(("after_step", id)) => Ok(Place::AfterStep(id.to_owned())),
        _ => Err(unknown("place", text)),
    }
}

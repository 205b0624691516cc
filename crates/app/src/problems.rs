//! How failures and refusals become problems: in one place, once.

use crate::unreadable;
use holdfast_api::{FieldProblem, Problem};
use holdfast_failover::Refusal;

/// 503 for a database that does not answer, 500 for what should not be; both without inner words.
pub fn of_store(error: holdfast_store::Error) -> Problem {
    use holdfast_store::Error;
    match error {
        Error::NotFound(what) => Problem::new(
            404,
            "not_found",
            "Not found",
            format!("There is no such {what}."),
            "Look it up in the list.",
        ),
        Error::Conflict(what) => Problem::new(
            409,
            "conflict",
            "Changed meanwhile",
            format!("Somebody else changed it at the same moment ({what})."),
            "Read it again and repeat.",
        ),
        Error::RunMoved { run, .. } => Problem::new(
            409,
            "conflict",
            "Changed meanwhile",
            format!("Run {run} has moved on."),
            "Read it again and repeat.",
        ),
        Error::EvacuationMoved { id } => Problem::new(
            409,
            "conflict",
            "Changed meanwhile",
            format!("Evacuation {id} has moved on."),
            "Read it again and repeat.",
        ),
        Error::NoSecretsKey => no_secrets_key("keep a webhook's secret"),
        Error::Invalid(what) => {
            Problem::new(422, "invalid", "Not accepted", what, "Mend the value and send it again.")
        }
        Error::ActiveRun { id } => active_run(&id.to_string()),
        Error::ResourceHeld { resource, run, application } => {
            resource_held(&resource, &run.to_string(), &application)
        }
        Error::UnreadableApplication(one) => {
            tracing::error!(%one, "an application cannot be read");
            unreadable::problem(&one)
        }
        Error::Unavailable(reason) => {
            tracing::error!(%reason, "the database does not answer");
            Problem::new(
                503,
                "database_unavailable",
                "The database does not answer",
                "Nothing was changed.",
                "Try again in a few seconds; if it lasts, look at the server's log and the database.",
            )
        }
        other => {
            tracing::error!(error = %other, "a stored value cannot be used");
            Problem::new(
                500,
                "internal",
                "Something is wrong inside",
                "The server could not use what is stored.",
                "The server's log has the details under this request's id.",
            )
        }
    }
}

/// `to`: what it cannot do for want of one.
pub fn no_secrets_key(to: &str) -> Problem {
    Problem::new(
        409,
        "no_secrets_key",
        "Not offered here",
        format!("This server has no key to {to} with."),
        "Its administrator sets HOLDFAST_SECRETS_KEY.",
    )
}

pub fn active_run(id: &str) -> Problem {
    let mut problem = Problem::new(
        409,
        "run_active",
        "Another run holds the application",
        format!("Run {id} of this application has not ended: an application is moved by one run at a time."),
        "Wait for it, or cancel it. An emergency takes the place of a run that still waits for approval.",
    );
    problem.blocked_by = Some(id.to_owned());
    problem
}

/// The title of [`resource_held`]: what it says lasts, unlike that another was quicker.
pub const HELD: &str = "Another run holds what this one would change";

/// The same of something that both would change.
pub fn resource_held(resource: &str, run: &str, application: &str) -> Problem {
    let mut problem = Problem::new(
        409,
        "run_active",
        HELD,
        format!(
            "Run {run} of {application} has not ended and may change {resource}, which this run would change too: one run at a time."
        ),
        format!(
            "Wait for that run, or cancel it. Where {application} must move as well, evacuate the Region: a lot moves both."
        ),
    );
    problem.blocked_by = Some(run.to_owned());
    problem
}

/// Refusals of the pure core. Those about rights are 403, a superseded plan or state is 409, the rest 409 or 422.
pub fn of_refusal(refusal: Refusal) -> Problem {
    let status = match refusal.code.as_str() {
        "self_review"
        | "policy_editor"
        | "not_an_approver"
        | "fresh_identity_needed"
        | "unsafe_trust"
        | "strong_factor_needed"
        | "not_the_holder" => 403,
        "invalid"
        | "same_region"
        | "not_a_region_of_the_application"
        | "reason_needed"
        | "not_for_break_glass" => 422,
        _ => 409,
    };
    Problem::new(status, &refusal.code, "Refused", refusal.sentence, refusal.way_out)
}

/// The other way about: what a request would be refused with, where the refusal is shown and nothing is requested.
pub fn as_refusal(problem: Problem) -> Refusal {
    Refusal { code: problem.code, sentence: problem.detail, way_out: problem.way_out }
}

/// What the inventory's reader found, whole, in `what` was sent: the inventory, or one entry of it.
#[must_use]
pub fn of_file(what: &str, problems: Vec<holdfast_inventory::Problem>) -> Problem {
    let count = problems.len();
    let first = problems.first().map(|p| p.to_string()).unwrap_or_default();
    let mut problem = Problem::new(
        422,
        "inventory_invalid",
        &format!("The {what} was not stored"),
        if count == 1 { first } else { format!("{count} problems; the first: {first}") },
        "Mend what is named and send it again. Nothing was stored.",
    );
    problem.fields = problems
        .into_iter()
        .map(|p| FieldProblem {
            line: p.line,
            column: p.column,
            path: p.path,
            message: p.message,
            way_out: p.way_out,
        })
        .collect();
    problem
}

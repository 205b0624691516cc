//! What people see: a path per page and a form handler per verb. A handler asks the control plane first, so the
//! status is true, then renders; a form calls the same method as REST and leads back to its page. No rule here.

mod break_glass;
mod channels;
pub mod cookies;
mod evacuations;
mod flash;
mod forms;
mod me;
mod on_call;
mod passkeys;
mod people_forms;
mod plans;
pub mod query;
mod render;
mod run_forms;
mod safeguards;
mod views;

use crate::http::principal;
use crate::state::AppState;
use axum::Router;
use axum::extract::{FromRequestParts as _, Request};
use axum::response::Response;
use axum::routing::{get, post};
use holdfast_api::Problem;

pub use render::{Visit, page_problem};

/// What stands at no path of ours, as a page: in the house for whoever is signed in, on its own for a stranger.
pub async fn missing(state: &AppState, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let problem = Problem::new(
        404,
        "unknown_path",
        "Not found",
        format!("Nothing is at {path}."),
        "Start from Now; the menu leads to every page.",
    );
    match principal::find(&mut parts, state).await {
        Ok(Some(_)) => match Visit::from_request_parts(&mut parts, state).await {
            Ok(visit) => visit.show(state, Err(problem)).await,
            Err(response) => response,
        },
        Ok(None) | Err(_) => page_problem(state, &parts.headers, problem),
    }
}

/// Every path of people but the `POST`s of `/sign-in` and below it, `/prove` and `/sign-out`, which begin and end sessions.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(views::now))
        .route("/sign-in", get(views::sign_in))
        .route("/sign-in/code", get(me::code))
        .route("/prove", get(me::prove))
        .route("/me", get(me::page))
        .route("/me/sessions/{id}/end", post(me::end_session))
        .route("/me/sessions/end", post(me::end_sessions))
        .route("/me/password", post(me::change_password))
        .route("/me/codes", post(me::begin_codes))
        .route("/me/codes/confirm", post(me::confirm_codes))
        .route("/me/codes/remove", post(me::remove_codes))
        .route("/me/recovery-codes", post(me::new_recovery_codes))
        .route("/me/passkeys", post(passkeys::add))
        .route("/me/passkeys/{id}/name", post(passkeys::rename))
        .route("/me/passkeys/{id}/remove", post(passkeys::remove))
        .route("/me/channels", get(channels::page).post(channels::add))
        .route("/me/channels/{id}/test", post(channels::test))
        .route("/me/channels/{id}/remove", post(channels::remove))
        .route("/applications", get(views::applications))
        .route("/applications/{name}", get(views::application))
        .route("/applications/{name}/refresh", post(forms::refresh))
        .route("/applications/{name}/plans", get(plans::list))
        .route("/applications/{name}/plans/waivers", post(plans::waive))
        .route("/applications/{name}/plans/waivers/end", post(plans::end_waiver))
        .route("/applications/{name}/plans/{version}", get(plans::one))
        .route("/applications/{name}/plans/{version}/diff", get(plans::diff))
        .route("/applications/{name}/plans/{version}/edit", post(plans::edit))
        .route("/applications/{name}/plans/{version}/evaluate", post(plans::evaluate))
        .route("/applications/{name}/runs", post(run_forms::request))
        .route("/applications/{name}/runs/new", get(views::review))
        .route(
            "/applications/{name}/webhooks/{step}/secret",
            get(views::webhook).post(forms::new_webhook_secret),
        )
        .route("/runs", get(views::runs))
        .route("/runs/{id}", get(views::run))
        .route("/runs/{id}/review", post(run_forms::review))
        .route("/runs/{id}/pause", post(run_forms::pause))
        .route("/runs/{id}/resume", post(run_forms::resume))
        .route("/runs/{id}/cancel", post(run_forms::cancel))
        .route("/runs/{id}/escalate", get(views::escalate).post(run_forms::escalate))
        .route("/runs/{id}/abort", get(views::abort).post(run_forms::abort))
        .route("/runs/{id}/commit", post(run_forms::commit))
        .route("/runs/{id}/withdraw", post(run_forms::withdraw))
        .route("/runs/{id}/acknowledge", post(run_forms::acknowledge))
        .route("/runs/{id}/try_again", post(run_forms::try_again))
        .route("/runs/{id}/break_glass", post(run_forms::break_glass))
        .route("/runs/{id}/end_drill", post(run_forms::end_drill))
        .route("/runs/{id}/steps/{step}/retry", post(run_forms::retry))
        .route("/runs/{id}/steps/{step}/skip", post(run_forms::skip))
        .route("/runs/{id}/steps/{step}/confirm", post(run_forms::confirm))
        .route("/approvals", get(views::approvals))
        .route("/accounts", get(views::accounts))
        .route("/regions", get(views::regions))
        .route("/regions/{code}", get(views::region).post(forms::declare))
        .route("/regions/{code}/evacuate", get(evacuations::preview).post(evacuations::request))
        .route("/evacuations", get(evacuations::list))
        .route("/evacuations/{id}", get(evacuations::one))
        .route("/evacuations/{id}/review", post(evacuations::review))
        .route("/evacuations/{id}/withdraw", post(evacuations::withdraw))
        .route("/evacuations/{id}/break_glass", post(evacuations::break_glass))
        .route("/evacuations/{id}/commit", post(evacuations::commit))
        .route("/evacuations/{id}/go-on", post(evacuations::go_on))
        .route("/evacuations/{id}/cancel", post(evacuations::cancel))
        .route("/safeguards", get(safeguards::page))
        .route("/safeguards/automation", post(safeguards::switch))
        .route("/safeguards/freezes", post(safeguards::declare))
        .route("/safeguards/freezes/{id}/lift", post(safeguards::lift))
        .route("/on-call", get(on_call::page))
        .route("/on-call/rotation", post(on_call::rotate))
        .route("/on-call/calendar", post(on_call::follow))
        .route("/on-call/override", post(on_call::take_over))
        .route("/on-call/{name}/remove", post(on_call::remove))
        .route("/on-call/{name}/overrides/{id}/end", post(on_call::end_override))
        .route("/break-glass", get(break_glass::page).post(break_glass::open))
        .route("/break-glass/{id}", get(break_glass::one))
        .route("/break-glass/{id}/end", post(break_glass::end))
        .route("/break-glass/{id}/review", post(break_glass::review))
        .route("/break-glass/codes", post(break_glass::make_code))
        .route("/break-glass/bundle", get(break_glass::bundle_copy))
        .route("/break-glass/offline-code", post(break_glass::make_offline_code))
        .route("/break-glass/offline-codes/{id}/end", post(break_glass::end_offline_code))
        .route("/break-glass/codes/{id}/withdraw", post(break_glass::withdraw_code))
        .route("/people", get(views::people).post(people_forms::add_person))
        .route("/people/sign-out", post(me::sign_everybody_out))
        .route("/people/{id}", post(people_forms::change_person))
        .route("/people/{id}/disable", post(people_forms::disable_person))
        .route("/people/{id}/enable", post(people_forms::enable_person))
        .route("/people/{id}/reset-factor", post(me::reset_codes))
        .route("/people/{id}/passkeys", get(passkeys::of))
        .route("/people/{id}/passkeys/{passkey}/remove", post(passkeys::remove_of))
        .route("/groups", post(people_forms::add_group))
        .route("/groups/{name}", post(people_forms::change_group))
        .route("/policies", get(views::policies).post(people_forms::add_policy))
        .route("/policies/{name}", post(people_forms::change_policy))
        .route("/policies/{name}/remove", post(people_forms::remove_policy))
        .route("/tokens", get(views::tokens).post(people_forms::make_token))
        .route("/tokens/{id}/revoke", post(people_forms::revoke_token))
        .route("/compliance", get(views::compliance))
        .route("/compliance.csv", get(views::compliance_csv))
        .route("/audit", get(views::audit))
        .route("/audit/calls", get(views::calls))
        .route("/system", get(views::system))
        .route("/api", get(views::api))
        .route("/theme", post(forms::theme))
}

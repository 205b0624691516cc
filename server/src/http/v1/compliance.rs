//! `/compliance`: objective, band, and what runs have measured; as JSON or CSV.

use super::super::{
    body::{Params, prefers},
    principal::Principal,
    problem::Reply,
};
use crate::state::AppState;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use holdfast_api::{Problem, compliance::ComplianceView};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `json` or `csv`; without it `Accept` decides.
    format: Option<String>,
}

#[utoipa::path(get, path = "/compliance", tag = "evidence", params(Wanted),
    responses((status = 200, content((ComplianceView = "application/json"), (String = "text/csv")))))]
pub async fn get_compliance(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(wanted): Params<Wanted>,
    headers: HeaderMap,
) -> Reply<Response> {
    let csv = match wanted.format.as_deref() {
        Some("csv") => true,
        Some("json") => false,
        None => prefers(&headers, &["text/csv"], &["application/json"]),
        Some(other) => {
            return Err(Problem::bad_field(
                "format",
                format!("`{other}` is no format"),
                "Ask for json or csv.",
            )
            .into());
        }
    };
    if csv {
        let text = state.plane.compliance_csv(&actor).await?;
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"holdfast-compliance.csv\""),
        ];
        return Ok((headers, text).into_response());
    }
    Ok(Json(state.plane.compliance(&actor).await?).into_response())
}

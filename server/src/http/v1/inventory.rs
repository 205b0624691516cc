//! `/inventory`: the declarative file, whole, as YAML or JSON.

use super::super::{
    body::{Params, Raw, media_type, prefers, unsupported_media_type},
    etag,
    principal::Principal,
    problem::Reply,
};
use crate::state::AppState;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use holdfast_api::{
    Problem,
    inventory::{FileFormat, InventoryDiff, Manner},
    version,
};
use serde::Deserialize;
use utoipa::IntoParams;

const YAML: [&str; 5] =
    ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/vnd.yaml"];
const JSON: [&str; 1] = ["application/json"];

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Taken {
    /// Answer what would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Remove entries that are missing from a section that is present; without it that is refused.
    #[serde(default)]
    prune: bool,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Shape {
    /// `yaml` or `json`; without it `Accept` decides, and JSON is what else is sent.
    format: Option<String>,
}

/// The canonical file: sent back as it is, it changes nothing.
#[utoipa::path(get, path = "/inventory", tag = "inventory", params(Shape),
    responses((status = 200, headers(("etag" = String)),
        content((Object = "application/json"), (String = "application/yaml")))))]
pub async fn get_inventory(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(shape): Params<Shape>,
    headers: HeaderMap,
) -> Reply<Response> {
    let format = match shape.format.as_deref() {
        Some("yaml") => FileFormat::Yaml,
        Some("json") => FileFormat::Json,
        Some(other) => {
            return Err(Problem::bad_field(
                "format",
                format!("`{other}` is no format"),
                "Ask for yaml or json.",
            )
            .into());
        }
        None if prefers(&headers, &YAML, &JSON) => FileFormat::Yaml,
        None => FileFormat::Json,
    };
    let text = state.plane.export_inventory(&actor, format).await?;
    let kind = if format == FileFormat::Yaml { "application/yaml" } else { "application/json" };
    // Of what is sent: a cache that holds one format may not take it for the other.
    let mut headers = etag::header(&version::of_bytes(text.as_bytes()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    Ok((headers, text).into_response())
}

/// Stores the whole file or nothing of it, and answers what changed.
#[utoipa::path(put, path = "/inventory", tag = "inventory",
    params(Taken, ("if-match" = Option<String>, Header, description = "The ETag of the version that was edited")),
    request_body(content((Object = "application/json"), (String = "application/yaml"))),
    responses((status = 200, body = InventoryDiff),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn put_inventory(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(manner): Params<Taken>,
    headers: HeaderMap,
    Raw(file): Raw,
) -> Reply<Json<InventoryDiff>> {
    let format = match media_type(&headers) {
        Some(kind) if YAML.contains(&kind.as_str()) => FileFormat::Yaml,
        Some(kind) if JSON.contains(&kind.as_str()) => FileFormat::Json,
        Some(kind) => {
            return Err(unsupported_media_type(&kind, "application/yaml` or `application/json").into());
        }
        None if file.trim_ascii_start().starts_with(b"{") => FileFormat::Json,
        None => FileFormat::Yaml,
    };
    let Taken { dry_run, prune } = manner;
    let manner = Manner { dry_run, prune, if_match: etag::if_match(&headers) };
    let diff = state.plane.apply_inventory(&actor, &file, format, &manner).await?;
    Ok(Json(diff))
}

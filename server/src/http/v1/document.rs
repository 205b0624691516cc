//! The OpenAPI document. Paths and parameters stand beside their handlers; what holds for all of them (who may
//! call, which problems can come back) is added here, once.

use super::super::{etag, problem};
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use holdfast_api::version;
use std::sync::OnceLock;
use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{
        Content, HttpMethod, ObjectBuilder, OpenApi as Document, PathItem, Ref, RefOr, Response as Answer,
        Type,
        path::{Operation, ParameterBuilder, ParameterIn},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast",
        description = "Multi-Region disaster recovery on AWS: inventory, status, runs, approvals, compliance, audit. \
                       Every no is an RFC 9457 problem with a stable `code` and a `way_out`. Lists that grow come in \
                       pages: `next` goes back as `cursor`. Live status is never guessed: what could not be seen is `unknown`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "session", description = "Signing in and out as a person"),
        (name = "inventory", description = "The declarative file, whole"),
        (name = "status", description = "What stands where, and whether it would survive"),
        (name = "plans", description = "Kept plans: versions, edits, evaluation, waivers"),
        (name = "runs", description = "Failovers and failbacks: request, review, drive, follow"),
        (name = "safeguards", description = "Change freezes, the switch that stops all automation, and break-glass"),
        (name = "evidence", description = "Compliance and the audit log"),
        (name = "people", description = "People, groups, policies and API tokens"),
        (name = "system", description = "Health, metrics and this document")
    )
)]
struct Frame;

/// Operations that need no sign-in.
pub const PUBLIC: [(&str, &str); 5] = [
    ("post", "/api/v1/session"),
    ("get", "/api/v1/openapi.json"),
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/.well-known/security.txt"),
];

pub fn frame() -> Document {
    Frame::openapi()
}

/// The whole document.
#[must_use]
pub fn document() -> Document {
    let mut document = super::described().split_for_parts().1;
    let components = document.components.get_or_insert_default();
    components.schemas.insert(problem::ProblemBody::name().into_owned(), problem::ProblemBody::schema());
    let mut used = Vec::new();
    problem::ProblemBody::schemas(&mut used);
    components.schemas.extend(used);
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(super::super::session::COOKIE))),
    );
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let public = PUBLIC.contains(&(word(&method), path.as_str()));
            complete(path, &method, operation, public);
        }
    }
    document
}

fn complete(path: &str, method: &HttpMethod, operation: &mut Operation, public: bool) {
    let changes = !matches!(method, HttpMethod::Get);
    let mut problems =
        vec![("500", "A defect"), ("503", "The database does not answer"), ("504", "No answer in time")];
    if public {
        operation.security = Some(Vec::new());
    } else {
        operation.security = Some(vec![
            SecurityRequirement::new("token", Vec::<String>::new()),
            SecurityRequirement::new("session", Vec::<String>::new()),
        ]);
        problems.extend([
            ("401", "Not signed in, or the token is not accepted"),
            ("403", "Not allowed"),
            ("429", "You ask too often; `Retry-After` says when to go on"),
        ]);
    }
    if changes {
        problems.push(("403", "Not allowed, or the request came from another site"));
    }
    if matches!(method, HttpMethod::Post) && !public {
        offer_key(operation);
    }
    let has_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    if has_parameters && !changes {
        problems.push(("422", "A parameter is understood and not accepted; `fields` names it"));
    }
    if has_parameters || changes {
        problems.push(("400", "Malformed: a header, a query or JSON that cannot be read"));
    }
    if path.contains('{') {
        problems.push(("404", "There is no such entry"));
    }
    if operation.request_body.is_some() {
        problems.extend([
            ("413", "The body is too large"),
            ("415", "The content type is not read here"),
            ("422", "Understood and not accepted; `fields` names what and where"),
        ]);
    }
    if changes {
        problems.push(("409", "Something else stands in the way; `blocked_by` names it"));
    }
    for (status, answer) in &mut operation.responses.responses {
        if let RefOr::T(answer) = answer
            && answer.description.trim().is_empty()
        {
            let of_operation = operation.summary.as_deref().or(operation.description.as_deref());
            answer.description = match of_operation {
                Some(words) if status.starts_with('2') => words.to_owned(),
                _ => "Done".to_owned(),
            };
        }
    }
    let tagged = matches!(operation.responses.responses.get("200"), Some(RefOr::T(answer)) if answer.headers.contains_key("etag"));
    if tagged && !changes {
        let unchanged = Answer::new("Not modified: `If-None-Match` names what is there");
        operation.responses.responses.entry("304".to_owned()).or_insert(RefOr::T(unchanged));
    }
    for (status, words) in problems {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| refusal(words));
    }
}

/// Every change by POST may be sent again under the same key.
fn offer_key(operation: &mut Operation) {
    let shape = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(200))
        .pattern(Some("^[!-~]{1,200}$"));
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in parameters.iter_mut() {
        if let RefOr::T(own) = parameter
            && own.name == "idempotency-key"
        {
            own.schema = Some(shape.into());
            return;
        }
    }
    let key = ParameterBuilder::new()
        .name("idempotency-key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "1 to 200 visible ASCII characters, kept for 24 hours: the same key with the same request answers the \
             same again and changes nothing; with another request it is `idempotency_key_reused`",
        ))
        .schema(Some(shape))
        .build();
    parameters.push(RefOr::T(key));
}

fn refusal(words: &str) -> RefOr<Answer> {
    let reference = RefOr::Ref(Ref::from_schema_name(problem::ProblemBody::name()));
    let mut answer = Answer::new(words);
    answer.content.insert(problem::CONTENT_TYPE.to_owned(), RefOr::T(Content::new(Some(reference))));
    RefOr::T(answer)
}

/// The operations of one path.
fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Delete, &mut item.delete),
        (HttpMethod::Patch, &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, slot)| slot.as_mut().map(|operation| (method, operation))).collect()
}

fn word(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "get",
        HttpMethod::Put => "put",
        HttpMethod::Post => "post",
        HttpMethod::Delete => "delete",
        HttpMethod::Patch => "patch",
        HttpMethod::Options => "options",
        HttpMethod::Head => "head",
        HttpMethod::Trace => "trace",
    }
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "system",
    responses((status = 200, description = "OpenAPI", content_type = "application/json", body = Object, headers(("etag" = String)))))]
pub async fn get_document() -> Response {
    static TEXT: OnceLock<Option<String>> = OnceLock::new();
    match TEXT.get_or_init(|| document().to_json().ok()) {
        Some(text) => {
            let mut headers: HeaderMap = etag::header(&version::of_bytes(text.as_bytes()));
            headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            (headers, text.as_str()).into_response()
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

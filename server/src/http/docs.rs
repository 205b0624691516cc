//! `/api/docs`: the OpenAPI document as a page, out of files that are compiled in. The page sets styles from its
//! scripts, so it has a content security policy of its own, for this path only.

use super::principal::Principal;
use crate::state::AppState;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use utoipa_swagger_ui::{Config, SwaggerUi};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

pub fn routes(state: &AppState) -> Router<AppState> {
    let page: Router<AppState> =
        SwaggerUi::new("/api/docs").config(Config::from("/api/v1/openapi.json").validator_url("none")).into();
    page.layer(from_fn_with_state(state.clone(), relax))
}

/// A signed-in person's page, like all others.
async fn relax(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match super::principal::find(&mut parts, &state).await {
        Ok(Some(actor)) => drop(Principal(actor)),
        Ok(None) => {
            use axum::response::{IntoResponse, Redirect};
            return Redirect::to(&super::principal::sign_in_path("/api/docs/")).into_response();
        }
        Err(refused) => return axum::response::IntoResponse::into_response(refused),
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

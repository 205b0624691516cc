//! `/session`: signing in and out by REST. A session's cookie and the sign-in page's are the same.

use super::super::{
    body::JsonBody,
    principal::{Principal, find},
    problem::{Reply, not_signed_in},
    sign_in::{FORGET, admit, dismiss, here, prove_again},
};
use crate::state::AppState;
use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use holdfast_api::{
    Problem,
    passkeys::PasskeyAnswer,
    proofs::{Admitted, Proof, Proved},
};
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub email: String,
    #[schema(format = Password)]
    pub password: String,
    /// The second factor's, of whoever has one: of the authenticator app, or one to recover with.
    #[serde(default)]
    #[schema(format = Password)]
    pub code: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    pub person: String,
    pub email: String,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    /// The scopes of the API token that asks; absent for a person's own session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Approving needs this to be less than five minutes ago.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub identity_proved_at: Option<Timestamp>,
    /// Whether that proof held a second factor that was checked here: opening break-glass needs that, or a sealed code.
    pub second_factor: bool,
    /// What comes first, and until it is done nothing else is: `own_password` (`PUT /session/password`), or `second_factor`
    /// (`POST /session/factors/totp`, or a passkey on the page).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

impl From<Actor> for SessionView {
    fn from(actor: Actor) -> Self {
        let roles = actor.held().map(|held| held.to_string()).collect();
        Self {
            person: actor.person.to_string(),
            email: actor.email,
            roles,
            groups: actor.groups.iter().map(ToString::to_string).collect(),
            scopes: actor
                .token_scopes
                .map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
            identity_proved_at: actor.identity_proved_at,
            second_factor: actor.second_factor,
            due: actor.due.map(|due| due.as_str().to_owned()),
        }
    }
}

/// Who is asking.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
pub async fn get_session(Principal(actor): Principal) -> Json<SessionView> {
    Json(actor.into())
}

/// Signs a person in: sets the session's cookie. Fresh identity for five minutes.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, responses(
    (status = 200, body = SessionView, headers(("set-cookie" = String, description = "`__Host-holdfast`"))),
    (status = 401, description = "Unknown address or wrong password; `code_needed`: the second factor's code is asked for too, `code_refused`: it was not right", body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`password_expired`: the password that an administrator chose was good for three days", body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures: the account's door is closed for a while", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_session(State(state): State<AppState>, request: Request) -> Reply<Json<SessionView>> {
    let (mut parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), body);
    let JsonBody(sign_in) = JsonBody::<SignIn>::from_request(again, &state).await?;
    let SignIn { email, password, code } = sign_in;
    let admitted = admit(&mut parts, &state, &email, &password, code.as_deref()).await?;
    let (person, second_factor) = match admitted {
        Admitted::Whole(person) => (person, false),
        Admitted::WithCode(person) => (person, true),
        Admitted::CodeDue(_) => return Err(code_needed().into()),
    };
    let actor = state.plane.actor_of_session(person, Some(holdfast_clock::now())).await?;
    Ok(Json(Actor { second_factor, ..actor }.into()))
}

fn code_needed() -> Problem {
    Problem::new(
        401,
        "code_needed",
        "A second factor is asked for",
        "The password is right, and this person has a second factor.",
        "Send the same again with `code`: the one that the authenticator app shows, or one to recover with. A passkey is used on the page.",
    )
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// Of whoever has one.
    #[serde(default)]
    #[schema(format = Password)]
    pub password: Option<String>,
    /// Of whoever has a second factor.
    #[serde(default)]
    #[schema(format = Password)]
    pub code: Option<String>,
    /// In place of both.
    #[serde(default)]
    pub passkey: Option<AgainByPasskey>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgainByPasskey {
    /// What `navigator.credentials.get()` gave, as `PublicKeyCredential.toJSON()` writes it.
    #[schema(value_type = Object)]
    pub answer: serde_json::Value,
    /// As it was when the key was asked by `POST /session/proof/challenge`.
    #[serde(default)]
    pub page: Option<String>,
}

/// Proves anew who the session's person is, which is fresh identity for five minutes: everything that they have is asked for, or a passkey.
/// The session goes on under another cookie.
#[utoipa::path(post, path = "/session/proof", tag = "session", request_body = Again, responses(
    (status = 200, body = SessionView, headers(("set-cookie" = String, description = "`__Host-holdfast`, in place of the one that was sent"))),
    (status = 401, description = "Not right; `passkey_count_went_back`: the key may have been copied", body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_proof(State(state): State<AppState>, request: Request) -> Reply<Json<SessionView>> {
    let (mut parts, body) = request.into_parts();
    let actor = find(&mut parts, &state).await?.ok_or_else(not_signed_in)?;
    let again = Request::from_parts(parts.clone(), body);
    let JsonBody(Again { password, code, passkey }) = JsonBody::<Again>::from_request(again, &state).await?;
    let passkey = match passkey {
        Some(AgainByPasskey { answer, page }) => {
            let session = here(&mut parts, &state).await;
            Some(PasskeyAnswer { answer, session, page })
        }
        None => None,
    };
    let proof = Proof { password, code, passkey };
    let Proved { second_factor, passkey } = prove_again(&mut parts, &state, proof).await?;
    let due = actor.due;
    let actor = state.plane.actor_of_session(actor.person, Some(holdfast_clock::now())).await?;
    Ok(Json(Actor { second_factor, passkey, due, ..actor }.into()))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204, description = "Signed out")))]
pub async fn delete_session(
    State(state): State<AppState>,
    Principal(_actor): Principal,
    request: Request,
) -> Reply<(StatusCode, [(&'static str, &'static str); 1])> {
    let (mut parts, _) = request.into_parts();
    dismiss(&mut parts, &state).await?;
    Ok((StatusCode::NO_CONTENT, FORGET))
}

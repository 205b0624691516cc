//! From a screen to a response: the chrome around it, the status, the content security policy with its nonce.

use super::flash::CameOf;
use super::query::Fields;
use super::{cookies, flash};
use crate::http::{
    assets, principal,
    problem::{Refused, Told},
    reports, sign_in,
};
use crate::state::AppState;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use axum::response::{IntoResponse, Redirect, Response};
use holdfast_api::runs::RunFilter;
use holdfast_api::{Answer, Problem};
use holdfast_domain::Actor;
use holdfast_frontend::pages;
use holdfast_frontend::screen::{Assets, Automation, Chrome, Clocks, Flash, Glass, Screen, Signed, Theme};
use leptos::nonce::Nonce;

pub const THEME: &str = "__Host-holdfast-theme";
/// More than this many active runs are counted as this many.
const COUNTED: u32 = 100;

/// Somebody who is signed in looks at a page or sends a form. Strangers are sent to sign in.
#[derive(Debug)]
pub struct Visit {
    pub actor: Actor,
    pub flash: Option<Flash>,
    path: String,
    theme: Theme,
    had_flash: bool,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let actor = match principal::find(parts, state).await {
            Ok(Some(actor)) if leads_elsewhere(&actor, parts) => {
                return Err(Redirect::to(pages::me::PATH).into_response());
            }
            Ok(Some(actor)) => actor,
            Ok(None) => {
                return match principal::Principal::from_request_parts(parts, state).await {
                    Ok(found) => Ok(Self::of(found.0, parts)),
                    Err(sent_to_sign_in) => Err(sent_to_sign_in),
                };
            }
            Err(Refused(problem)) => return Err(page_problem(state, &parts.headers, problem)),
        };
        Ok(Self::of(actor, parts))
    }
}

/// Whoever has to do something first is led to where it is done, whatever page they ask for.
fn leads_elsewhere(actor: &Actor, parts: &Parts) -> bool {
    let there = [pages::me::PATH, pages::prove::PATH].contains(&parts.uri.path());
    actor.due.is_some() && parts.method == Method::GET && !there
}

impl Visit {
    fn of(actor: Actor, parts: &Parts) -> Self {
        let uri: &Uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
        let path = uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
        let carried = flash::read(&parts.headers);
        let of_another = carried.as_ref().is_some_and(|flash| !flash::is_for(flash, &path));
        Self {
            actor,
            flash: carried.filter(|_| !of_another),
            theme: theme(&parts.headers),
            had_flash: !of_another && cookies::read(&parts.headers, flash::COOKIE).is_some(),
            path,
        }
    }

    #[must_use]
    pub fn signed(&self) -> Signed {
        Signed {
            email: self.actor.email.clone(),
            roles: self.actor.held().map(|held| held.to_string()).collect(),
            identity_proved_at: self.actor.identity_proved_at,
        }
    }

    /// Neither shown here nor forgotten: it is for the page that this one leads back to.
    #[must_use]
    pub fn leaving_the_flash(mut self) -> Self {
        (self.flash, self.had_flash) = (None, false);
        self
    }

    /// The page, or the page that says why not, with the status that is true.
    pub async fn show(self, state: &AppState, answer: Answer<Screen>) -> Response {
        let told = answer.as_ref().err().cloned();
        let (status, mut screen) = match answer {
            Ok(screen) => (StatusCode::OK, screen),
            Err(problem) if problem.status == 401 => {
                return Redirect::to(&principal::sign_in_path(&self.path)).into_response();
            }
            Err(problem) => (status(&problem), pages::problem::page(problem)),
        };
        // A page that asks for itself again would lose the refusal and what had been typed.
        if self.flash.as_ref().is_some_and(|flash| !flash.done || !flash.typed.is_empty()) {
            screen.refresh_seconds = None;
        }
        let mut chrome = chrome(state, &self.path, self.theme);
        chrome.flash.clone_from(&self.flash);
        // They may ask for none of what stands around a page.
        if self.actor.due.is_some() {
            return saying(told, respond(status, screen, chrome, self.had_flash));
        }
        let live = RunFilter { live: true, told_singly: true, limit: Some(COUNTED), ..RunFilter::default() };
        let (runs, approvals, evacuations, automation, glass, clocks) = futures::join!(
            state.plane.runs(&self.actor, &live),
            state.plane.approvals(&self.actor),
            state.plane.evacuations_to_review(&self.actor),
            state.plane.automation(&self.actor),
            state.plane.break_glass_state(&self.actor),
            state.plane.clocks(&self.actor)
        );
        chrome.signed = Some(self.signed());
        chrome.active_runs = runs.ok().map(|page| page.items.len());
        // Of what cannot be told no number is shown.
        chrome.approvals = approvals.ok().zip(evacuations.ok()).map(|(runs, lots)| runs.len() + lots.len());
        chrome.automation = match automation {
            Ok(automation) if automation.on => Automation::On,
            Ok(automation) => Automation::Off(automation),
            Err(_) => Automation::NotKnown,
        };
        chrome.glass = glass.map_or(Glass::NotKnown, |state| Glass::Open(state.open));
        chrome.clocks = clocks.map_or(Clocks::NotKnown, Clocks::Compared);
        saying(told, respond(status, screen, chrome, self.had_flash))
    }
}

fn status(problem: &Problem) -> StatusCode {
    if problem.status >= 500 {
        tracing::error!(code = problem.code, detail = problem.detail, "a page cannot be shown");
    }
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[must_use]
pub fn theme(headers: &HeaderMap) -> Theme {
    cookies::read(headers, THEME).map_or(Theme::System, Theme::parse)
}

fn chrome(state: &AppState, path: &str, theme: Theme) -> Chrome {
    let mut chrome =
        Chrome::new(Assets { url: assets::url, module: assets::module() }, path, holdfast_clock::now());
    chrome.theme = theme;
    chrome.simulator_url.clone_from(&state.site.simulator_url);
    chrome
}

/// A problem as a page for whoever it is, without a menu: nobody may be known at that point.
#[must_use]
pub fn page_problem(state: &AppState, headers: &HeaderMap, problem: Problem) -> Response {
    let told = Some(problem.clone());
    saying(told, alone(state, headers, status(&problem), pages::problem::page(problem)))
}

/// Marked with the no that it says.
fn saying(told: Option<Problem>, mut response: Response) -> Response {
    if let Some(problem) = told {
        if let Some(seconds) = problem.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Told(problem));
    }
    response
}

/// A page before anybody is signed in.
#[must_use]
pub fn alone(state: &AppState, headers: &HeaderMap, status: StatusCode, screen: Screen) -> Response {
    respond(status, screen, chrome(state, "/", theme(headers)), false)
}

fn respond(status: StatusCode, screen: Screen, mut chrome: Chrome, forget_flash: bool) -> Response {
    chrome.nonce = Nonce::new().to_string();
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'self'; report-uri {}",
        chrome.nonce,
        reports::PATH
    );
    let html = screen.render(chrome);
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if forget_flash && let Some(removal) = cookies::remove(flash::COOKIE) {
        headers.append(header::SET_COOKIE, removal);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

/// Back to a page of ours, with what came of the form. Where it waits for a proof of who one is, by way of that, with what was
/// typed.
#[must_use]
pub fn back(path: &str, came_of: impl Into<CameOf>) -> Response {
    let CameOf { flash, refusal } = came_of.into();
    let (path, flash) = if flash.prove_first {
        (prove_path(path), flash::waiting(flash, path))
    } else {
        (path.to_owned(), flash)
    };
    let mut response = Redirect::to(&path).into_response();
    if let Some(cookie) = flash::keep(flash) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    saying(refusal, response)
}

fn prove_path(path: &str) -> String {
    sign_in::page(sign_in::PROVE, principal::own_path(path).unwrap_or("/"), None)
}

/// A form of a page: where it stands, its name there, and which of its fields are typed in again when it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    pub page: &'a str,
    pub name: &'a str,
    pub fields: &'a [&'a str],
}

/// Back to the form's page, which tells what came of it: in `words`, or as the refusal with its way out.
#[must_use]
pub fn came_of<T>(
    answer: Answer<T>,
    form: Form<'_>,
    sent: &Fields,
    words: impl FnOnce(T) -> String,
) -> Response {
    match answer {
        Ok(done) => back(form.page, flash::done(words(done))),
        Err(problem) => back(form.page, flash::refused(&problem, form.name, sent.typed(form.fields))),
    }
}

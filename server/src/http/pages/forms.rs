//! Forms of applications, their webhooks and Regions, and the theme.

use super::query::Sent;
use super::render::{self, Form, Visit, back, came_of};
use super::{cookies, flash, views};
use crate::http::principal::own_path;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use holdfast_api::{Answer, IfMatch, Problem};
use holdfast_domain::{Declaration, Name, RegionCode};
use holdfast_frontend::components::{applications, own_steps};
use holdfast_frontend::pages;
use holdfast_frontend::screen::Theme;

/// Asks the collector to look again.
pub async fn refresh(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let name = Name::parse(&text).map_err(|_| Problem::not_found("application", &text))?;
        state.plane.refresh_application(&visit.actor, &name).await
    };
    let form = Form { page: &applications::href(&text), name: "refresh", fields: &[] };
    came_of(answer.await, form, &sent, |()| {
        format!("Holdfast looks at {text} again. What it sees appears here.")
    })
}

/// Answers with a page of its own and not with a way back: the secret is in this answer and nowhere else.
pub async fn new_webhook_secret(
    State(state): State<AppState>,
    visit: Visit,
    Path((application, step)): Path<(String, String)>,
) -> Response {
    let made: Answer<_> = async {
        let webhook = views::webhook_of(&state, &visit, &application, &step).await?;
        let name = |text: &str| Name::parse(text).map_err(|_| Problem::not_found("webhook", text));
        let secret =
            state.plane.new_webhook_secret(&visit.actor, &name(&application)?, &name(&step)?).await?;
        Ok((webhook, secret))
    }
    .await;
    match made {
        Ok((webhook, secret)) => visit.show(&state, Ok(pages::webhook::made(webhook, secret))).await,
        Err(problem) => back(
            &own_steps::secret_href(&application, &step),
            flash::refused(&problem, "webhook-secret", Default::default()),
        ),
    }
}

/// Says of a Region what an operator knows.
pub async fn declare(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let code = RegionCode::parse(&text).map_err(|_| Problem::not_found("Region", &text))?;
        let declared = declaration(&sent.text("declared"))?;
        state
            .plane
            .declare_region(&visit.actor, &code, declared, sent.get("reason"), &IfMatch::Unconditional)
            .await
    };
    let form = Form { page: "/regions", name: &format!("declare-{text}"), fields: &["declared", "reason"] };
    came_of(answer.await, form, &sent, |region| format!("{} is declared {}", region.code, region.declared))
}

fn declaration(text: &str) -> Answer<Declaration> {
    Declaration::ALL.into_iter().find(|d| d.as_str() == text).ok_or_else(|| {
        let all: Vec<_> = Declaration::ALL.iter().map(|d| d.as_str()).collect();
        Problem::bad_field(
            "declared",
            format!("`{text}` is not a declaration"),
            format!("Choose {}.", all.join(", ")),
        )
    })
}

/// Remembers the theme in this browser. Nobody need be signed in, and nothing is stored here.
pub async fn theme(Sent(sent): Sent) -> Response {
    let back = sent.get("back");
    let path = back.as_deref().and_then(own_path).unwrap_or("/");
    let mut response = Redirect::to(path).into_response();
    let theme = Theme::parse(&sent.text("theme")).as_str();
    if let Some(cookie) = cookies::set(render::THEME, theme, cookies::REMEMBERED_SECONDS) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

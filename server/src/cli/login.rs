//! `holdfast login`, `logout` and `password`: a person's own session, which reviews need.

use super::{
    Failure, Outcome,
    arguments::{Login, Logout, people::OwnPassword},
    client::{As, Client},
    output::{Output, lines},
    password,
    saved_session::{self, SavedSession},
};
use crate::http::session::COOKIE;
use anyhow::{Context as _, anyhow};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};
use std::io::Write as _;

/// # Errors
/// The server's refusal.
pub async fn login(login: Login, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let email = match login.email {
        Some(email) => email,
        None if login.password_stdin => {
            return Err(Failure::Usage("--password-stdin needs --email".to_owned()));
        }
        None => ask("E-mail")?,
    };
    let password = password::read(login.password_stdin, "Password")?;
    let sign_in = async |code: Option<&str>| {
        let body = json!({ "email": email, "password": password, "code": code });
        client.raw(Method::POST, "/api/v1/session", Some(&body), As::Nobody).await
    };
    let response = match sign_in(login.code.as_deref()).await {
        Err(Failure::Problem(problem)) if problem.code == "code_needed" && !login.password_stdin => {
            sign_in(Some(&ask("Code of the second factor")?)).await?
        }
        answered => answered?,
    };
    let cookie = cookie(&response)?;
    let who: Value = response.json().await.context("the answer broke off")?;
    keep(SavedSession { url: client.url.clone(), email: email.clone(), cookie })?;
    output.show(&who, |who| {
        let then = match who["due"].as_str() {
            Some("own_password") => "The password was chosen by an administrator: choose your own first, with `holdfast password`.",
            Some("second_factor") => "A role of yours asks for a second factor: set one up first, on the page of your sign-in.",
            _ => "Approving is possible for five minutes.",
        };
        format!("Signed in to {} as {email}. {then}", client.url)
    });
    Ok(())
}

fn cookie(response: &Response) -> Result<String, Failure> {
    let set = response.headers().get_all(header::SET_COOKIE).iter();
    let pair = set
        .filter_map(|value| value.to_str().ok())
        .filter_map(|line| line.split(';').next())
        .find(|pair| pair.starts_with(&format!("{COOKIE}=")));
    let none = || anyhow!("the server gave no session: is HOLDFAST_URL a Holdfast?");
    Ok(pair.ok_or_else(none)?.to_owned())
}

fn keep(session: SavedSession) -> Result<(), Failure> {
    Ok(saved_session::save(&session).context("the session cannot be kept")?)
}

/// # Errors
/// The server's refusal.
pub async fn password(own: OwnPassword, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    client.demand_person()?;
    let (present, new) = password::read_change(own.password_stdin)?;
    let body = json!({ "present": present, "new": new });
    let response = client.raw(Method::PUT, "/api/v1/session/password", Some(&body), As::Person).await?;
    // The one that was sent is worth nothing any more.
    if let Some(session) = saved_session::load(&client.url) {
        keep(SavedSession { cookie: cookie(&response)?, ..session })?;
    }
    let changed: Value = response.json().await.context("the answer broke off")?;
    output.show(&changed, |changed| {
        format!(
            "The password is changed, and you are signed out everywhere else: {} ended.",
            changed["sessions_ended"]
        )
    });
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn logout(logout: Logout, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let which = if logout.everywhere { "/api/v1/sessions" } else { "/api/v1/session" };
    let ended = client.raw(Method::DELETE, which, None::<&Value>, As::Person).await;
    saved_session::forget();
    match ended {
        Err(Failure::Problem(problem)) if problem.status != 401 => return Err(Failure::Problem(problem)),
        Err(Failure::Other(error)) => return Err(Failure::Other(error)),
        _ => {}
    }
    output.show(&json!({ "signed_out": true }), |_| "Signed out.".to_owned());
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn whoami(output: Output) -> Outcome {
    let who: Value = Client::from_environment()?.get("/api/v1/session").await?;
    output.show(&who, |who| {
        let all = |field: &str| {
            let items = who[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            items.collect::<Vec<_>>().join(", ")
        };
        let of = |field: &str| who[field].as_str().unwrap_or_default().to_owned();
        lines(&[
            ("e-mail", of("email")),
            ("roles", all("roles")),
            ("groups", all("groups")),
            ("scopes", all("scopes")),
            ("identity proved", of("identity_proved_at")),
            ("first", of("due")),
        ])
    });
    Ok(())
}

fn ask(prompt: &str) -> Result<String, Failure> {
    eprint!("{prompt}: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

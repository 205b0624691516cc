//! How people are told, from `[notify]` in the file and `HOLDFAST_SMTP_…`: what is missing or unsafe is refused at the start, and
//! that a receiver does not answer is not.

use super::{Mode, Settings, Wrong};
use holdfast_notify::{PAGERDUTY, Post};
use holdfast_outside::{Mailer, Outside};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;

const URL: &str = "HOLDFAST_SMTP_URL";
const FROM: &str = "HOLDFAST_SMTP_FROM";

#[derive(Debug, Clone, Default)]
pub struct Notify {
    pub smtp_url: Option<SecretString>,
    pub smtp_from: Option<String>,
    pub pagerduty_url: Option<String>,
    /// Where somebody is waited for and nobody acts, people are told again after this long.
    pub again_after: Option<Duration>,
}

impl Notify {
    #[must_use]
    pub fn has_mail(&self) -> bool {
        self.smtp_url.is_some()
    }

    #[must_use]
    pub fn settings(&self) -> holdfast_notify::Settings {
        let default = holdfast_notify::Settings::default();
        holdfast_notify::Settings { again_after: self.again_after.unwrap_or(default.again_after), ..default }
    }
}

/// The ways out of here. Addresses that people store pass the guard of `outside`.
///
/// # Errors
/// What is missing or wrong, by name, and never what is secret in it.
pub fn post(settings: &Settings, outside: &holdfast_outside::Settings) -> Result<Post, Wrong> {
    let said = &settings.notify;
    let pagerduty = match &said.pagerduty_url {
        // Whether its host is one to be spoken to is judged when somebody has a channel there.
        None => PAGERDUTY.to_owned(),
        Some(url) => {
            outside.guard().check_url(url).map_err(|why| {
                let way_out = "Leave it out, or use https://events.eu.pagerduty.com/v2/enqueue.";
                Wrong::new("HOLDFAST_PAGERDUTY_URL", format!("`{url}`: {why}"), way_out)
            })?;
            url.clone()
        }
    };
    let mailer = mailer(said, settings.mode)?;
    Ok(Post::new(Outside::new(outside.clone()), mailer, settings.public_url.clone(), pagerduty))
}

fn mailer(said: &Notify, mode: Mode) -> Result<Option<Mailer>, Wrong> {
    let Some(url) = &said.smtp_url else {
        return match said.smtp_from {
            Some(_) => {
                Err(Wrong::new(URL, "is not set", format!("Set it to the mail server, or leave {FROM} out.")))
            }
            None => Ok(None),
        };
    };
    let url = url.expose_secret();
    let from = said.smtp_from.as_deref().ok_or_else(|| {
        Wrong::new(FROM, "is not set", "Set it to whom e-mail comes from: Holdfast <holdfast@example.com>.")
    })?;
    let encrypted = url.starts_with("smtps://") || url.contains("tls=required");
    if mode == Mode::Production && !encrypted {
        return Err(Wrong::new(
            URL,
            "would carry its password in the clear",
            "Write it as smtps://USER:PASSWORD@HOST, or smtp://USER:PASSWORD@HOST:587?tls=required.",
        ));
    }
    let wrong = |why: String| {
        let way_out =
            "Write it as smtps://USER:PASSWORD@HOST, and the sender as Holdfast <holdfast@example.com>.";
        Wrong::new(&format!("{URL} or {FROM}"), why, way_out)
    };
    Mailer::new(url, from).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(url: &str, from: Option<&str>, mode: Mode) -> Result<bool, String> {
        let said = Notify {
            smtp_url: Some(SecretString::from(url.to_owned())),
            smtp_from: from.map(str::to_owned),
            ..Notify::default()
        };
        mailer(&said, mode).map(|mailer| mailer.is_some()).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn production_hands_no_password_over_in_the_clear() {
        let from = Some("Holdfast <holdfast@example.com>");
        assert_eq!(mail("smtp://user:canary@mail.example.com", from, Mode::Local), Ok(true));
        let refused = mail("smtp://user:canary@mail.example.com", from, Mode::Production).unwrap_err();
        assert!(refused.starts_with(URL) && !refused.contains("canary"), "{refused}");
        for encrypted in
            ["smtps://user:canary@mail.example.com", "smtp://user:canary@mail.example.com:587?tls=required"]
        {
            assert_eq!(mail(encrypted, from, Mode::Production), Ok(true));
        }
    }

    #[test]
    fn what_is_missing_is_named_and_what_is_wrong_is_not_repeated() {
        assert!(mail("smtps://mail.example.com", None, Mode::Local).unwrap_err().starts_with(FROM));
        let refused = mail("canary", Some("holdfast@example.com"), Mode::Local).unwrap_err();
        assert!(refused.contains(URL) && !refused.contains("canary"), "{refused}");
        let alone = Notify { smtp_from: Some("x@example.com".into()), ..Notify::default() };
        assert!(mailer(&alone, Mode::Local).unwrap_err().to_string().starts_with(URL));
    }
}

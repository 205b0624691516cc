//! E-mail by the one server that the configuration names. Where it is and what it is told to sign in with is the operator's to
//! say and nobody else's, so the guard of stored addresses has no part in it.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::fmt;
use std::time::Duration;

/// A mail server is slower than a web server, and greylisting ones are slower still.
const WITHIN: Duration = Duration::from_secs(10);

/// One e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same for every attempt: mail programs show a repeat once.
    pub id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Why the server did not take it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotMailed {
    pub why: String,
    /// Trying again changes nothing.
    pub for_good: bool,
}

/// The server, and who writes.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer(as {})", self.from)
    }
}

impl Mailer {
    /// `url`: `smtps://USER:PASSWORD@HOST`, or `smtp://…?tls=required`; `from` as mail programs show it. Nothing is said to the
    /// server yet.
    ///
    /// # Errors
    /// What is wrong with which; never the URL, which has a password in it.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "the URL is none of a mail server".to_owned())?
            .timeout(Some(WITHIN))
            .build();
        let from = from.parse().map_err(|e| format!("`{from}` is no address to write from: {e}"))?;
        Ok(Self { transport, from })
    }

    /// Hands it to the server, once.
    ///
    /// # Errors
    /// Why not. After a lost connection the server may have it all the same: the repeat has the same id.
    pub async fn send(&self, mail: &Mail) -> Result<(), NotMailed> {
        let message = self.written(mail)?;
        match tokio::time::timeout(WITHIN, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                // Its words may repeat the address.
                let why = match error.status() {
                    Some(code) => format!("the mail server answered {code}"),
                    None => format!("the mail server: {error}"),
                };
                Err(NotMailed { why, for_good: error.is_permanent() })
            }
            Err(_) => {
                let why = "the mail server did not answer in time".to_owned();
                Err(NotMailed { why, for_good: false })
            }
        }
    }

    fn written(&self, mail: &Mail) -> Result<Message, NotMailed> {
        let wrong = |why: String| NotMailed { why, for_good: true };
        let to: Mailbox = mail.to.parse().map_err(|e| wrong(format!("it is no address: {e}")))?;
        let host = self.from.email.domain();
        Message::builder()
            .message_id(Some(format!("<{}@{host}>", mail.id)))
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|e| wrong(format!("it could not be written: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_none_is_not_repeated_and_nothing_of_a_good_one_is_printed() {
        let why = Mailer::new("http://user:canary@mail.example.com", "holdfast@example.com").unwrap_err();
        assert!(!why.contains("canary"), "{why}");
        assert!(Mailer::new("smtps://mail.example.com", "nobody").is_err());
        let mailer =
            Mailer::new("smtps://user:canary@mail.example.com", "Holdfast <hf@example.com>").unwrap();
        assert!(!format!("{mailer:?}").contains("canary"));
    }

    #[test]
    fn what_people_write_makes_no_header_of_its_own() {
        let mailer = Mailer::new("smtps://mail.example.com", "hf@example.com").unwrap();
        let mail = |to: &str, subject: &str| Mail {
            id: "1".into(),
            to: to.into(),
            subject: subject.into(),
            text: "Bcc: text@example.com".into(),
        };
        let written = mailer.written(&mail("a@example.com", "shop\r\nBcc: subject@example.com")).unwrap();
        let text = String::from_utf8(written.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let named: Vec<&str> =
            head.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
        assert!(!named.iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{head}");
        assert_eq!(written.envelope().to().len(), 1);
        assert!(mailer.written(&mail("a@example.com\r\nBcc: b@example.com", "x")).is_err());
    }
}

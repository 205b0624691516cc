//! A health endpoint asked once. That it is silent, says no, or shows a certificate that does not hold is what the
//! outside sees, so it is an answer; that this machine could not ask at all is none.

use crate::egress::Refused;
use crate::guard::Guard;
use holdfast_domain::Seconds;
use holdfast_domain::facts::ProbeAnswer;
use holdfast_domain::resource::ProbePlace;
use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

const USUALLY_WITHIN: Duration = Duration::from_secs(5);
const AT_MOST: Duration = Duration::from_secs(30);
/// More of a body is not read: the text that is looked for stands at its beginning.
const MOST_BODY: usize = 64 * 1024;

/// What the answer must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// `None`: any of 200 to 299.
    pub status: Option<u16>,
    /// Must stand somewhere in the body.
    pub text: Option<String>,
}

/// Reads `expect`: a status (`200`), a text (`ready`), or both (`200 ready`).
#[must_use]
pub fn expects(expect: Option<&str>) -> Expected {
    let whole = expect.map(str::trim).filter(|text| !text.is_empty());
    let (first, rest) = match whole {
        None => return Expected { status: None, text: None },
        Some(whole) => whole.split_once(char::is_whitespace).unwrap_or((whole, "")),
    };
    let status = first.parse::<u16>().ok().filter(|code| first.len() == 3 && (100..600).contains(code));
    let text = if status.is_some() { rest.trim() } else { whole.unwrap_or_default() };
    Expected { status, text: Some(text.to_owned()).filter(|text| !text.is_empty()) }
}

impl Expected {
    fn status_is(&self, status: u16) -> bool {
        self.status.map_or((200..300).contains(&status), |wanted| wanted == status)
    }
}

pub(crate) async fn ask(
    client: &reqwest::Client,
    guard: &Guard,
    from: &str,
    place: &ProbePlace,
) -> Result<ProbeAnswer, String> {
    let url = guard.check_url(&place.url).map_err(|why| format!("{}: {why}", place.url))?;
    let expected = expects(place.expect.as_deref());
    let within = place.timeout.as_deref().and_then(|text| Seconds::parse(text).ok());
    let within = within.map_or(USUALLY_WITHIN, |s| Duration::from_secs(u64::from(s.get()))).min(AT_MOST);
    let began = Instant::now();
    let asked = tokio::time::timeout(within, get(client, url, &expected)).await;
    let milliseconds = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    let answer = |status, trouble: Option<String>, certificate| ProbeAnswer {
        healthy: trouble.is_none(),
        status,
        trouble,
        certificate,
        milliseconds,
        from: from.to_owned(),
        at: holdfast_clock::now(),
    };
    match asked {
        Err(_) => Ok(answer(None, Some(format!("no answer within {} s", within.as_secs_f64())), None)),
        Ok(Ok((status, trouble))) => Ok(answer(Some(status), trouble, None)),
        Ok(Err(error)) => match trouble(&error) {
            Trouble::Ours(why) => Err(why),
            Trouble::Certificate(why) => {
                let said = format!("its certificate does not hold: {why}");
                Ok(answer(None, Some(said), Some(why)))
            }
            Trouble::Theirs(why) => Ok(answer(None, Some(why), None)),
        },
    }
}

/// The status, and what is wrong with the answer.
async fn get(
    client: &reqwest::Client,
    url: reqwest::Url,
    expected: &Expected,
) -> Result<(u16, Option<String>), reqwest::Error> {
    // A connection kept from before could answer where a new one would not be let in.
    let mut response =
        client.get(url).header("connection", "close").header("cache-control", "no-cache").send().await?;
    let status = response.status().as_u16();
    if !expected.status_is(status) {
        let wanted = expected.status.map_or_else(|| "200 to 299".to_owned(), |code| code.to_string());
        return Ok((status, Some(format!("status {status}, where {wanted} is expected"))));
    }
    let Some(text) = &expected.text else { return Ok((status, None)) };
    let mut body = Vec::new();
    while body.len() < MOST_BODY
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    let there = String::from_utf8_lossy(&body).contains(text);
    Ok((status, (!there).then(|| format!("status {status}, without the text `{text}`"))))
}

enum Trouble {
    /// Nothing is known of the endpoint.
    Ours(String),
    Certificate(String),
    Theirs(String),
}

fn trouble(error: &reqwest::Error) -> Trouble {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    let mut innermost = error.to_string();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return Trouble::Ours(refused.to_string());
        }
        if let Some(rustls::Error::InvalidCertificate(why)) = tls_error(cause) {
            return Trouble::Certificate(why.to_string());
        }
        if let Some(io) = cause.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown)
        {
            return Trouble::Ours(format!("this machine has no way there: {io}"));
        }
        innermost = cause.to_string();
        source = cause.source();
    }
    // The resolver's own failure is not told from a name that is not there: of the endpoint nothing is known.
    if innermost.contains("lookup address") || innermost.contains("resolution") {
        return Trouble::Ours(format!("its name could not be looked up: {innermost}"));
    }
    Trouble::Theirs(format!("no answer: {innermost}"))
}

/// TLS errors travel inside an I/O error, and that inside another; neither calls what it holds its source.
fn tls_error<'a>(mut cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    loop {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Some(error);
        }
        cause = cause.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_a_status_a_text_or_both() {
        let read = |text| expects(Some(text));
        let both = |status, text: Option<&str>| Expected { status, text: text.map(str::to_owned) };
        assert_eq!(expects(None), both(None, None));
        assert_eq!(read(" "), both(None, None));
        assert_eq!(read("204"), both(Some(204), None));
        assert_eq!(read("200 all systems ready"), both(Some(200), Some("all systems ready")));
        assert_eq!(read("ready"), both(None, Some("ready")));
        assert_eq!(read("999 bottles"), both(None, Some("999 bottles")));
    }

    #[test]
    fn without_a_status_any_success_will_do() {
        let any = expects(None);
        assert!(any.status_is(200) && any.status_is(204));
        assert!(!any.status_is(301) && !any.status_is(503));
    }
}

//! A document read whole from an address that somebody stored. What is said of a failure never names the address: it may be the
//! secret itself.

use crate::guard::Guard;
use crate::letter::failed;
use std::time::Duration;

/// A calendar of years is smaller; what is larger is none.
const MOST_BYTES: usize = 2 * 1024 * 1024;
const WITHIN: Duration = Duration::from_secs(10);

pub(crate) async fn fetch(client: &reqwest::Client, guard: &Guard, url: &str) -> Result<String, String> {
    let url = guard.check_url(url).map_err(|why| why.to_string())?;
    match tokio::time::timeout(WITHIN, read(client, url)).await {
        Ok(read) => read,
        Err(_) => Err(format!("no answer within {} s", WITHIN.as_secs())),
    }
}

async fn read(client: &reqwest::Client, url: reqwest::Url) -> Result<String, String> {
    let said = |error: reqwest::Error| failed(error.without_url()).to_string();
    let request = client.get(url).header("accept", "text/calendar, application/json");
    let mut answer = request.send().await.map_err(said)?;
    if !answer.status().is_success() {
        return Err(format!("it answered {}", answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(said)? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            return Err(format!("it is larger than {} MiB", MOST_BYTES / 1024 / 1024));
        }
    }
    String::from_utf8(body).map_err(|_| "it is no UTF-8".to_owned())
}

//! Signed webhooks as Standard Webhooks 1.0 has them: an id that stays the same when a delivery is repeated, the time
//! of sending, and an HMAC-SHA256 over both and the body. A receiver that keeps ids does nothing twice.

use crate::guard::Guard;
use crate::letter::{self, Letter, Signed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::fmt;
use std::time::Duration;

/// Before the base64 of the key, as receivers' libraries take it.
pub const SECRET_PREFIX: &str = "whsec_";

/// One webhook, ready to go.
#[derive(Clone)]
pub struct Delivery {
    pub url: String,
    /// The same for every attempt at the same thing.
    pub id: String,
    pub body: String,
    /// As [`SECRET_PREFIX`] and base64.
    pub secret: String,
    pub timeout: Duration,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({} to {})", self.id, self.url)
    }
}

/// Why a delivery did not end in a success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Nothing left this process.
    #[error("{0}")]
    NotSent(String),
    /// The receiver answered, and not with a success.
    #[error("the receiver answered {status}")]
    Answered { status: u16 },
    /// It may have arrived.
    #[error("{0}")]
    Unknown(String),
}

/// The header `webhook-signature`: `v1,` and the base64 of the HMAC over `id.timestamp.body`.
///
/// # Errors
/// When the secret is not one.
pub fn signature(secret: &str, id: &str, at: Timestamp, body: &str) -> Result<String, String> {
    let key = secret
        .strip_prefix(SECRET_PREFIX)
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or("the webhook's secret is not whsec_ and base64")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|e| e.to_string())?;
    mac.update(format!("{id}.{}.{body}", at.as_second()).as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

pub(crate) async fn post(
    client: &reqwest::Client,
    guard: &Guard,
    delivery: &Delivery,
) -> Result<u16, Failed> {
    let not_sent = |why: String| Failed::NotSent(why);
    let url = guard.check_url(&delivery.url).map_err(|why| not_sent(format!("{}: {why}", delivery.url)))?;
    let signed = Signed { id: delivery.id.clone(), secret: delivery.secret.clone() };
    let letter = Letter {
        url: url.into(),
        body: delivery.body.clone(),
        signed: Some(signed),
        timeout: delivery.timeout,
    };
    letter::post(client, guard, &letter).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The example of the Standard Webhooks specification, whose libraries test themselves with it.
    #[test]
    fn the_signature_is_the_one_that_receivers_libraries_expect() {
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let made = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
        assert_eq!(made.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_none_signs_nothing() {
        for wrong in ["", "whsec_***", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(signature(wrong, "id", Timestamp::UNIX_EPOCH, "{}").is_err(), "{wrong:?}");
        }
        assert!(signature(SECRET, "id", Timestamp::UNIX_EPOCH, "{}").is_ok());
    }

    #[test]
    fn a_secret_does_not_show_when_a_delivery_is_printed() {
        let delivery = Delivery {
            url: "https://hooks.example.com/".into(),
            id: "msg_1".into(),
            body: "{}".into(),
            secret: SECRET.to_owned(),
            timeout: Duration::from_secs(1),
        };
        assert_eq!(format!("{delivery:?}"), "Delivery(msg_1 to https://hooks.example.com/)");
    }
}

//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the provider's own word that somebody is signed out there, sent by no
//! browser. Anybody may send one, so that nothing of it is believed before its signature is, and nobody can make us ask the provider for
//! its keys as often as they like.

use super::claims::by_now;
use super::{ALGORITHMS, Failure, Provider};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use holdfast_api::federation::SignedOut;
use jiff::{SignedDuration, Timestamp};
use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse as _,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::Duration;

/// What no id token and no access token is called.
const TYPES: [&str; 2] = ["logout+jwt", "application/logout+jwt"];
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Some hundred bytes, with a long key's signature.
const BYTES_AT_MOST: usize = 16 * 1024;
/// No name of a subject, a session or a word is longer (RFC 7519 and what the tables hold).
const NAME_AT_MOST: usize = 255;
/// One is to be used at once; so long it is remembered that it was.
const GOOD_FOR_AT_MOST: SignedDuration = SignedDuration::from_hours(1);
/// Signed by a key that is not known, which may be news or nonsense.
const KEYS_AGAIN_AFTER: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Value,
    iat: f64,
    exp: f64,
    jti: String,
    events: Map<String, Value>,
    sub: Option<String>,
    sid: Option<String>,
}

struct Token<'a> {
    header: Header,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl Provider {
    /// What a logout token says, once it is known to be the provider's.
    ///
    /// # Errors
    /// `NotBelieved`, or that the provider's keys cannot be had.
    pub async fn signed_out(&self, token: &str) -> Result<SignedOut, Failure> {
        let token = Token::read(token).map_err(|why| Failure::NotBelieved(why.to_owned()))?;
        if !token.is_signed_by(self.metadata(super::KNOWN_FOR).await?.jwks().keys())
            && !token.is_signed_by(self.metadata(KEYS_AGAIN_AFTER).await?.jwks().keys())
        {
            return Err(Failure::NotBelieved("no key of the provider's has signed it".to_owned()));
        }
        let (issuer, client) = (&self.settings.issuer, &self.settings.client_id);
        token.says(issuer, client, holdfast_clock::now()).map_err(Failure::NotBelieved)
    }
}

impl<'a> Token<'a> {
    fn read(text: &'a str) -> Result<Self, &'static str> {
        const NONE: &str = "it is no signed token";
        if text.len() > BYTES_AT_MOST {
            return Err("it is longer than any such token");
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(NONE)?;
        let (header, claims) = signed.split_once('.').ok_or(NONE)?;
        let header: Header = decoded(header).ok_or("its header cannot be read")?;
        let claims = decoded(claims).ok_or("what it says cannot be read")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| NONE)?;
        let typed = header.typ.as_deref().map(str::to_ascii_lowercase);
        if !typed.is_some_and(|typed| TYPES.contains(&typed.as_str())) {
            return Err("its type is not logout+jwt");
        }
        if !ALGORITHMS.contains(&header.alg) {
            return Err("its algorithm is none by public keys");
        }
        if header.crit.is_some() {
            return Err("it asks for what is not known here (crit)");
        }
        Ok(Self { header, claims, signed, signature })
    }

    fn is_signed_by(&self, keys: &[CoreJsonWebKey]) -> bool {
        let Header { alg, kid, .. } = &self.header;
        let may = |key: &&CoreJsonWebKey| {
            let named = kid.as_ref().is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid));
            let for_this = match key.signing_alg() {
                JsonWebKeyAlgorithm::Algorithm(only) => only == alg,
                JsonWebKeyAlgorithm::Unspecified => true,
                JsonWebKeyAlgorithm::Unsupported => false,
            };
            named && for_this && key.key_use().is_none_or(|of| of.allows_signature())
        };
        let signed =
            |key: &CoreJsonWebKey| key.verify_signature(alg, self.signed.as_bytes(), &self.signature).is_ok();
        keys.iter().filter(may).any(signed)
    }

    fn says(self, issuer: &str, client: &str, now: Timestamp) -> Result<SignedOut, String> {
        if self.claims.contains_key("nonce") {
            return Err("it has a nonce, and so could be taken for an id token".to_owned());
        }
        let claims: Claims = serde_json::from_value(Value::Object(self.claims))
            .map_err(|error| format!("it does not say what it must: {error}"))?;
        if claims.iss != issuer {
            return Err(format!("it is of the issuer {}", claims.iss));
        }
        let only_us = match &claims.aud {
            Value::String(one) => one == client,
            Value::Array(all) => !all.is_empty() && all.iter().all(|one| one == client),
            _ => false,
        };
        if !only_us {
            return Err("it is not for us, or not for us alone".to_owned());
        }
        by_now("it was issued at a time that", claims.iat, now)?;
        let good_until =
            Timestamp::from_second(claims.exp as i64).map_err(|_| "its end is no time".to_owned())?;
        if good_until <= now {
            return Err("it is over".to_owned());
        }
        if good_until.duration_since(now) > GOOD_FOR_AT_MOST {
            return Err("it is good for longer than an hour".to_owned());
        }
        if !claims.events.get(EVENT).is_some_and(Value::is_object) {
            return Err("it does not say that somebody was signed out".to_owned());
        }
        if claims.sub.is_none() && claims.sid.is_none() {
            return Err("it names neither a person nor a session".to_owned());
        }
        let named = [Some(&claims.jti), claims.sub.as_ref(), claims.sid.as_ref()];
        if named.into_iter().flatten().any(|name| !is_name(name)) {
            return Err("what it names is no name".to_owned());
        }
        Ok(SignedOut {
            issuer: claims.iss,
            subject: claims.sub,
            session: claims.sid,
            id: claims.jti,
            good_until,
        })
    }
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= NAME_AT_MOST && !text.contains(char::is_control)
}

fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

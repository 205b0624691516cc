//! The identity provider, from `[oidc]` in the file and `HOLDFAST_OIDC_…`: what is missing or unsafe is refused at the start, and
//! that the provider itself does not answer is not.

use super::{Mode, Settings, Wrong, file};
use crate::{
    guarded::Guarded,
    http::{provider::CALLBACK, session::ABSOLUTE_LIMIT},
    oidc::{OidcSettings, Provider},
};
use holdfast_app::{
    federation::{ClaimRule, ClaimRules},
    sealing::Sealing,
};
use holdfast_domain::{HeldRole, Name};
use holdfast_outside::{Egress, Guard};
use secrecy::SecretString;
use std::sync::Arc;

const ISSUER: &str = "oidc.issuer";

/// None: people sign in by accounts that are kept here alone.
///
/// # Errors
/// What is missing or wrong, by name.
pub fn provider(settings: &Settings, sealing: Option<&Sealing>) -> Result<Option<Arc<Provider>>, Wrong> {
    let said = &settings.oidc;
    let Some(issuer) = &said.issuer else {
        if said.client_id.is_some() || !said.groups.is_empty() {
            return Err(Wrong::new(
                ISSUER,
                "is not set",
                "Set it to the provider's issuer, or leave [oidc] out.",
            ));
        }
        return Ok(None);
    };
    let allow_loopback = said.allow_loopback.unwrap_or(false);
    if allow_loopback && settings.mode == Mode::Production {
        return Err(Wrong::new("oidc.allow_loopback", "is for local mode only", "Leave it out."));
    }
    let egress = if allow_loopback { Egress::Local } else { Egress::Production };
    let guard = Guard::new(egress, settings.outside_hosts.clone());
    guard.check_url(issuer).map_err(|why| {
        let way_out = "Use the provider's https address, of a host of outside_hosts where that names any. A provider on this machine \
             needs oidc.allow_loopback, in local mode.";
        Wrong::new(ISSUER, format!("`{issuer}`: {why}"), way_out)
    })?;
    let client_id = said.client_id.clone().ok_or_else(|| {
        Wrong::new("oidc.client_id", "is not set", "Set it to what the provider registered Holdfast as.")
    })?;
    let Some(sealing) = sealing else {
        return Err(Wrong::new(
            "HOLDFAST_SECRETS_KEY",
            "is not set, and signing in at a provider needs it",
            "Write a key into a file with `openssl rand -hex 32`, the same on every server, and name it.",
        ));
    };
    let client_secret = said.client_secret_file.as_deref().map(secret).transpose()?;
    let http =
        Guarded::new(guard).map_err(|why| Wrong::new(ISSUER, why, "Mend this machine's TLS set-up."))?;
    let oidc = OidcSettings {
        issuer: issuer.clone(),
        client_id,
        client_secret,
        name: said.name.clone().unwrap_or_else(|| "your identity provider".to_owned()),
        scopes: said.scopes.clone().unwrap_or_else(|| vec!["profile".to_owned(), "email".to_owned()]),
        groups_claim: said.groups_claim.clone().unwrap_or_else(|| "groups".to_owned()),
        acr_values: said.acr_values.clone().unwrap_or_default(),
        amr: said.amr.clone().unwrap_or_default(),
        redirect_uri: format!("{}{CALLBACK}", settings.public_url),
        longest: ABSOLUTE_LIMIT.unsigned_abs(),
    };
    Ok(Some(Arc::new(Provider::new(oidc, http, sealing.clone()))))
}

/// # Errors
/// Names the file, and nothing that stands in it.
fn secret(path: &str) -> Result<SecretString, Wrong> {
    let wrong = |why: String| {
        Wrong::new(
            "oidc.client_secret_file",
            format!("{path} {why}"),
            "Name a file that holds the secret alone.",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let secret = text.trim();
    if secret.is_empty() {
        Err(wrong("is empty".to_owned()))
    } else {
        Ok(SecretString::from(secret.to_owned()))
    }
}

/// What the provider's groups are here.
///
/// # Errors
/// The rule that names no role or group that can be.
pub fn claim_rules(settings: &Settings) -> Result<ClaimRules, Wrong> {
    settings.oidc.groups.iter().map(rule).collect::<Result<_, _>>().map(ClaimRules)
}

fn rule(said: &file::OidcGroup) -> Result<ClaimRule, Wrong> {
    let wrong = |why: String| {
        Wrong::new("oidc.groups", format!("`{}`: {why}", said.claim), "Mend that rule, or leave it out.")
    };
    let roles = said.roles.iter().map(|text| text.parse::<HeldRole>().map_err(|error| wrong(error.0)));
    let groups = said.groups.iter().map(|text| Name::parse(text).map_err(|error| wrong(error.0)));
    Ok(ClaimRule {
        claim: said.claim.clone(),
        roles: roles.collect::<Result<_, _>>()?,
        groups: groups.collect::<Result<_, _>>()?,
    })
}

//! Endpoint settings: where an application reads which store to use. Of what holds a setting only the endpoint is ever
//! told; a secret is read by the one step that sets it, and by nobody else. Records are in `record`.

mod record;

pub(crate) use record::set as set_record;

use crate::clients::Caller;
use crate::failure::Call;
use crate::perform::answered;
use crate::regional::{in_each, not_named, told};
use crate::settings::Service;
use crate::signed::{self, Request, SSM};
use crate::{route53_records, secret, ssm_parameter};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::SettingFacts;
use holdfast_domain::resource::{EndpointSetting, SettingHolder};
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::change::StoreEndpoint;
use holdfast_failover::run::Answer;
use serde_json::{Value, json};

pub(crate) const GET_SECRET: &str = "secretsmanager:GetSecretValue";

pub(crate) const LOOK: &[&str] = &[ssm_parameter::GET, secret::DESCRIBE, route53_records::LIST];

pub(crate) const CHANGES: &[&str] = &[
    "route53:ChangeResourceRecordSets",
    route53_records::GET_CHANGE,
    "secretsmanager:PutSecretValue",
    GET_SECRET,
    "ssm:PutParameter",
];

/// Longer than any endpoint: AWS's own names end at 255.
const LONGEST: usize = 300;

pub(crate) async fn look(caller: &Caller, spec: &EndpointSetting, regions: &[RegionCode]) -> Looked {
    told(in_each(regions, |region| look_in(caller, spec, region)).await, |setting| Facts::Setting { setting })
}

async fn look_in(
    caller: &Caller,
    spec: &EndpointSetting,
    region: &RegionCode,
) -> Result<Option<SettingFacts>, Error> {
    let place = spec
        .per_region
        .get(region)
        .ok_or_else(|| not_named(caller, region, ssm_parameter::GET, "setting"))?;
    match place.holder() {
        Some(SettingHolder::Parameter { name, key }) => parameter(caller, name, key, region).await,
        Some(SettingHolder::Secret { name, key }) => in_secret(caller, name, key, region).await,
        Some(SettingHolder::Record { hosted_zone_id, name }) => {
            record::look(caller, hosted_zone_id, name).await
        }
        None => Err(caller.call(region.as_str(), secret::DESCRIBE).error(
            ErrorKind::Invalid,
            "the inventory names neither a parameter, nor a secret with the key that the endpoint is in, nor a record with its zone",
        )),
    }
}

async fn parameter(
    caller: &Caller,
    name: &str,
    key: Option<&str>,
    region: &RegionCode,
) -> Result<Option<SettingFacts>, Error> {
    let Some(found) = ssm_parameter::get(caller, name, region).await? else { return Ok(None) };
    let endpoint = match &found.value {
        Some(value) => endpoint(value, key),
        None => Err("the parameter is encrypted; keep an endpoint in a plain one, or in a secret".to_owned()),
    };
    Ok(Some(facts(found.version.to_string(), endpoint, false)))
}

async fn in_secret(
    caller: &Caller,
    name: &str,
    key: &str,
    region: &RegionCode,
) -> Result<Option<SettingFacts>, Error> {
    let Some(found) = secret::describe(caller, name, region).await? else { return Ok(None) };
    let is_replica = found.primary_region().is_some_and(|primary| primary != region.as_str());
    let version = secret::current_version(&found).unwrap_or_default();
    // Sessions of the read role may not, and those of a run's other steps neither: no call to be refused.
    if !caller.may_read_secrets {
        let why = "a secret is read only by the step that sets it".to_owned();
        return Ok(Some(facts(version, Err(why), is_replica)));
    }
    let (version, content) = read_secret(caller, name, region).await?;
    Ok(Some(facts(version, endpoint(&content, Some(key)), is_replica)))
}

/// The version and content that readers get. Stays within this crate.
async fn read_secret(caller: &Caller, name: &str, region: &RegionCode) -> Result<(String, String), Error> {
    let sent = caller.secrets_manager(region.as_str()).get_secret_value().secret_id(name).send();
    let answer = caller.ask(Service::SecretsManager, region.as_str(), GET_SECRET, sent).await?;
    match (answer.version_id, answer.secret_string) {
        (Some(version), Some(content)) => Ok((version, content)),
        _ => Err(caller
            .call(region.as_str(), GET_SECRET)
            .error(ErrorKind::Invalid, format!("{name} holds no text, so no endpoint can be in it"))),
    }
}

fn facts(version: String, endpoint: Result<String, String>, is_replica: bool) -> SettingFacts {
    let not_told = endpoint.as_ref().err().cloned();
    SettingFacts { version, endpoint: endpoint.ok(), not_told, is_replica }
}

/// The endpoint that the step has resolved, on the version that it has seen.
fn resolved<'a>(call: &Call, to: &'a StoreEndpoint, version: &str) -> Result<&'a str, Error> {
    let Some(endpoint) = to.endpoint.as_deref() else {
        return Err(call.error(ErrorKind::Invalid, format!("the endpoint of {} was not resolved", to.store)));
    };
    match to.on_version.as_deref() {
        Some(seen) if seen != version => Err(call.error(
            ErrorKind::Conflict,
            format!("the setting has version {version} by now, and {seen} was looked at"),
        )),
        _ => Ok(endpoint),
    }
}

pub(crate) async fn set_parameter(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    (name, key): (&str, Option<&str>),
    to: &StoreEndpoint,
) -> Result<Answer, Error> {
    let call = caller.call(region.as_str(), action);
    let found = ssm_parameter::get(caller, name, region).await.map_err(nothing_changed)?;
    let Some((version, value)) = found.and_then(|found| Some((found.version, found.value?))) else {
        return Err(call.error(ErrorKind::NotFound, format!("there is no plain parameter {name}")));
    };
    let endpoint = resolved(&call, to, &version.to_string())?;
    let value = match key {
        None => endpoint.to_owned(),
        Some(key) => with_key(&value, key, endpoint).map_err(|why| call.error(ErrorKind::Invalid, why))?,
    };
    let request = Request::json(action, json!({"Name": name, "Value": value, "Overwrite": true}));
    let answer = signed::call(caller, SSM, region.as_str(), &request).await?;
    answered(action, region.as_str(), &answer, None)
}

pub(crate) async fn set_secret(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    (name, key): (&str, &str),
    to: &StoreEndpoint,
) -> Result<Answer, Error> {
    let call = caller.call(region.as_str(), action);
    let (version, content) = read_secret(caller, name, region).await.map_err(nothing_changed)?;
    let endpoint = resolved(&call, to, &version)?;
    let content = with_key(&content, key, endpoint).map_err(|why| call.error(ErrorKind::Invalid, why))?;
    let sent = caller
        .secrets_manager(region.as_str())
        .put_secret_value()
        .secret_id(name)
        .secret_string(content)
        .set_client_request_token(caller.token.clone())
        .send();
    let answer = caller.ask(Service::SecretsManager, region.as_str(), action, sent).await?;
    answered(action, region.as_str(), &answer, None)
}

/// Looking before the change has changed nothing, whatever came of it.
fn nothing_changed(error: Error) -> Error {
    Error { outcome_unknown: false, ..error }
}

/// The same JSON object with one key's value another; the order of the others stays.
fn with_key(content: &str, key: &str, endpoint: &str) -> Result<String, String> {
    match serde_json::from_str(content) {
        Ok(Value::Object(mut whole)) => {
            whole.insert(key.to_owned(), Value::String(endpoint.to_owned()));
            Ok(Value::Object(whole).to_string())
        }
        _ => Err("what stands there is no JSON object, so no key of it can be set".to_owned()),
    }
}

/// The endpoint in a text: the whole of it, or the value of a key where it is a JSON object.
fn endpoint(content: &str, key: Option<&str>) -> Result<String, String> {
    let found = match key {
        None => content.trim().to_owned(),
        Some(key) => {
            let whole: Value = serde_json::from_str(content)
                .map_err(|_| "what stands there is no JSON object, so it has no keys".to_owned())?;
            match whole.get(key) {
                Some(Value::String(text)) => text.clone(),
                Some(_) => return Err(format!("the value of `{key}` is no text")),
                None => return Err(format!("there is no key `{key}`")),
            }
        }
    };
    // Whatever is not a host, with a port or a path perhaps, is not shown: it may be anything.
    let may_stand = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
    if !found.is_empty() && found.len() <= LONGEST && found.contains('.') && found.chars().all(may_stand) {
        Ok(found)
    } else {
        Err("what stands there is no endpoint".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_one_key_keeps_all_others() {
        let content = r#"{"user":"app","password":"p","host":"old.example.com"}"#;
        let set: Value =
            serde_json::from_str(&with_key(content, "host", "new.example.com").unwrap()).unwrap();
        assert_eq!(set, json!({"user": "app", "password": "p", "host": "new.example.com"}));
        assert!(with_key("plain", "host", "new.example.com").is_err());
    }

    #[test]
    fn only_an_endpoint_is_told_of_whatever_stands_in_a_setting() {
        let json = r#"{"host": "db.eu-central-1.rds.amazonaws.com", "password": "hunter 2!", "port": 5432}"#;
        assert_eq!(endpoint(json, Some("host")), Ok("db.eu-central-1.rds.amazonaws.com".into()));
        assert_eq!(endpoint(" cache.example.com:6379\n", None), Ok("cache.example.com:6379".into()));
        for (content, key) in [
            (json, None),
            (json, Some("password")),
            (json, Some("port")),
            (json, Some("none")),
            ("x", Some("host")),
            ("hush", None),
            ("", None),
        ] {
            let told = endpoint(content, key);
            assert!(
                told.as_ref().is_err_and(|why| !why.contains("hunter") && !why.contains("hush")),
                "{told:?}"
            );
        }
    }
}

//! SSM parameters: whether one is in each Region, and whether the Regions have the same value. Values are compared here
//! and go no further. What is encrypted is not decrypted for a comparison.

use crate::clients::Caller;
use crate::regional::{in_each, unless_absent};
use crate::signed::{self, Request, SSM};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::ParameterFacts;
use holdfast_domain::{Facts, RegionCode};
use serde_json::json;

pub(crate) const GET: &str = "ssm:GetParameter";

pub(crate) const LOOK: &[&str] = &[GET];

/// As AWS has it; stays within this crate.
pub(crate) struct Parameter {
    pub version: i64,
    pub kind: String,
    /// `None`: encrypted.
    pub value: Option<String>,
}

pub(crate) async fn look(caller: &Caller, name: &str, regions: &[RegionCode]) -> Looked {
    let found = in_each(regions, |region| get(caller, name, region)).await;
    let values: Vec<(String, Option<String>)> = found
        .iter()
        .filter_map(|(region, one)| Some((region.to_string(), one.as_ref().ok()?.as_ref()?.value.clone())))
        .collect();
    found
        .into_iter()
        .map(|(region, found)| {
            let facts = found.map(|parameter| Facts::Parameter {
                parameter: parameter.map(|parameter| facts(&parameter, &values)),
            });
            (region, facts)
        })
        .collect()
}

fn facts(parameter: &Parameter, values: &[(String, Option<String>)]) -> ParameterFacts {
    let differs_from = parameter.value.as_ref().map(|value| {
        values
            .iter()
            .filter(|(_, other)| other.as_ref().is_some_and(|other| other != value))
            .map(|(region, _)| region.clone())
            .collect()
    });
    ParameterFacts { version: parameter.version, parameter_type: parameter.kind.clone(), differs_from }
}

/// `None`: there is no such parameter in this Region.
pub(crate) async fn get(
    caller: &Caller,
    name: &str,
    region: &RegionCode,
) -> Result<Option<Parameter>, Error> {
    let request = Request::json(GET, json!({"Name": name, "WithDecryption": false}));
    let Some(answer) = unless_absent(signed::call(caller, SSM, region.as_str(), &request).await)? else {
        return Ok(None);
    };
    let text = |key: &str| answer.json().pointer(&format!("/Parameter/{key}"));
    match (text("Version").and_then(|v| v.as_i64()), text("Type").and_then(|t| t.as_str())) {
        (Some(version), Some(kind)) => {
            let value = text("Value").and_then(|v| v.as_str()).map(str::to_owned);
            let value = value.filter(|_| kind != "SecureString");
            Ok(Some(Parameter { version, kind: kind.to_owned(), value }))
        }
        _ => Err(caller
            .call(region.as_str(), GET)
            .error(ErrorKind::Unreadable, "the answer does not tell the parameter's type and version")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_and_what_is_encrypted_is_not() {
        let parameter = |value: Option<&str>| Parameter {
            version: 1,
            kind: "String".into(),
            value: value.map(str::to_owned),
        };
        let values = [
            ("a".to_owned(), Some("1".to_owned())),
            ("b".to_owned(), Some("2".to_owned())),
            ("c".to_owned(), None),
        ];
        assert_eq!(facts(&parameter(Some("1")), &values).differs_from, Some(vec!["b".to_owned()]));
        assert_eq!(facts(&parameter(None), &values).differs_from, None);
    }
}

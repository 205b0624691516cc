//! CloudFront distributions with origin groups: what an edit must name to be taken, and how long it takes to
//! reach every edge. The configuration is kept as it was sent, element by element.

use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// From an accepted edit to `Deployed`.
pub const DEPLOY_MS: i64 = 4_000;

/// A distribution.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Distribution {
    /// Owner.
    pub account: String,
    /// E.g. `E1EXAMPLE`.
    pub id: String,
    /// Its `DistributionConfig`.
    pub config: Value,
    /// Changes with every edit.
    pub etag: String,
    /// When it was last edited: virtual milliseconds since the epoch.
    pub updated_ms: i64,
}

impl Distribution {
    /// The distribution's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:cloudfront::{}:distribution/{}", self.account, self.id)
    }

    /// `InProgress` or `Deployed`.
    pub fn status(&self, now_ms: i64) -> &'static str {
        if now_ms >= self.updated_ms + DEPLOY_MS { "Deployed" } else { "InProgress" }
    }

    /// The ids of each origin group's members, the one that is tried first in front.
    pub fn groups(&self) -> Vec<(String, Vec<String>)> {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        items(&self.config, "OriginGroups", "OriginGroup")
            .into_iter()
            .map(|group| {
                let members = items(group, "Members", "OriginGroupMember");
                (text(group, "Id"), members.into_iter().map(|m| text(m, "OriginId")).collect())
            })
            .collect()
    }

    /// Takes a whole new configuration in the place of the one that `if_match` names. `Ok(true)` when it differs.
    pub fn update(&mut self, if_match: Option<&str>, config: &Value, now_ms: i64) -> Result<bool, Refusal> {
        let Some(if_match) = if_match else {
            return Err(Refusal::new(
                "InvalidIfMatchVersion",
                "The If-Match version is missing or not valid for the resource.",
            ));
        };
        if if_match != self.etag {
            return Err(Refusal::new(
                "PreconditionFailed",
                "The request failed because it didn't meet the preconditions in one or more request-header fields.",
            )
            .with_status(412));
        }
        if config.get("CallerReference") != self.config.get("CallerReference") {
            return Err(Refusal::new("IllegalUpdate", "The caller reference cannot be changed."));
        }
        let origins: Vec<&str> = items(config, "Origins", "Origin")
            .into_iter()
            .filter_map(|o| o.get("Id").and_then(Value::as_str))
            .collect();
        let edited = Self { config: config.clone(), ..self.clone() };
        for (group, members) in edited.groups() {
            if members.len() != 2 {
                return Err(Refusal::new(
                    "InvalidArgument",
                    format!("Origin group {group} must have two members."),
                ));
            }
            if let Some(absent) = members.iter().find(|m| !origins.contains(&m.as_str())) {
                return Err(Refusal::new(
                    "NoSuchOrigin",
                    format!("No origin exists with the origin id {absent}."),
                )
                .with_status(404));
            }
        }
        if edited.config == self.config {
            return Ok(false);
        }
        let etag = fresh_etag();
        *self = Self { etag, updated_ms: now_ms, ..edited };
        Ok(true)
    }
}

fn items<'a>(of: &'a Value, list: &str, member: &str) -> Vec<&'a Value> {
    match of.get(list).and_then(|l| l.get("Items")).and_then(|i| i.get(member)) {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// As CloudFront makes them: an `E` and thirteen letters and digits.
pub fn fresh_etag() -> String {
    format!("E{}", &uuid::Uuid::new_v4().simple().to_string().to_uppercase()[..13])
}

/// A configuration as XML is decoded (a list of one has no brackets): one origin group over a balancer per
/// Region, of which the first is tried first.
pub fn config_over(name: &str, origins: &[(String, String)]) -> Value {
    let text = |t: &str| Value::String(t.to_owned());
    let origin = |(id, domain): &(String, String)| {
        json!({
            "Id": id, "DomainName": domain, "OriginPath": "",
            "CustomHeaders": {"Quantity": "0"},
            "CustomOriginConfig": {
                "HTTPPort": "80", "HTTPSPort": "443", "OriginProtocolPolicy": "https-only",
                "OriginSslProtocols": {"Quantity": "1", "Items": {"SslProtocol": "TLSv1.2"}},
                "OriginReadTimeout": "30", "OriginKeepaliveTimeout": "5",
            },
            "ConnectionAttempts": "3", "ConnectionTimeout": "10",
        })
    };
    let member = |(id, _): &(String, String)| json!({"OriginId": id});
    json!({
        "CallerReference": name,
        "Aliases": {"Quantity": "1", "Items": {"CNAME": name}},
        "DefaultRootObject": "",
        "Origins": {"Quantity": origins.len().to_string(), "Items": {"Origin": origins.iter().map(origin).collect::<Vec<_>>()}},
        "OriginGroups": {"Quantity": "1", "Items": {"OriginGroup": {
            "Id": "regions",
            "FailoverCriteria": {"StatusCodes": {"Quantity": "3", "Items": {"StatusCode": ["500", "502", "503"]}}},
            "Members": {"Quantity": origins.len().to_string(), "Items": {"OriginGroupMember": origins.iter().map(member).collect::<Vec<_>>()}},
        }}},
        "DefaultCacheBehavior": {
            "TargetOriginId": "regions", "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": {"Quantity": "2", "Items": {"Method": ["GET", "HEAD"]},
                "CachedMethods": {"Quantity": "2", "Items": {"Method": ["GET", "HEAD"]}}},
            "Compress": "true", "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
        "CacheBehaviors": {"Quantity": "0"},
        "CustomErrorResponses": {"Quantity": "0"},
        "Comment": text(name),
        "PriceClass": "PriceClass_All",
        "Enabled": "true",
        "HttpVersion": "http2",
        "IsIPV6Enabled": "true",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution() -> Distribution {
        let origins = ["here", "there"].map(|id| (id.to_owned(), format!("{id}.example.com")));
        Distribution {
            account: "1".into(),
            id: "E1".into(),
            config: config_over("www.example.com", &origins),
            etag: "EONE".into(),
            updated_ms: -DEPLOY_MS,
        }
    }

    #[test]
    fn an_edit_must_name_the_version_that_it_edits() {
        let mut here = distribution();
        let config = here.config.clone();
        assert!(here.update(None, &config, 0).is_err_and(|r| r.code == "InvalidIfMatchVersion"));
        assert!(here.update(Some("ETWO"), &config, 0).is_err_and(|r| r.status == 412));
        assert_eq!(here.update(Some("EONE"), &config, 0), Ok(false));
        let mut swapped = config;
        let members = &mut swapped["OriginGroups"]["Items"]["OriginGroup"]["Members"]["Items"];
        members["OriginGroupMember"] = json!([{"OriginId": "there"}, {"OriginId": "here"}]);
        assert_eq!(here.update(Some("EONE"), &swapped, 0), Ok(true));
        assert_ne!(here.etag, "EONE");
        assert_eq!((here.status(0), here.status(DEPLOY_MS)), ("InProgress", "Deployed"));
        assert_eq!(here.groups()[0].1, ["there", "here"]);
    }

    #[test]
    fn a_group_over_an_origin_that_is_not_there_is_refused() {
        let mut here = distribution();
        let mut config = here.config.clone();
        config["OriginGroups"]["Items"]["OriginGroup"]["Members"]["Items"]["OriginGroupMember"] =
            json!([{"OriginId": "there"}, {"OriginId": "nowhere"}]);
        assert!(here.update(Some("EONE"), &config, 0).is_err_and(|r| r.code == "NoSuchOrigin"));
    }
}

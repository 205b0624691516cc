//! A URL signed for another Region's RDS, which asks it for a copy of an encrypted database. The SDKs of other
//! languages make it by themselves; this one does not.

use crate::clients::Caller;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningError, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use std::time::Duration;

/// Longer than the one attempt of the call that carries it.
const GOOD_FOR: Duration = Duration::from_secs(300);

/// `parameters` are those of the call itself, as the source's Region must see them.
pub(crate) fn rds_url(
    caller: &Caller,
    source_region: &str,
    parameters: &[(&str, &str)],
) -> Result<String, String> {
    let host = format!("rds.{source_region}.amazonaws.com");
    let query: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let url = format!("https://{host}/?{}", query.join("&"));
    let signed = signature(caller, source_region, &host, &url).map_err(|error| error.to_string())?;
    Ok(signed.into_iter().fold(url, |url, (name, value)| format!("{url}&{name}={}", encoded(&value))))
}

fn signature(
    caller: &Caller,
    region: &str,
    host: &str,
    url: &str,
) -> Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>> {
    let identity = Identity::from(caller.credentials.clone());
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(GOOD_FOR);
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds")
        .time(holdfast_clock::system_time())
        .settings(settings)
        .build()?
        .into();
    let request = SignableRequest::new("GET", url, [("host", host)].into_iter(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(request, &parameters).map_err(|e: SigningError| e)?.into_parts();
    Ok(instructions
        .params()
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone().into_owned()))
        .collect())
}

/// RFC 3986: all but the unreserved characters.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn what_a_url_may_not_hold_is_encoded() {
        assert_eq!(
            encoded("arn:aws:rds:us-east-1:1:db:a_b~c"),
            "arn%3Aaws%3Ards%3Aus-east-1%3A1%3Adb%3Aa_b~c"
        );
    }
}

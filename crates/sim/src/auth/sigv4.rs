//! AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API request"): reading the
//! Authorization header and checking the signature of a key whose secret is known.

use super::session::hmac_sha256;
use http::{HeaderMap, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// AWS refuses signatures that are further away than this.
const MAX_SKEW_MS: i64 = 15 * 60_000;
/// RFC 3986's unreserved characters stay.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const UNRESERVED_PATH: AsciiSet = UNRESERVED.remove(b'/');

/// What the Authorization header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `AccessKeyId`.
    pub access_key: String,
    /// `YYYYMMDD`.
    pub date: String,
    /// The Region that the call goes to.
    pub region: String,
    /// The signing name of the service.
    pub service: String,
    signed_headers: Vec<String>,
    signature: String,
}

impl Scope {
    /// Reads `AWS4-HMAC-SHA256 Credential=…/…/…/…/aws4_request, SignedHeaders=…, Signature=…`.
    pub fn parse(authorization: &str) -> Option<Self> {
        let fields = authorization.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            let mut parts = fields.split(',').map(str::trim);
            parts.find_map(|p| p.strip_prefix(name)).map(str::to_owned)
        };
        let credential = field("Credential=")?;
        let mut parts = credential.rsplitn(5, '/');
        if parts.next() != Some("aws4_request") {
            return None;
        }
        let (service, region, date) = (parts.next()?, parts.next()?, parts.next()?);
        let access_key = parts.next()?;
        Some(Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: field("SignedHeaders=")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature=")?,
        })
    }
}

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query as they were sent.
    pub uri: &'a Uri,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

impl SignedRequest<'_> {
    /// A header's values, trimmed, runs of blanks as one, joined with commas.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<String> = self
            .headers
            .get_all(name)
            .iter()
            .map(|v| String::from_utf8_lossy(v.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() { None } else { Some(values.join(",")) }
    }
}

/// Whether the signature was made with this secret over exactly this request.
pub fn verify(request: &SignedRequest<'_>, scope: &Scope, secret: &str) -> bool {
    let Some(amz_date) = request.header("x-amz-date") else { return false };
    if !amz_date.starts_with(&scope.date) {
        return false;
    }
    // AWS's own rule: host and every x-amz-* header must be covered.
    let covered = |name: &str| scope.signed_headers.iter().any(|h| h == name);
    let uncovered = request
        .headers
        .keys()
        .any(|k| k.as_str().starts_with("x-amz-") && !covered(k.as_str()) && k != "x-amz-user-agent");
    if !covered("host") || uncovered {
        return false;
    }
    let key = [&scope.date, &scope.region, &scope.service]
        .into_iter()
        .map(String::as_str)
        .chain(["aws4_request"])
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
    let credential_scope = format!("{}/{}/{}/aws4_request", scope.date, scope.region, scope.service);
    // S3 encodes the path once, the other services twice; a signature fits one of the two at most.
    let once = request.uri.path().to_owned();
    let twice = utf8_percent_encode(&once, &UNRESERVED_PATH).to_string();
    [once, twice].iter().any(|path| {
        let canonical = canonical_request(request, scope, path);
        let to_sign = format!(
            "{ALGORITHM}\n{amz_date}\n{credential_scope}\n{}",
            hex::encode(Sha256::digest(canonical))
        );
        hex::encode(hmac_sha256(&key, to_sign.as_bytes())) == scope.signature
    })
}

fn canonical_request(request: &SignedRequest<'_>, scope: &Scope, path: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    let headers: String = scope
        .signed_headers
        .iter()
        .map(|name| format!("{name}:{}\n", request.header(name).unwrap_or_default()))
        .collect();
    let payload = request
        .header("x-amz-content-sha256")
        .filter(|h| h == "UNSIGNED-PAYLOAD")
        .unwrap_or_else(|| hex::encode(Sha256::digest(request.body)));
    format!(
        "{}\n{path}\n{}\n{headers}\n{}\n{payload}",
        request.method,
        canonical_query(request.uri.query().unwrap_or_default()),
        scope.signed_headers.join(";")
    )
}

fn canonical_query(query: &str) -> String {
    let encoded = |raw: &str| {
        let decoded: Vec<u8> = percent_decode_str(raw).collect();
        percent_encoding::percent_encode(&decoded, &UNRESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|p| p.split_once('=').unwrap_or((p, "")))
        .map(|(k, v)| (encoded(k), encoded(v)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&")
}

/// Whether a request was signed too far from now.
pub fn is_skewed(request: &SignedRequest<'_>, real_ms: i64) -> bool {
    let signed = request
        .header("x-amz-date")
        .and_then(|d| jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", d).ok())
        .and_then(|d| d.to_zoned(jiff::tz::TimeZone::UTC).ok());
    signed.is_none_or(|s| (s.timestamp().as_millisecond() - real_ms).abs() > MAX_SKEW_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_names_region_and_service() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA/EXAMPLE/20261121/eu-central-1/rds/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=abc";
        let scope = Scope::parse(header);
        assert_eq!(scope.as_ref().map(|s| s.region.as_str()), Some("eu-central-1"));
        assert_eq!(scope.as_ref().map(|s| s.service.as_str()), Some("rds"));
        assert_eq!(scope.map(|s| s.access_key).as_deref(), Some("AKIA/EXAMPLE"));
        assert_eq!(Scope::parse("Bearer x"), None);
    }

    #[test]
    fn the_example_of_the_aws_documents_verifies() {
        // Amazon S3 API reference, "Example: GET Bucket (List Objects)".
        let mut headers = HeaderMap::new();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (name, value) in [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", empty),
            ("x-amz-date", "20130524T000000Z"),
        ] {
            headers.insert(name, http::HeaderValue::from_static(value));
        }
        let uri = Uri::from_static("/?max-keys=2&prefix=J");
        let request = SignedRequest { method: &Method::GET, uri: &uri, headers: &headers, body: b"" };
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
            SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
            Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        let scope = Scope::parse(authorization).unwrap_or_else(|| panic!("the example parses"));
        assert!(verify(&request, &scope, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
        assert!(!verify(&request, &scope, "another"));
        let uri = Uri::from_static("/?max-keys=3&prefix=J");
        assert!(!verify(
            &SignedRequest { uri: &uri, ..request },
            &scope,
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ));
    }
}

//! Between us and a peer's STS: lets some actions of each session's policy be allowed on everything, and signs the
//! request anew. For peers that weigh an action against `*` where AWS weighs it against what the call names.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri, header};
use holdfast_aws::ControlCredentials;
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;

#[derive(Debug)]
pub struct Widening {
    upstream: String,
    as_whom: Credentials,
    actions: &'static [&'static str],
    http: reqwest::Client,
}

impl Widening {
    /// Where to send STS's requests from now on, until this test's runtime ends.
    pub async fn before(
        upstream: &str,
        control: &ControlCredentials,
        actions: &'static [&'static str],
    ) -> String {
        let ControlCredentials::Static { access_key_id, secret_access_key, .. } = control else {
            panic!("a peer's control credentials are given")
        };
        let as_whom = Credentials::new(access_key_id, secret_access_key, None, None, "widening");
        let widening = Self { upstream: upstream.to_owned(), as_whom, actions, http: reqwest::Client::new() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(pass).with_state(Arc::new(widening));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn widen(&self, form: &str) -> String {
        let widened = form.split('&').map(|pair| match pair.split_once('=') {
            Some(("Policy", policy)) => {
                format!("Policy={}", percent(&self.widen_policy(&plain(policy))))
            }
            _ => pair.to_owned(),
        });
        widened.collect::<Vec<_>>().join("&")
    }

    fn widen_policy(&self, policy: &str) -> String {
        let mut policy: Value = serde_json::from_str(policy).unwrap();
        for statement in policy["Statement"].as_array_mut().unwrap() {
            let actions = statement["Action"].as_array().unwrap();
            if actions.iter().all(|action| self.actions.contains(&action.as_str().unwrap())) {
                statement["Resource"] = "*".into();
            }
        }
        policy.to_string()
    }

    /// The headers that a request with this body must have.
    fn signed(&self, region: &str, uri: &str, body: &str) -> Vec<(String, String)> {
        let identity = self.as_whom.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("sts")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = [("content-type", FORM)];
        let request =
            SignableRequest::new("POST", uri, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
                .unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let added = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        added.chain([("content-type".to_owned(), FORM.to_owned())]).collect()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

async fn pass(
    State(widening): State<Arc<Widening>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = format!("{}{uri}", widening.upstream);
    let form = std::str::from_utf8(&body).unwrap();
    let mut request = widening.http.request(method, &target);
    if form.contains("Action=AssumeRole") {
        let region = region_of(&headers);
        let form = widening.widen(form);
        for (name, value) in widening.signed(&region, &target, &form) {
            request = request.header(name, value);
        }
        request = request.body(form);
    } else {
        // As it was signed, the host included.
        request = request.headers(headers).body(body);
    }
    let answer = request.send().await.unwrap();
    let mut response = Response::builder().status(answer.status().as_u16());
    if let Some(kind) = answer.headers().get(header::CONTENT_TYPE) {
        response = response.header(header::CONTENT_TYPE, kind.as_bytes());
    }
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

/// Of the scope `KEY/DATE/REGION/SERVICE/aws4_request` that the request was signed for.
fn region_of(headers: &HeaderMap) -> String {
    headers[header::AUTHORIZATION].to_str().unwrap().split('/').nth(2).unwrap().to_owned()
}

pub fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn plain(encoded: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

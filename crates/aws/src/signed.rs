//! Calls signed by hand, for services whose SDK crates are larger than all the rest of this crate together: EC2, IAM,
//! SSM, Config, Security Hub and Health. The SDK's own orchestrator carries them, so that deadlines, attempts, the mark of a
//! run and the sorting of failures are those of every other call; only requests and answers are read and written here.

mod answer;
mod interceptor;
mod xml;

pub(crate) use answer::Answered;

use crate::clients::{Caller, app_name, behavior};
use crate::settings::Service;
use answer::Said;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{FrozenLayer, Layer};
use holdfast_cloud::Error;
use interceptor::{Signature, Throttled};
use serde_json::Value;

/// How a service is spoken to by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// AWS query: form parameters in, XML out. The text is the API's version.
    Query(&'static str),
    /// JSON 1.1; the text stands before the operation's name in `X-Amz-Target`.
    Json(&'static str),
    /// JSON bodies at paths of their own.
    RestJson,
}

/// A service as it is signed for and spoken to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByHand {
    pub service: Service,
    /// In the signature and in the host's name.
    pub name: &'static str,
    pub wire: Wire,
    /// Served from one place for all Regions, without a Region in its name.
    pub global: bool,
}

pub(crate) const EC2: ByHand =
    ByHand { service: Service::Ec2, name: "ec2", wire: Wire::Query("2016-11-15"), global: false };
pub(crate) const IAM: ByHand =
    ByHand { service: Service::Iam, name: "iam", wire: Wire::Query("2010-05-08"), global: true };
pub(crate) const SSM: ByHand =
    ByHand { service: Service::Ssm, name: "ssm", wire: Wire::Json("AmazonSSM"), global: false };
pub(crate) const CONFIG: ByHand = ByHand {
    service: Service::Config,
    name: "config",
    wire: Wire::Json("StarlingDoveService"),
    global: false,
};
pub(crate) const SECURITY_HUB: ByHand =
    ByHand { service: Service::SecurityHub, name: "securityhub", wire: Wire::RestJson, global: false };

pub(crate) const HEALTH: ByHand = ByHand {
    service: Service::Health,
    name: "health",
    wire: Wire::Json("AWSHealth_20160804"),
    global: false,
};

/// One call. `action` is the IAM action, whose second half is the operation's name.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub action: &'static str,
    /// Method and path; only where the wire has paths.
    pub at: (&'static str, &'static str),
    pub body: Body,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Form(Vec<(String, String)>),
    Json(Value),
    Nothing,
}

impl Request {
    pub(crate) fn form(action: &'static str, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { action, at: ("POST", "/"), body: Body::Form(fields) }
    }

    pub(crate) fn json(action: &'static str, body: Value) -> Self {
        Self { action, at: ("POST", "/"), body: Body::Json(body) }
    }

    pub(crate) fn rest(action: &'static str, at: (&'static str, &'static str), body: Body) -> Self {
        Self { action, at, body }
    }

    fn operation(&self) -> &'static str {
        self.action.split_once(':').map_or(self.action, |(_, operation)| operation)
    }

    fn http(&self, by: &ByHand) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
        let (method, path) = self.at;
        let (content_type, body) = match (&self.body, by.wire) {
            (Body::Form(fields), Wire::Query(version)) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("Action", self.operation()).append_pair("Version", version);
                form.extend_pairs(fields);
                ("application/x-www-form-urlencoded", form.finish())
            }
            (Body::Json(value), Wire::Json(_)) => ("application/x-amz-json-1.1", value.to_string()),
            (Body::Json(value), _) => ("application/json", value.to_string()),
            (Body::Form(_) | Body::Nothing, _) => ("application/json", String::new()),
        };
        let mut request = http::Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header("content-type", content_type).header("content-length", body.len());
        }
        if let Wire::Json(target) = by.wire {
            request = request.header("x-amz-target", format!("{target}.{}", self.operation()));
        }
        for header in ["user-agent", "x-amz-user-agent"] {
            request = request.header(header, agent());
        }
        Ok(request.body(SdkBody::from(body))?.try_into()?)
    }
}

/// In the SDKs' own form, so that the mark of a run has something to stand behind.
fn agent() -> String {
    let app = app_name().map(|name| format!(" app/{name}")).unwrap_or_default();
    format!("aws-sdk-rust/by-hand lang/rust{app}")
}

/// The orchestrator takes it as the SDK crates' configurations put it, and has no word of its own for it.
fn sharing(partition: RetryPartition) -> FrozenLayer {
    let mut layer = Layer::new("RetryPartition");
    layer.store_put(partition);
    layer.freeze()
}

/// Makes the call in `region` and waits for its answer within the caller's deadline.
pub(crate) async fn call(
    caller: &Caller,
    by: ByHand,
    region: &str,
    request: &Request,
) -> Result<Answered, Error> {
    let url = match caller.settings.endpoint(by.service) {
        Some(url) => url.to_owned(),
        None if by.global => format!("https://{}.amazonaws.com", by.name),
        None => format!("https://{}.{region}.amazonaws.com", by.name),
    };
    let operation = Operation::builder()
        .service_name(by.name)
        .operation_name(request.operation())
        .behavior_version(behavior())
        .http_client(caller.http.clone())
        .endpoint_url(&url)
        .no_auth()
        .standard_retry(&caller.retries(by.service, region))
        .runtime_plugin(StaticRuntimePlugin::new().with_config(sharing(caller.partition(by.service, region))))
        .timeout_config(caller.timeouts(by.service, region))
        .retry_classifier(Throttled)
        .retry_classifier(TransientErrorClassifier::<Said>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .interceptor(caller.aws_clock.clone())
        .interceptor(Signature::new(caller.credentials.clone(), region, by.name));
    let operation = match &caller.mark {
        Some(mark) => operation.interceptor(mark.clone()),
        None => operation,
    };
    let operation = operation
        .serializer(move |request: Request| request.http(&by))
        .deserializer(move |response| answer::read(by.wire, response))
        .build();
    let sent = operation.invoke(request.clone());
    let answered = caller.ask(by.service, region, request.action, sent).await?;
    match answered.trouble() {
        None => Ok(answered),
        Some(why) => Err(caller.call(region, request.action).unreadable(&answered, why)),
    }
}

//! AWS on the wire: one request in, one answer out, and a line in the ledger whatever happened.
//!
//! The order is AWS's own: who calls, is the endpoint there at all, may the caller, does the service agree.
//! One file per service below; none of them knows about signatures, faults or the ledger.

mod applicationautoscaling;
mod autoscaling;
mod backup;
mod cloudformation;
mod cloudfront;
mod cloudwatch;
mod commands;
mod config;
mod cut;
mod decode;
mod dynamodb;
pub(crate) mod earlier;
mod ec2;
mod ecr;
mod ecs;
mod eks;
mod elasticache;
mod elbv2;
mod globalaccelerator;
pub(crate) mod hands;
mod health;
mod iam;
mod input;
mod kms;
mod lambda;
mod organizations;
mod rds;
mod rds_databases;
mod recovery_cluster;
mod recovery_control_config;
mod region_switch;
mod render;
mod route53;
mod route53_health;
mod route53_xml;
mod s3;
mod s3control;
mod secretsmanager;
mod securityhub;
mod service;
mod servicequotas;
mod ssm;
mod store_metrics;
mod sts;
mod xml;

pub(crate) use cut::{Peer, listen};

use crate::auth::policy::{Policy, Verdict};
use crate::auth::sigv4::{Scope, SignedRequest};
use crate::auth::{AuthFault, Caller, identify};
use crate::faults::{CallKey, FaultKind};
use crate::ledger::{Effect, Entry};
use crate::refusal::Refusal;
use crate::state::{Shared, State};
use crate::world::World;
use crate::world::clock::{Moment, timestamp};
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;
use service::{Operation, Plane, Service};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// The services, as the ledger and the faults name them.
pub(crate) fn service_names() -> impl Iterator<Item = &'static str> {
    Service::ALL.iter().map(|service| service.name())
}

/// AWS takes a megabyte for none of the calls here.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// A black hole that never closes would hold the caller's sockets for ever.
const HANG: Duration = Duration::from_secs(30);

/// What a service needs to know about a call beside its parameters.
#[derive(Debug)]
struct Context<'a> {
    account: &'a str,
    region: &'a str,
    /// The name that the simulator was called by, for addresses that an answer gives out.
    host: &'a str,
    path: &'a str,
    caller: &'a Caller,
    now: Moment,
}

/// A call that a service has carried out.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    effect: Effect,
    body: Vec<u8>,
    /// Of services that tell an object's version in a header.
    etag: Option<String>,
}

impl Reply {
    fn look(body: impl Into<Vec<u8>>) -> Self {
        Self { effect: Effect::None, body: body.into(), etag: None }
    }

    fn did(changed: bool, body: impl Into<Vec<u8>>) -> Self {
        let effect = if changed { Effect::Changed } else { Effect::Unchanged };
        Self { effect, body: body.into(), etag: None }
    }

    fn with_etag(self, etag: &str) -> Self {
        Self { etag: Some(etag.to_owned()), ..self }
    }
}

/// What becomes of the connection.
enum Outcome {
    Answer(Response),
    Hang,
    Cut,
}

/// Answers one AWS request.
pub(crate) async fn handle(shared: Arc<Shared>, peer: ConnectInfo<Peer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return http::StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match take(&shared, &parts, &body) {
        Outcome::Answer(mut response) => {
            if let Some(date) = http_date(shared.aws_ms()) {
                response.headers_mut().insert(http::header::DATE, date);
            }
            let latency = shared.latency();
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            return response;
        }
        Outcome::Hang => {
            tokio::select! {
                () = tokio::time::sleep(HANG) => {}
                () = shared.stopping() => {}
            }
        }
        Outcome::Cut => {}
    }
    peer.0.cut();
    // Never seen by anybody: the connection is gone before it could be written.
    http::StatusCode::BAD_GATEWAY.into_response()
}

/// AWS tells its own time, and not that of the machine that the simulator runs on.
fn http_date(aws_ms: i64) -> Option<http::HeaderValue> {
    let text = timestamp(aws_ms).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    http::HeaderValue::try_from(text).ok()
}

/// A request as far as it has been understood.
struct Call<'a> {
    scope: &'a Scope,
    service: Option<Service>,
    operation: Option<&'static Operation>,
    operation_name: String,
    input: Value,
    user_agent: String,
    request_id: String,
    host: String,
    path: &'a str,
}

impl Call<'_> {
    /// The same for the same look.
    fn asks(&self, caller: &Caller) -> String {
        format!(
            "{} {} {} {} {}",
            caller.account, self.scope.service, self.scope.region, self.operation_name, self.input
        )
    }

    fn can_change(&self) -> bool {
        self.operation.map_or_else(|| !is_a_look(&self.operation_name), |o| o.changing)
    }
}

fn take(shared: &Shared, parts: &Parts, body: &Bytes) -> Outcome {
    let signed = SignedRequest { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body };
    let request_id = uuid::Uuid::new_v4().to_string();
    let Some(scope) = signed.header("authorization").as_deref().and_then(Scope::parse) else {
        let refusal = Refusal::new("MissingAuthenticationToken", "Request is missing Authentication Token");
        return Outcome::Answer(render::unsigned(&refusal.with_status(403), &request_id));
    };
    let service = Service::signed_as(&scope.service, parts.uri.path());
    let decoded = match service {
        Some(service) => decode::request(service, parts, body),
        None => {
            Err(Refusal::new("UnknownService", format!("This simulator does not speak {}.", scope.service)))
        }
    };
    let (operation_name, input, malformed) = match decoded {
        Ok((name, input)) => (name, input, None),
        Err(refusal) => (String::new(), Value::Null, Some(refusal)),
    };
    let call = Call {
        scope: &scope,
        service,
        operation: service.and_then(|s| s.operation(&operation_name)),
        operation_name,
        input,
        user_agent: user_agent(&signed),
        request_id,
        host: signed.header("host").unwrap_or_default(),
        path: parts.uri.path(),
    };
    shared.with(|state, now| {
        let key = hex::decode(&state.world.session_key).unwrap_or_default();
        let caller = identify(&signed, &scope, &state.world.control_account, &key, now.real_ms);
        let settled = judge(state, &call, caller.as_ref(), malformed, now);
        record(state, &call, caller.ok().as_ref(), &settled, now);
        outcome(&call, settled)
    })
}

/// The end of a call: what it did, and what the caller hears of it.
struct Settled {
    effect: Effect,
    answer: Answer,
}

enum Answer {
    Done(Reply),
    Refused(Refusal),
    Hang,
    Cut,
}

fn refused(refusal: Refusal) -> Settled {
    Settled { effect: Effect::Refused, answer: Answer::Refused(refusal) }
}

fn judge(
    state: &mut State,
    call: &Call<'_>,
    caller: Result<&Caller, &AuthFault>,
    malformed: Option<Refusal>,
    now: Moment,
) -> Settled {
    let region = call.scope.region.as_str();
    let plane = call.operation.map_or(Plane::Control, |o| o.plane);
    let dark = state.world.regions.get(region).is_some_and(|r| r.dark);
    if dark && !matches!(plane, Plane::Global(_)) {
        return Settled { effect: Effect::None, answer: Answer::Hang };
    }
    let Some(service) = call.service else {
        return refused(malformed.unwrap_or_else(|| Refusal::new("UnknownService", "Unknown service")));
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(fault) => return refused(service.auth_refusal(*fault)),
    };
    let key = CallKey {
        service: service.name(),
        operation: &call.operation_name,
        region,
        account: &caller.account,
        changing: call.can_change(),
        session: caller.session.as_ref().map_or("", |session| session.name.as_str()),
        user_agent: &call.user_agent,
    };
    let strike = state.faults.strike(&key, rand::random::<f64>);
    if let Some(kind) = strike {
        *state.struck.entry(kind).or_default() += 1;
    }
    match strike {
        Some(FaultKind::Hang) => return Settled { effect: Effect::None, answer: Answer::Hang },
        Some(FaultKind::Throttle) => return refused(service.throttled()),
        Some(FaultKind::Error) => return refused(service.failing()),
        Some(FaultKind::Deny) => {
            let action = call.operation.map_or(call.operation_name.as_str(), |o| o.action);
            return refused(service.denied(&caller.arn, action, "*", "an identity-based policy denies it"));
        }
        Some(FaultKind::Stale) if !call.can_change() => {
            if let Some(before) = state.earlier.find(&call.asks(caller), now) {
                return Settled { effect: Effect::None, answer: Answer::Done(before) };
            }
        }
        Some(FaultKind::LoseAnswer | FaultKind::Stale) | None => {}
    }
    let settled = perform(state, call, service, caller, malformed, now);
    if state.faults.make_stale()
        && !call.can_change()
        && let Answer::Done(reply) = &settled.answer
    {
        state.earlier.keep(call.asks(caller), reply, now);
    }
    if strike == Some(FaultKind::LoseAnswer) {
        return Settled { answer: Answer::Cut, ..settled };
    }
    settled
}

fn perform(
    state: &mut State,
    call: &Call<'_>,
    service: Service,
    caller: &Caller,
    malformed: Option<Refusal>,
    now: Moment,
) -> Settled {
    if let Some(refusal) = malformed {
        return refused(refusal);
    }
    let region = call.scope.region.as_str();
    // A standby may stand where the world has nothing else.
    let somewhere = state.world.regions.contains_key(region) || service.has_a_standby_in(region);
    if !somewhere || !service.is_at(region) {
        return refused(service.wrong_region(region));
    }
    let Some(operation) = call.operation else {
        return refused(service.unknown_operation(&call.operation_name));
    };
    if operation.changing && control_plane_is_dark(&state.world, operation.plane, region) {
        return refused(service.unavailable());
    }
    let context =
        Context { account: &caller.account, region, host: &call.host, path: call.path, caller, now };
    if let Err(refusal) = authorize(&state.world, service, operation, &context, &call.input) {
        return refused(refusal);
    }
    let hands = state.hands.clone();
    let before = hands.as_ref().filter(|_| operation.changing).map(|_| state.world.clone());
    let performed = service.perform(&mut state.world, &context, operation.name, &call.input);
    if let Some(before) = before {
        state.world = before;
    }
    match (performed, hands) {
        (Ok(reply), None) => Settled { effect: reply.effect, answer: Answer::Done(reply) },
        (Ok(reply), Some(hands)) => {
            let reply = hands.pass(operation, service.name(), reply);
            Settled { effect: Effect::None, answer: Answer::Done(reply) }
        }
        (Err(refusal), _) => refused(refusal),
    }
}

fn control_plane_is_dark(world: &World, plane: Plane, region: &str) -> bool {
    let at = match plane {
        Plane::Data => return false,
        Plane::Control => region,
        Plane::Global(home) => home,
    };
    world.regions.get(at).is_some_and(|r| r.control_plane_dark)
}

/// The role's own policy and the session's, both must allow each resource that the action needs.
fn authorize(
    world: &World,
    service: Service,
    operation: &Operation,
    context: &Context<'_>,
    input: &Value,
) -> Result<(), Refusal> {
    if service == Service::Sts || context.caller.session.is_none() {
        return Ok(());
    }
    if let Some(policy) = context.caller.session.as_ref().and_then(|s| s.policy.as_deref()) {
        Policy::parse(policy)?;
    }
    for resource in service.resources(operation.name, context, input) {
        may(world, context, operation.action, &resource)
            .map_err(|why| service.denied(&context.caller.arn, operation.action, &resource, &why))?;
    }
    Ok(())
}

/// Whether the caller may do this to that, or why not, as AWS words it.
fn may(world: &World, context: &Context<'_>, action: &str, resource: &str) -> Result<(), String> {
    let Some(session) = &context.caller.session else { return Ok(()) };
    let role = world.accounts.get(&session.account).and_then(|a| a.roles.get(&session.role));
    let because_of = |kind: &str| format!("no {kind} policy allows the {action} action");
    if !role.is_some_and(|r| r.allow.iter().any(|a| crate::auth::policy::wildcard(a, action))) {
        return Err(because_of("identity-based"));
    }
    let policy = session.policy.as_deref().and_then(|policy| Policy::parse(policy).ok());
    match policy.map(|p| p.verdict(action, resource)) {
        None | Some(Verdict::Allow) => Ok(()),
        Some(Verdict::Silent) => Err(because_of("session")),
        Some(Verdict::Deny) => Err("of an explicit deny in a session policy".to_owned()),
    }
}

fn record(state: &mut State, call: &Call<'_>, caller: Option<&Caller>, settled: &Settled, now: Moment) {
    let session = caller.and_then(|c| c.session.as_ref());
    let entry = Entry {
        at: timestamp(now.real_ms).to_string(),
        seq: state.ledger.next_seq(),
        service: call.service.map_or(call.scope.service.as_str(), |s| s.name()).to_owned(),
        operation: call.operation_name.clone(),
        action: call.operation.map(|o| o.action).unwrap_or_default().to_owned(),
        region: call.scope.region.clone(),
        account: caller.map(|c| c.account.clone()).unwrap_or_default(),
        principal: caller.map(|c| c.arn.clone()).unwrap_or_default(),
        session_name: session.map(|s| s.name.clone()),
        source_identity: session.and_then(|s| s.source_identity.clone()),
        session_policy: session.and_then(|s| s.policy.clone()),
        user_agent: call.user_agent.clone(),
        request_id: call.request_id.clone(),
        changing: call.can_change(),
        effect: settled.effect,
        body: without_secrets(&call.input),
    };
    state.append(entry);
}

/// A ledger is read by many. What a secret holds is told by its digest, so that two calls can still be compared.
fn without_secrets(input: &Value) -> Value {
    let mut input = input.clone();
    if let Some(content) = input.get_mut("SecretString") {
        let digest = Sha256::digest(content.as_str().unwrap_or_default());
        *content = Value::String(format!("sha256:{}", hex::encode(digest)));
    }
    input
}

fn is_a_look(operation: &str) -> bool {
    operation.is_empty() || ["Get", "List", "Describe", "Assume"].iter().any(|p| operation.starts_with(p))
}

fn outcome(call: &Call<'_>, settled: Settled) -> Outcome {
    match (settled.answer, call.service) {
        (Answer::Hang, _) => Outcome::Hang,
        (Answer::Cut, _) => Outcome::Cut,
        (Answer::Done(reply), Some(service)) => {
            Outcome::Answer(render::done(service, reply, &call.request_id))
        }
        (Answer::Refused(refusal), Some(service)) => {
            Outcome::Answer(render::refused(service, &refusal, &call.request_id))
        }
        (Answer::Refused(refusal), None) => Outcome::Answer(render::unsigned(&refusal, &call.request_id)),
        (Answer::Done(_), None) => Outcome::Cut,
    }
}

/// The agent string that names the step, wherever the SDK put it.
fn user_agent(request: &SignedRequest<'_>) -> String {
    let long = request.header("x-amz-user-agent").filter(|agent| agent.contains("holdfast-"));
    long.or_else(|| request.header("user-agent")).unwrap_or_default()
}

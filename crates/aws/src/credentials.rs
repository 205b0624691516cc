//! Sessions in the members' accounts, from STS itself rather than through the SDK's provider, so that external
//! id, source identity, policy and user agent are exactly ours. Sessions are kept until shortly before they
//! expire; a refusal is kept for a few seconds, so that a mistake in one account does not hammer STS.

mod control;

use crate::arc_clusters::Clusters;
use crate::aws_clock::AwsClock;
use crate::clients::{Caller, shared_http_client};
use crate::ecs_service::TaskDefinitions;
use crate::failure::Call;
use crate::hedge::first_answer;
use crate::outside_view::OutsideView;
use crate::policy;
use crate::settings::{AwsSettings, Service};
use crate::silence::Silence;
use crate::traffic::Traffic;
use crate::user_agent::RunMark;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_sts::types::Tag;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
pub(crate) use control::Control;
use control::without_control;
use holdfast_cloud::{Access, Error, ErrorKind};
use holdfast_domain::{Account, ResourceKind};
use holdfast_failover::Change;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A session is renewed when less than this is left of it.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// Act sessions last the shortest time that STS gives, and are good until this is left.
const ACT_SECONDS: i32 = 900;
const ACT_RENEW_BEFORE: Duration = Duration::from_secs(60);
const READ_SECONDS: i32 = 3600;
/// How long a failure is told again without asking.
const FAILURE_KEPT: Duration = Duration::from_secs(5);
const ASSUME_ROLE: &str = "sts:AssumeRole";
/// The key of the tag by which a session says which step it is for.
const STEP_TAG: &str = "holdfast-step";
/// The tag's value for what only looks.
const LOOKING: &str = "look";
/// Who stands behind a session that is only tried: nobody.
const REHEARSAL: &str = "holdfast-rehearsal";
/// Tells the member's administrator what a session without the external id was for, where their trust policy gave one.
const TRUST_CHECK: &str = "holdfast-trust-check";

/// One AssumeRole, as it will be sent. Equal requests share a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Request {
    account: String,
    role_arn: String,
    external_id: Option<String>,
    session_name: String,
    source_identity: Option<String>,
    /// `None`: as the role itself is, because the text would be longer than STS takes.
    policy: Option<String>,
    seconds: i32,
    /// The session's tag; `None` for the collector's. The member's own policies and its CloudTrail can tell steps apart by it,
    /// and it keeps the sessions of two steps apart even where all else agrees.
    step: Option<String>,
}

impl Request {
    fn new(account: &Account, access: &Access, kind: Option<ResourceKind>) -> Result<Self, String> {
        let base = |role_arn: &str, session_name: String, policy: Option<String>, seconds| Self {
            account: account.id.to_string(),
            role_arn: role_arn.to_owned(),
            external_id: account.external_id.clone(),
            session_name,
            source_identity: None,
            policy,
            seconds,
            step: None,
        };
        match access {
            Access::Read(kinds) => {
                Ok(base(&account.read_role_arn, "holdfast-read".into(), policy::looking(kinds), READ_SECONDS))
            }
            Access::Survey => Ok(base(
                &account.read_role_arn,
                "holdfast-read".into(),
                Some(policy::surveying()),
                READ_SECONDS,
            )),
            Access::Rehearsal => Ok(Self {
                source_identity: Some(REHEARSAL.into()),
                step: Some(LOOKING.into()),
                ..base(&account.act_role_arn, REHEARSAL.into(), Some(policy::nothing()), ACT_SECONDS)
            }),
            // Nothing that a trust policy might refuse beside it: what is asked is the external id alone.
            Access::WithoutExternalId { acts } => {
                let role = if *acts { &account.act_role_arn } else { &account.read_role_arn };
                Ok(Self {
                    external_id: None,
                    ..base(role, TRUST_CHECK.into(), Some(policy::nothing()), ACT_SECONDS)
                })
            }
            Access::Act(acting) => {
                // Steps that only look share one session per run and kind of resource.
                let (policy, step) = match &acting.change {
                    Some(change) => (Some(policy::changing(account, change)?), acting.step.to_string()),
                    None => (policy::looking(&kind.into_iter().collect()), LOOKING.to_owned()),
                };
                Ok(Self {
                    source_identity: Some(acting.source_identity.clone()),
                    step: Some(step),
                    ..base(&account.act_role_arn, acting.run.to_string(), policy, ACT_SECONDS)
                })
            }
        }
    }

    fn renew_before(&self) -> Duration {
        if self.source_identity.is_some() { ACT_RENEW_BEFORE } else { RENEW_BEFORE }
    }
}

#[derive(Debug, Default)]
struct Slot {
    session: Option<Session>,
    failed: Option<(Instant, Error)>,
}

#[derive(Debug, Clone)]
struct Session {
    credentials: Credentials,
    expires_at: SystemTime,
}

impl Session {
    fn left(&self) -> Duration {
        self.expires_at.duration_since(holdfast_clock::system_time()).unwrap_or_default()
    }
}

#[derive(Debug)]
pub(crate) struct Sessions {
    settings: Arc<AwsSettings>,
    http: SharedHttpClient,
    silence: Arc<Silence>,
    aws_clock: AwsClock,
    clusters: Arc<Clusters>,
    view: Arc<OutsideView>,
    task_definitions: Arc<TaskDefinitions>,
    traffic: Arc<Traffic>,
    control: Control,
    /// The inner lock makes one caller ask while the others of the same session wait for its answer.
    slots: Mutex<HashMap<Request, Arc<tokio::sync::Mutex<Slot>>>>,
}

impl Sessions {
    pub(crate) fn new(settings: Arc<AwsSettings>, view: Arc<OutsideView>) -> Self {
        let http = shared_http_client();
        let control = Control::new(&settings, http.clone());
        let traffic = Arc::new(Traffic::new(&settings));
        Self {
            settings,
            http,
            silence: Arc::default(),
            aws_clock: AwsClock::default(),
            view,
            clusters: Arc::default(),
            task_definitions: Arc::default(),
            traffic,
            control,
            slots: Mutex::default(),
        }
    }

    pub(crate) fn aws_clock(&self) -> &AwsClock {
        &self.aws_clock
    }

    pub(crate) fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    /// A caller with a session for `access` (to look at a resource of `kind`, where that is what it is for), with `budget`
    /// from now for everything it does.
    pub(crate) async fn caller(
        &self,
        account: &Account,
        (access, kind): (&Access, Option<ResourceKind>),
        changing: bool,
        budget: Duration,
    ) -> Result<Caller, Error> {
        let deadline = Instant::now() + budget;
        let request = self.request(account, access, kind)?;
        let mark = mark(access);
        // Waiting for another's question counts too, so that a caller's own deadline holds.
        let credentials =
            match tokio::time::timeout(self.settings.session_timeout, self.session(&request, mark.as_ref()))
                .await
            {
                Ok(session) => session?.credentials,
                Err(_) => {
                    let silent = "no session could be had before the deadline";
                    return Err(self.about(&request.account).error(ErrorKind::Unreachable, silent));
                }
            };
        let caller = self.with(&request.account, credentials, mark, changing, deadline);
        let (token, may_read_secrets) = match access {
            Access::Read(_) | Access::Survey | Access::Rehearsal | Access::WithoutExternalId { .. } => {
                (None, false)
            }
            Access::Act(acting) => {
                (Some(acting.token()), matches!(acting.change, Some(Change::SetSecretEndpoint { .. })))
            }
        };
        Ok(Caller { token, may_read_secrets, ..caller })
    }

    /// The same with a session made just now, whatever is kept: a probe asks whether the role can be assumed,
    /// not whether it once could.
    pub(crate) async fn fresh_caller(
        &self,
        account: &Account,
        access: &Access,
        budget: Duration,
    ) -> Result<Caller, Error> {
        let deadline = Instant::now() + budget;
        let request = self.request(account, access, None)?;
        let mark = mark(access);
        let slot = self.slot(&request);
        let mut slot = slot.lock().await;
        let session = self.assume(&request, mark.as_ref()).await.inspect_err(|error| {
            slot.session = None;
            slot.failed = Some((Instant::now(), error.clone()));
        })?;
        *slot = Slot { session: Some(session.clone()), failed: None };
        Ok(self.with(&request.account, session.credentials, mark, false, deadline))
    }

    fn request(
        &self,
        account: &Account,
        access: &Access,
        kind: Option<ResourceKind>,
    ) -> Result<Request, Error> {
        Request::new(account, access, kind)
            .map_err(|why| self.about(account.id.as_str()).error(ErrorKind::Invalid, why))
    }

    fn about(&self, account: &str) -> Call {
        let region = self.settings.sts_regions.first().map(ToString::to_string).unwrap_or_default();
        Call { account: account.to_owned(), region, operation: ASSUME_ROLE, changing: false }
    }

    fn with(
        &self,
        account: &str,
        credentials: Credentials,
        mark: Option<RunMark>,
        changing: bool,
        deadline: Instant,
    ) -> Caller {
        Caller {
            account: account.to_owned(),
            settings: self.settings.clone(),
            http: self.http.clone(),
            silence: self.silence.clone(),
            aws_clock: self.aws_clock.clone(),
            clusters: self.clusters.clone(),
            view: self.view.clone(),
            task_definitions: self.task_definitions.clone(),
            traffic: self.traffic.clone(),
            credentials,
            mark,
            token: None,
            may_read_secrets: false,
            changing,
            deadline,
            waited: Arc::default(),
        }
    }

    fn slot(&self, request: &Request) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(request) {
            return slot.clone();
        }
        // Runs end and their sessions with them; a new session is the time to forget the dead ones.
        slots.retain(|_, slot| match slot.try_lock() {
            Ok(slot) => slot.session.as_ref().is_some_and(|session| !session.left().is_zero()),
            Err(_) => true,
        });
        slots.entry(request.clone()).or_default().clone()
    }

    async fn session(&self, request: &Request, mark: Option<&RunMark>) -> Result<Session, Error> {
        let slot = self.slot(request);
        let mut slot = slot.lock().await;
        if let Some(session) = slot.session.as_ref().filter(|session| session.left() > request.renew_before())
        {
            return Ok(session.clone());
        }
        if let Some((at, error)) = &slot.failed
            && at.elapsed() < FAILURE_KEPT
        {
            return still_good(&slot).ok_or_else(|| error.clone());
        }
        match self.assume(request, mark).await {
            Ok(session) => {
                *slot = Slot { session: Some(session.clone()), failed: None };
                Ok(session)
            }
            Err(error) => {
                // A refusal ends what was granted before; mere silence does not, while that lasts.
                if error.kind == ErrorKind::Denied {
                    slot.session = None;
                }
                slot.failed = Some((Instant::now(), error.clone()));
                still_good(&slot).ok_or(error)
            }
        }
    }

    async fn assume(&self, request: &Request, mark: Option<&RunMark>) -> Result<Session, Error> {
        let about = self.about(&request.account);
        // Ends before those who wait for it give up, so that its failure is kept for them.
        let deadline = Instant::now() + self.settings.session_timeout.mul_f32(0.9);
        let control = match tokio::time::timeout_at(deadline, self.control.provide_credentials()).await {
            Ok(Ok(credentials)) => credentials,
            Ok(Err(why)) => return Err(about.error(ErrorKind::Denied, without_control(&why))),
            Err(_) => {
                let silent =
                    "what gives the control account's credentials did not answer before the deadline";
                return Err(about.error(ErrorKind::Unreachable, silent));
            }
        };
        let caller = self.with(&request.account, control, mark.cloned(), false, deadline);
        let regions =
            self.silence.order(Service::Sts, self.settings.sts_regions.iter().map(|region| region.as_str()));
        let go_on = |error: &Error| {
            // Throttled, too: each Region's STS counts for itself.
            matches!(
                error.kind,
                ErrorKind::Unreachable
                    | ErrorKind::ServiceError
                    | ErrorKind::Unreadable
                    | ErrorKind::Throttled
            )
        };
        let answer = first_answer(regions, self.settings.patience, go_on, |region| {
            assume_in(&caller, request, region)
        });
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                Err(about.error(ErrorKind::Invalid, "no Region's STS is configured: set sts_regions"))
            }
            Err(_) => {
                Err(about.error(ErrorKind::Unreachable, "no Region's STS answered before the deadline"))
            }
        }
    }
}

fn still_good(slot: &Slot) -> Option<Session> {
    slot.session.as_ref().filter(|session| session.left() > Duration::from_secs(30)).cloned()
}

fn mark(access: &Access) -> Option<RunMark> {
    match access {
        Access::Read(_) | Access::Survey | Access::Rehearsal | Access::WithoutExternalId { .. } => None,
        Access::Act(acting) => Some(RunMark::of(acting)),
    }
}

async fn assume_in(caller: &Caller, request: &Request, region: String) -> Result<Session, Error> {
    let tag = request.step.as_ref().map(|step| Tag::builder().key(STEP_TAG).value(step).build()).transpose();
    let tag =
        tag.map_err(|error| caller.call(&region, ASSUME_ROLE).error(ErrorKind::Invalid, error.to_string()))?;
    let sent = caller
        .sts(&region)
        .assume_role()
        .role_arn(&request.role_arn)
        .role_session_name(&request.session_name)
        .set_external_id(request.external_id.clone())
        .set_source_identity(request.source_identity.clone())
        .set_tags(tag.map(|tag| vec![tag]))
        .set_policy(request.policy.clone())
        .duration_seconds(request.seconds)
        .send();
    let answer = caller
        .ask(Service::Sts, &region, ASSUME_ROLE, sent)
        .await
        .map_err(|error| explain(error, request))?;
    let Some(given) = answer.credentials else {
        return Err(caller
            .call(&region, ASSUME_ROLE)
            .error(ErrorKind::Unreadable, "the answer holds no credentials"));
    };
    let expires_at = SystemTime::try_from(given.expiration).map_err(|_| {
        caller.call(&region, ASSUME_ROLE).error(ErrorKind::Unreadable, "the session's expiration is no time")
    })?;
    let credentials = Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        Some(expires_at),
        "holdfast-session",
    );
    Ok(Session { credentials, expires_at })
}

/// AWS answers AccessDenied to everything that can be wrong with a role's trust, so the words say what to look at.
fn explain(error: Error, request: &Request) -> Error {
    if error.kind != ErrorKind::Denied {
        return error;
    }
    for action in ["sts:TagSession", "sts:SetSourceIdentity"] {
        if error.message.contains(&format!("to perform: {action}")) {
            let role = &request.role_arn;
            return Error {
                message: format!(
                    "{}. The trust policy of {role} must allow {action} beside sts:AssumeRole",
                    error.message
                ),
                ..error
            };
        }
    }
    let id = match &request.external_id {
        Some(id) => format!("asks for the external id `{id}`"),
        None => "asks for no external id".to_owned(),
    };
    let extra = if request.source_identity.is_some() {
        " and allows sts:SetSourceIdentity and sts:TagSession beside sts:AssumeRole"
    } else {
        ""
    };
    Error {
        message: format!(
            "{}. AWS says the same for a missing role and for any mismatch of its trust policy. Look whether {} exists, and \
             whether its trust policy names the control account's principal, {id}{extra}",
            error.message, request.role_arn
        ),
        ..error
    }
}

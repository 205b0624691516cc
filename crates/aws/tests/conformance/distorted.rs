//! R13. Every field of every answer that the adapters read, with what no AWS would put there: absent, null, empty, of another
//! type, unknown, huge, below zero, deep, a megabyte long. What comes of it is a typed error, or a state that tells nothing which
//! the answer did not; of a changing call, an outcome that is not known. Never a panic, and never a wait without an end.

mod told;
mod tree;

use crate::peers::{MEMBER, Peer};
use crate::repeats::Trial;
use crate::suite::{ROWS, Row, call_name};
use crate::words::{HOME, RECOVERY, account, acting, both, region};
use futures::FutureExt as _;
use futures::stream::{self, StreamExt as _};
use holdfast_aws::{AwsCloud, policy};
use holdfast_cloud::{Access, Acting, Cloud, Error, Identity, Looked, OrganizationAccount, Settled};
use holdfast_domain::{Missing, Need, Resource, ResourceKind};
use holdfast_failover::Change;
use holdfast_sim::world::supporting::HealthEvent;
use holdfast_sim::{Answered, Hands};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::mem::discriminant;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use told::Said;
use tree::{Body, Field, Sort};

/// Longer than any deadline of what is asked here.
const AN_END: Duration = Duration::from_secs(30);

/// More at once would find the processors taken and call it silence.
const AT_ONCE: usize = 4;

/// What a process asks once and then knows: it is asked by a new one each time.
const ASKED_ONCE: &[&str] = &[
    "ecs:DescribeTaskDefinition",
    "route53-recovery-control-config:DescribeCluster",
    "route53-recovery-control-config:ListAssociatedRoute53HealthChecks",
    "route53-recovery-control-config:ListSafetyRules",
];

/// It tells whom to ask for a name, and whoever answers is weighed by the records themselves.
const NOT_DISTORTED: &str = "route53:GetHostedZone";

/// What passes by, and what is made of it.
#[derive(Debug, Default)]
struct Passing {
    heard: Vec<Answered>,
    put: Option<Put>,
}

#[derive(Debug, Clone)]
struct Put {
    action: &'static str,
    field: Field,
    sort: Sort,
}

impl Passing {
    fn pass(&mut self, answered: Answered) -> Answered {
        let Answered { service, operation, action, body, etag } = answered;
        let (body, etag) = match &self.put {
            Some(put) if put.action == action => {
                tree::distorted(&body, etag.as_deref(), &put.field, put.sort)
            }
            _ => (body, etag),
        };
        let answered = Answered { service, operation, action, body, etag };
        self.heard.push(answered.clone());
        answered
    }
}

/// A simulator whose answers pass through our hands, and in which no time passes.
struct Held<'a> {
    peer: &'a Peer,
    passing: Arc<Mutex<Passing>>,
    /// As a step that looks has it, which no sweep's turns hold up.
    access: Access,
}

impl<'a> Held<'a> {
    fn new(peer: &'a Peer) -> Self {
        let passing = Arc::new(Mutex::new(Passing::default()));
        let hands = passing.clone();
        let now_ms = jiff::Timestamp::now().as_millisecond();
        peer.sim().tamper(|world| world.clock.set_speed(now_ms, 0.0));
        peer.sim().set_hands(Some(Hands::new(move |answered| hands.lock().unwrap().pass(answered))));
        Self { peer, passing, access: Access::Act(acting("look", None)) }
    }

    /// What comes of asking so, and what was answered meanwhile.
    async fn asked<T>(&self, put: Option<Put>, asking: impl Future<Output = T>) -> (T, Vec<Answered>) {
        let what = put.as_ref().map(|put| format!("{} with {:?} in {}", put.action, put.sort, put.field));
        *self.passing.lock().unwrap() = Passing { heard: Vec::new(), put };
        let came = tokio::time::timeout(AN_END, asking).await;
        let came = came.unwrap_or_else(|_| panic!("no end: {what:?}"));
        (came, std::mem::take(&mut self.passing.lock().unwrap().heard))
    }

    /// A process that knows nothing yet, where the other would not ask again.
    fn cloud(&self, action: &str) -> Option<AwsCloud> {
        ASKED_ONCE.contains(&action).then(|| AwsCloud::new(self.peer.settings.clone()))
    }
}

fn of_every_action(heard: Vec<Answered>) -> BTreeMap<&'static str, Vec<Answered>> {
    let mut answers: BTreeMap<&'static str, Vec<Answered>> = BTreeMap::new();
    for answered in heard {
        answers.entry(answered.action).or_default().push(answered);
    }
    answers
}

/// But for sessions, which are made once and kept.
fn of_each_action(heard: Vec<Answered>) -> BTreeMap<&'static str, Vec<Answered>> {
    let mut answers = of_every_action(heard);
    answers.retain(|action, _| !action.starts_with("sts:") && *action != NOT_DISTORTED);
    answers
}

/// All that is put into the answers to one action, each once, and whether it stands for a list or a whole.
fn puts(action: &'static str, answers: &[Answered]) -> BTreeMap<(Field, Sort), bool> {
    let mut puts = BTreeMap::new();
    // A list may be empty in one Region and not in the other, and something is put into both.
    let bodies: Vec<Option<Body>> = answers.iter().map(|answered| Body::read(&answered.body)).collect();
    let holds =
        |field: &Field| bodies.iter().any(|body| body.as_ref().is_none_or(|body| body.holds_others(field)));
    for answered in answers {
        for (field, sort) in tree::distortions(&answered.body, answered.etag.as_deref()) {
            let holds = holds(&field);
            puts.insert((field, sort), holds);
        }
    }
    assert!(!puts.is_empty(), "{action} has no fields");
    puts
}

/// What went wrong, once for each: the sorts in which it did stand behind.
#[derive(Debug, Default)]
struct Complaints {
    of: BTreeMap<String, BTreeSet<Sort>>,
    /// Actions whose answers were distorted.
    actions: BTreeSet<&'static str>,
    tried: usize,
}

impl Complaints {
    fn add(&mut self, of: String, sort: Sort) {
        self.of.entry(of).or_default().insert(sort);
    }

    fn join(mut self, other: Self) -> Self {
        for (of, sorts) in other.of {
            self.of.entry(of).or_default().extend(sorts);
        }
        self.actions.extend(other.actions);
        self.tried += other.tried;
        self
    }
}

/// An error names what was asked; one that only says that the question was lost hides a panic.
fn is_typed(error: &Error) -> bool {
    !error.operation.is_empty()
        && !error.message.is_empty()
        && !error.message.contains("the question was lost")
}

async fn look(cloud: &AwsCloud, held: &Held<'_>, resource: &Resource) -> Looked {
    cloud.observe(&held.peer.account, &held.access, resource, &both()).await
}

/// A row's resource, as it is and after all that its steps do to it: what is under way has answers of its own.
async fn looked_at(row: &'static Row) -> Complaints {
    let mut found = Complaints::default();
    let mut tried = BTreeSet::new();
    for moved in [false, true] {
        let peer = Peer::simulator().await.unwrap();
        peer.sim().tamper(|world| {
            for hub in &mut world.supporting.hubs {
                (hub.critical, hub.high) = (3, 1);
            }
            world.supporting.events.push(HealthEvent {
                service: "EC2".into(),
                code: "AWS_EC2_OPERATIONAL_ISSUE".into(),
                region: HOME.into(),
                began_ms: 1_764_208_800_000,
            });
        });
        let resource = (row.resource)(&peer).await;
        let changes = if moved { (row.changes)(&peer, &resource).await } else { Vec::new() };
        for change in changes {
            // Some are in the way of others.
            let _ = peer.cloud.perform(&peer.account, &acting("before", Some(change.clone())), &change).await;
        }
        let held = Held::new(&peer);
        let fresh = AwsCloud::new(peer.settings.clone());
        let (truly, heard) = held.asked(None, look(&fresh, &held, &resource)).await;
        for (action, answers) in of_each_action(heard) {
            found.actions.insert(action);
            for ((field, sort), of_a_list) in puts(action, &answers) {
                if tried.insert((action, field.clone(), sort)) {
                    let put = Put { action, field, sort };
                    one_look(&held, (row.kind, &resource), &truly, (put, of_a_list), &mut found).await;
                }
            }
        }
    }
    found.tried = tried.len();
    found
}

async fn one_look(
    held: &Held<'_>,
    (kind, resource): (ResourceKind, &Resource),
    truly: &Looked,
    (put, of_a_list): (Put, bool),
    found: &mut Complaints,
) {
    let (at, sort) = (format!("{} of {}, {}", kind.as_str(), put.action, put.field), put.sort);
    let cloud = held.cloud(put.action);
    let asking = look(cloud.as_ref().unwrap_or(&held.peer.cloud), held, resource);
    let (looked, heard) = held.asked(Some(put), asking).await;
    let mut said = Said::default();
    heard.iter().for_each(|answered| said.hear(&answered.body, answered.etag.as_deref()));
    for (region, facts) in &looked {
        match (facts, &truly[region]) {
            (Ok(facts), Ok(truly)) => {
                for made_up in told::made_up(kind, (truly, facts), &said, (sort, of_a_list)) {
                    found.add(format!("{at}: tells {made_up}"), sort);
                }
            }
            (Ok(facts), Err(error)) => {
                found.add(format!("{at}: {facts:?} where the true answer gave {error}"), sort);
            }
            (Err(error), _) if !is_typed(error) => found.add(format!("{at}: {error}"), sort),
            (Err(_), _) => {}
        }
    }
}

/// A call that a step makes, the looks that it begins with, and what its following asks.
async fn performed(peer: Peer, change: Change) -> Complaints {
    let name = call_name(&change);
    let acting = acting("one-step", Some(change.clone()));
    let mut found = Complaints::default();
    let held = Held::new(&peer);
    let perform = |put| held.asked(put, peer.cloud.perform(&peer.account, &acting, &change));
    let (answer, heard) = perform(None).await;
    answer.unwrap_or_else(|error| panic!("{name}: {error}"));
    for (action, answers) in of_each_action(heard) {
        found.actions.insert(action);
        let changing = action == change.action();
        for (field, sort) in puts(action, &answers).into_keys() {
            found.tried += 1;
            let at = format!("{name}: the answer to {action}, {field}");
            match perform(Some(Put { action, field, sort })).await.0 {
                Ok(answer) if answer.action == change.action() => {}
                Ok(answer) => found.add(format!("{at}: answers as {}", answer.action), sort),
                Err(error) if !is_typed(&error) => found.add(format!("{at}: {error}"), sort),
                // It was answered as done, so it may have been; and a look changes nothing.
                Err(error) if error.outcome_unknown == changing => {}
                Err(error) => found.add(format!("{at}: outcome_unknown is {}: {error}", !changing), sort),
            }
        }
    }
    // Really made, so that there is something to follow.
    peer.sim().set_hands(None);
    let done = peer.cloud.perform(&peer.account, &acting, &change).await;
    let done = done.unwrap_or_else(|error| panic!("{name}: {error}"));
    match done.tracking {
        Some(tracking) => found.join(followed(&peer, &change, &acting, &tracking).await),
        None => found,
    }
}

async fn followed(peer: &Peer, change: &Change, acting: &Acting, tracking: &str) -> Complaints {
    let mut found = Complaints::default();
    let held = Held::new(peer);
    let access = Access::Act(acting.clone());
    let settled = |put| held.asked(put, peer.cloud.settled(&peer.account, &access, change, tracking));
    let (truly, heard) = settled(None).await;
    let truly = truly.unwrap_or_else(|error| panic!("{}: {error}", call_name(change)));
    for (action, answers) in of_each_action(heard) {
        found.actions.insert(action);
        for (field, sort) in puts(action, &answers).into_keys() {
            found.tried += 1;
            let at = format!("{} followed by {action}, {field}", call_name(change));
            match settled(Some(Put { action, field, sort })).await.0 {
                Ok(now @ (Settled::Yes | Settled::Failed(_)))
                    if discriminant(&now) != discriminant(&truly) =>
                {
                    found.add(format!("{at}: {now:?} where {truly:?} is true"), sort);
                }
                Err(error) if !is_typed(&error) => found.add(format!("{at}: {error}"), sort),
                _ => {}
            }
        }
    }
    found
}

type Survey = (Result<Identity, Error>, Result<Vec<Missing>, Error>, Result<Vec<OrganizationAccount>, Error>);

/// Who we are in an account, what its roles may not do, which others there are; as a process that has no session yet.
async fn survey(peer: &Peer) -> Survey {
    let cloud = AwsCloud::new(peer.settings.clone());
    let administrator = account("333333333333", "demo-platform-prod");
    let needs = BTreeSet::from([Need::Kind(ResourceKind::EcsService)]);
    let identity = cloud.probe(&peer.account, &Access::Survey).await;
    let missing = cloud.missing_permissions(&peer.account, true, &needs).await;
    (identity, missing, cloud.organization(&administrator).await)
}

async fn surveyed() -> Complaints {
    let peer = Peer::simulator().await.unwrap();
    peer.sim().tamper(|world| {
        let act = world.accounts.get_mut(MEMBER).unwrap().roles.get_mut("holdfast-act").unwrap();
        act.allow.retain(|pattern| pattern != "ecs:UpdateService");
    });
    let held = Held::new(&peer);
    let ((identity, missing, others), heard) = held.asked(None, survey(&peer)).await;
    let (identity, missing, others) = (identity.unwrap(), missing.unwrap(), others.unwrap());
    assert_eq!(missing.len(), 1, "{missing:?}");
    let mut found = Complaints::default();
    for (action, answers) in of_every_action(heard) {
        found.actions.insert(action);
        for (field, sort) in puts(action, &answers).into_keys() {
            found.tried += 1;
            let at = format!("{action}, {field}");
            let ((who, may, there), heard) =
                held.asked(Some(Put { action, field, sort }), survey(&peer)).await;
            let mut said = Said::default();
            heard.iter().for_each(|answered| said.hear(&answered.body, None));
            if who.as_ref().is_ok_and(|who| who.account != identity.account) {
                found.add(format!("{at}: we are {who:?}"), sort);
            }
            if may.as_ref().is_ok_and(|may| !missing.iter().all(|one| may.contains(one))) {
                found.add(format!("{at}: {missing:?} is allowed"), sort);
            }
            for one in there.iter().flatten().filter(|one| !others.contains(one)) {
                if one.status != "UNKNOWN" && !said.tells_text(&one.status) {
                    found.add(format!("{at}: {one:?}"), sort);
                }
            }
            let errors = [who.err(), may.err(), there.err()];
            for error in errors.iter().flatten().filter(|error| !is_typed(error)) {
                found.add(format!("{at}: {error}"), sort);
            }
        }
    }
    found
}

/// Every call of every row, each in a world of its own, and those of steps of one's own, which are of no row.
async fn all_calls() -> Vec<(Peer, Change)> {
    let mut calls = Vec::new();
    for row in ROWS {
        calls.extend(Trial::all_of(row).await.into_iter().map(|trial| (trial.peer, trial.change)));
    }
    let peer = Peer::simulator().await.unwrap();
    let document = Change::RunDocument {
        account: peer.account.name.clone(),
        region: region(RECOVERY),
        document: "warm-caches".into(),
        parameters: BTreeMap::default(),
        target_tag: "role".into(),
        target_value: "cache".into(),
    };
    calls.push((peer, document));
    let peer = Peer::simulator().await.unwrap();
    let function = Change::InvokeLambda {
        account: peer.account.name.clone(),
        region: region(RECOVERY),
        function: "order-events".into(),
        payload: "{}".into(),
    };
    calls.push((peer, function));
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn no_field_of_an_answer_makes_an_adapter_fall_wait_or_tell_what_aws_did_not() {
    let calls = all_calls().await;
    let looked = ROWS.iter().map(|row| looked_at(row).boxed());
    let called = calls.into_iter().map(|(peer, change)| performed(peer, change).boxed());
    let asked = looked.chain(called).chain([surveyed().boxed()]);
    let mut at_work = stream::iter(asked).map(tokio::spawn).buffer_unordered(AT_ONCE);
    let mut all = Complaints::default();
    while let Some(found) = at_work.next().await {
        all = all.join(found.unwrap());
    }
    let told: Vec<String> = all.of.iter().map(|(what, sorts)| format!("{what} {sorts:?}")).collect();
    eprintln!("{} distortions of the answers to {} actions", all.tried, all.actions.len());
    assert!(told.is_empty(), "{} complaints:\n{}", told.len(), told.join("\n"));
    // None was left out that the roles are granted, but what AWS weighs beside a call.
    let granted = policy::read_role_actions().into_iter().chain(policy::act_role_actions());
    let left: Vec<&str> = granted
        .filter(|action| !policy::BESIDE_CHANGES.contains(action) && *action != NOT_DISTORTED)
        .filter(|action| !all.actions.contains(action))
        .collect();
    assert!(left.is_empty(), "not distorted: {left:?}");
    assert!(all.actions.contains("sts:AssumeRole") && all.actions.contains("sts:GetCallerIdentity"));
}

//! A cloud of one service and one weighted record, in memory: what engine tests need where the wire is not the point.

use async_trait::async_trait;
use holdfast_cloud::{
    Access, Acting, Cloud, Delivery, Error, ErrorKind, Identity, Looked, OrganizationAccount, Settled,
};
use holdfast_domain::facts::{DnsRecord, EcsServiceFacts, ProbeAnswer, Routing};
use holdfast_domain::{Account, Facts, Missing, Need, RegionCode, Resource, ResourceSpec, RunId};
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

/// What becomes of the next changing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Done, and the answer is lost.
    DoneAnswerLost,
    /// Done and answered; from then on the run's looks are not.
    DoneThenSilent,
    /// Not done, and no answer comes.
    Lost,
    Denied,
    Throttled,
    /// A receiver's own trouble.
    Sick,
}

/// What is wrong in the code that works on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    PanicsAtALook,
    PanicsAtTheCall,
    /// As an overflown stack would.
    EndsTheProcess,
    /// For as long as the defect is there.
    NeverAnswers,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    pub step: String,
    pub action: &'static str,
    pub epoch: i64,
    pub took_effect: bool,
}

#[derive(Debug, Default)]
struct World {
    desired: BTreeMap<RegionCode, u32>,
    /// Of each record in each Region; of those that nobody has changed, home has all.
    weights: BTreeMap<(String, RegionCode), i64>,
    fates: VecDeque<Fate>,
    made: Vec<Made>,
    dark: Option<RegionCode>,
    /// The step of each look of a run at a resource.
    looks: Vec<String>,
    delivered: Vec<Delivery>,
    unhealthy: bool,
    recalled: Vec<Facts>,
    no_acting: bool,
    defect: Option<(Defect, RunId)>,
    reads_held: bool,
}

#[derive(Debug)]
pub struct FakeCloud {
    world: Mutex<World>,
    pub deadline: Duration,
}

const A_MOMENT: Duration = Duration::from_millis(5);

/// The record of the application that most tests move.
const SHOP: &str = "shop.example.com";

impl World {
    fn weight(&self, record: &str, region: &RegionCode) -> i64 {
        let untouched = if region.as_str() == "us-east-1" { 100 } else { 0 };
        self.weights.get(&(record.to_owned(), region.clone())).copied().unwrap_or(untouched)
    }
}

pub fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

impl FakeCloud {
    pub fn new() -> Self {
        let (home, away) = (region("us-east-1"), region("eu-central-1"));
        Self {
            world: Mutex::new(World { desired: [(home, 6), (away, 2)].into(), ..World::default() }),
            deadline: Duration::from_millis(50),
        }
    }

    pub fn next_call(&self, fate: Fate) {
        self.world.lock().unwrap().fates.push_back(fate);
    }
    pub fn made(&self) -> Vec<Made> {
        self.world.lock().unwrap().made.clone()
    }
    pub fn effects(&self) -> Vec<String> {
        self.made().into_iter().filter(|m| m.took_effect).map(|m| m.step).collect()
    }
    /// At how many resources a step has looked, each time counted.
    /// Of runs, of whatever step.
    pub fn looks(&self) -> usize {
        self.world.lock().unwrap().looks.len()
    }
    pub fn looks_of(&self, step: &str) -> usize {
        self.world.lock().unwrap().looks.iter().filter(|of| *of == step).count()
    }
    pub fn weight(&self, code: &str) -> i64 {
        self.weight_of(SHOP, code)
    }
    pub fn weight_of(&self, record: &str, code: &str) -> i64 {
        self.world.lock().unwrap().weight(record, &region(code))
    }
    pub fn desired(&self, code: &str) -> u32 {
        self.world.lock().unwrap().desired[&region(code)]
    }
    /// Somebody else changes a weight behind our back.
    pub fn meddle(&self, code: &str, weight: i64) {
        self.meddle_with(SHOP, code, weight);
    }
    pub fn meddle_with(&self, record: &str, code: &str, weight: i64) {
        self.world.lock().unwrap().weights.insert((record.to_owned(), region(code)), weight);
    }
    /// Webhooks as they left, each attempt.
    pub fn delivered(&self) -> Vec<Delivery> {
        self.world.lock().unwrap().delivered.clone()
    }
    pub fn sicken(&self, unhealthy: bool) {
        self.world.lock().unwrap().unhealthy = unhealthy;
    }
    /// The act role's trust policy lets nobody in, or everybody again.
    pub fn bar_acting(&self, barred: bool) {
        self.world.lock().unwrap().no_acting = barred;
    }
    /// What it was told that earlier processes saw.
    pub fn recalled(&self) -> Vec<Facts> {
        self.world.lock().unwrap().recalled.clone()
    }
    /// Over one run, whatever is done for it.
    pub fn breaks(&self, defect: Option<(Defect, RunId)>) {
        self.world.lock().unwrap().defect = defect;
    }
    /// While they are, nothing comes of the collector's looks; those of steps are answered.
    pub fn hold_reads(&self, held: bool) {
        self.world.lock().unwrap().reads_held = held;
    }
    fn reads_held(&self) -> bool {
        self.world.lock().unwrap().reads_held
    }
    fn defect(&self, acting: &Acting) -> Option<Defect> {
        let defect = self.world.lock().unwrap().defect;
        defect.filter(|(_, run)| *run == acting.run).map(|(defect, _)| defect)
    }
    pub fn darken(&self, code: Option<&str>) {
        self.world.lock().unwrap().dark = code.map(region);
    }
}

fn record(name: &str, region: &RegionCode, weight: i64) -> DnsRecord {
    DnsRecord {
        name: name.into(),
        record_type: "A".into(),
        set_identifier: Some(format!("shop-{region}")),
        routing: Routing::Weighted { weight },
        ttl_seconds: Some(60),
        values: vec!["192.0.2.1".into()],
        alias: None,
        health_check_id: None,
    }
}

fn error(kind: ErrorKind, outcome_unknown: bool) -> Error {
    Error {
        kind,
        account: "222222222222".into(),
        region: "eu-central-1".into(),
        operation: "fake:Call".into(),
        request_id: None,
        message: format!("{kind:?}"),
        outcome_unknown,
    }
}

#[async_trait]
impl Cloud for FakeCloud {
    async fn probe(&self, account: &Account, access: &Access) -> Result<Identity, Error> {
        if matches!(access, Access::Rehearsal) && self.world.lock().unwrap().no_acting {
            return Err(error(ErrorKind::Denied, false));
        }
        if matches!(access, Access::WithoutExternalId { .. }) {
            return Err(error(ErrorKind::Denied, false));
        }
        Ok(Identity { account: account.id.to_string(), arn: account.read_role_arn.clone() })
    }

    async fn observe(
        &self,
        _: &Account,
        access: &Access,
        resource: &Resource,
        regions: &[RegionCode],
    ) -> Looked {
        if let Access::Act(acting) = access {
            self.world.lock().unwrap().looks.push(acting.step.to_string());
            match self.defect(acting) {
                Some(Defect::PanicsAtALook) => panic!("a defect in a look"),
                Some(Defect::EndsTheProcess) => std::process::abort(),
                Some(Defect::NeverAnswers) => {
                    while self.defect(acting) == Some(Defect::NeverAnswers) {
                        tokio::time::sleep(A_MOMENT).await;
                    }
                }
                Some(Defect::PanicsAtTheCall) | None => {}
            }
        }
        while matches!(access, Access::Read(_)) && self.reads_held() {
            tokio::time::sleep(A_MOMENT).await;
        }
        let world = self.world.lock().unwrap();
        regions
            .iter()
            .map(|region| {
                if world.dark.as_ref() == Some(region) {
                    return (region.clone(), Err(error(ErrorKind::Unreachable, false)));
                }
                let facts = match &resource.spec {
                    ResourceSpec::EcsService(_) => Facts::EcsService(EcsServiceFacts {
                        desired: world.desired[region],
                        running: world.desired[region],
                        pending: 0,
                        rollout: Some("COMPLETED".into()),
                        status: "ACTIVE".into(),
                        ..EcsServiceFacts::default()
                    }),
                    ResourceSpec::Probe(_) => Facts::Probe(ProbeAnswer {
                        healthy: !world.unhealthy,
                        status: Some(if world.unhealthy { 503 } else { 200 }),
                        trouble: world.unhealthy.then(|| "status 503".to_owned()),
                        certificate: None,
                        milliseconds: 3,
                        from: "here".into(),
                        at: jiff::Timestamp::UNIX_EPOCH,
                    }),
                    ResourceSpec::Route53Records(spec) => {
                        Facts::record(Some(record(&spec.record, region, world.weight(&spec.record, region))))
                    }
                    other => panic!("nothing of the kind in this world: {other:?}"),
                };
                (region.clone(), Ok(facts))
            })
            .collect()
    }

    fn recall(&self, facts: &Facts) {
        self.world.lock().unwrap().recalled.push(facts.clone());
    }

    async fn perform(&self, _: &Account, acting: &Acting, change: &Change) -> Result<Answer, Error> {
        if self.defect(acting) == Some(Defect::PanicsAtTheCall) {
            panic!("a defect in a call");
        }
        let mut world = self.world.lock().unwrap();
        let fate = world.fates.pop_front();
        let done = matches!(fate, None | Some(Fate::DoneAnswerLost | Fate::DoneThenSilent));
        world.made.push(Made {
            step: acting.step.to_string(),
            action: change.action(),
            epoch: acting.epoch,
            took_effect: done,
        });
        if done {
            match change {
                Change::SetEcsDesiredCount { region, desired, .. } => {
                    world.desired.insert(region.clone(), *desired);
                }
                Change::ReplaceRecords { replace, .. } => {
                    for new in replace.iter().filter_map(|r| Some((r.region.clone(), r.new.clone()?))) {
                        if let Routing::Weighted { weight } = new.1.routing {
                            world.weights.insert((new.1.name, new.0), weight);
                        }
                    }
                }
                // What one's own code does shows nowhere.
                Change::InvokeLambda { .. } => {}
                other => panic!("no such call in this world: {other:?}"),
            }
        }
        if fate == Some(Fate::DoneThenSilent) {
            world.defect = Some((Defect::NeverAnswers, acting.run));
        }
        match fate {
            None | Some(Fate::DoneThenSilent) => Ok(Answer {
                action: change.action().into(),
                region: "eu-central-1".into(),
                request_id: Some(format!("request-{}", world.made.len())),
                tracking: None,
            }),
            Some(Fate::DoneAnswerLost | Fate::Lost) => Err(error(ErrorKind::Unreachable, true)),
            Some(Fate::Denied) => Err(error(ErrorKind::Denied, false)),
            Some(Fate::Throttled) => Err(error(ErrorKind::Throttled, false)),
            Some(Fate::Sick) => Err(error(ErrorKind::ServiceError, false)),
        }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Answer, Error> {
        let mut world = self.world.lock().unwrap();
        world.delivered.push(delivery.clone());
        match world.fates.pop_front() {
            None | Some(Fate::DoneThenSilent) => Ok(Answer {
                action: "webhook:Post".into(),
                region: "here".into(),
                request_id: Some(delivery.id.clone()),
                tracking: None,
            }),
            Some(Fate::DoneAnswerLost | Fate::Lost) => Err(error(ErrorKind::Unreachable, true)),
            Some(Fate::Denied) => Err(error(ErrorKind::Denied, false)),
            Some(Fate::Throttled) => Err(error(ErrorKind::Throttled, false)),
            Some(Fate::Sick) => Err(error(ErrorKind::ServiceError, false)),
        }
    }

    async fn settled(&self, _: &Account, _: &Access, _: &Change, _: &str) -> Result<Settled, Error> {
        Ok(Settled::Yes)
    }

    async fn organization(&self, _: &Account) -> Result<Vec<OrganizationAccount>, Error> {
        let stranger = OrganizationAccount {
            id: "999999999999".into(),
            name: "elsewhere".into(),
            status: "ACTIVE".into(),
        };
        Ok(vec![stranger])
    }

    async fn missing_permissions(
        &self,
        _: &Account,
        acts: bool,
        needs: &BTreeSet<Need>,
    ) -> Result<Vec<Missing>, Error> {
        let missing = Missing { action: "ecs:UpdateService".into(), needed_by: needs.clone() };
        if acts { Ok(vec![missing]) } else { Err(error(ErrorKind::Denied, false)) }
    }

    fn call_deadline(&self, _: &Acting) -> Duration {
        self.deadline
    }
}

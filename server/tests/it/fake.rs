//! A control plane with one application, one run and fixed people. What it was asked is kept.

mod audit;
mod break_glass;
mod bundles;
mod evacuations;
mod notices;
mod on_call;
mod passkeys;
mod people;
mod plans;
mod views;

pub use passkeys::{KEY, RIGHT};
pub use people::CODE;

use async_trait::async_trait;
use holdfast_api::{
    Answer, ControlPlane, IfMatch, Page, Problem,
    accounts::*,
    applications::*,
    compliance::*,
    inventory::*,
    now::*,
    regions::*,
    repeats::*,
    runs::*,
    safeguards::*,
    system::{ClockView, GapView, UnreadableView},
    version,
};
use holdfast_domain::{
    Account, Actor, Application, Declaration, Name, PersonId, RegionCode, RequestKey, Role, RunId,
};
use holdfast_failover::{readiness::Finding, run::Entry};
use jiff::Timestamp;
use serde_json::json;
use std::{collections::BTreeMap, sync::Mutex};
use views::{account_view, application_view, region_view, summary, view};

pub const RUN: &str = "01900000-0000-7000-8000-000000000001";
pub const PASSWORD: &str = "the right password";
pub const TOKEN: &str = "hf_operator";

#[derive(Debug, Default)]
pub struct Fake {
    pub asked: Mutex<Vec<String>>,
    /// The run's journal, for streams that grow.
    pub events: Mutex<Vec<RunEvent>>,
    pub ended: Mutex<bool>,
    pub disabled: Mutex<bool>,
    pub not_ready: Mutex<Option<String>>,
    /// What whoever asks makes it panic with.
    pub defect: Mutex<Option<String>>,
    /// Requests that the door refused by itself: who sent what, and the refusal's code.
    pub turned_away: Mutex<Vec<String>>,
    /// Requests sent with a key, by it: what they were, and what they were answered.
    kept: Mutex<BTreeMap<String, (RequestKey, Option<KeptAnswer>)>>,
}

impl Fake {
    fn note(&self, what: impl Into<String>) {
        self.asked.lock().unwrap().push(what.into());
    }

    /// A change is made together with its key, or not at all.
    fn change(&self, actor: &Actor, what: impl Into<String>) -> Answer<()> {
        if let Some(sent) = &actor.sent {
            let mut kept = self.kept.lock().unwrap();
            let (first, _) = kept.entry(sent.key.clone()).or_insert_with(|| (sent.clone(), None));
            if first.sending != sent.sending {
                return Err(Problem::new(409, "conflict", "Changed meanwhile", "Twice.", "Again."));
            }
        }
        self.note(what);
        Ok(())
    }

    /// On the way to every handler that knows somebody.
    fn may_be_broken(&self) {
        let defect = self.defect.lock().unwrap().clone();
        if let Some(words) = defect {
            panic!("{words}");
        }
    }

    pub fn times_asked(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == what).count()
    }

    pub fn was_asked(&self, what: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked == what)
    }

    pub fn happens(&self, kind: &str) {
        let mut events = self.events.lock().unwrap();
        let seq = i64::try_from(events.len()).unwrap() + 1;
        events.push(RunEvent {
            seq,
            at: Timestamp::UNIX_EPOCH,
            kind: kind.to_owned(),
            person: None,
            step: None,
            reason: None,
            words: format!("{kind} happened"),
        });
    }
}

pub fn operator() -> Actor {
    Actor {
        person: PersonId("01900000-0000-7000-8000-0000000000aa".parse().unwrap()),
        email: "operator@example.com".to_owned(),
        others: Vec::new(),
        roles: vec![Role::Operator],
        scoped_roles: vec![],
        groups: vec![],
        token: None,
        token_scopes: None,
        token_within: holdfast_domain::Reach::default(),
        identity_proved_at: None,
        second_factor: false,
        passkey: None,
        due: None,
        sent: None,
        request: None,
        over: None,
    }
}

#[async_trait]
impl Accounts for Fake {
    async fn accounts(&self, _: &Actor) -> Answer<Vec<AccountView>> {
        Ok(vec![account_view()])
    }
    async fn account(&self, _: &Actor, id: &str) -> Answer<AccountView> {
        if id == "222222222222" { Ok(account_view()) } else { Err(Problem::not_found("account", id)) }
    }
    async fn discovered_accounts(&self, _: &Actor) -> Answer<Vec<DiscoveredAccount>> {
        Ok(vec![])
    }
    async fn put_account(&self, _: &Actor, account: Account, if_match: &IfMatch) -> Answer<AccountView> {
        if_match.check(&[version::of_account_view(&account_view())])?;
        self.note(format!("put_account {}", account.id));
        Ok(account_view())
    }
    async fn remove_account(&self, _: &Actor, id: &str, _: &IfMatch) -> Answer<()> {
        self.note(format!("remove_account {id}"));
        Ok(())
    }
}

#[async_trait]
impl Applications for Fake {
    /// Two pages of one.
    async fn applications(&self, _: &Actor, filter: &ApplicationFilter) -> Answer<Page<ApplicationSummary>> {
        self.note(format!("applications {:?}", filter.tier));
        let first = filter.cursor.as_deref().is_none_or(str::is_empty);
        let next = first.then(|| "shop".to_owned());
        Ok(Page { items: vec![application_view().summary], next })
    }
    async fn application(&self, _: &Actor, name: &Name) -> Answer<ApplicationView> {
        if name.as_str() == "shop" {
            Ok(application_view())
        } else {
            Err(Problem::not_found("application", name.as_str()))
        }
    }
    async fn put_application(
        &self,
        _: &Actor,
        application: Application,
        if_match: &IfMatch,
    ) -> Answer<ApplicationView> {
        if_match.check(&[version::of_application(&application_view().application)])?;
        self.note(format!("put_application {}", application.name));
        Ok(application_view())
    }
    async fn remove_application(&self, _: &Actor, name: &Name, _: &IfMatch) -> Answer<()> {
        self.note(format!("remove_application {name}"));
        Ok(())
    }
    async fn application_status(&self, _: &Actor, name: &Name) -> Answer<ApplicationStatus> {
        let view = application_view();
        Ok(ApplicationStatus {
            application: name.to_string(),
            recovery_state: view.summary.recovery_state,
            serving: view.summary.serving,
            recovery: view.recovery,
            resources: view.resources,
        })
    }
    async fn application_readiness(&self, _: &Actor, _: &Name) -> Answer<Vec<Finding>> {
        Ok(vec![])
    }
    async fn new_webhook_secret(&self, _: &Actor, name: &Name, step: &Name) -> Answer<String> {
        self.note(format!("webhook secret {name} {step}"));
        Ok("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into())
    }
    async fn refresh_application(&self, actor: &Actor, name: &Name) -> Answer<()> {
        self.change(actor, format!("refresh {name}"))
    }
}

#[async_trait]
impl Compliances for Fake {
    async fn compliance(&self, _: &Actor) -> Answer<ComplianceView> {
        Ok(ComplianceView {
            rows: vec![],
            met: 0,
            missed: 0,
            unknown: 0,
            green: true,
            break_glass_reviews_due: vec![],
            at: Timestamp::UNIX_EPOCH,
        })
    }
    async fn compliance_csv(&self, _: &Actor) -> Answer<String> {
        Ok("application,owner\nshop,payments\n".into())
    }
}

const YAML: &str = "version: 1\ngroups:\n  - name: approvers\n";
const JSON: &str = r#"{"version":1,"groups":[{"name":"approvers"}]}"#;

#[async_trait]
impl Inventories for Fake {
    async fn export_inventory(&self, _: &Actor, format: FileFormat) -> Answer<String> {
        Ok(if format == FileFormat::Yaml { YAML.into() } else { JSON.into() })
    }
    async fn apply_inventory(
        &self,
        _: &Actor,
        file: &[u8],
        format: FileFormat,
        manner: &Manner,
    ) -> Answer<InventoryDiff> {
        manner.if_match.check(&[YAML, JSON].map(|text| version::of_bytes(text.as_bytes())))?;
        let Manner { dry_run, prune, .. } = *manner;
        self.note(format!("apply {format:?} {} dry_run={dry_run} prune={prune}", file.len()));
        Ok(InventoryDiff { changed: false, dry_run, sections: vec![], text: String::new(), findings: vec![] })
    }
}

#[async_trait]
impl Nows for Fake {
    async fn now(&self, _: &Actor) -> Answer<NowView> {
        Ok(NowView {
            at: Timestamp::UNIX_EPOCH,
            picture_at: None,
            regions: RegionsView { regions: vec![region_view()], replication: vec![] },
            applications: vec![application_view().summary],
            active_runs: vec![],
            approvals_for_me: vec![],
            needs: vec![],
        })
    }
    async fn clocks(&self, _: &Actor) -> Answer<Vec<ClockView>> {
        Ok(vec![ClockView {
            worker: "worker-1".into(),
            state: "bad".into(),
            says: Some("The clock of worker-1 is 10 min ahead of the database's.".into()),
            way_out: Some("Let NTP set it.".into()),
            own_ahead_seconds: Some(600.0),
            aws_ahead_seconds: None,
            compared_at: Timestamp::UNIX_EPOCH,
        }])
    }
    async fn gaps(&self, _: &Actor) -> Answer<Vec<GapView>> {
        Ok(vec![GapView {
            application: "shop".into(),
            run: RUN.into(),
            entries: 2,
            first: 3,
            last: 4,
            last_at: Timestamp::UNIX_EPOCH,
            noticed_at: Timestamp::UNIX_EPOCH,
            noticed_by: "worker-1".into(),
            says: "The database has lost 2 entries of this run's journal.".into(),
            way_out: "Say it again.".into(),
        }])
    }
    async fn unreadable_applications(&self, _: &Actor) -> Answer<Vec<UnreadableView>> {
        Ok(vec![UnreadableView {
            application: "ledger".into(),
            why: "column load_split: invalid type: null".into(),
            way_out: "Send it anew.".into(),
        }])
    }
    async fn ready(&self) -> Result<(), String> {
        self.not_ready.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Repeats for Fake {
    fn known_by(&self, _: &str, body: &[u8]) -> [u8; 32] {
        holdfast_store::hash_secret(body)
    }
    async fn earlier_answer(&self, actor: &Actor) -> Answer<Earlier> {
        let Some(sent) = &actor.sent else { return Ok(Earlier::Nothing) };
        Ok(match self.kept.lock().unwrap().get(&sent.key) {
            None => Earlier::Nothing,
            Some((first, _)) if (&first.route, first.body_hash) != (&sent.route, sent.body_hash) => {
                return Err(Problem::new(
                    409,
                    "idempotency_key_reused",
                    "Reused",
                    "Another.",
                    "A fresh one.",
                ));
            }
            Some((_, None)) => Earlier::UnderWay,
            Some((_, Some(answer))) => Earlier::Answered(answer.clone()),
        })
    }
    async fn keep_answer(&self, actor: &Actor, answer: &KeptAnswer) -> Answer<()> {
        let sent = actor.sent.clone().unwrap();
        self.kept.lock().unwrap().insert(sent.key.clone(), (sent, Some(answer.clone())));
        Ok(())
    }
}

#[async_trait]
impl Regions for Fake {
    async fn regions(&self, _: &Actor) -> Answer<RegionsView> {
        Ok(RegionsView { regions: vec![region_view()], replication: vec![] })
    }
    async fn region(&self, _: &Actor, _: &RegionCode) -> Answer<RegionView> {
        Ok(region_view())
    }
    async fn declare_region(
        &self,
        _: &Actor,
        code: &RegionCode,
        declared: Declaration,
        _: Option<String>,
        if_match: &IfMatch,
    ) -> Answer<RegionView> {
        if_match.check(&[version::of_region_view(&region_view())])?;
        self.note(format!("declare {code} {}", declared.as_str()));
        Ok(region_view())
    }
}

#[async_trait]
impl Runs for Fake {
    async fn preview_run(&self, _: &Actor, request: &RequestRun) -> Answer<RunPreview> {
        if request.mode == holdfast_failover::Mode::Emergency {
            return Err(Problem::new(409, "guard_refused", "Refused", "Not now.", "Wait."));
        }
        Ok(RunPreview {
            request: request.clone(),
            from_region: "us-east-1".into(),
            to_region: "eu-central-1".into(),
            plan_digest: "d".repeat(64),
            steps: vec![],
            facts: vec![],
            measurements: vec![],
            notes: vec![],
            split: None,
            if_escalated: None,
            overrides_needed: vec![],
            approval_policy: "one-approver".into(),
            tally: serde_json::from_value(json!({"rules": [], "met": false})).unwrap(),
            holds_break_glass: false,
            refused: None,
        })
    }
    async fn request_run(&self, _: &Actor, request: RequestRun, key: &str) -> Answer<RunView> {
        self.note(format!("request {} {key}", request.application));
        if request.application == "busy" {
            let mut problem = Problem::new(409, "run_active", "Another run", "Held.", "Wait for it.");
            problem.blocked_by = Some(RUN.into());
            return Err(problem);
        }
        Ok(view(false))
    }
    async fn runs(&self, _: &Actor, _: &RunFilter) -> Answer<Page<RunSummary>> {
        Ok(Page { items: vec![summary(false)], next: None })
    }
    async fn run(&self, _: &Actor, _: RunId) -> Answer<RunView> {
        Ok(view(*self.ended.lock().unwrap()))
    }
    async fn review_run(&self, actor: &Actor, _: RunId, review: ReviewRun) -> Answer<RunView> {
        self.change(actor, format!("review {:?}", review.decision))?;
        Ok(view(false))
    }
    async fn escalation(&self, _: &Actor, _: RunId) -> Answer<EscalationReview> {
        Ok(EscalationReview { run: view(false), steps: vec![], overrides_needed: vec![], refused: None })
    }
    async fn abort_review(&self, _: &Actor, _: RunId) -> Answer<AbortReview> {
        Ok(AbortReview { run: view(false), undone: vec![], stays: vec![], refused: None })
    }
    async fn drive_run(&self, actor: &Actor, _: RunId, verb: RunVerb) -> Answer<RunView> {
        self.change(actor, format!("{verb:?}"))?;
        Ok(view(false))
    }
    async fn run_events(&self, _: &Actor, _: RunId, after_seq: i64) -> Answer<Vec<RunEvent>> {
        Ok(self
            .events
            .lock()
            .unwrap()
            .iter()
            .filter(|event| event.seq > after_seq)
            .take(500)
            .cloned()
            .collect())
    }
    async fn run_journal(&self, _: &Actor, _: RunId) -> Answer<Vec<Entry>> {
        Ok(vec![])
    }
    async fn approvals(&self, _: &Actor) -> Answer<Vec<RunSummary>> {
        Ok(vec![])
    }
}

impl ControlPlane for Fake {}

#[async_trait]
impl Safeguards for Fake {
    async fn automation(&self, _: &Actor) -> Answer<AutomationView> {
        Ok(AutomationView { on: true, reason: None, changed_by: None, changed_at: None })
    }

    async fn switch_automation(&self, actor: &Actor, switch: SwitchAutomation) -> Answer<AutomationView> {
        self.note(format!("automation {}", if switch.on { "on" } else { "off" }));
        Ok(AutomationView {
            on: switch.on,
            reason: switch.reason,
            changed_by: Some(actor.email.clone()),
            changed_at: Some(Timestamp::UNIX_EPOCH),
        })
    }

    async fn freezes(&self, _: &Actor) -> Answer<Vec<FreezeView>> {
        Ok(Vec::new())
    }

    async fn declare_freeze(&self, actor: &Actor, freeze: DeclareFreeze) -> Answer<FreezeView> {
        self.note(format!("freeze {}", freeze.reason));
        Ok(FreezeView {
            id: RUN.parse().unwrap(),
            application: freeze.application,
            reason: freeze.reason,
            starts_at: freeze.starts_at.unwrap_or(Timestamp::UNIX_EPOCH),
            ends_at: freeze.ends_at,
            declared_by: actor.email.clone(),
            declared_at: Timestamp::UNIX_EPOCH,
            holds: true,
        })
    }

    async fn lift_freeze(&self, _: &Actor, id: uuid::Uuid) -> Answer<()> {
        self.note(format!("lift {id}"));
        Ok(())
    }
}

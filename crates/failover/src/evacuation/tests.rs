//! Claims about who moves, in which order, what an approval covers, and how far a lot is.

mod commit;
mod order;
mod states;

use super::*;
use crate::approval::FrozenPolicy;
use crate::run::{self, Run};
use crate::testing::{NOW, name, policy, region, request, sealed, who};

pub(super) const HOME: &str = "us-east-1";

pub(super) fn run_id(number: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(number))
}

pub(super) fn part(application: &str, number: u128) -> Part {
    Part {
        application: name(application),
        run: run_id(number),
        intent: Intent::Failover,
        to: region("eu-central-1"),
        digest: Digest(format!("{number:064x}")),
    }
}

pub(super) fn lot(waves: Vec<Vec<Part>>) -> Request {
    let mut lot = Request {
        direction: Direction::Out,
        region: region(HOME),
        mode: Mode::Planned,
        waves,
        left_out: Vec::new(),
        circles: Vec::new(),
        concurrency: 2,
        stop_on_failure: true,
        dry_run: false,
        digest: Digest(String::new()),
        by: who(1),
        reason: "the Region is impaired".into(),
        incident: None,
        expires_after_seconds: 7200,
    };
    lot.digest = lot.digest_now().unwrap();
    lot
}

/// An evacuation and its parts' runs, driven by hand.
pub(super) struct Story {
    pub evacuation: Evacuation,
    pub runs: Vec<Run>,
}

impl Story {
    /// One wave per policy, each of one application.
    pub fn of(policies: &[FrozenPolicy]) -> Self {
        Self::asked(policies, None)
    }

    /// The same, with this commit window for each.
    pub fn asked(policies: &[FrozenPolicy], commit_within_seconds: Option<u32>) -> Self {
        let id = EvacuationId(uuid::Uuid::from_u128(7));
        let requests: Vec<run::Request> = policies
            .iter()
            .zip(1..)
            .map(|(policy, number)| {
                let application = name(&format!("app-{number}"));
                sealed(run::Request {
                    application,
                    policy: policy.clone(),
                    evacuation: Some(id),
                    commit_within_seconds,
                    ..request()
                })
            })
            .collect();
        let waves = requests
            .iter()
            .zip(1..)
            .map(|(request, number)| {
                vec![Part { digest: request.digest.clone(), ..part(request.application.as_str(), number) }]
            })
            .collect();
        let runs = requests
            .iter()
            .zip(1..)
            .map(|(request, number)| {
                let events = Run::request(run_id(number), request.clone(), NOW);
                let entries: Vec<_> = events
                    .into_iter()
                    .zip(1..)
                    .map(|(event, seq)| run::Entry { seq, at: NOW, event })
                    .collect();
                Run::replay(run_id(number), &entries).unwrap()
            })
            .collect();
        let events = lot(waves).begin(&requests.iter().collect::<Vec<_>>());
        let entries: Vec<_> =
            events.into_iter().zip(1..).map(|(event, seq)| Entry { seq, at: NOW, event }).collect();
        Self { evacuation: Evacuation::replay(id, &entries).unwrap(), runs }
    }

    pub fn write(&mut self, decided: Decided) {
        for event in decided.events {
            let seq = self.evacuation.seq + 1;
            self.evacuation.apply(&Entry { seq, at: NOW, event }).unwrap();
        }
        for (id, events) in decided.of_runs {
            let run = self.runs.iter_mut().find(|run| run.id == id).unwrap();
            *run = run.after(&events, NOW).unwrap();
        }
    }

    pub fn approve(&mut self, person: u128, groups: &[&str]) -> Result<(), Refusal> {
        let who = who(person);
        let review = Review {
            person: who.id,
            email: who.email,
            groups: groups.iter().map(|g| name(g)).collect(),
            at: NOW,
            comment: None,
            others: vec![],
        };
        let digest = self.evacuation.request.digest.clone();
        let decided = self.evacuation.approve(&self.runs, &[], review, &digest, NOW)?;
        self.write(decided);
        Ok(())
    }

    pub fn parts(&self) -> Parts {
        self.runs.iter().map(|run| (run.id, run.state)).collect()
    }

    pub fn state(&self) -> State {
        self.evacuation.state(&self.parts())
    }
}

pub(super) fn sre() -> FrozenPolicy {
    policy(&[("sre", 1)])
}

//! What this process knows of ARC clusters: where their endpoints are, which safety rules and health checks their
//! controls have. Only ARC's configuration endpoint in us-west-2 tells it, and the switch must work when that Region
//! does not, so it is kept three times: here; with every observation of a control (which outlives this process); and in
//! the approved plan's call itself. [`Clusters::recall`] takes the second and third back in after a restart.

use holdfast_domain::Facts;
use holdfast_domain::facts::SafetyRule;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Rules and endpoints seldom change, and the configuration endpoint is asked for every cluster of an account.
const FRESH: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Configuration {
    /// Region to URL.
    pub endpoints: BTreeMap<String, String>,
    /// By control ARN.
    pub controls: BTreeMap<String, ControlConfiguration>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ControlConfiguration {
    pub safety_rules: Vec<SafetyRule>,
    pub health_checks: Vec<String>,
}

#[derive(Debug)]
struct Kept {
    configuration: Arc<Configuration>,
    /// `None`: recalled from what an earlier process saw.
    asked: Option<Instant>,
}

#[derive(Debug, Default)]
struct State {
    by_arn: HashMap<String, Kept>,
    /// The Region of the endpoint that took the last change, by cluster ARN.
    written: HashMap<String, String>,
}

#[derive(Debug, Default)]
pub(crate) struct Clusters(Mutex<State>);

impl Clusters {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, cluster_arn: &str, configuration: Configuration) -> Arc<Configuration> {
        let configuration = Arc::new(configuration);
        let kept = Kept { configuration: configuration.clone(), asked: Some(Instant::now()) };
        self.state().by_arn.insert(cluster_arn.to_owned(), kept);
        configuration
    }

    /// What is known, and whether it need not be asked for again yet.
    pub(crate) fn known(&self, cluster_arn: &str, controls: &[&str]) -> Option<(Arc<Configuration>, bool)> {
        let state = self.state();
        let kept = state.by_arn.get(cluster_arn)?;
        let all = controls.iter().all(|arn| kept.configuration.controls.contains_key(*arn));
        let fresh = all && kept.asked.is_some_and(|asked| asked.elapsed() < FRESH);
        Some((kept.configuration.clone(), fresh))
    }

    /// Takes in what was seen before, by this process or another. What this one has asked for itself stands.
    pub(crate) fn recall(&self, facts: &Facts) {
        let Facts::RoutingControl(control) = facts else { return };
        let mut state = self.state();
        let kept = state
            .by_arn
            .entry(control.cluster_arn.clone())
            .or_insert_with(|| Kept { configuration: Arc::default(), asked: None });
        if kept.asked.is_some() {
            return;
        }
        let configuration = Arc::make_mut(&mut kept.configuration);
        configuration.endpoints.extend(control.endpoints.clone());
        configuration.controls.insert(
            control.control_arn.clone(),
            ControlConfiguration {
                safety_rules: control.safety_rules.clone(),
                health_checks: control.health_checks.clone(),
            },
        );
    }

    pub(crate) fn wrote(&self, cluster_arn: &str, region: &str) {
        self.state().written.insert(cluster_arn.to_owned(), region.to_owned());
    }

    pub(crate) fn written_in(&self, cluster_arn: &str) -> Option<String> {
        self.state().written.get(cluster_arn).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::facts::RoutingControl;

    fn seen(url: &str) -> Facts {
        Facts::RoutingControl(RoutingControl {
            cluster_arn: "cluster".into(),
            control_arn: "control".into(),
            on: true,
            told_by: "us-east-1".into(),
            endpoints: BTreeMap::from([("us-east-1".into(), url.into())]),
            safety_rules: vec![],
            health_checks: vec!["check".into()],
            configuration_is_old: false,
        })
    }

    #[test]
    fn what_an_earlier_process_saw_is_known_and_not_fresh() {
        let clusters = Clusters::default();
        assert_eq!(clusters.known("cluster", &["control"]), None);
        clusters.recall(&seen("https://one"));
        let (known, fresh) = clusters.known("cluster", &["control"]).unwrap();
        assert_eq!((known.endpoints["us-east-1"].as_str(), fresh), ("https://one", false));
        assert_eq!(known.controls["control"].health_checks, ["check"]);
    }

    #[test]
    fn what_was_asked_for_stands_against_what_is_recalled() {
        let clusters = Clusters::default();
        clusters.keep("cluster", Configuration::default());
        clusters.recall(&seen("https://old"));
        assert!(clusters.known("cluster", &[]).unwrap().0.endpoints.is_empty());
        assert!(
            !clusters.known("cluster", &["control"]).unwrap().1,
            "a control that is not in it is not fresh"
        );
    }
}

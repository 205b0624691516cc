//! Whether facts tell nothing that the answers did not: each value in them was in the facts of the true answers, or was told by
//! the distorted ones, or says that it is not known. What is made up is shown, unless it is listed here with the reason.

use super::tree::{Body, Sort};
use ciborium::Value as Tree;
use holdfast_domain::{Facts, ResourceKind};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the answers of one look say.
#[derive(Debug, Default)]
pub struct Said {
    texts: BTreeSet<String>,
    numbers: Vec<f64>,
    /// Something was measured as none.
    zero: bool,
}

impl Said {
    pub fn hear(&mut self, body: &[u8], etag: Option<&str>) {
        etag.into_iter().for_each(|etag| self.text(etag));
        match Body::read(body) {
            Some(body) => self.tree(&body.tree),
            None => self.text(&String::from_utf8_lossy(body)),
        }
    }

    fn tree(&mut self, tree: &Tree) {
        match tree {
            Tree::Map(entries) => entries.iter().for_each(|(name, value)| {
                self.tree(name);
                self.tree(value);
            }),
            Tree::Array(items) => items.iter().for_each(|item| self.tree(item)),
            Tree::Tag(_, inside) => self.tree(inside),
            Tree::Text(text) => self.text(text),
            Tree::Integer(number) => self.text(&i128::from(*number).to_string()),
            Tree::Float(number) => {
                self.zero |= *number == 0.0;
                self.numbers.push(*number);
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.texts.insert(text.to_ascii_lowercase());
        self.numbers.extend(text.parse::<f64>());
        self.numbers.extend(text.parse::<Timestamp>().map(seconds));
    }

    fn tells_number(&self, number: f64) -> bool {
        let near = |one: f64, other: f64| (one - other).abs() <= 1.5 + other.abs() * 1e-9;
        // Lags are kept in milliseconds, whatever the metric is in.
        number != 0.0 && self.numbers.iter().any(|said| near(*said, number) || near(*said * 1_000.0, number))
    }

    pub fn tells_text(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        if text.parse::<Timestamp>().is_ok_and(|at| self.tells_number(seconds(at))) {
            return true;
        }
        // A part of what was said, such as an ARN's last; or what was said, with something around it.
        self.texts.iter().any(|said| said.contains(&text) || (said.len() > 2 && text.contains(said.as_str())))
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// Fields of facts that are not read out of the answers, or say only what is wrong or not known.
const NOT_READ: &[&str] = &[
    // Of whom was asked, when, and what of it could not be.
    ".seen_at",
    ".told_by",
    ".unread",
    ".not_asked",
    ".not_told",
    ".reason",
    ".configuration_is_old",
    // What the zone's own name servers answer.
    ".outside",
    // Which of our questions brought the lag.
    ".lag.metric",
    // Bad, and found by comparing.
    ".differs_from",
    ".takes_writes",
    ".is_replica",
];

/// `false` where it was not said otherwise, which nothing good follows from; and what AWS documents as the default.
const NOT_SAID_TO_BE_SO: &[&str] = &[
    ".enabled",
    ".time_control",
    ".metrics",
    ".recording",
    ".actions_enabled",
    ".holds",
    ".adjustable",
    ".multi_az",
    ".client_ip_preservation",
    // Route 53 (API reference, HealthCheckConfig): neither is so where it is left out.
    ".inverted",
    ".disabled",
    // The SDK says so of what AWS left out and must tell; a record that differs by it cannot be deleted.
    ".evaluate_target_health",
];

/// Zeros that the SDK gives where AWS left out what it must tell: they cannot be told from a zero that was sent.
const FILLED_IN: &[(ResourceKind, &str)] = &[
    (ResourceKind::EcsService, ".desired"),
    (ResourceKind::EcsService, ".running"),
    (ResourceKind::EcsService, ".pending"),
    (ResourceKind::EcsService, ".scaling.min"),
    (ResourceKind::EcsService, ".scaling.max"),
    (ResourceKind::AutoScalingGroup, ".min"),
    (ResourceKind::AutoScalingGroup, ".max"),
    (ResourceKind::AutoScalingGroup, ".desired"),
    (ResourceKind::ArcRoutingControl, ".safety_rules.threshold"),
    (ResourceKind::S3MultiRegionAccessPoint, ".traffic_dial_percent"),
    (ResourceKind::Route53HealthCheck, ".version"),
    // None is there as long as none is said to be.
    (ResourceKind::LambdaFunction, ".available"),
];

/// What is measured, and may be none.
const MEASURED: &[&str] =
    &[".milliseconds", ".value", ".bytes_pending", ".operations_pending", ".operations_failed"];

/// How many of a list are well: never more than the true answer told.
const WELL: &[&str] = &[".healthy", ".in_service", ".instances"];
/// How many of a list are not well, or not known to be: only a list that is gone has fewer.
const NOT_WELL: &[&str] =
    &[".unhealthy", ".other", ".pending", ".critical", ".high", ".scheduled_actions", ".left_out"];
/// Of a list that is looked at in both ways.
const OF_ALL: &[&str] = &[".checkers.all", ".warm"];

fn ends(path: &str, with: &[&str]) -> bool {
    with.iter().any(|end| path.ends_with(end))
}

fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, one)| leaves(one, &format!("{path}.{key}"), found))
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, found)),
        leaf => found.push((path.to_owned(), leaf.clone())),
    }
}

fn of(facts: &Facts) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    leaves(&serde_json::to_value(facts).unwrap(), "", &mut found);
    found
}

fn sum(leaves: &[(String, Value)], path: &str) -> f64 {
    leaves.iter().filter(|(at, _)| at == path).filter_map(|(_, value)| value.as_f64()).sum()
}

/// What these facts tell that nobody said: `field: value` each.
pub fn made_up(
    kind: ResourceKind,
    (true_facts, facts): (&Facts, &Facts),
    said: &Said,
    (sort, of_a_list): (Sort, bool),
) -> Vec<String> {
    let (before, after) = (of(true_facts), of(facts));
    // Wherever in the facts: a record may have come to stand beside others.
    let last = |path: &str| path.rsplit('.').next().map(str::to_owned);
    let stood = |(path, value): &(String, Value)| {
        before.iter().any(|(at, before)| before == value && last(at) == last(path))
    };
    let not_read = |path: &str| NOT_READ.iter().any(|field| path.contains(field));
    let is_told = |(path, value): &(String, Value)| match value {
        Value::Null => true,
        Value::Bool(true) => sort == Sort::Yes,
        Value::Bool(false) => ends(path, NOT_SAID_TO_BE_SO),
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let zero =
                number == 0.0 && FILLED_IN.iter().any(|(of, field)| *of == kind && path.ends_with(field));
            let counted = (ends(path, WELL) && number <= sum(&before, path))
                || (ends(path, NOT_WELL) && (of_a_list || number >= sum(&before, path)))
                || ends(path, OF_ALL);
            let measured = number == 0.0 && said.zero && ends(path, MEASURED);
            zero || counted || measured || said.tells_number(number)
        }
        Value::String(text) => {
            text.is_empty()
                || text.eq_ignore_ascii_case("unknown")
                // The SDK's own word for an enumeration that AWS left out.
                || text == "no value was set"
                // CloudWatch's own word for it; and what Route 53 documents as the default.
                || matches!(text.as_str(), "INSUFFICIENT_DATA" | "LastKnownStatus")
                || said.tells_text(text)
        }
        Value::Array(_) | Value::Object(_) => true,
    };
    let new = after.iter().filter(|leaf| !stood(leaf)).filter(|(path, _)| !not_read(path));
    new.filter(|leaf| !is_told(leaf)).map(|(path, value)| format!("{path}: {value}")).collect()
}

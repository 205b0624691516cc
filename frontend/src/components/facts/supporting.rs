//! The words for what the recovery Region must have beside traffic, stores and compute.

use super::{Words, words};
use crate::components::tone::Tone;
use crate::format;
use holdfast_domain::Facts;
use holdfast_domain::facts::{
    AlarmFacts, AttachmentFacts, HealthEvent, HubFacts, MetricFacts, ParameterFacts, SecretFacts,
    SettingFacts, StackFacts,
};

pub(super) fn of(facts: &Facts) -> Words {
    match facts {
        Facts::Secret { secret: Some(secret) } => self::secret(secret),
        Facts::Parameter { parameter: Some(parameter) } => self::parameter(parameter),
        Facts::KmsKey { key: Some(key) } => {
            let tone = if key.state == "Enabled" { Tone::Quiet } else { Tone::Watch };
            let kind =
                if key.primary_arn.is_some() { "multi-Region key" } else { "key of this Region alone" };
            words(format::plain(&key.state.to_lowercase()), vec![kind.into()], tone)
        }
        Facts::Alarm { alarm: Some(alarm) } => self::alarm(alarm),
        Facts::Metric(metric) => self::metric(metric),
        Facts::Quota(quota) => {
            let raised = if quota.applied { "raised in this account" } else { "AWS's default" };
            words(format!("{}", quota.value), vec![quota.name.clone(), raised.into()], Tone::Quiet)
        }
        Facts::Attachment { attachment: Some(attachment) } => self::attachment(attachment),
        Facts::ConfigRecorder { recorder: Some(recorder) } => {
            let failing = recorder.last_status.as_deref() == Some("FAILURE");
            let main = if recorder.recording { "records" } else { "stopped" };
            let tone = if recorder.recording && !failing { Tone::Quiet } else { Tone::Watch };
            words(main, recorder.message.iter().cloned().collect(), tone)
        }
        Facts::AwsHealth { events, more } => health(events, *more),
        Facts::SecurityHub { hub: Some(hub) } => self::hub(hub),
        Facts::SecurityHub { hub: None } => words("not enabled", vec![], Tone::Watch),
        Facts::Stack { stack: Some(stack) } => self::stack(stack),
        Facts::Stack { stack: None } => words("not built", vec![], Tone::Quiet),
        Facts::Setting { setting: Some(setting) } => self::setting(setting),
        _ => words("not there", vec![], Tone::Watch),
    }
}

fn secret(secret: &SecretFacts) -> Words {
    let (main, tone) = match (secret.deleted, secret.replication.as_deref()) {
        (true, _) => ("marked for deletion".to_owned(), Tone::Watch),
        (_, Some("InSync")) => ("in sync".to_owned(), Tone::Quiet),
        (_, Some("Failed")) => ("replica failed".to_owned(), Tone::Watch),
        (_, Some("InProgress")) => ("being copied".to_owned(), Tone::Moving),
        (_, Some(other)) => (other.to_owned(), Tone::Watch),
        (_, None) => ("there".to_owned(), Tone::Quiet),
    };
    let primary = secret.primary_region.as_ref().map(|region| format!("primary in {region}"));
    words(main, primary.into_iter().collect(), tone)
}

fn parameter(parameter: &ParameterFacts) -> Words {
    let (agrees, tone) = match &parameter.differs_from {
        None => ("encrypted, not compared".to_owned(), Tone::Quiet),
        Some(others) if others.is_empty() => ("the same in every Region seen".to_owned(), Tone::Quiet),
        Some(others) => (format!("differs from {}", others.join(", ")), Tone::Watch),
    };
    words(format!("version {}", parameter.version), vec![agrees], tone)
}

fn alarm(alarm: &AlarmFacts) -> Words {
    let (main, tone) = match alarm.state.as_str() {
        "OK" => ("OK", Tone::Quiet),
        "ALARM" => ("in alarm", Tone::Watch),
        _ => ("no data", Tone::Unknown),
    };
    let mut under: Vec<String> = alarm.metric.iter().cloned().collect();
    if !alarm.actions_enabled {
        under.push("tells nobody".into());
    }
    words(main, under, tone)
}

fn metric(metric: &MetricFacts) -> Words {
    let well = format!("well when {} {}", metric.well_when.words(), metric.threshold);
    let tone = if metric.is_well() { Tone::Quiet } else { Tone::Watch };
    words(format!("{}", metric.value), vec![metric.what.clone(), well, format!("at {:.0}", metric.at)], tone)
}

fn attachment(attachment: &AttachmentFacts) -> Words {
    let to = attachment.peer_region.as_ref().map(|region| format!(" to {region}")).unwrap_or_default();
    let tone = if attachment.stands() { Tone::Quiet } else { Tone::Watch };
    words(attachment.state.clone(), vec![format!("{}{to}", attachment.resource_type)], tone)
}

/// What AWS says is open there, a few of many by name.
fn health(events: &[HealthEvent], more: bool) -> Words {
    let under = events
        .iter()
        .take(3)
        .map(|event| {
            let since = event.since.map(|at| format!(" since {at:.0}")).unwrap_or_default();
            format!("{}: {}{since}", event.service, event.code)
        })
        .collect();
    let main = match (events.len(), more) {
        (0, _) => "no open events".to_owned(),
        (1, false) => "1 open event".to_owned(),
        (count, false) => format!("{count} open events"),
        (count, true) => format!("more than {count} open events"),
    };
    words(main, under, if events.is_empty() { Tone::Quiet } else { Tone::Watch })
}

fn hub(hub: &HubFacts) -> Words {
    let more = if hub.more { " and more" } else { "" };
    let tone = if hub.critical > 0 { Tone::Watch } else { Tone::Quiet };
    words("enabled", vec![format!("{} critical, {} high findings open{more}", hub.critical, hub.high)], tone)
}

fn stack(stack: &StackFacts) -> Words {
    let status = stack.status.as_str();
    let tone = if status.contains("ROLLBACK") || status.contains("FAILED") || status.contains("DELETE") {
        Tone::Watch
    } else if status.ends_with("_IN_PROGRESS") {
        Tone::Moving
    } else {
        Tone::Quiet
    };
    words(format::plain(&status.to_lowercase()), stack.reason.iter().cloned().collect(), tone)
}

fn setting(setting: &SettingFacts) -> Words {
    match (&setting.endpoint, &setting.not_told) {
        (Some(endpoint), _) => words(format!("→ {endpoint}"), vec![], Tone::Quiet),
        (None, Some(why)) => words("not shown", vec![why.clone()], Tone::Quiet),
        (None, None) => words("not shown", vec![], Tone::Quiet),
    }
}

//! Would anybody notice: alarms; metrics that are signals; AWS Config; Security Hub; AWS Health.

use super::super::{Look, Severity};
use holdfast_domain::{Facts, Resource};

pub(super) fn alarm(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    for region in look.places(resource) {
        let at = (resource, region);
        let alarm = match look.known(resource, region) {
            Some(Facts::Alarm { alarm: Some(alarm) }) => alarm,
            Some(Facts::Alarm { alarm: None }) => {
                look.say(
                    (Severity::Warning, "alarm_missing"),
                    at,
                    format!("Alarm {name} is not in {region}: nobody would be told there."),
                    "Create it in each Region; alarms see the metrics of their own Region only.",
                );
                continue;
            }
            _ => continue,
        };
        let why =
            alarm.reason.as_deref().map(|r| format!(": {}", r.trim_end_matches('.'))).unwrap_or_default();
        match alarm.state.as_str() {
            "OK" => {}
            "ALARM" => look.say(
                (Severity::Warning, "alarm_rings"),
                at,
                format!("Alarm {name} in {region} is in ALARM{why}."),
                "Look at what it watches before anything is moved there.",
            ),
            // Missing data is never health.
            _ => look.say(
                (Severity::Unknown, "alarm_without_data"),
                at,
                format!("Alarm {name} in {region} has too little data to tell{why}."),
                "See that its metric is published there; a metric that is never published watches nothing.",
            ),
        }
        if !alarm.actions_enabled {
            look.say(
                (Severity::Warning, "alarm_silent"),
                at,
                format!("Alarm {name} in {region} tells nobody: its actions are off."),
                "Enable its actions.",
            );
        }
    }
}

/// Where no data point came in time it is not seen, which is told of every kind.
pub(super) fn metric(look: &mut Look<'_>, resource: &Resource) {
    for region in look.places(resource) {
        let Some(facts @ Facts::Metric(_)) = look.known(resource, region) else { continue };
        if let Some(Err(trouble)) = facts.signal() {
            look.say(
                (Severity::Warning, "metric_not_well"),
                (resource, region),
                format!("{} in {region} is not well: {trouble}.", resource.name),
                "Look at what it measures before anything is moved there.",
            );
        }
    }
}

pub(super) fn recorder(look: &mut Look<'_>, resource: &Resource) {
    for region in look.places(resource) {
        let at = (resource, region);
        let recorder = match look.known(resource, region) {
            Some(Facts::ConfigRecorder { recorder: Some(recorder) }) => recorder,
            Some(Facts::ConfigRecorder { recorder: None }) => {
                look.say(
                    (Severity::Warning, "recorder_missing"),
                    at,
                    format!("AWS Config has no recorder in {region}: changes there would leave no history."),
                    "Set up AWS Config in that Region.",
                );
                continue;
            }
            _ => continue,
        };
        if !recorder.recording {
            look.say(
                (Severity::Warning, "recorder_stopped"),
                at,
                format!("AWS Config does not record in {region}."),
                "Start the recorder (config:StartConfigurationRecorder).",
            );
        } else if recorder.last_status.as_deref() == Some("FAILURE") {
            let why = recorder.message.as_deref().map(|m| format!(": {m}")).unwrap_or_default();
            look.say(
                (Severity::Warning, "recorder_failing"),
                at,
                format!("AWS Config's last recording in {region} failed{why}."),
                "Mend what the reason names, mostly the recorder's role or its bucket.",
            );
        }
    }
}

pub(super) fn hub(look: &mut Look<'_>, resource: &Resource) {
    for region in look.places(resource) {
        let at = (resource, region);
        match look.known(resource, region) {
            Some(Facts::SecurityHub { hub: None }) => look.say(
                (Severity::Warning, "security_hub_off"),
                at,
                format!("Security Hub is not enabled in {region}: nobody would see what is wrong there."),
                "Enable it in each Region, or aggregate the Regions into one.",
            ),
            Some(Facts::SecurityHub { hub: Some(hub) }) if hub.critical > 0 || hub.high > 0 => {
                let severity = if hub.critical > 0 { Severity::Warning } else { Severity::Note };
                let more = if hub.more { ", and more" } else { "" };
                look.say(
                    (severity, "open_findings"),
                    at,
                    format!(
                        "Security Hub has {} critical and {} high findings open in {region}{more}.",
                        hub.critical, hub.high
                    ),
                    "Resolve or suppress them before production runs there.",
                );
            }
            _ => {}
        }
    }
}

/// What AWS itself says is wrong in a Region: no reason yet to move, and one to know of before anything is moved there.
pub(super) fn health(look: &mut Look<'_>, resource: &Resource) {
    for region in look.places(resource) {
        let Some(Facts::AwsHealth { events, more }) = look.known(resource, region) else { continue };
        let Some(first) = events.first() else { continue };
        let others = match (events.len(), more) {
            (1, false) => String::new(),
            (count, false) => format!(", and {} more", count - 1),
            (count, true) => format!(", and at least {count} more"),
        };
        look.say(
            (Severity::Warning, "aws_event_open"),
            (resource, region),
            format!("AWS Health has an open event of {} in {region}: {}{others}.", first.service, first.code),
            "Read it in the AWS Health Dashboard before anything is moved to that Region.",
        );
    }
}

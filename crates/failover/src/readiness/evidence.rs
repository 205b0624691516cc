//! What a finding was seen by: when, and what stood there. The oldest look counts, since a finding is no fresher than
//! the oldest of what it rests on.

use super::Look;
use crate::plan::facts_of;
use holdfast_domain::{Facts, RegionCode, Resource, Sight};
use jiff::Timestamp;

/// Longer values are shown whole with the resource's own status.
const MOST_CHARACTERS: usize = 160;

/// Of a resource in one Region, or in all of the application's where the finding is about the whole.
pub(super) fn of(
    look: &Look<'_>,
    resource: &Resource,
    region: Option<&RegionCode>,
) -> (Option<Timestamp>, Option<String>) {
    let regions: Vec<&RegionCode> = match region {
        Some(region) => vec![region],
        None => look.application.regions().collect(),
    };
    let mut oldest: Option<Timestamp> = None;
    let mut said = Vec::new();
    for region in regions {
        let sight = look.observations.get(&(resource.name.clone(), region.clone()));
        let Some((at, words)) = sight.and_then(|sight| seen(resource, region, sight)) else { continue };
        oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
        said.push(format!("{region}: {words}"));
    }
    (oldest, (!said.is_empty()).then(|| said.join("; ")))
}

fn seen(resource: &Resource, region: &RegionCode, sight: &Sight) -> Option<(Timestamp, String)> {
    if let Sight::Unknown { absent: true, since: Some(at), reason, .. } = sight {
        return Some((*at, shortened(reason)));
    }
    let (at, facts) = sight.last_seen()?;
    let words: Vec<String> = words(resource, region, facts).iter().map(|word| shortened(word)).collect();
    Some((at, if words.is_empty() { "seen".into() } else { words.join(", ") }))
}

fn words(resource: &Resource, region: &RegionCode, facts: &Facts) -> Vec<String> {
    let mut words: Vec<String> = facts_of(&resource.name, region, facts)
        .into_iter()
        // An ARN says nothing that the resource's name does not.
        .filter(|fact| fact.what != "exists" || ["yes", "no"].contains(&fact.value.as_str()))
        .filter(|fact| !fact.value.is_empty())
        .map(|fact| format!("{} {}", fact.what, fact.value))
        .collect();
    if let Some(lag) = facts.lag() {
        words.push(format!("{} {:.1} s at {}", lag.metric, lag.milliseconds / 1000.0, lag.measured_at));
    }
    if let Some(capacity) = facts.capacity() {
        let running = capacity.running.map_or("how many run not known".into(), |n| format!("{n} run"));
        words.push(format!("{} {} wanted, {running}", capacity.desired, capacity.unit));
    }
    words.extend(state(facts));
    words
}

/// Of what no plan rests on: the state that AWS gives it.
fn state(facts: &Facts) -> Option<String> {
    let not_there = || "not there".to_owned();
    Some(match facts {
        Facts::AuroraMember(member) => format!("global cluster {}", member.global_status),
        Facts::ReplicaMember(member) => format!("status {}", member.status),
        Facts::DatastoreMember(member) => format!("datastore {}", member.global_status),
        Facts::Secret { secret } => secret.as_ref().map_or_else(not_there, |secret| {
            format!("replication {}", secret.replication.as_deref().unwrap_or("not told"))
        }),
        Facts::Parameter { parameter } => {
            parameter.as_ref().map_or_else(not_there, |parameter| format!("version {}", parameter.version))
        }
        Facts::KmsKey { key } => key.as_ref().map_or_else(not_there, |key| format!("state {}", key.state)),
        Facts::Alarm { alarm } => {
            alarm.as_ref().map_or_else(not_there, |alarm| format!("state {}", alarm.state))
        }
        Facts::Metric(metric) => format!("{} {} at {:.0}", metric.what, metric.value, metric.at),
        Facts::Quota(quota) => format!("{} {}", quota.name, quota.value),
        Facts::Attachment { attachment } => {
            attachment.as_ref().map_or_else(not_there, |attachment| format!("state {}", attachment.state))
        }
        Facts::ConfigRecorder { recorder } => recorder.as_ref().map_or_else(not_there, |recorder| {
            if recorder.recording { "recording".into() } else { "not recording".into() }
        }),
        Facts::AwsHealth { events, more } => {
            format!("{}{} events open", events.len(), if *more { " and more" } else { "" })
        }
        Facts::SecurityHub { hub } => hub.as_ref().map_or_else(
            || "not enabled".into(),
            |hub| format!("{} critical, {} high findings open", hub.critical, hub.high),
        ),
        Facts::Stack { stack: Some(stack) } => format!("status {}", stack.status),
        Facts::Probe(answer) => match &answer.trouble {
            Some(trouble) => format!("asked from {}: {trouble}", answer.from),
            None => format!("asked from {}: well", answer.from),
        },
        _ => return None,
    })
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    text.chars().take(MOST_CHARACTERS).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use crate::plan::Picture;
    use crate::readiness::{Finding, findings};
    use crate::testing::after;
    use crate::testing::world::{A, B, around, aurora_facts, key, shop, unknown};
    use holdfast_domain::Sight;

    fn found(picture: &Picture, code: &str) -> Finding {
        let found = findings(&picture.application, around(picture), &picture.observations, picture.now);
        let finding = found.iter().find(|f| f.code == code);
        finding.unwrap_or_else(|| panic!("{code} is not among {found:#?}")).clone()
    }

    #[test]
    fn what_is_said_of_a_resource_as_a_whole_is_as_old_as_its_oldest_look() {
        let mut picture = shop();
        let at = |seconds| Sight::Known { at: after(seconds), facts: aurora_facts("orders", A, false) };
        picture.observations.insert(key("orders", A), at(-40));
        picture.observations.insert(key("orders", B), at(-70));
        let finding = found(&picture, "writer_not_known");
        assert_eq!((finding.region, finding.seen_at), (None, Some(after(-70))));
        let evidence = finding.evidence.unwrap();
        assert!(evidence.contains("us-east-1: writer no") && evidence.contains("eu-central-1: writer no"));

        picture.observations.insert(key("orders", B), unknown(None));
        assert_eq!(found(&picture, "writer_not_known").seen_at, Some(after(-40)));
    }

    #[test]
    fn every_finding_of_a_resource_that_was_seen_has_its_evidence_and_its_time() {
        for picture in [shop(), crate::testing::world::feed(), crate::testing::world::moved_shop()] {
            let found = findings(&picture.application, around(&picture), &picture.observations, picture.now);
            for finding in found {
                let Some(resource) = &finding.resource else { continue };
                let seen = picture.observations.keys().any(|(name, region)| {
                    name == resource && finding.region.as_ref().is_none_or(|at| at == region)
                });
                assert_eq!(
                    (finding.seen_at.is_some(), finding.evidence.is_some()),
                    (seen, seen),
                    "{finding:?}"
                );
            }
        }
    }
}

//! What the outside sees, beside what AWS says: whether health endpoints answer, and whether the name servers lead
//! where the records do.

use super::{Look, Severity};
use crate::serving::{routed, words};
use holdfast_domain::facts::NameAnswer;
use holdfast_domain::{Facts, RegionCode, Resource, ResourceKind, Strategy};

/// Of one resource.
pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    match resource.spec.kind() {
        ResourceKind::Probe => probe(look, resource),
        ResourceKind::Route53Records => names(look, resource),
        _ => {}
    }
}

/// Of the application as a whole.
pub(super) fn lacking(look: &mut Look<'_>) {
    let probed = look.application.resources.iter().any(|r| r.spec.kind() == ResourceKind::Probe);
    if !probed && !look.application.resources.is_empty() {
        look.add(
            Severity::Note,
            "no_probe",
            None,
            None,
            "No health endpoint is asked from outside: only AWS's word tells that a Region serves.",
            "Add a resource of the kind probe with a URL in each Region.",
        );
    }
}

fn probe(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    // In these the other Regions run all the time; elsewhere they are built when they are needed.
    let stands = matches!(look.application.strategy, Strategy::WarmStandby | Strategy::ActiveActive);
    for region in look.application.regions() {
        let Some(Facts::Probe(answer)) = look.known(resource, region) else { continue };
        let Some(trouble) = &answer.trouble else { continue };
        let expected = stands || *region == look.application.home_region;
        if answer.certificate.is_some() {
            look.add(
                Severity::Warning,
                "probe_certificate",
                Some(resource),
                Some(region),
                format!("The endpoint {name} of {region} shows a certificate that does not hold: {trouble}."),
                "Renew it, with every name that clients use.",
            );
        } else {
            look.add(
                if expected { Severity::Warning } else { Severity::Note },
                "probe_failing",
                Some(resource),
                Some(region),
                format!(
                    "The endpoint {name} of {region} is not healthy, asked from {}: {trouble}.",
                    answer.from
                ),
                "Mend what it says, or correct the probe's URL and what it expects: a run waits for it.",
            );
        }
    }
}

fn names(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    let regions: Vec<RegionCode> = look.application.regions().cloned().collect();
    let routed = routed(name, &regions, look.observations, None);
    let mut led = Vec::new();
    for region in &regions {
        let Some(Facts::DnsRecord { outside: Some(outside), .. }) = look.known(resource, region) else {
            continue;
        };
        match outside {
            NameAnswer::Unknown { reason, .. } => {
                look.add(
                    Severity::Note,
                    "names_not_seen",
                    Some(resource),
                    Some(region),
                    format!("What the zone's name servers answer for {name} is not known: {reason}."),
                    "Let Holdfast reach name servers over UDP and TCP port 53, or live with Route 53's word alone.",
                );
                return;
            }
            NameAnswer::Known { here, .. } if *here > 0 => led.push(region.clone()),
            NameAnswer::Known { .. } => {}
        }
    }
    let strays: Vec<_> = led.iter().filter(|r| !routed.regions.contains(r)).cloned().collect();
    if routed.certain && !strays.is_empty() {
        look.add(
            Severity::Warning,
            "names_lead_elsewhere",
            Some(resource),
            strays.first(),
            format!(
                "The zone's name servers answer {} for {name}, while its records lead to {}.",
                words(&strays),
                words(&routed.regions)
            ),
            "Look at the health of the records' targets: Route 53 has moved traffic by itself, or has not followed a change yet.",
        );
    }
}

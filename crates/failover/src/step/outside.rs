//! What the outside sees of a Region that AWS says serves. The probes that the plan names hold the step; what the
//! name servers answer is said beside it, and caches are told about, not waited for.

use super::check::known;
use super::{Seen, Verdict};
use crate::plan::Plan;
use holdfast_domain::facts::NameAnswer;
use holdfast_domain::{Facts, Name, RegionCode};
use jiff::{SignedDuration, Timestamp};

/// `note`: what AWS says, which is well.
pub(super) fn confirm(
    region: &RegionCode,
    probes: &[Name],
    seen: &Seen,
    plan: &Plan,
    note: String,
    now: Timestamp,
) -> Verdict {
    let mut said = vec![note];
    for probe in probes {
        match signal(probe, region, seen) {
            Ok(Ok(())) => said.push(format!("{probe} answers from {region}")),
            Ok(Err(trouble)) => {
                said.push(format!("{probe} does not answer from {region} as it should: {trouble}"));
                return Verdict::WaitOr {
                    note: said.join("; "),
                    way_out: format!(
                        "Ask the address of {probe} in {region} by hand: mend what answers there and retry; if it is the \
                         probe that errs, skip with a reason. Traffic has been moved and stays where it is."
                    ),
                };
            }
            Err(reason) => return Verdict::Unseen { reason },
        }
    }
    for name in plan.traffic() {
        said.extend(names(&name, region, seen, plan, now));
    }
    Verdict::Reached { note: said.join("; ") }
}

/// Whether a signal is well; `Err`: it could not be seen, or is none.
pub(super) fn signal(name: &Name, region: &RegionCode, seen: &Seen) -> Result<Result<(), String>, String> {
    known(seen, name, region)?.signal().ok_or_else(|| format!("{name} in {region} is no signal"))
}

/// What the zone's name servers answer for one name, and until when caches may say otherwise.
fn names(name: &Name, region: &RegionCode, seen: &Seen, plan: &Plan, now: Timestamp) -> Option<String> {
    let regions = plan.regions();
    let told = regions.iter().filter_map(|r| match known(seen, name, r) {
        Ok(Facts::DnsRecord { outside: Some(outside), .. }) => Some((r, outside)),
        _ => None,
    });
    let (mut others, mut ttl, mut here, mut any) = (Vec::new(), 0, false, false);
    for (of, outside) in told {
        any = true;
        match outside {
            NameAnswer::Unknown { reason, .. } => {
                return Some(format!("what the name servers of {name} answer is not known: {reason}"));
            }
            NameAnswer::Known { here: answers, ttl_seconds, .. } => {
                ttl = ttl.max(ttl_seconds.unwrap_or(0));
                if of == region {
                    here = *answers > 0;
                } else if *answers > 0 {
                    others.push(of.as_str());
                }
            }
        }
    }
    if !any {
        return None;
    }
    let led = match (here, others.as_slice()) {
        (true, []) => format!("the name servers of {name} answer {region}"),
        (true, others) => format!("the name servers of {name} answer {region} and {}", others.join(", ")),
        (false, []) => format!("the name servers of {name} answer nothing"),
        (false, others) => format!("the name servers of {name} still answer {}", others.join(", ")),
    };
    let gone = now.checked_add(SignedDuration::from_secs(i64::from(ttl))).ok().filter(|_| here && ttl > 0);
    Some(match gone {
        Some(gone) => format!("{led}; caches will have followed by {gone:.0}"),
        None => led,
    })
}

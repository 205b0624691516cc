//! Whether an application has a foot in a Region, and where it would go from there.

use crate::movement::{Intent, Mode, Movement};
use crate::refusal::Refusal;
use crate::serving::{Serving, words};
use holdfast_domain::{Application, Declaration, DeclaredRegion, RegionCode, Strategy};

/// What an evacuation of a Region means for one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foot {
    /// It serves or keeps its data there, and would be moved so.
    Moves(Movement),
    /// It has nothing there that would have to move.
    Stays(String),
    /// It has, or may have, a foot there, and cannot be moved.
    Held(Refusal),
}

/// Read from what was seen, as everything about where an application serves. Where that cannot be told, its home is
/// believed in an emergency, and nothing in a planned evacuation.
#[must_use]
pub fn foot(
    application: &Application,
    serving: &Serving,
    region: &RegionCode,
    mode: Mode,
    declared: &[DeclaredRegion],
) -> Foot {
    if !application.regions().any(|r| r == region) {
        return Foot::Stays(format!("does not run in {region}"));
    }
    let writes_there = serving.writers.iter().any(|(_, writer)| writer.as_ref() == Some(region));
    if !serving.regions.contains(region) && !writes_there {
        let told = serving.certain && !serving.regions.is_empty();
        if told {
            return Foot::Stays(format!(
                "is served from {}, and only stands by here",
                words(&serving.regions)
            ));
        }
        if mode == Mode::Planned {
            return Foot::Held(not_known(application, serving, region));
        }
        if application.home_region != *region {
            return Foot::Stays(format!("is not seen here, and its home is {}", application.home_region));
        }
    }
    match target(application, serving, region, declared) {
        Some(to) => {
            let back = application.strategy != Strategy::ActiveActive && to == application.home_region;
            let intent = if back { Intent::Failback } else { Intent::Failover };
            Foot::Moves(Movement { intent, mode, from: region.clone(), to })
        }
        None => Foot::Held(Refusal::new(
            "nowhere_to_go",
            format!(
                "{} has no other Region that is declared normal: it runs in {}.",
                application.name,
                words(&application.regions().cloned().collect::<Vec<_>>())
            ),
            "Give it another recovery Region, or declare one of its Regions normal again.",
        )),
    }
}

fn not_known(application: &Application, serving: &Serving, region: &RegionCode) -> Refusal {
    let why = serving.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    Refusal::new(
        "serving_not_known",
        format!("Whether {} is served from {region} cannot be told{why}.", application.name),
        "Refresh its status and ask again; an emergency moves what is at home in the Region all the same.",
    )
}

/// Home first, then the recovery Regions in the inventory's order; an active-active application's share goes where it is
/// served already. Where its data may be counts before either.
fn target(
    application: &Application,
    serving: &Serving,
    leaving: &RegionCode,
    declared: &[DeclaredRegion],
) -> Option<RegionCode> {
    let normal = |region: &&RegionCode| {
        declared.iter().find(|d| d.code == **region).is_none_or(|d| d.declared == Declaration::Normal)
    };
    let mut others: Vec<&RegionCode> =
        application.regions().filter(|region| *region != leaving).filter(normal).collect();
    let allowed = &application.data_residency;
    others.sort_by_key(|region| {
        let outside = !allowed.is_empty() && !allowed.contains(region);
        let idle = application.strategy == Strategy::ActiveActive && !serving.regions.contains(region);
        (outside, idle)
    });
    others.first().map(|region| (*region).clone())
}

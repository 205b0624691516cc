//! Whether an application comes home to a Region: it is at home there and serves from elsewhere, or it is active in several
//! Regions and was taken out of this one. The same lot in the other direction.

use super::Foot;
use crate::movement::{Intent, Mode, Movement};
use crate::refusal::Refusal;
use crate::serving::{Serving, words};
use holdfast_domain::{Application, RegionCode, Strategy};

/// Read from what was seen, as everything about where an application serves. What cannot be told is no reason to move.
#[must_use]
pub fn homeward(application: &Application, serving: &Serving, region: &RegionCode, mode: Mode) -> Foot {
    if !application.regions().any(|r| r == region) {
        return Foot::Stays(format!("does not run in {region}"));
    }
    let shared = application.strategy == Strategy::ActiveActive;
    if !shared && application.home_region != *region {
        return Foot::Stays(format!("is at home in {}", application.home_region));
    }
    if !serving.certain || serving.regions.is_empty() {
        let why = serving.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
        return Foot::Held(Refusal::new(
            "serving_not_known",
            format!("From where {} is served cannot be told{why}.", application.name),
            "Refresh its status and ask again.",
        ));
    }
    let written: Vec<&RegionCode> =
        serving.writers.iter().filter_map(|(_, writer)| writer.as_ref()).collect();
    if serving.regions.contains(region) {
        // Of what is active in several Regions the others serve, and may write, as they should.
        let elsewhere = serving.regions.iter().chain(written).find(|other| *other != region && !shared);
        return match elsewhere {
            None => Foot::Stays(format!("is served from {region} already")),
            Some(other) => Foot::Held(Refusal::new(
                "partly_moved",
                format!(
                    "{} is served from {region}, and a part of it is still in {other}.",
                    application.name
                ),
                "Bring it together first, on its own page; then ask again.",
            )),
        };
    }
    match serving.regions.as_slice() {
        [only] => {
            Foot::Moves(Movement { intent: Intent::Failback, mode, from: only.clone(), to: region.clone() })
        }
        // The others go on serving; the plan begins where the data is.
        several if shared => {
            let from = several.iter().find(|r| written.contains(r)).or(several.first());
            from.map_or_else(
                || Foot::Stays("is served from nowhere".into()),
                |from| {
                    Foot::Moves(Movement {
                        intent: Intent::Failback,
                        mode,
                        from: from.clone(),
                        to: region.clone(),
                    })
                },
            )
        }
        several => Foot::Held(Refusal::new(
            "partly_moved",
            format!("{} is served from {} at once.", application.name, words(several)),
            "Bring it together first, on its own page; then ask again.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::{A, B, C, application};
    use crate::testing::{name, region};

    fn seen(regions: &[&str], certain: bool) -> Serving {
        Serving {
            regions: regions.iter().map(|r| region(r)).collect(),
            writers: vec![(name("orders"), regions.last().map(|r| region(r)))],
            certain,
            ..Serving::default()
        }
    }

    fn of(strategy: Strategy, regions: &[&str], serving: &Serving, to: &str) -> Foot {
        homeward(&application(strategy, regions, Vec::new()), serving, &region(to), Mode::Planned)
    }

    fn back(foot: &Foot) -> Option<(&str, &str)> {
        match foot {
            Foot::Moves(m) if m.intent == Intent::Failback => Some((m.from.as_str(), m.to.as_str())),
            _ => None,
        }
    }

    #[test]
    fn what_is_at_home_in_the_region_and_serves_from_elsewhere_fails_back() {
        let warm = Strategy::WarmStandby;
        assert_eq!(back(&of(warm, &[A, B], &seen(&[B], true), A)), Some((B, A)));
        assert!(matches!(of(warm, &[A, B], &seen(&[A], true), A), Foot::Stays(_)), "it is there");
        assert!(matches!(of(warm, &[B, A], &seen(&[B], true), A), Foot::Stays(_)), "its home is elsewhere");
        assert!(matches!(of(warm, &[B, C], &seen(&[B], true), A), Foot::Stays(_)), "it does not run there");
    }

    #[test]
    fn the_share_of_a_region_comes_back_from_where_the_data_is_written() {
        assert_eq!(back(&of(Strategy::ActiveActive, &[A, B, C], &seen(&[B, C], true), A)), Some((C, A)));
        assert_eq!(back(&of(Strategy::ActiveActive, &[B, A, C], &seen(&[B, C], true), A)), Some((C, A)));
    }

    #[test]
    fn what_cannot_be_told_or_stands_in_two_places_is_held_and_said() {
        let held = |foot: Foot| match foot {
            Foot::Held(refusal) => refusal.code,
            other => panic!("{other:?}"),
        };
        let warm = Strategy::WarmStandby;
        assert_eq!(held(of(warm, &[A, B], &seen(&[B], false), A)), "serving_not_known");
        assert_eq!(held(of(warm, &[A, B, C], &seen(&[B, C], true), A)), "partly_moved");
        assert_eq!(held(of(warm, &[A, B], &seen(&[A, B], true), A)), "partly_moved", "it serves at home too");
        let written_away = Serving { writers: seen(&[B], true).writers, ..seen(&[A], true) };
        assert_eq!(held(of(warm, &[A, B], &written_away, A)), "partly_moved", "its writer is not at home");
        let shared = of(Strategy::ActiveActive, &[A, B], &seen(&[A, B], true), A);
        assert!(matches!(shared, Foot::Stays(_)), "it is to be in both: {shared:?}");
    }
}

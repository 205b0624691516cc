//! What a request says, read and held to its rules: its words, its times, its drill, its overrides, and the movement with what was
//! left open filled in.

use crate::free_text::{LINE_AT_MOST, REASON_AT_MOST, free_text};
use crate::picture::Judged;
use crate::problems::of_refusal;
use holdfast_api::runs::{OverrideNeeded, RequestRun};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Application, LoadSplit, RegionCode, Seconds, Strategy};
use holdfast_failover::guard::{Guard, Raised};
use holdfast_failover::{Drill, DrillKind, Intent, Mode, Movement, Refusal};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How long a live drill stays there where nothing is said.
const LIVE_DRILL_MINUTES: u32 = 30;
/// A day: what is served from elsewhere for longer is no drill.
const LIVE_DRILL_MINUTES_AT_MOST: u32 = 24 * 60;

/// Why, and of which incident. Only what changes nothing needs no reason.
pub(crate) fn why(reason: &str, incident: Option<&str>, dry_run: bool) -> Answer<(String, Option<String>)> {
    let reason = free_text("reason", Some(reason), REASON_AT_MOST)?.unwrap_or_default();
    if reason.is_empty() && !dry_run {
        return Err(Problem::bad_field("reason", "is missing", "Say why; approvers and auditors read it."));
    }
    Ok((reason, free_text("incident", incident, LINE_AT_MOST)?))
}

/// What a request rehearses. An isolated drill says so by its intent.
pub(super) fn rehearsed(asked: &RequestRun) -> Answer<Option<Drill>> {
    good_drill(asked)?;
    Ok(match (asked.intent, asked.drill) {
        (Intent::Drill, Some(DrillKind::Live)) => {
            let minutes = asked.drill_minutes.unwrap_or(LIVE_DRILL_MINUTES);
            Some(Drill::There { lasts: Seconds(minutes * 60) })
        }
        (Intent::Drill, _) => Some(Drill::Isolated),
        (Intent::Failover | Intent::Failback, _) => None,
    })
}

pub(crate) fn good_key(key: &str) -> Answer<()> {
    if (1..=200).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Problem::bad_field(
        "Idempotency-Key",
        "must be 1 to 200 visible ASCII characters",
        "Send the header `Idempotency-Key` with a fresh UUID per request.",
    ))
}

/// When it began and when it was noticed, as far as that is said.
pub(super) fn good_times(asked: &RequestRun, now: Timestamp) -> Answer<()> {
    lately("impact_began_at", asked.impact_began_at, now)?;
    lately("detected_at", asked.detected_at, now)?;
    detected_after(asked.impact_began_at, asked.detected_at)
}

/// The recovery time counts from the impact: one that lies ahead, or long ago, would make it nonsense.
fn lately(field: &str, began: Option<Timestamp>, now: Timestamp) -> Answer<()> {
    let Some(began) = began else { return Ok(()) };
    let ago = now.duration_since(began);
    if ago < SignedDuration::from_secs(-60) || ago > SignedDuration::from_hours(7 * 24) {
        return Err(Problem::bad_field(
            field,
            "does not lie within the last seven days",
            "Give the time at which users began to feel it, or it was noticed, with its zone, or leave it out.",
        ));
    }
    Ok(())
}

fn detected_after(began: Option<Timestamp>, detected: Option<Timestamp>) -> Answer<()> {
    match (began, detected) {
        (Some(began), Some(detected)) if detected < began => Err(Problem::bad_field(
            "detected_at",
            "lies before the impact began",
            "Give the time at which it was noticed, with its zone, or leave it out.",
        )),
        _ => Ok(()),
    }
}

/// The words of a drill are of drills alone.
fn good_drill(asked: &RequestRun) -> Answer<()> {
    let said = asked.drill.is_some() || asked.drill_minutes.is_some();
    if asked.intent != Intent::Drill && said {
        return Err(Problem::bad_field(
            "drill",
            "is of drills only",
            "Say `intent: drill`, or leave it out.",
        ));
    }
    let live = asked.drill == Some(DrillKind::Live);
    if live && asked.mode == Mode::Emergency {
        return Err(of_refusal(Refusal::new(
            "guard_refused",
            "A drill never accepts the loss of data, so it is never an emergency.",
            "Request the drill as planned.",
        )));
    }
    if live && asked.drill_minutes.is_some_and(|m| !(1..=LIVE_DRILL_MINUTES_AT_MOST).contains(&m)) {
        return Err(Problem::bad_field(
            "drill_minutes",
            format!("is not 1 to {LIVE_DRILL_MINUTES_AT_MOST}"),
            "Give the minutes for which it is to be served from there.",
        ));
    }
    if !live && asked.drill_minutes.is_some() {
        return Err(Problem::bad_field(
            "drill_minutes",
            "is of live drills only: an isolated one ends when everything was tried",
            "Leave it out.",
        ));
    }
    Ok(())
}

/// What an emergency needs of planes is named by itself where nobody is there who could be asked for it: the run says it,
/// and who approves it sees it.
pub(crate) fn unasked(mode: Mode) -> BTreeSet<Guard> {
    (mode == Mode::Emergency).then_some(Guard::PlaneLint).into_iter().collect()
}

/// The guards that a request overrides, by their codes.
pub(super) fn overrides(asked: &RequestRun) -> Answer<BTreeSet<Guard>> {
    guards(&asked.overrides)
}

pub(crate) fn guards(named: &[String]) -> Answer<BTreeSet<Guard>> {
    named
        .iter()
        .map(|code| {
            code.trim().parse().map_err(|e: holdfast_domain::Invalid| {
                Problem::bad_field("overrides", e.to_string(), "Name the guard by its code, or leave it out.")
            })
        })
        .collect()
}

/// Each once and in the guards' own order, whatever was typed: the digest covers them as they stand here.
pub(crate) fn codes(overrides: &BTreeSet<Guard>) -> Vec<String> {
    overrides.iter().map(|guard| guard.as_str().to_owned()).collect()
}

/// One for each guard, which may stand against the run for several reasons. They come in the guards' order.
pub(crate) fn overrides_needed(needed: &[Raised]) -> Vec<OverrideNeeded> {
    let of_one = |raised: &[Raised]| {
        let mut ways_out: Vec<&str> = raised.iter().map(|one| one.way_out.as_str()).collect();
        ways_out.dedup();
        Some(OverrideNeeded {
            guard: raised.first()?.guard.as_str().to_owned(),
            sentence: raised.iter().map(Raised::to_string).collect::<Vec<_>>().join(" "),
            way_out: ways_out.join(" "),
        })
    };
    needed.chunk_by(|one, next| one.guard == next.guard).filter_map(of_one).collect()
}

/// Why what a live drill would do could not be taken back by a planned failback.
pub(super) fn no_way_back(application: &Application, movement: &Movement) -> Option<Refusal> {
    if application.strategy == Strategy::BackupRestore {
        return Some(Refusal::new(
            "not_plannable",
            format!(
                "{} is restored from backups, and what is written after that has no way back but its own backups.",
                application.name
            ),
            "Ask for an isolated drill, which restores beside production.",
        ));
    }
    (application.strategy != Strategy::ActiveActive && movement.from != application.home_region).then(|| {
        Refusal::new(
            "not_home",
            format!(
                "A live drill comes back to {}, and a failback goes home, to {}.",
                movement.from, application.home_region
            ),
            "Fail it back first; then drill it.",
        )
    })
}

/// The Region that takes the most, of equal ones the first of the application: the split's aim.
fn largest(asked: &RequestRun, application: &Application) -> Answer<RegionCode> {
    let share = |region: &RegionCode| asked.split.as_ref()?.get(region.as_str()).copied();
    let mut found: Option<(&RegionCode, u8)> = None;
    for region in application.regions() {
        if let Some(share) = share(region).filter(|share| found.is_none_or(|(_, most)| *share > most)) {
            found = Some((region, share));
        }
    }
    found.map(|(region, _)| region.clone()).ok_or_else(|| {
        Problem::bad_field(
            "split",
            format!("names no Region of {}", application.name),
            "Name the Regions that take the load over.",
        )
    })
}

/// The percentages that this request asks for, if it asks for any.
pub(super) fn load_split(
    asked: &RequestRun,
    movement: &Movement,
    judged: &Judged,
) -> Answer<Option<LoadSplit>> {
    let Some(split) = &asked.split else { return Ok(None) };
    let (application, serving) = (&judged.application, &judged.serving);
    let wrong = |message: String, way_out: &str| Err(Problem::bad_field("split", message, way_out));
    if application.strategy != Strategy::ActiveActive || movement.intent != Intent::Failover {
        return wrong(
            "is for a Region that leaves an active-active application".into(),
            "Name one `to_region`.",
        );
    }
    let mut all = BTreeMap::new();
    for (text, percent) in split {
        let Some(region) = application.regions().find(|r| r.as_str() == text && **r != movement.from) else {
            return wrong(
                format!("names {text}, which is none of the Regions that stay"),
                "Name the application's Regions but for the one that leaves.",
            );
        };
        let out = serving.certain && !serving.regions.contains(region) && *region != movement.to;
        if out && *percent > 0 {
            return wrong(
                format!("names {region}, where the application is not served now"),
                "Bring it back first, or give its share to the others.",
            );
        }
        all.insert(region.clone(), *percent);
    }
    let sum: u32 = all.values().map(|percent| u32::from(*percent)).sum();
    if sum != 100 {
        return wrong(format!("sums to {sum}"), "Make the percentages sum to 100.");
    }
    if all.get(&movement.to).is_none_or(|percent| *percent == 0) {
        return wrong(
            format!("gives {} nothing, where the move goes", movement.to),
            "Leave `to_region` out, or give it a share.",
        );
    }
    Ok(Some(LoadSplit::Percent(all)))
}

/// Fills in what was left open: from the Region seen serving, to the only other one (home, for a failback).
pub(super) fn movement(asked: &RequestRun, drill: Option<Drill>, judged: &Judged) -> Answer<Movement> {
    let application = &judged.application;
    let region = |field: &str, text: &str| {
        RegionCode::parse(text).map_err(|e| {
            Problem::bad_field(
                field,
                e.to_string(),
                "Name a Region of the application, such as `eu-central-1`.",
            )
        })
    };
    let from = match asked.from_region.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        Some(text) => region("from_region", text)?,
        None => match (judged.serving.regions.as_slice(), asked.intent) {
            ([only], _) => only.clone(),
            ([], _) => {
                return Err(Problem::bad_field(
                    "from_region",
                    "is needed: which Region serves cannot be told now",
                    "Name the Region to leave.",
                ));
            }
            (several, _) => {
                let all: Vec<_> = several.iter().map(RegionCode::as_str).collect();
                return Err(Problem::bad_field(
                    "from_region",
                    format!("is needed: {} serve", all.join(", ")),
                    "Name the Region to leave.",
                ));
            }
        },
    };
    let to = match asked.to_region.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        Some(text) => region("to_region", text)?,
        None if asked.split.is_some() => largest(asked, application)?,
        None if asked.intent == Intent::Failback => application.home_region.clone(),
        // Not "wherever it is not": a failover asked for twice must not quietly become the way back.
        None => match application.recovery_regions.as_slice() {
            [only] => only.clone(),
            several => {
                let all: Vec<_> = several.iter().map(|r| r.as_str()).collect();
                return Err(Problem::bad_field(
                    "to_region",
                    format!("is needed: {} could take over", all.join(", ")),
                    "Name the Region to move to.",
                ));
            }
        },
    };
    let intent = if matches!(drill, Some(Drill::There { .. })) { Intent::Failover } else { asked.intent };
    Ok(Movement { intent, mode: asked.mode, from, to })
}

//! Takes in what was carried out without a server: believed only as a bundle of ours, a person's code and the run machine
//! vouch for it; written down whole or not at all, under a break-glass whose review is due.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::problems::of_store;
use holdfast_api::bundles::HandedInView;
use holdfast_api::{Answer, Problem};
use holdfast_audit::VerifyingKey;
use holdfast_domain::Actor;
use holdfast_failover::break_glass::UnderBreakGlass;
use holdfast_failover::compliance::measured;
use holdfast_failover::digest::{Manner, request_digest};
use holdfast_failover::run::{Entry, Event, Run};
use holdfast_offline::bundle::{Head, key_in};
use holdfast_offline::journal::{Written, claims, unknown_code};
use holdfast_offline::{Fault, Journal, Key};
use holdfast_store::{AuditActor, AuditEntry, Change, Error, OfflineRun, calls_of};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

impl App {
    pub(super) async fn hand_in(&self, actor: &Actor, text: &str) -> Answer<HandedInView> {
        may(actor, Action::HandInJournal)?;
        let (journal, head) = self.believed(text).await?;
        let run = journal.run().map_err(of_fault)?;
        let under = fits(&journal, &head, &run)?;
        let entries = journal.entries();
        let hash = hex::encode(Sha256::digest(text));
        let view = HandedInView {
            run: run.id.to_string(),
            break_glass: under.id.to_string(),
            application: run.request.application.to_string(),
            entries: entries.len(),
            already: false,
        };
        let mut change = self.store.begin().await.map_err(of_store)?;
        match change.offline_run(run.id, &hash).await.map_err(of_store)? {
            Some((there, Some(of))) if there == run.id && of == hash => {
                return Ok(HandedInView { already: true, ..view });
            }
            Some((there, _)) => return Err(there_already(&there.to_string())),
            None => {}
        }
        let ended_at = entries.last().map_or(run.requested_at, |last| last.at);
        let new = OfflineRun { run: &run, ended_at, entries: &entries, journal: &hash };
        change.insert_offline_run(&new).await.map_err(of_insertion)?;
        change.record_measured(run.id, &measured(&run)).await.map_err(of_store)?;
        write_down(&mut change, &journal, &run, &head).await?;
        let entry =
            done(actor, "run.hand_in", &format!("run:{}", run.id)).of_application(&run.request.application);
        let detail = json!({
            "executed_offline": true, "bundle": head.id, "journal_sha256": hash, "entries": entries.len(),
            "break_glass": under.id, "holder": under.by.email,
        });
        match change.commit(entry.with(detail)).await {
            Ok(_) => Ok(view),
            Err(error) => Err(of_insertion(error)),
        }
    }

    /// As a bundle that our log's keys signed, and a code that we gave out, vouch for it.
    async fn believed(&self, text: &str) -> Answer<(Journal, Head)> {
        let keys = self.store.log_keys().await.map_err(of_store)?;
        let keys: Vec<VerifyingKey> =
            keys.iter().filter_map(|key| VerifyingKey::parse(&key.public_key).ok()).collect();
        let (begun, head) = claims(text, &keys).map_err(of_fault)?;
        let keys = self.store.offline_keys(true).await.map_err(super::of_keys)?;
        let of_code = |code: Uuid| keys.iter().find(|key| key.code == code).map(|key| Key::of_bytes(key.key));
        let slot = head.holders.iter().find(|slot| slot.code == begun.code);
        let slot = slot.ok_or_else(|| not_of_it("it was begun with a code that opens none of it"))?;
        let of_begun = of_code(begun.code).ok_or_else(|| of_fault(unknown_code()))?;
        let key = key_in(head.id, slot, &of_begun).ok_or_else(|| of_fault(unknown_code()))?;
        Ok((Journal::read_by_hand(text, &key, begun.run, &of_code).map_err(of_fault)?, head))
    }
}

/// Whether the run is one that could be begun from this bundle, by those who opened it.
fn fits<'a>(journal: &Journal, head: &Head, run: &'a Run) -> Answer<&'a UnderBreakGlass> {
    if !run.state.is_over() {
        return Err(Problem::new(
            409,
            "run_not_over",
            "The run has not ended",
            format!("By its journal, run {} of {} has not come to an end.", run.id, run.request.application),
            "Go on with it by `holdfast bundle execute --journal`, to its end or with `--cancel`; then hand the journal in.",
        ));
    }
    let under = run
        .break_glass
        .as_deref()
        .filter(|under| under.offline == Some(head.id) && under.id == journal.begun.break_glass)
        .ok_or_else(|| not_of_it("its run was begun in another way"))?;
    in_their_own_names(journal, head, run, under)?;
    if journal.openings.first().is_none_or(|opening| opening.at >= head.good_until) {
        return Err(not_of_it("it was begun after its time"));
    }
    let request = run.request.as_ref();
    let manner = Manner { overrides: &[], dry_run: false, commit_within_seconds: None };
    let (application, movement) = (&request.application, &request.movement);
    let digest = request_digest(application, movement, &request.plan, None, &request.policy, manner);
    let listed = digest.is_ok_and(|digest| {
        head.plans.iter().any(|listed| {
            listed.application == *application && listed.movement == *movement && listed.digest == digest
        })
    });
    if !listed || request.check_digest().is_err() {
        return Err(not_of_it("the plan is none that its signature covers"));
    }
    Ok(under)
}

/// Whole people are compared: whoever reviews it is told apart from whoever did it by their id.
fn in_their_own_names(journal: &Journal, head: &Head, run: &Run, under: &UnderBreakGlass) -> Answer<()> {
    let holder = |code: Uuid| head.holders.iter().find(|slot| slot.code == code).map(|slot| &slot.person);
    if journal.openings.iter().any(|opening| holder(opening.code) != Some(&opening.by)) {
        return Err(not_of_it("somebody opened it who had no code"));
    }
    let begun = journal.begun.code;
    let by = holder(begun);
    let first = journal.openings.first().is_some_and(|opening| opening.code == begun);
    if !first || by != Some(&under.by) || by != Some(&run.request.by) {
        return Err(not_of_it("its run was begun in the name of somebody else than whoever opened it"));
    }
    let said_by_another = |written: &Written| {
        written.entries.iter().any(|entry| entry.event.person().is_some_and(|by| by != written.by))
    };
    if journal.written.iter().any(said_by_another) {
        return Err(not_of_it("something in it is said in another's name than of whoever had opened it"));
    }
    Ok(())
}

/// What the log would say of it had it been there: each opening, and each lot of entries that was written together.
async fn write_down(change: &mut Change, journal: &Journal, run: &Run, head: &Head) -> Answer<()> {
    let of = |action: &str, detail: serde_json::Value| {
        AuditEntry::done(action, AuditActor::System { name: "offline".to_owned() }, "run", run.id)
            .of_application(&run.request.application)
            .with(detail)
    };
    for opening in &journal.openings {
        let detail = json!({
            "on_behalf_of": opening.by.email, "at": opening.at, "bundle": head.id, "executed_offline": true,
            "reason": opening.reason, "version": opening.version, "host": opening.host,
        });
        change.also_audit(&of("bundle.open", detail)).await.map_err(of_store)?;
    }
    for Written { entries, .. } in &journal.written {
        let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
        let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
        let calls = calls_of(run, &events);
        let mut detail = json!({
            "on_behalf_of": run.on_behalf_of().email, "executed_offline": true,
            "at": entries.iter().map(|entry: &Entry| entry.at).collect::<Vec<_>>(), "events": kinds,
            "steps": events.iter().filter_map(Event::step).collect::<Vec<_>>(),
        });
        if !calls.is_empty() {
            detail["calls"] = calls.into();
        }
        let action = format!("run.{}", kinds.last().unwrap_or(&"nothing"));
        change.also_audit(&of(&action, detail)).await.map_err(of_store)?;
    }
    Ok(())
}

fn of_fault(fault: Fault) -> Problem {
    if fault == unknown_code() {
        return Problem::new(409, fault.code, "The journal cannot be read", fault.sentence, fault.way_out);
    }
    Problem::new(422, fault.code, "The journal is not believed", fault.sentence, fault.way_out)
}

fn not_of_it(what: &str) -> Problem {
    Problem::new(
        422,
        "journal_tampered",
        "The journal is not believed",
        format!("What it tells is not of its bundle: {what}."),
        "Keep the file: it is evidence.",
    )
}

fn there_already(run: &str) -> Problem {
    let mut problem = Problem::new(
        409,
        "journal_handed_in",
        "It is there already, and not the same",
        format!("Run {run} was written down from another journal, or is another run."),
        "Compare the two files: one of them is not what was carried out. Keep both.",
    );
    problem.blocked_by = Some(run.to_owned());
    problem
}

/// Two at once: the first one's is there.
fn of_insertion(error: Error) -> Problem {
    if error.is_conflict("break_glasses_holder_fkey") {
        return Problem::new(
            409,
            "journal_of_unknown_codes",
            "Its holder is not known here",
            "Whoever carried it out is nobody in this database: was an old backup restored?",
            "Keep the file, and hand it in where the database that made the bundle is.",
        );
    }
    of_store(error)
}

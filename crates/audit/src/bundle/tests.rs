//! Claims about exported logs: whole ones are verified, and whatever was done to one is told with the first bad entry.

use super::*;
use crate::keys::Handover;
use crate::note::SigningKey;
use proptest::prelude::*;

fn key(n: u8) -> SigningKey {
    SigningKey::of("holdfast", &[n; 32]).unwrap()
}

fn entry(n: u64, reason: &str) -> String {
    format!(
        r#"{{"id":{n},"at":"2026-11-26T16:00:00.{n:06}Z","action":"run.request","actor_kind":"person","actor":"a@b","person":null,"token":null,"subject_kind":"run","subject":"{n}","application":"shop","outcome":"done","code":null,"reason":"{reason}","detail":"{{\"n\": {n}}}","request_id":null,"salt":"{n:032x}"}}"#
    )
}

fn line(n: u64, reason: &str) -> String {
    let entry = entry(n, reason);
    let hash = serde_json::from_str::<Entry<'_>>(&entry).unwrap().leaf_hash().unwrap();
    format!(r#"{{"index":{n},"leaf":"{}","entry":{entry}}}"#, hex::encode(hash))
}

fn note(by: &SigningKey, frontier: &Frontier) -> String {
    let checkpoint =
        Checkpoint { origin: "log".into(), size: frontier.size(), root: frontier.root(), at: "now".into() };
    by.sign(&checkpoint.text())
}

/// Entries with a checkpoint after every third, and the last checkpoint as a witness.
fn file(entries: u64, by: &SigningKey) -> Vec<String> {
    let mut frontier = Frontier::default();
    let mut lines = Vec::new();
    let mut last = String::new();
    for n in 0..entries {
        lines.push(line(n, "because"));
        let hash = serde_json::from_str::<Entry<'_>>(&entry(n, "because")).unwrap().leaf_hash().unwrap();
        frontier.append(hash, |_, _| {});
        if n % 3 == 2 || n == entries - 1 {
            last = note(by, &frontier);
            lines.push(serde_json::json!({ "checkpoint": last }).to_string());
        }
    }
    lines.push(format!(r#"{{"pending":{}}}"#, entry(entries, "late")));
    lines.push(format!(r#"{{"end":{}}}"#, entries + 1));
    lines.insert(0, serde_json::json!({ "witness": last }).to_string());
    lines.insert(0, r#"{"holdfast_audit_log":1,"origin":"log"}"#.into());
    lines
}

/// In blocks so small that every line goes to another thread.
fn in_blocks(file: &[u8], by: &SigningKey) -> Result<Report, Unverified> {
    verify_by(file, Verifier::new(Keyring::of(by.public())), 3, 64)
}

fn check(lines: &[String], by: &SigningKey) -> Result<Report, Fault> {
    let text = lines.join("\n");
    match in_blocks(text.as_bytes(), by) {
        Ok(report) => Ok(report),
        Err(Unverified::Fault(fault)) => Err(fault),
        Err(Unverified::Io(error)) => panic!("{error}"),
    }
}

#[test]
fn a_whole_log_is_verified_by_the_public_key_alone() {
    let report = check(&file(10, &key(1)), &key(1)).unwrap();
    assert_eq!((report.entries, report.checkpoints, report.witnesses, report.pending), (10, 4, 1, 1));
    assert!(check(&file(10, &key(1)), &key(2)).unwrap_err().what.contains("no key that is trusted"));
}

#[test]
fn an_edited_entry_is_named() {
    let mut lines = file(10, &key(1));
    let at = lines.iter().position(|l| l.contains("\"index\":4,")).unwrap();
    lines[at] = lines[at].replace("because", "becausE");
    assert_eq!(check(&lines, &key(1)).unwrap_err().entry, Some(4));
    // With its leaf made to fit, the signature tells that it is one of those since the last checkpoint.
    lines[at] = line(4, "becausE");
    let fault = check(&lines, &key(1)).unwrap_err();
    assert_eq!((fault.entry, fault.to_entry), (Some(3), Some(5)));
}

#[test]
fn a_missing_a_doubled_and_a_moved_entry_are_named() {
    let whole = file(10, &key(1));
    let at = |n: u64| whole.iter().position(|l| l.contains(&format!("\"index\":{n},"))).unwrap();
    let mut missing = whole.clone();
    missing.remove(at(4));
    assert_eq!(check(&missing, &key(1)).unwrap_err().entry, Some(4));
    let mut doubled = whole.clone();
    doubled.insert(at(4), whole[at(4)].clone());
    assert_eq!(check(&doubled, &key(1)).unwrap_err().entry, Some(4));
    let mut moved = whole.clone();
    moved.swap(at(3), at(4));
    assert_eq!(check(&moved, &key(1)).unwrap_err().entry, Some(3));
}

#[test]
fn a_tail_that_was_cut_off_is_told_by_the_checkpoint_kept_apart() {
    let mut lines = file(10, &key(1));
    let from = lines.iter().position(|l| l.contains("\"index\":6,")).unwrap();
    lines.truncate(from);
    lines.push(r#"{"end":6}"#.into());
    let fault = check(&lines, &key(1)).unwrap_err();
    assert_eq!((fault.entry, fault.to_entry), (Some(6), Some(6)), "{fault}");
}

#[test]
fn a_log_that_was_written_anew_is_signed_by_nobody() {
    let fault = check(&file(10, &key(2)), &key(1)).unwrap_err();
    assert!(fault.what.contains("signed"), "{fault}");
}

#[test]
fn entries_that_were_put_at_the_end_have_no_checkpoint() {
    let mut lines = file(9, &key(1));
    let at = lines.len() - 2;
    lines.insert(at, line(9, "forged"));
    let last = lines.len() - 1;
    lines[last] = r#"{"end":11}"#.into();
    let fault = check(&lines, &key(1)).unwrap_err();
    assert_eq!((fault.entry, fault.to_entry), (Some(9), Some(9)), "{fault}");
}

#[test]
fn a_new_key_is_trusted_where_the_old_one_vouches_for_it() {
    let mut lines = file(9, &key(1));
    let mut frontier = Frontier::default();
    for n in 0..10 {
        let hash = serde_json::from_str::<Entry<'_>>(&entry(n, "because")).unwrap().leaf_hash().unwrap();
        frontier.append(hash, |_, _| {});
    }
    let at = lines.len() - 2;
    lines.insert(at, serde_json::json!({ "checkpoint": note(&key(2), &frontier) }).to_string());
    lines.insert(at, line(9, "because"));
    let last = lines.len() - 1;
    lines[last] = r#"{"end":11}"#.into();
    assert!(check(&lines, &key(1)).is_err());
    let handover = Handover { origin: "log".into(), size: 9, to: key(2).public() }.note(&key(1));
    lines.insert(1, serde_json::json!({ "handover": handover }).to_string());
    assert_eq!(check(&lines, &key(1)).map(|r| r.entries), Ok(10));
}

#[test]
fn a_file_that_breaks_off_is_known_as_one() {
    let lines = file(10, &key(1));
    for keep in 0..lines.len() {
        assert!(check(&lines[..keep], &key(1)).is_err(), "{keep} lines");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_of_what_was_signed_can_be_another(at in 0.0..1.0_f64, to in 1..=255_u8) {
        let lines = file(12, &key(1));
        let mut bytes = lines.join("\n").into_bytes();
        let place = ((bytes.len() as f64) * at) as usize;
        bytes[place] ^= to;
        let verified = in_blocks(&bytes, &key(1));
        // Entries that are not in the log yet are proved by nothing; space and letter case of escapes say nothing.
        let pending = lines.iter().take_while(|l| !l.contains("\"pending\"")).map(|l| l.len() + 1).sum::<usize>();
        let is_same = verified.as_ref().is_ok_and(|report| report.entries == 12);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let says_the_same = text.lines().zip(&lines).all(|(now, was)| {
            let read = |l: &str| serde_json::from_str::<serde_json::Value>(l).ok();
            read(now).is_some() && read(now) == read(was)
        });
        prop_assert!(!is_same || place >= pending || says_the_same, "byte {place} to {to}: {}", text.lines().zip(&lines).find(|(now, was)| now != was).map(|(now, was)| format!("{was}\n{now}")).unwrap_or_default());
    }
}

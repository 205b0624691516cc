//! What is read of what others wrote, one function for each kind: whatever the bytes are, it says yes or no and does not panic.
//! Run by the fuzzer (`main.rs`), which looks for bytes that reach more of them, and by an ordinary test over the seeds
//! (`server/tests/it/parsers.rs`).

use holdfast_audit::bundle::{Verifier, verify};
use holdfast_audit::{Checkpoint, Keyring, SigningKey, VerifyingKey};
use holdfast_domain::{AccountId, HeldRole, Hosts, Name, RegionCode, RunId, Scope, Seconds};
use holdfast_failover::run::{Entry, Event};
use holdfast_inventory::Format;
use holdfast_offline::bundle::read_note;
use holdfast_offline::{Bundle, Contents, Journal, Key};
use std::hint::black_box;

#[allow(dead_code, reason = "what reads a tree of names is the adapters'")]
#[path = "../../crates/aws/src/signed/xml.rs"]
mod xml;

/// The name of the folder with its seeds, and what reads them.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: [Target; 6] = [
    ("bundle", bundle),
    ("event", event),
    ("inventory", inventory),
    ("note", note),
    ("words", words),
    ("xml", answer),
];

/// An entry of a run's journal: the request has the plan in it.
fn event(bytes: &[u8]) {
    black_box(serde_json::from_slice::<Entry>(bytes).is_ok());
    if let Ok(event) = serde_json::from_slice::<Event>(bytes) {
        black_box(event.kind());
        if let Event::Requested { request } = event {
            black_box((request.check_digest().is_ok(), serde_json::to_string(&request).is_ok()));
        }
    }
}

/// A file of the inventory, in both of its forms.
fn inventory(bytes: &[u8]) {
    for format in [Format::Yaml, Format::Json] {
        if let Ok(read) = holdfast_inventory::read(bytes, format) {
            black_box((holdfast_inventory::write_yaml(&read), holdfast_inventory::write_json(&read)));
        }
    }
}

fn signing() -> Option<SigningKey> {
    SigningKey::of("holdfast-audit-fuzz", &[7; 32]).ok()
}

/// Notes, checkpoints and keys of the audit log, and an export of it. Signed here too, since nothing that is not gets far.
fn note(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    black_box((Checkpoint::parse(text).is_ok(), SigningKey::parse(text).is_ok()));
    black_box(VerifyingKey::parse(text).is_ok_and(|key| key.verify(text).is_some()));
    let Some(key) = signing() else { return };
    let mut ring = Keyring::of(key.public());
    for note in [text.to_owned(), key.sign(text), key.sign(&format!("{text}\n"))] {
        black_box((key.public().verify(&note).is_some(), ring.checkpoint(&note).is_ok()));
        black_box(ring.hand_over(&note).is_ok());
    }
    black_box(verify(bytes, Verifier::new(ring), 1).is_ok());
}

/// A bundle for where no server is, what is sealed in one, and a journal of what was carried out.
fn bundle(bytes: &[u8]) {
    black_box(serde_json::from_slice::<Contents>(bytes).is_ok());
    let (Ok(text), Some(key)) = (std::str::from_utf8(bytes), signing()) else { return };
    let keys = [key.public()];
    black_box(Bundle::read(text, &keys).is_ok());
    black_box(read_note(&key.sign(&format!("{text}\n")), &keys).is_ok());
    black_box(holdfast_offline::journal::claims(text, &keys).is_ok());
    let sealed = Key::of_bytes([7; 32]);
    black_box(Journal::read_by_hand(text, &sealed, RunId(uuid::Uuid::nil()), &|_| None).is_ok());
}

/// What stands in addresses, cursors, scopes and settings.
fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    black_box((
        text.parse::<Name>().is_ok(),
        text.parse::<RegionCode>().is_ok(),
        text.parse::<AccountId>().is_ok(),
    ));
    black_box((text.parse::<RunId>().is_ok(), text.parse::<Scope>().is_ok(), Seconds::parse(text).is_ok()));
    black_box((
        text.parse::<HeldRole>().map(|held| held.to_string()).is_ok(),
        Hosts::parse(text.split(',')).is_ok(),
    ));
}

/// An answer of AWS's in XML, to a call that is signed by hand.
fn answer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    black_box(xml::parse(text).is_ok());
}

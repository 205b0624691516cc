//! The bundle: a head that everybody may read, signed with the audit log's key, and behind it what only holders of a code
//! read. The head names the digest of every plan that may be carried out from it, and the hash of what is sealed.
//!
//! The file is a signed note (C2SP), a line of three hyphens, and the sealed part as one line of base64. Without the public
//! key nothing of it is believed; without a code nothing of the sealed part is read.

mod plan;

pub use plan::{Asked, OfferedPlan, Overridable};

use crate::Fault;
use crate::seal::{Key, random};
use holdfast_audit::{Keyring, SigningKey, VerifyingKey};
use holdfast_domain::{Account, Application, Hosts, Name};
use holdfast_failover::Digest;
use holdfast_failover::movement::Movement;
use holdfast_failover::refusal::Refusal;
use holdfast_failover::run::Who;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

const FORM: u8 = 1;
const BETWEEN: &str = "\n---\n";
/// Nothing of a bundle that is older is carried out: roles, records and people will have changed.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A bundle is made anew at least this often; older, it is stale and says so.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// What is signed, and stands in clear: no names of AWS things, no address but those of who may open it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub holdfast_bundle: u8,
    pub id: Uuid,
    pub made_at: Timestamp,
    pub good_until: Timestamp,
    /// Of the Holdfast that made it.
    pub version: String,
    /// The audit log's newest signed checkpoint, as a note.
    pub checkpoint: Option<String>,
    /// What may be carried out from it, and nothing else.
    pub plans: Vec<Listed>,
    pub holders: Vec<Slot>,
    pub sealed_sha256: String,
}

/// A plan that may be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    pub application: Name,
    pub movement: Movement,
    pub digest: Digest,
}

/// One person's way into the sealed part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    pub code: Uuid,
    pub person: Who,
    pub salt: String,
    pub key: String,
}

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    pub applications: Vec<OfApplication>,
    /// Those of which something could not be read when it was made, and what: nothing of them can be carried out from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<(Name, String)>,
    pub accounts: Vec<Account>,
    pub endpoints: Endpoints,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfApplication {
    pub application: Application,
    pub plans: Vec<OfferedPlan>,
    /// The ways for which there is no plan, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<(Movement, Refusal)>,
}

impl OfApplication {
    /// The ways without a plan, with the name of what refuses each.
    fn lacks(&self) -> impl Iterator<Item = (&Name, &Movement, &str)> {
        let name = &self.application.name;
        self.without.iter().map(move |(movement, refusal)| (name, movement, refusal.code.as_str()))
    }
}

/// How AWS is reached from where no server's settings are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// `None`: AWS itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_resolver: Option<std::net::SocketAddr>,
    /// Whose STS is asked first.
    pub sts_regions: Vec<holdfast_domain::RegionCode>,
    /// Of which hosts steps of one's own may speak to receivers.
    #[serde(default, skip_serializing_if = "Hosts::are_any")]
    pub outside_hosts: Hosts,
    /// Addresses of one's own machine may be spoken to: the server that made it was in local mode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

/// A person who may open it, with the key that their code is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub code: Uuid,
    pub person: Who,
    pub salt: Vec<u8>,
    pub key: Key,
}

/// A bundle that is not signed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub contents: Contents,
    pub holders: Vec<Holder>,
    pub checkpoint: Option<String>,
}

impl Draft {
    fn listed(&self) -> Vec<Listed> {
        let of = |of: &OfApplication| {
            let name = of.application.name.clone();
            let listed = move |plan: &OfferedPlan| Listed {
                application: name.clone(),
                movement: plan.movement.clone(),
                digest: plan.digest.clone(),
            };
            of.plans.iter().map(listed).collect::<Vec<_>>()
        };
        self.contents.applications.iter().flat_map(of).collect()
    }

    /// The same for two drafts from which the same can be carried out by the same people: what was measured meanwhile makes
    /// no other bundle.
    ///
    /// # Errors
    /// When something of it has no canonical form.
    pub fn print(&self) -> Result<Digest, serde_json::Error> {
        #[derive(Serialize)]
        struct Covered<'a> {
            plans: Vec<Listed>,
            applications: Vec<&'a Application>,
            accounts: &'a [Account],
            endpoints: &'a Endpoints,
            codes: Vec<Uuid>,
            /// What stands against each plan: which guards are to be overridden, and what refuses it. By name: the sentences
            /// tell measures.
            against: Vec<(Vec<&'a str>, Option<&'a str>)>,
            without: Vec<(&'a Name, &'a Movement, &'a str)>,
        }
        let contents = &self.contents;
        let plans = contents.applications.iter().flat_map(|of| &of.plans);
        Digest::of(&Covered {
            plans: self.listed(),
            applications: contents.applications.iter().map(|of| &of.application).collect(),
            accounts: &contents.accounts,
            endpoints: &contents.endpoints,
            codes: self.holders.iter().map(|holder| holder.code).collect(),
            against: plans.map(OfferedPlan::against).collect(),
            without: contents.applications.iter().flat_map(OfApplication::lacks).collect(),
        })
    }

    /// Seals and signs it.
    ///
    /// # Errors
    /// When it cannot be written or the system has no randomness.
    pub fn sign(
        &self,
        id: Uuid,
        made_at: Timestamp,
        version: &str,
        by: &SigningKey,
    ) -> Result<String, String> {
        let key = Key::fresh()?;
        let text = serde_json::to_vec(&self.contents).map_err(|error| error.to_string())?;
        let sealed = key.seal(&of_contents(id), &text)?;
        let holders = self
            .holders
            .iter()
            .map(|holder| {
                Ok(Slot {
                    code: holder.code,
                    person: holder.person.clone(),
                    salt: hex::encode(&holder.salt),
                    key: holder.key.seal(&of_slot(id, holder.code), key.bytes())?,
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let head = Head {
            holdfast_bundle: FORM,
            id,
            made_at,
            good_until: made_at.checked_add(GOOD_FOR).map_err(|error| error.to_string())?,
            version: version.to_owned(),
            checkpoint: self.checkpoint.clone(),
            plans: self.listed(),
            holders,
            sealed_sha256: hex::encode(Sha256::digest(&sealed)),
        };
        let line = serde_json::to_string(&head).map_err(|error| error.to_string())?;
        let note = by.sign(&format!("{line}\n"));
        Ok(format!("{}{BETWEEN}{sealed}\n", note.trim_end_matches('\n')))
    }
}

/// A salt for a new code.
///
/// # Errors
/// When the system has no randomness.
pub fn new_salt() -> Result<Vec<u8>, String> {
    random::<16>().map(|salt| salt.to_vec())
}

fn of_contents(id: Uuid) -> String {
    format!("holdfast bundle {id}")
}

fn of_slot(id: Uuid, code: Uuid) -> String {
    format!("holdfast bundle {id} for {code}")
}

fn tampered(what: &str) -> Fault {
    Fault::new(
        "bundle_tampered",
        format!("The bundle is not believed: {what}."),
        "Take another copy of it, and check that the public key is that of the Holdfast that made it.",
    )
}

/// A bundle whose signature was found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    pub head: Head,
    /// The head as it was signed: what a journal carries as the proof of where it comes from.
    pub note: String,
    sealed: String,
}

impl Bundle {
    /// Believes a bundle only as one of these keys has signed it.
    ///
    /// # Errors
    /// `bundle_tampered`.
    pub fn read(text: &str, keys: &[VerifyingKey]) -> Result<Self, Fault> {
        let (note, sealed) = text.split_once(BETWEEN).ok_or_else(|| tampered("it is not whole"))?;
        let note = format!("{note}\n");
        let head = read_note(&note, keys)?;
        let sealed = sealed.strip_suffix('\n').ok_or_else(|| tampered("it is not whole"))?;
        if hex::encode(Sha256::digest(sealed)) != head.sealed_sha256 {
            return Err(tampered("what is sealed in it is not what was signed"));
        }
        Ok(Self { head, note, sealed: sealed.to_owned() })
    }

    /// The file as it was read.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{BETWEEN}{}\n", self.note.strip_suffix('\n').unwrap_or(&self.note), self.sealed)
    }

    /// How many entries of the audit log were signed when it was made.
    #[must_use]
    pub fn entries_signed(&self, keys: &[VerifyingKey]) -> Option<u64> {
        let note = self.head.checkpoint.as_deref()?;
        keys.iter().find_map(|key| Keyring::of(key.clone()).checkpoint(note).ok()).map(|signed| signed.size)
    }

    /// # Errors
    /// `bundle_expired`.
    pub fn still_good(&self, now: Timestamp) -> Result<(), Fault> {
        if now < self.head.good_until {
            return Ok(());
        }
        Err(Fault::new(
            "bundle_expired",
            format!(
                "The bundle was made at {:.0} and was good until {:.0}: what it says of roles and records is too old to act on.",
                self.head.made_at, self.head.good_until
            ),
            "Take a newer copy from one of its other places; where there is none, act by hand in AWS.",
        ))
    }

    /// Opens it with a person's code: says whose it is.
    ///
    /// # Errors
    /// `code_refused`, or `bundle_tampered` where what is sealed cannot be read.
    pub fn open(&self, code: &str) -> Result<Open, Fault> {
        for slot in &self.head.holders {
            let Ok(salt) = hex::decode(&slot.salt) else { continue };
            let Ok(key) = Key::of_code(code, &salt) else { continue };
            if let Some(bundle) = key_in(self.head.id, slot, &key) {
                return self.opened(bundle, slot.clone(), key);
            }
        }
        Err(Fault::new(
            "code_refused",
            "The code opens nothing in this bundle.",
            "Read it again off the paper; a code that was made after the bundle opens only later ones.",
        ))
    }

    fn opened(&self, key: Key, by: Slot, of_code: Key) -> Result<Open, Fault> {
        let text = key
            .open(&of_contents(self.head.id), &self.sealed)
            .ok_or_else(|| tampered("what is sealed in it cannot be opened"))?;
        let contents: Contents =
            serde_json::from_slice(&text).map_err(|_| tampered("what is sealed in it cannot be read"))?;
        Ok(Open { head: self.head.clone(), note: self.note.clone(), contents, by, key, of_code })
    }
}

/// The head of a signed note, believed as one of these keys has signed it.
///
/// # Errors
/// `bundle_tampered`.
pub fn read_note(note: &str, keys: &[VerifyingKey]) -> Result<Head, Fault> {
    let signed = keys.iter().find_map(|key| key.verify(note));
    let line = signed.ok_or_else(|| tampered("no key that is trusted signed it"))?;
    let head: Head = serde_json::from_str(line).map_err(|_| tampered("its head cannot be read"))?;
    if head.holdfast_bundle != FORM {
        return Err(tampered("it has a form that this version does not know"));
    }
    Ok(head)
}

/// The bundle's own key, with the key that a code is.
#[must_use]
pub fn key_in(id: Uuid, slot: &Slot, of_code: &Key) -> Option<Key> {
    let bytes = of_code.open(&of_slot(id, slot.code), &slot.key)?;
    bytes.try_into().ok().map(Key::of_bytes)
}

/// A bundle that somebody has opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    pub head: Head,
    pub note: String,
    pub contents: Contents,
    /// Whose code it was.
    pub by: Slot,
    pub(crate) key: Key,
    /// What the code itself was turned into: no other holder has it.
    pub(crate) of_code: Key,
}

impl Open {
    /// # Errors
    /// `not_in_the_bundle`.
    pub fn application(&self, name: &str) -> Result<&OfApplication, Fault> {
        self.contents.applications.iter().find(|of| of.application.name.as_str() == name).ok_or_else(|| {
            if let Some((_, why)) =
                self.contents.unreadable.iter().find(|(unread, _)| unread.as_str() == name)
            {
                return Fault::new(
                    "not_in_the_bundle",
                    format!(
                        "The bundle has nothing of `{name}`, which could not be read when it was made: {why}."
                    ),
                    "Take an older copy of the bundle, or move it by hand.",
                );
            }
            let all: Vec<&str> =
                self.contents.applications.iter().map(|of| of.application.name.as_str()).collect();
            Fault::new(
                "not_in_the_bundle",
                format!("The bundle has no application `{name}`: it has {}.", all.join(", ")),
                "Name one of those, or take a newer copy of the bundle.",
            )
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;

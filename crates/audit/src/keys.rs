//! Which key signs for which part of the log. An auditor holds one public key; a key that takes over is vouched for by
//! the one before it, in a note that says from which size on it signs.

use crate::Malformed;
use crate::checkpoint::Checkpoint;
use crate::note::{SigningKey, VerifyingKey};

/// The old key's word that another signs from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    pub origin: String,
    /// Checkpoints of more entries than this are the new key's.
    pub size: u64,
    pub to: VerifyingKey,
}

const TITLE: &str = "holdfast audit key handover";

impl Handover {
    /// Signed by the old key.
    #[must_use]
    pub fn note(&self, by: &SigningKey) -> String {
        by.sign(&format!("{TITLE}\n{}\n{}\n{}\n", self.origin, self.size, self.to))
    }

    fn parse(text: &str) -> Result<Self, Malformed> {
        let lines: Vec<&str> = text.lines().collect();
        match lines.as_slice() {
            [TITLE, origin, size, key] => Ok(Self {
                origin: (*origin).to_owned(),
                size: size.parse().map_err(|_| Malformed::because("a handover's size is no number"))?,
                to: VerifyingKey::parse(key)?,
            }),
            _ => Err(Malformed::because("it is not a handover of keys")),
        }
    }
}

/// Keys in the order in which they took over, each with the size above which it signs.
#[derive(Debug, Clone)]
pub struct Keyring(Vec<(u64, VerifyingKey)>);

impl Keyring {
    #[must_use]
    pub fn of(first: VerifyingKey) -> Self {
        Self(vec![(0, first)])
    }

    /// Takes the next key in. One that took over before the key that is held is no news and changes nothing.
    ///
    /// # Errors
    /// When no key that is held vouches for it.
    pub fn hand_over(&mut self, note: &str) -> Result<(), Malformed> {
        let Some((held_from, text)) = self.0.iter().find_map(|(from, key)| Some((*from, key.verify(note)?)))
        else {
            return Err(Malformed::because("no key that is trusted signed this handover"));
        };
        let handover = Handover::parse(text)?;
        if self.0.iter().any(|(_, key)| *key == handover.to) {
            return Ok(());
        }
        if handover.size < held_from {
            return Err(Malformed::because("a handover that goes back in the log"));
        }
        // A key that has handed over vouches for nobody else: whoever stole it later could.
        if self.0.last().is_some_and(|(_, last)| last.verify(note).is_none()) {
            return Err(Malformed::because("a key that has handed over already cannot do so again"));
        }
        self.0.push((handover.size, handover.to));
        Ok(())
    }

    /// The checkpoint of a note, if the key that signs for its size has signed it.
    ///
    /// # Errors
    /// When it has not, or it is none.
    pub fn checkpoint(&self, note: &str) -> Result<Checkpoint, Malformed> {
        for (n, (from, key)) in self.0.iter().enumerate() {
            let Some(text) = key.verify(note) else { continue };
            let checkpoint = Checkpoint::parse(text)?;
            let until = self.0.get(n + 1).map(|(size, _)| *size);
            if checkpoint.size < *from || until.is_some_and(|until| checkpoint.size > until) {
                return Err(Malformed::because(format!(
                    "the key {} does not sign for {} entries",
                    key.name(),
                    checkpoint.size
                )));
            }
            return Ok(checkpoint);
        }
        Err(Malformed::because("no key that is trusted signed this checkpoint"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SigningKey {
        SigningKey::of("holdfast", &[n; 32]).unwrap()
    }

    fn handover(from: u8, to: u8, size: u64) -> String {
        Handover { origin: "log".into(), size, to: key(to).public() }.note(&key(from))
    }

    fn checkpoint(by: u8, size: u64) -> String {
        key(by).sign(&Checkpoint { origin: "log".into(), size, root: [0; 32], at: String::new() }.text())
    }

    #[test]
    fn each_key_signs_for_its_part_of_the_log() {
        let mut ring = Keyring::of(key(1).public());
        ring.hand_over(&handover(1, 2, 10)).unwrap();
        ring.hand_over(&handover(2, 3, 20)).unwrap();
        ring.hand_over(&handover(1, 2, 10)).unwrap();
        for (by, size, good) in [
            (1, 5, true),
            (1, 10, true),
            (2, 10, true),
            (1, 11, false),
            (2, 9, false),
            (3, 25, true),
            (2, 21, false),
        ] {
            assert_eq!(ring.checkpoint(&checkpoint(by, size)).is_ok(), good, "key {by} for {size}");
        }
        assert!(ring.checkpoint(&checkpoint(4, 25)).is_err());
    }

    #[test]
    fn nobody_but_the_last_key_hands_over() {
        let mut ring = Keyring::of(key(1).public());
        assert!(ring.hand_over(&handover(5, 2, 10)).is_err());
        ring.hand_over(&handover(1, 2, 10)).unwrap();
        assert!(ring.hand_over(&handover(1, 6, 15)).is_err(), "the first key was stolen later");
        assert!(ring.hand_over(&handover(2, 6, 5)).is_err(), "back in the log");
    }
}

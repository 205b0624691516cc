//! The file with the keys that sign the log: one a line as signed notes write them, the last one signs. A key that is
//! put after another takes over from it at the next round; then the older line may go.

use holdfast_audit::{Keyring, SigningKey, VerifyingKey};
use holdfast_store::StoredKey;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// With which a line begins that another key has wrapped.
const WRAPPED: &str = "kms:";

/// What the wrapped lines of key files say, opened when the process began; and keys that were read in clear since, by their public
/// halves: one that is wrapped meanwhile signs on.
#[derive(Clone, Default)]
pub struct Opened(Arc<Mutex<BTreeMap<String, String>>>);

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({} keys)", self.known().len())
    }
}

impl Opened {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, line: &str, text: String) {
        self.known().insert(line.to_owned(), text);
    }

    /// The line itself, unless it is wrapped.
    ///
    /// # Errors
    /// When it is, came into the file since, and was never read in clear.
    pub fn read(&self, line: &str) -> Result<String, String> {
        if !line.starts_with(WRAPPED) {
            return Ok(line.to_owned());
        }
        let (known, name) = (self.known(), line.split_whitespace().nth(1));
        known.get(line).or_else(|| known.get(name?)).cloned().ok_or_else(|| {
            "a wrapped line was put there since this process began: start it again, and it opens it"
                .to_owned()
        })
    }
}

#[derive(Debug)]
pub struct Keys {
    before: Vec<SigningKey>,
    signing: SigningKey,
}

impl Keys {
    /// # Errors
    /// In words, with the way out.
    pub fn read(path: &Path, make: bool, opened: &Opened) -> Result<Self, String> {
        let shown = path.display();
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && make => {
                new_key(path)?;
                fs::read_to_string(path)
            }
            other => other,
        };
        let text = text.map_err(|error| {
            format!("{shown} cannot be read: {error}. `holdfast audit new-key --to FILE` makes one")
        })?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut keys = lines
            .map(|line| {
                let key = opened.read(line).map_err(|why| format!("{shown}: {why}"))?;
                let parsed = SigningKey::parse(&key).map_err(|error| format!("{shown}: {error}"))?;
                opened.add(&parsed.public().to_string(), key);
                Ok(parsed)
            })
            .collect::<Result<Vec<_>, String>>()?;
        let signing = keys.pop().ok_or_else(|| format!("{shown} holds no key"))?;
        Ok(Self { before: keys, signing })
    }

    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    pub fn all(&self) -> impl Iterator<Item = &SigningKey> {
        self.before.iter().chain([&self.signing])
    }

    /// Whom to believe: the first key that the log knows and those that took over. The log's own list is believed only
    /// as far as this file's key is on it. `None`: they do not vouch for each other.
    pub fn ring(&self, known: &[StoredKey]) -> Option<Keyring> {
        let Some(first) = known.first() else { return Some(Keyring::of(self.signing.public())) };
        let mut ring = Keyring::of(VerifyingKey::parse(&first.public_key).ok()?);
        for handover in known.iter().filter_map(|key| key.handover.as_deref()) {
            ring.hand_over(handover).ok()?;
        }
        Some(ring)
    }
}

/// Puts a new key at the end of the file, which is made readable for its owner alone. The first one gets a name of its
/// own, which is the log's for good; those after it take it over.
///
/// # Errors
/// In words, with the way out.
pub fn new_key(path: &Path) -> Result<VerifyingKey, String> {
    let shown = path.display();
    let name = match fs::read_to_string(path) {
        Ok(text) => {
            let is_key = |line: &&str| line.starts_with("PRIVATE+KEY+") || line.starts_with(WRAPPED);
            let last = text.lines().map(str::trim).rfind(is_key);
            last.map(name_of).transpose().map_err(|error| format!("{shown}: {error}"))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("{shown} cannot be read: {error}")),
    };
    let name = name.unwrap_or_else(|| {
        let number = uuid::Uuid::new_v4().simple().to_string();
        format!("holdfast-audit-{}", &number[..12])
    });
    let mut seed = [0_u8; 32];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut seed);
    let key = SigningKey::of(&name, &seed).map_err(|error| error.to_string())?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    }
    let written = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| writeln!(file, "{}", key.secret_text()).and_then(|()| file.sync_all()));
    written.map_err(|error| format!("{shown} cannot be written: {error}"))?;
    Ok(key.public())
}

/// Behind what is wrapped stands the public key.
fn name_of(line: &str) -> Result<String, String> {
    let public = match line.strip_prefix(WRAPPED) {
        Some(wrapped) => {
            let public = wrapped.split_whitespace().nth(1).ok_or(
                "its last key is wrapped and does not say its name: wrap it with `holdfast keys wrap`, which writes the public key behind it",
            )?;
            VerifyingKey::parse(public)
        }
        None => SigningKey::parse(line).map(|key| key.public()),
    };
    public.map(|key| key.name().to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_the_next_takes_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit/key");
        let none = Opened::default();
        assert!(Keys::read(&path, false, &none).is_err());
        let first = Keys::read(&path, true, &none).unwrap();
        assert_eq!(Keys::read(&path, true, &none).unwrap().signing().public(), first.signing().public());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let second = new_key(&path).unwrap();
        let both = Keys::read(&path, false, &none).unwrap();
        assert_eq!(both.signing().public(), second);
        assert_eq!(second.name(), first.signing().public().name());
        assert_eq!(both.all().count(), 2);
    }

    #[test]
    fn a_wrapped_key_signs_once_it_is_opened_and_the_next_takes_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = new_key(&path).unwrap();
        let plain = fs::read_to_string(&path).unwrap().trim().to_owned();
        let wrapped = format!("kms:eu-west-1:c2VhbGVk {first}");
        fs::write(&path, &wrapped).unwrap();
        let unopened = Keys::read(&path, false, &Opened::default()).unwrap_err();
        assert!(unopened.contains("start it again") && unopened.contains("key"), "{unopened}");
        let opened = Opened::default();
        opened.add(&wrapped, plain.clone());
        assert_eq!(Keys::read(&path, false, &opened).unwrap().signing().public(), first);
        assert!(!format!("{opened:?}").contains("PRIVATE"));

        let running = Opened::default();
        fs::write(&path, &plain).unwrap();
        Keys::read(&path, false, &running).unwrap();
        fs::write(&path, &wrapped).unwrap();
        assert_eq!(Keys::read(&path, false, &running).unwrap().signing().public(), first, "wrapped since");

        fs::write(&path, format!("{wrapped}\n")).unwrap();
        let second = new_key(&path).unwrap();
        assert_eq!(second.name(), first.name());
        assert_eq!(Keys::read(&path, false, &opened).unwrap().signing().public(), second);
        fs::write(&path, "kms:eu-west-1:c2VhbGVk\n").unwrap();
        assert!(new_key(&path).unwrap_err().contains("holdfast keys wrap"));
    }
}

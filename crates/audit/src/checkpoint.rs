//! What is signed of the log: how many entries it has and the root over them (C2SP tlog-checkpoint).

use crate::Malformed;
use crate::merkle::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is of: the same for all its life, whatever keys it has.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    /// When it was made, RFC 3339, by the database's clock; an extension line.
    pub at: String,
}

const TIME: &str = "time ";

impl Checkpoint {
    /// What is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n{TIME}{}\n", self.origin, self.size, STANDARD.encode(self.root), self.at)
    }

    /// # Errors
    /// When it is none. Extension lines that it does not know are left aside.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::because("it is not a checkpoint");
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed());
        };
        let decimal = !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit());
        let root = STANDARD.decode(root).ok().and_then(|root| Hash::try_from(root).ok());
        Ok(Self {
            origin: Some(origin).filter(|o| !o.is_empty()).ok_or_else(malformed)?.to_owned(),
            size: size.parse().ok().filter(|_| decimal).ok_or_else(malformed)?,
            root: root.ok_or_else(malformed)?,
            at: lines.find_map(|line| line.strip_prefix(TIME)).unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_back_as_it_was_written() {
        let checkpoint = Checkpoint {
            origin: "holdfast.example.com/audit".into(),
            size: 20_852_163,
            root: [3; 32],
            at: "2026-11-26T16:00:00Z".into(),
        };
        assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint.clone()));
        let more = format!("{}another line\n", checkpoint.text());
        assert_eq!(Checkpoint::parse(&more), Ok(checkpoint));
        for bad in ["", "a\n1\n", "a\n-1\nAAAA\n", "a\n+1\nAAAA\n", "\n1\nAAAA\n"] {
            assert!(Checkpoint::parse(bad).is_err(), "{bad:?}");
        }
    }
}

//! A length of time as operators write it: `30s`, `15m`, `4h`, `1d`, and their sums (`1h30m`).

use crate::ids::Invalid;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whole seconds, never negative. Written in its largest exact units: `5400` is `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seconds(pub u32);

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Seconds {
    /// In whole seconds and never fewer: what is above a limit does not read as the limit.
    #[must_use]
    pub fn up_from_ms(milliseconds: f64) -> Self {
        Self((milliseconds / 1_000.0).ceil() as u32)
    }

    /// # Errors
    /// Says how a length of time is written.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid(format!(
                "`{}` is not a length of time: write 30s, 15m, 4h, 1d or a sum such as 1h30m",
                text.chars().take(40).collect::<String>()
            ))
        };
        let (mut total, mut digits, mut last_unit) = (0_u32, String::new(), u32::MAX);
        for c in text.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let unit = UNITS.iter().find(|(name, _)| *name == c).ok_or_else(wrong)?.1;
            if unit >= last_unit {
                return Err(wrong());
            }
            let count: u32 = digits.parse().map_err(|_| wrong())?;
            total = count.checked_mul(unit).and_then(|s| total.checked_add(s)).ok_or_else(wrong)?;
            digits.clear();
            last_unit = unit;
        }
        if text.is_empty() || !digits.is_empty() { Err(wrong()) } else { Ok(Self(total)) }
    }

    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut left = self.0;
        for (name, size) in UNITS {
            if left >= size {
                write!(f, "{}{name}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Seconds {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}
impl From<Seconds> for String {
    fn from(s: Seconds) -> Self {
        s.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_length_is_read_back_as_it_was_written(s in 0_u32..=u32::MAX) {
            prop_assert_eq!(Seconds::parse(&Seconds(s).to_string()), Ok(Seconds(s)));
        }
    }

    #[test]
    fn what_is_above_a_limit_does_not_read_as_the_limit() {
        let said = |ms| Seconds::up_from_ms(ms).to_string();
        assert_eq!([said(30_000.4), said(30_000.0), said(18_001_900.0)], ["31s", "30s", "5h2s"]);
    }

    #[test]
    fn what_is_not_a_length_of_time_is_refused() {
        for text in ["", "15", "-5m", "m", "5x", "5m5m", "5s1h", "99999999999d", "1.5h", " 5m"] {
            assert!(Seconds::parse(text).is_err(), "{text:?}");
        }
    }
}

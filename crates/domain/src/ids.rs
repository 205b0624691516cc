//! Identifiers as types, each refusing what cannot be one. Parsing is the only way in.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Why a text is not the identifier that it should be: a sentence that says what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// Says what the identifier must look like.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let check: fn(&str) -> Result<(), Invalid> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        impl std::str::FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::parse(text)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// An AWS account number: twelve digits, leading zeros kept.
    AccountId,
    |text| {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(())
        } else {
            Err(Invalid(format!("`{text}` is not an AWS account id: it has twelve digits, quoted")))
        }
    }
);

text_id!(
    /// The name of an application, account, policy, group or resource: it stands in URLs, in step ids
    /// and in AWS session policies, so it keeps to lower case letters, digits and inner hyphens.
    Name,
    |text| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = text.as_bytes();
        if bytes.len() <= 63
            && bytes.iter().all(|&b| inner(b))
            && edge(bytes.first().copied())
            && edge(bytes.last().copied())
        {
            Ok(())
        } else {
            Err(Invalid(format!(
                "`{}` is not a name: 1 to 63 lower case letters, digits and inner hyphens",
                text.chars().take(80).collect::<String>()
            )))
        }
    }
);

text_id!(
    /// An AWS Region's code. Only Regions of [`crate::REGIONS`] exist.
    RegionCode,
    |text| {
        if crate::region::REGIONS.iter().any(|r| r.code == text) {
            Ok(())
        } else {
            Err(Invalid(format!(
                "`{}` is not a Region that Holdfast knows",
                text.chars().take(40).collect::<String>()
            )))
        }
    }
);

text_id!(
    /// A step's name within its plan, such as `switch-orders`. It rides in the user agent of AWS calls.
    StepId,
    |text| {
        let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=100).contains(&text.len()) && text.bytes().all(ok) {
            Ok(())
        } else {
            Err(Invalid(format!(
                "`{}` is not a step id: lower case letters, digits and hyphens",
                text.chars().take(80).collect::<String>()
            )))
        }
    }
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh one, sortable by time of making (UUID version 7).
            #[must_use]
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| Invalid(format!("`{}` is not an id", text.chars().take(60).collect::<String>())))
            }
        }
    };
}

uuid_id!(
    /// One run. Its text form is the AWS session name of every changing call that the run makes.
    RunId
);
uuid_id!(
    /// One evacuation of a Region: the lot of runs that were asked for together.
    EvacuationId
);
uuid_id!(
    /// One time that somebody broke the glass: from its opening to the review that closes it.
    BreakGlassId
);
uuid_id!(
    /// One person.
    PersonId
);

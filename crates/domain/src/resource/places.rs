//! What a kind's places say together: which database, which holder of a setting.

use super::{RdsPlace, SettingPlace, VaultPlace};
use crate::facts::database_of_arn;

/// How many databases Holdfast makes in the stead of one before people must tidy up.
const SUCCESSORS: u32 = 9;

impl RdsPlace {
    /// The identifier, and whether it is a cluster's.
    #[must_use]
    pub fn identifier(&self) -> Option<(&str, bool)> {
        let instance = self.instance.as_deref().map(|id| (id, false));
        instance.or_else(|| self.cluster.as_deref().map(|id| (id, true)))
    }

    /// The identifier, and those that replicas built in its stead are given, oldest first. A promotion leaves the
    /// old database in the way of its name, so that a replica in the same Region needs another.
    #[must_use]
    pub fn generations(&self) -> Vec<String> {
        let Some((id, _)) = self.identifier() else { return Vec::new() };
        let successors = (1..=SUCCESSORS).map(|n| format!("{id}-holdfast-{n}"));
        // RDS takes no identifier of more than 63 characters.
        std::iter::once(id.to_owned()).chain(successors).filter(|id| id.len() <= 63).collect()
    }
}

/// What holds a setting in one Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingHolder<'a> {
    Parameter {
        name: &'a str,
        key: Option<&'a str>,
    },
    Secret {
        name: &'a str,
        key: &'a str,
    },
    /// A CNAME, of a private hosted zone as a rule.
    Record {
        hosted_zone_id: &'a str,
        name: &'a str,
    },
}

impl SettingPlace {
    /// `None`: what the inventory names is not whole.
    #[must_use]
    pub fn holder(&self) -> Option<SettingHolder<'_>> {
        match self {
            Self { parameter: Some(name), key, .. } => {
                Some(SettingHolder::Parameter { name, key: key.as_deref() })
            }
            Self { secret: Some(name), key: Some(key), .. } => Some(SettingHolder::Secret { name, key }),
            Self { hosted_zone_id: Some(hosted_zone_id), record: Some(name), .. } => {
                Some(SettingHolder::Record { hosted_zone_id, name })
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for SettingHolder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameter { name, key: None } => write!(f, "parameter {name}"),
            Self::Parameter { name, key: Some(key) } => write!(f, "key {key} of parameter {name}"),
            Self::Secret { name, key } => write!(f, "key {key} of secret {name}"),
            Self::Record { hosted_zone_id, name } => {
                write!(f, "record {name} in hosted zone {hosted_zone_id}")
            }
        }
    }
}

impl VaultPlace {
    /// Of what it protects, the ARNs of databases.
    pub fn databases(&self) -> impl Iterator<Item = &str> {
        self.protected.iter().map(String::as_str).filter(|arn| database_of_arn(arn).is_some())
    }
}

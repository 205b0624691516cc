//! How far a role goes: over everything, or over some applications only. Whether it goes far enough is authority's to say.

use crate::Invalid;
use crate::application::Application;
use crate::ids::Name;
use crate::person::Role;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The applications for which everything that is given holds; nothing given: all, and what is of no application too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Reach {
    pub application: Option<Name>,
    pub tier: Option<u8>,
    /// The application's owner.
    pub team: Option<Name>,
    pub environment: Option<Name>,
}

impl Reach {
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &Option<Name>| name.as_ref().map(ToString::to_string);
        let parts = [
            ("application", text(&self.application)),
            ("tier", self.tier.map(|tier| tier.to_string())),
            ("team", text(&self.team)),
            ("environment", text(&self.environment)),
        ];
        let mut between = "";
        for (key, value) in parts {
            if let Some(value) = value {
                write!(f, "{between}{key}={value}")?;
                between = ",";
            }
        }
        Ok(())
    }
}

const KEYS: &str = "application, tier, team, environment";

impl FromStr for Reach {
    type Err = Invalid;

    /// `team=payments,tier=1`; in any order, each once.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut reach = Self::default();
        for part in text.split(',') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(Invalid(format!(
                    "`{part}` limits nothing; write one of {KEYS}, as `team=payments`"
                )));
            };
            let (key, value) = (key.trim(), value.trim());
            let twice = match key {
                "application" => reach.application.replace(Name::parse(value)?).is_some(),
                "team" => reach.team.replace(Name::parse(value)?).is_some(),
                "environment" => reach.environment.replace(Name::parse(value)?).is_some(),
                "tier" => {
                    let tier = value.parse().ok().filter(|tier| (1..=4).contains(tier));
                    let tier = tier.ok_or_else(|| Invalid(format!("`{value}` is not a tier: 1 to 4")))?;
                    reach.tier.replace(tier).is_some()
                }
                _ => {
                    return Err(Invalid(format!("`{key}` is nothing that a role is limited by; {KEYS} are")));
                }
            };
            if twice {
                return Err(Invalid(format!("`{key}` is given twice; make it two roles instead")));
            }
        }
        Ok(reach)
    }
}

/// A role as somebody holds it: `operator`, or `operator:team=payments,tier=1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeldRole {
    pub role: Role,
    pub reach: Reach,
}

impl HeldRole {
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.reach.is_everything()
    }
}

impl From<Role> for HeldRole {
    fn from(role: Role) -> Self {
        Self { role, reach: Reach::default() }
    }
}

impl fmt::Display for HeldRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.role.as_str())?;
        if self.is_limited() { write!(f, ":{}", self.reach) } else { Ok(()) }
    }
}

impl FromStr for HeldRole {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            Some((role, reach)) => Ok(Self { role: role.trim().parse()?, reach: reach.parse()? }),
            None => Ok(text.trim().parse::<Role>()?.into()),
        }
    }
}

impl Serialize for HeldRole {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HeldRole {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What of an application a reach is held against.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels {
    pub application: Name,
    pub tier: u8,
    pub team: Name,
    pub environment: Option<Name>,
}

impl From<&Application> for Labels {
    fn from(application: &Application) -> Self {
        Self {
            application: application.name.clone(),
            tier: application.tier,
            team: application.owner.clone(),
            environment: application.environment.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_role_is_written_as_it_is_read() {
        for text in [
            "viewer",
            "operator:team=payments",
            "admin:application=shop,tier=1,team=payments,environment=production",
        ] {
            assert_eq!(text.parse::<HeldRole>().unwrap().to_string(), text);
        }
        let loose = " approver : environment=production, tier=2 ".parse::<HeldRole>().unwrap();
        assert_eq!(loose.to_string(), "approver:tier=2,environment=production");
    }

    #[test]
    fn what_would_limit_nothing_or_something_else_is_no_limit() {
        for bad in [
            "operator:",
            "operator:payments",
            "operator:team=",
            "operator:owner=payments",
            "operator:team=a,team=b",
            "operator:tier=0",
            "operator:tier=5",
            "operator:tier=one",
            "root:team=payments",
            "operator:team=Payments!",
            "operator:team=payments,",
        ] {
            assert!(bad.parse::<HeldRole>().is_err(), "{bad}");
        }
    }
}

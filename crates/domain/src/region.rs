//! The Regions of AWS's commercial partition, where they lie, and what operators declare of them.

use crate::ids::RegionCode;
use serde::{Deserialize, Serialize};

/// A Region as AWS's documentation lists it. Coordinates are of the city that names it, in degrees;
/// they place a marker on the map and mean nothing more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionInfo {
    pub code: &'static str,
    pub name: &'static str,
    pub latitude: f64,
    pub longitude: f64,
}

const fn region(code: &'static str, name: &'static str, latitude: f64, longitude: f64) -> RegionInfo {
    RegionInfo { code, name, latitude, longitude }
}

/// In alphabetical order of code.
pub const REGIONS: &[RegionInfo] = &[
    region("af-south-1", "Cape Town", -33.9, 18.4),
    region("ap-east-1", "Hong Kong", 22.3, 114.2),
    region("ap-east-2", "Taipei", 25.0, 121.5),
    region("ap-northeast-1", "Tokyo", 35.7, 139.7),
    region("ap-northeast-2", "Seoul", 37.6, 127.0),
    region("ap-northeast-3", "Osaka", 34.7, 135.5),
    region("ap-south-1", "Mumbai", 19.1, 72.9),
    region("ap-south-2", "Hyderabad", 17.4, 78.5),
    region("ap-southeast-1", "Singapore", 1.35, 103.8),
    region("ap-southeast-2", "Sydney", -33.9, 151.2),
    region("ap-southeast-3", "Jakarta", -6.2, 106.8),
    region("ap-southeast-4", "Melbourne", -37.8, 145.0),
    region("ap-southeast-5", "Malaysia", 3.1, 101.7),
    region("ap-southeast-7", "Thailand", 13.8, 100.5),
    region("ca-central-1", "Canada Central", 45.5, -73.6),
    region("ca-west-1", "Calgary", 51.0, -114.1),
    region("eu-central-1", "Frankfurt", 50.1, 8.7),
    region("eu-central-2", "Zurich", 47.4, 8.5),
    region("eu-north-1", "Stockholm", 59.3, 18.1),
    region("eu-south-1", "Milan", 45.5, 9.2),
    region("eu-south-2", "Spain", 41.6, -0.9),
    region("eu-west-1", "Ireland", 53.3, -6.3),
    region("eu-west-2", "London", 51.5, -0.1),
    region("eu-west-3", "Paris", 48.9, 2.4),
    region("il-central-1", "Tel Aviv", 32.1, 34.8),
    region("me-central-1", "UAE", 24.5, 54.4),
    region("me-south-1", "Bahrain", 26.2, 50.6),
    region("mx-central-1", "Mexico Central", 20.6, -100.4),
    region("sa-east-1", "São Paulo", -23.6, -46.6),
    region("us-east-1", "N. Virginia", 38.9, -77.4),
    region("us-east-2", "Ohio", 40.0, -83.0),
    region("us-west-1", "N. California", 37.4, -121.9),
    region("us-west-2", "Oregon", 45.8, -119.7),
];

/// The one Region whose code stands in the text as a word of its own; `None` when none does, or several.
#[must_use]
pub fn region_within(text: &str) -> Option<RegionCode> {
    let text = text.to_ascii_lowercase();
    let edge = |byte: Option<u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let stands = |code: &str| {
        text.match_indices(code).any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at).copied());
            edge(before) && edge(text.as_bytes().get(at + code.len()).copied())
        })
    };
    let mut found = REGIONS.iter().filter(|region| stands(region.code));
    match (found.next(), found.next()) {
        (Some(only), None) => RegionCode::parse(only.code).ok(),
        _ => None,
    }
}

/// What operators say of a Region, beside what is observed of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Declaration {
    #[default]
    Normal,
    Impaired,
    Evacuating,
    Evacuated,
}

impl Declaration {
    pub const ALL: [Self; 4] = [Self::Normal, Self::Impaired, Self::Evacuating, Self::Evacuated];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Impaired => "impaired",
            Self::Evacuating => "evacuating",
            Self::Evacuated => "evacuated",
        }
    }
}

/// The `regions` section of the inventory file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredRegion {
    pub code: RegionCode,
    #[serde(default)]
    pub declared: Declaration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RegionCode {
    /// `None` cannot happen for a parsed code; the type still says so rather than panic.
    #[must_use]
    pub fn info(&self) -> Option<&'static RegionInfo> {
        REGIONS.iter().find(|r| r.code == self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_inside_another_word_tells_nothing_and_neither_do_two() {
        assert_eq!(region_within("us-east-12"), None);
        assert_eq!(region_within("us-east-1 or us-west-2"), None);
        let within = region_within("dualstack.shop-1.eu-west-1.elb.amazonaws.com.");
        assert_eq!(within.unwrap().as_str(), "eu-west-1");
    }

    #[test]
    fn every_region_parses_once_and_lies_on_the_earth() {
        for pair in REGIONS.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} is out of order", pair[1].code);
        }
        for r in REGIONS {
            assert!(RegionCode::parse(r.code).is_ok());
            assert!(r.latitude.abs() < 90.0 && r.longitude.abs() < 180.0, "{}", r.code);
        }
        assert!(RegionCode::parse("us-east-9").is_err());
    }
}

//! How the load of a Region that leaves an active-active application is taken over by the Regions that stay.

use crate::ids::RegionCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadSplit {
    /// In even shares.
    #[default]
    Even,
    /// In proportion to the capacity that each has.
    Proportional,
    /// In the ratio of these percentages, which sum to a hundred over the application's Regions.
    #[serde(untagged)]
    Percent(BTreeMap<RegionCode, u8>),
}

impl LoadSplit {
    /// The rules that are a word.
    pub const WORDS: [(&'static str, Self); 2] = [("even", Self::Even), ("proportional", Self::Proportional)];

    #[must_use]
    pub fn is_even(&self) -> bool {
        *self == Self::Even
    }
}

//! Regions, what is wrong with them, and the links between them.

use serde::{Deserialize, Serialize};

/// Regions of the world: the demonstration's five, and the two more that take S3 route changes.
pub const REGIONS: [&str; 7] = [
    "us-east-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-southeast-2",
];

/// What is wrong with a Region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Its own endpoints take a connection and never answer, and what runs there is out.
    pub dark: bool,
    /// Its control planes refuse changes, the global ones that live there too: Route 53 in us-east-1,
    /// Global Accelerator in us-west-2. Data planes and reads go on.
    pub control_plane_dark: bool,
    /// It has no capacity for anything more: sizes are accepted, and what they ask for does not come.
    #[serde(default)]
    pub capacity_short: bool,
}

/// The line between two Regions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Nothing passes.
    pub cut: bool,
    /// Replication lag over this line, when it is to be something else than usual.
    pub lag_ms: Option<f64>,
}

/// The key of a link: the same both ways.
pub fn link_key(a: &str, b: &str) -> String {
    if a <= b { format!("{a}/{b}") } else { format!("{b}/{a}") }
}

/// The usual lag between two Regions in milliseconds: a few hundred, different per pair, always the same.
pub fn usual_lag_ms(a: &str, b: &str) -> f64 {
    let sum: u32 = link_key(a, b).bytes().map(u32::from).sum();
    f64::from(350 + sum % 450)
}

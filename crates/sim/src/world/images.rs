//! ECR: repositories of each Region's registry, their images, and the rules by which they are replicated. Copies are
//! there or not; none is under way unless a test says so.

use serde::{Deserialize, Serialize};

/// A repository in one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Repository {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name, with slashes.
    pub name: String,
    /// Oldest first.
    pub images: Vec<Image>,
}

/// An image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    /// `sha256:…`.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was pushed: virtual milliseconds since the epoch.
    pub pushed_ms: i64,
}

/// One rule of a Region's registry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplicationRule {
    /// Owner.
    pub account: String,
    /// The registry's Region.
    pub region: String,
    /// Where images go.
    pub destinations: Vec<String>,
    /// Of which repositories; empty stands for all.
    pub prefixes: Vec<String>,
}

impl Repository {
    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:ecr:{}:{}:repository/{}", self.region, self.account, self.name)
    }
}

impl ReplicationRule {
    /// Whether it is about a repository.
    pub fn covers(&self, repository: &str) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|p| repository.starts_with(p))
    }
}

//! The inventory file, whole.

use crate::problem::Answer;
use crate::version::IfMatch;
use async_trait::async_trait;
use holdfast_domain::Actor;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Yaml,
    Json,
}

/// How a file is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manner {
    /// Only say what it would change.
    pub dry_run: bool,
    /// Remove what a section that is present leaves out.
    pub prune: bool,
    pub if_match: IfMatch,
}

/// What a file would change or has changed, section by section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InventoryDiff {
    pub changed: bool,
    pub dry_run: bool,
    pub sections: Vec<SectionDiff>,
    /// The same for people to read.
    pub text: String,
    /// Accepted, but worth knowing: a strategy that cannot reach its objective, a group without members.
    pub findings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SectionDiff {
    pub section: String,
    pub added: Vec<String>,
    pub changed: Vec<EntryDiff>,
    pub removed: Vec<String>,
    pub unchanged: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntryDiff {
    pub name: String,
    pub fields: Vec<FieldDiff>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldDiff {
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[async_trait]
pub trait Inventories {
    /// The canonical file.
    async fn export_inventory(&self, actor: &Actor, format: FileFormat) -> Answer<String>;
    /// Stores the whole file or nothing of it.
    async fn apply_inventory(
        &self,
        actor: &Actor,
        file: &[u8],
        format: FileFormat,
        manner: &Manner,
    ) -> Answer<InventoryDiff>;
}

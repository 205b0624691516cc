//! The inventory file: read, compared, stored whole or not at all.

use crate::App;
use crate::audit::{done, refused};
use crate::authority::{Action, may};
use crate::problems::{of_file, of_store};
use async_trait::async_trait;
use holdfast_api::inventory::{EntryDiff, FieldDiff, FileFormat, Inventories, InventoryDiff, SectionDiff};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Inventory, Name};
use holdfast_inventory::{
    EntryDiff as Entry, Format, Source, apply, diff, read_with_source, write_json, write_yaml,
};

#[async_trait]
impl Inventories for App {
    async fn export_inventory(&self, actor: &Actor, format: FileFormat) -> Answer<String> {
        may(actor, Action::ReadInventory)?;
        let inventory = self.store.load_inventory().await.map_err(of_store)?;
        Ok(match format {
            FileFormat::Yaml => write_yaml(&inventory),
            FileFormat::Json => write_json(&inventory),
        })
    }

    async fn apply_inventory(
        &self,
        actor: &Actor,
        file: &[u8],
        format: FileFormat,
        dry_run: bool,
        prune: bool,
    ) -> Answer<InventoryDiff> {
        if let Err(problem) = may(actor, Action::WriteInventory) {
            return Err(self.refused(actor, "inventory.apply", "inventory", problem).await);
        }
        let format = match format {
            FileFormat::Yaml => Format::Yaml,
            FileFormat::Json => Format::Json,
        };
        let (sent, source) = read_with_source(file, format).map_err(of_file)?;
        self.store_inventory(actor, |_| sent, Some(&source), dry_run, prune).await
    }
}

impl App {
    /// One path for the file, for a single application and for a single account. `make` says what is sent, from
    /// what is stored under the lock: an edit of one entry never carries old copies of the others.
    pub(crate) async fn store_inventory(
        &self,
        actor: &Actor,
        make: impl FnOnce(&Inventory) -> Inventory + Send,
        source: Option<&Source>,
        dry_run: bool,
        prune: bool,
    ) -> Answer<InventoryDiff> {
        let mut change = self.store.begin().await.map_err(of_store)?;
        // Locked from here to the commit: two files sent at once are stored one after the other.
        let stored = change.load_inventory_for_edit().await.map_err(of_store)?;
        let sent = make(&stored);
        let difference = diff(&stored, &sent, prune).map_err(|mut problems| {
            if let Some(source) = source {
                source.locate(&mut problems);
            }
            of_file(problems)
        })?;
        if difference.touches_protected()
            && let Err(problem) = may(actor, Action::WriteProtected)
        {
            // The refusal is written over a connection of its own: this one goes back first.
            drop(change);
            return Err(self.refused(actor, "inventory.apply", "inventory", problem).await);
        }
        let merged = apply(&stored, &sent, prune);
        let view = view(&difference, dry_run, findings(&merged));
        if dry_run || !view.changed {
            return Ok(view);
        }
        let kept: Vec<&Name> = merged.applications.iter().flatten().map(|a| &a.name).collect();
        if let Some((application, run)) = change.live_run_of_none(&kept).await.map_err(of_store)? {
            let mut problem = Problem::new(
                409,
                "run_active",
                "A run holds the application",
                format!("`{application}` cannot be removed while run {run} moves it."),
                "Wait for the run, or cancel it.",
            );
            problem.blocked_by = Some(run.to_string());
            drop(change);
            return Err(self.refused(actor, "inventory.apply", "inventory", problem).await);
        }
        change.replace_inventory(&merged).await.map_err(of_store)?;
        let detail = serde_json::json!({ "sections": view.sections });
        change.commit(done(actor, "inventory.apply", "inventory").with(detail)).await.map_err(of_store)?;
        Ok(view)
    }

    /// Writes the refusal down and hands it back.
    pub(crate) async fn refused(
        &self,
        actor: &Actor,
        action: &str,
        subject: &str,
        problem: Problem,
    ) -> Problem {
        match self.store.refuse(refused(actor, action, subject, &problem)).await {
            Ok(_) => problem,
            Err(error) => of_store(error),
        }
    }
}

fn findings(inventory: &Inventory) -> Vec<String> {
    inventory
        .applications
        .iter()
        .flatten()
        .flat_map(|a| a.strategy.gaps(&a.objectives).into_iter().map(|gap| format!("{}: {gap}", a.name)))
        .collect()
}

/// A value as people read it: texts without quotes, the rest as JSON.
fn words(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn view(difference: &holdfast_inventory::Diff, dry_run: bool, findings: Vec<String>) -> InventoryDiff {
    let names = |entries: &[Entry]| entries.iter().map(|e| e.name.clone()).collect();
    InventoryDiff {
        changed: !difference.is_empty(),
        dry_run,
        sections: difference
            .sections
            .iter()
            .map(|s| SectionDiff {
                section: s.section.as_str().to_owned(),
                added: names(&s.added),
                changed: s
                    .changed
                    .iter()
                    .map(|e| EntryDiff {
                        name: e.name.clone(),
                        fields: e
                            .fields
                            .iter()
                            .map(|f| FieldDiff {
                                path: f.path.clone(),
                                before: f.before.as_ref().map(words),
                                after: f.after.as_ref().map(words),
                            })
                            .collect(),
                    })
                    .collect(),
                removed: names(&s.removed),
                unchanged: s.unchanged,
            })
            .collect(),
        text: difference.to_string(),
        findings,
    }
}

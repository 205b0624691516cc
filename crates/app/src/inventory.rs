//! The inventory file: read, compared, stored whole or not at all.

use crate::App;
use crate::authority::{Action, may};
use crate::problems::{of_file, of_store};
use async_trait::async_trait;
use holdfast_api::inventory::{EntryDiff, FieldDiff, FileFormat, Inventories, InventoryDiff, SectionDiff};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Inventory};
use holdfast_inventory::{Format, apply, check, diff, read, write_json, write_yaml};
use holdfast_store::AuditEntry;

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
        if let Err(refused) = may(actor, Action::WriteInventory) {
            return Err(self.refused(actor, "inventory.apply", "inventory", refused).await);
        }
        let format = match format {
            FileFormat::Yaml => Format::Yaml,
            FileFormat::Json => Format::Json,
        };
        let sent = read(file, format).map_err(of_file)?;
        self.store_inventory(actor, &sent, dry_run, prune).await
    }
}

impl App {
    /// One path for the file, for a single application and for a single account.
    pub(crate) async fn store_inventory(
        &self,
        actor: &Actor,
        sent: &Inventory,
        dry_run: bool,
        prune: bool,
    ) -> Answer<InventoryDiff> {
        let mut change = self.store.begin().await.map_err(of_store)?;
        // Locked from here to the commit: two files sent at once are stored one after the other.
        let stored = change.lock_inventory().await.map_err(of_store)?;
        check(sent, &stored).map_err(of_file)?;
        let difference = diff(&stored, sent, prune).map_err(of_file)?;
        if difference.touches_protected()
            && let Err(refused) = may(actor, Action::WriteProtected)
        {
            return Err(self.refused(actor, "inventory.apply", "inventory", refused).await);
        }
        let merged = apply(&stored, sent, prune);
        let view = view(&difference, dry_run, findings(&merged));
        if dry_run || !view.changed {
            return Ok(view);
        }
        let held = change.removed_with_live_run(&merged).await.map_err(of_store)?;
        if let Some((application, run)) = held {
            let mut problem = Problem::new(
                409,
                "run_active",
                "A run holds the application",
                format!("`{application}` cannot be removed while run {run} moves it."),
                "Wait for the run, or cancel it.",
            );
            problem.blocked_by = Some(run);
            return Err(self.refused(actor, "inventory.apply", "inventory", problem).await);
        }
        change.replace_inventory(&merged).await.map_err(of_store)?;
        let detail = serde_json::json!({ "sections": view.sections });
        change.commit(AuditEntry::done(actor, "inventory.apply", "inventory", detail)).await.map_err(of_store)?;
        Ok(view)
    }

    /// Writes the refusal down and hands it back.
    pub(crate) async fn refused(&self, actor: &Actor, action: &str, subject: &str, problem: Problem) -> Problem {
        let entry = AuditEntry::refused(actor, action, subject, &problem.code, &problem.detail);
        match self.store.refuse(entry).await {
            Ok(()) => problem,
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

fn view(difference: &holdfast_inventory::Diff, dry_run: bool, findings: Vec<String>) -> InventoryDiff {
    InventoryDiff {
        changed: difference.is_change(),
        dry_run,
        sections: difference
            .sections
            .iter()
            .map(|s| SectionDiff {
                section: s.section.to_string(),
                added: s.added.clone(),
                changed: s
                    .changed
                    .iter()
                    .map(|e| EntryDiff {
                        name: e.name.clone(),
                        fields: e
                            .fields
                            .iter()
                            .map(|f| FieldDiff { path: f.path.clone(), before: f.before.clone(), after: f.after.clone() })
                            .collect(),
                    })
                    .collect(),
                removed: s.removed.clone(),
                unchanged: s.unchanged,
            })
            .collect(),
        text: difference.to_string(),
        findings,
    }
}

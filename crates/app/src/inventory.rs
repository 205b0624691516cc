//! The inventory file: read, compared, stored whole or not at all.

mod policies;
mod within;

use self::policies::{keep_rules_left, taken_over_by};
use self::within::Parted;
use crate::App;
use crate::audit::done;
use crate::authority::{Action, Seen, fresh, may, over_labels};
use crate::problems::{of_file, of_store};
use crate::unreadable::must_be_sent;
use async_trait::async_trait;
use holdfast_api::inventory::{
    EntryDiff, FieldDiff, FileFormat, Inventories, InventoryDiff, Manner, SectionDiff,
};
use holdfast_api::{Answer, IfMatch, Problem, version};
use holdfast_domain::{Actor, Application, Inventory, Labels, Name};
use holdfast_inventory::{
    EntryDiff as Entry, Format, Source, apply, diff, read_with_source, write_json, write_yaml,
};
use holdfast_store::{Changed, Stored};

#[async_trait]
impl Inventories for App {
    async fn export_inventory(&self, actor: &Actor, format: FileFormat) -> Answer<String> {
        may(actor, Action::ReadInventory)?;
        let seen = self.seen(actor).await?;
        let inventory = within::shown(self.store.load_inventory().await.map_err(of_store)?, &seen);
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
        manner: &Manner,
    ) -> Answer<InventoryDiff> {
        may(actor, Action::WriteInventory)?;
        // Asked again under the lock; here so that an edit made on another version is told of that, and of nothing else.
        if manner.if_match != IfMatch::Unconditional {
            let seen = self.seen(actor).await?;
            let stored = within::shown(self.store.load_inventory().await.map_err(of_store)?, &seen);
            is_version(&manner.if_match, &stored)?;
        }
        let format = match format {
            FileFormat::Yaml => Format::Yaml,
            FileFormat::Json => Format::Json,
        };
        let (sent, source) = read_with_source(file, format).map_err(|found| of_file("inventory", found))?;
        let untried = self.try_declared_edits(actor, &sent, &source, manner.prune).await?;
        let make = |stored: &Inventory| {
            if manner.if_match != IfMatch::Unconditional {
                is_version(&manner.if_match, stored)?;
            }
            Ok(sent)
        };
        let edit = Edit {
            source: Some(&source),
            dry_run: manner.dry_run,
            prune: manner.prune,
            ..Edit::whole("inventory.apply")
        };
        let mut view = self.store_inventory(actor, make, edit).await?;
        view.findings.extend(untried);
        Ok(view)
    }
}

/// How an edit of the inventory is taken, and as what it is audited.
pub(crate) struct Edit<'a> {
    pub action: &'static str,
    pub subject: String,
    /// What was sent, to say in which line a problem stands.
    pub source: Option<&'a Source>,
    pub dry_run: bool,
    pub prune: bool,
}

impl Edit<'_> {
    pub fn whole(action: &'static str) -> Self {
        Self { action, subject: "inventory".into(), source: None, dry_run: false, prune: false }
    }

    /// The sections sent are all that there is of them.
    pub fn pruning(action: &'static str) -> Self {
        Self { prune: true, ..Self::whole(action) }
    }

    pub fn of(self, subject: String) -> Self {
        Self { subject, ..self }
    }
}

impl App {
    /// One path for the file and for a single entry. `make` says what is sent, from what is stored under the lock:
    /// an edit of one entry never carries old copies of the others, and is refused there when it was made on
    /// another version.
    pub(crate) async fn store_inventory(
        &self,
        actor: &Actor,
        make: impl FnOnce(&Inventory) -> Answer<Inventory> + Send,
        edit: Edit<'_>,
    ) -> Answer<InventoryDiff> {
        let Edit { action, subject, source, dry_run, prune } = edit;
        // With those that are archived: their names are taken, with all that is kept of them.
        let ever =
            if actor.is_limited() { self.store.labels(None).await.map_err(of_store)? } else { Vec::new() };
        let mut change = self.store.begin().await.map_err(of_store)?;
        // Locked from here to the commit: two files sent at once are stored one after the other.
        let Stored { inventory: stored, unreadable } =
            change.load_inventory_for_edit().await.map_err(of_store)?;
        let seen = Seen::of(actor, stored.applications.iter().flatten().map(Labels::from));
        let hidden = |labels: &Labels| over_labels(actor, labels.clone()).is_none();
        let taken = ever.into_iter().filter(hidden).map(|labels| labels.application).collect();
        let parted = Parted::of(stored, &seen, taken);
        let (stored, sent) = parted.against(make(&parted.shown)?, source)?;
        must_be_sent(&unreadable, &sent, actor)?;
        let difference = diff(&stored, &sent, prune).map_err(|mut problems| {
            if let Some(source) = source {
                source.locate(&mut problems);
            }
            of_file("inventory", problems)
        })?;
        self.are_spoken_to(&difference, source)?;
        let merged = apply(&stored, &sent, prune);
        let before = parted.all(&stored);
        let taken_over = taken_over_by(&mut change, &before, &parted.all(&merged)).await?;
        let needs_proof = within::may_change(actor, (&stored, &merged), &difference, &taken_over, source)?;
        let now = change.now().await.map_err(of_store)?;
        if needs_proof && !dry_run {
            fresh(actor, now)?;
        }
        let findings = findings(merged.applications.iter().flatten().filter(|a| !parted.hides(&a.name)));
        let view = view(&parted.told(difference), dry_run, findings);
        if dry_run || !view.changed {
            return Ok(view);
        }
        let merged = parted.whole(merged)?;
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
            return Err(problem);
        }
        let changed = Changed {
            by: actor.email.clone(),
            person: (!actor.person.0.is_nil()).then_some(actor.person),
            reason: action.to_owned(),
        };
        // Before they are replaced: of what cannot be read, the rows tell under which policy it stands.
        keep_rules_left(&mut change, (&before, &merged), &unreadable, &changed).await?;
        change.replace_inventory(&merged).await.map_err(of_store)?;
        let plans_of = plans_touched(&view, &merged);
        change.change_plans(&plans_of, &changed).await.map_err(of_store)?;
        let detail = serde_json::json!({ "sections": view.sections });
        change.commit(done(actor, action, &subject).with(detail)).await.map_err(of_store)?;
        Ok(view)
    }
}

/// A file that was read in one format may come back in the other.
fn is_version(if_match: &IfMatch, stored: &Inventory) -> Answer<()> {
    let forms = [write_json(stored), write_yaml(stored)];
    if_match.check(&forms.map(|text| version::of_bytes(text.as_bytes())))
}

/// The applications whose plans may be others after this change.
fn plans_touched(view: &InventoryDiff, merged: &Inventory) -> Vec<Name> {
    let section = |of: &str| view.sections.iter().find(|s| s.section == of);
    // A step assumes its account's act role.
    let roles = section("accounts").is_some_and(|s| !s.changed.is_empty());
    let touched = |name: &str| {
        ["applications", "plans"].into_iter().filter_map(section).any(|s| {
            s.added.iter().chain(&s.removed).any(|n| n == name) || s.changed.iter().any(|e| e.name == name)
        })
    };
    let all = merged.applications.iter().flatten();
    all.filter(|a| roles || touched(a.name.as_str())).map(|a| a.name.clone()).collect()
}

/// Whether an application would have a waiver that it has not now. Taking one back needs no proof of who one is.
fn waives_more(before: Option<&Application>, after: &Application) -> bool {
    let before = before.map_or(&[][..], |a| a.waivers.as_slice());
    after.waivers.iter().any(|waiver| !before.contains(waiver))
}

fn findings<'a>(applications: impl Iterator<Item = &'a Application>) -> Vec<String> {
    applications
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

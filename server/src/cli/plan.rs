//! `holdfast plan …`.

use super::{
    Failure, Outcome,
    arguments::runs::Plan,
    client::{As, Client, segment},
    estate,
    output::{Output, table},
};
use holdfast_api::{
    Page,
    plans::{EditPlan, FormView, PlanDiff, PlanHeadView, PlanVersionView, PlansView},
};
use holdfast_failover::Intent;
use holdfast_failover::evaluation::Outcome as Found;
use holdfast_failover::plan::edit::Edit;
use holdfast_failover::plan::sheet::{Compared, FieldChange, Lint, StepChange};
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// # Errors
/// The server's refusal; and what was asked for and is not good.
pub async fn plan(command: Plan, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    match command {
        Plan::List { application } => output.show(&kept(&client, &application).await?, list),
        Plan::Show { application, version: None } => {
            return estate::would_be_plans(&application, output).await;
        }
        Plan::Show { application, version } => {
            output.show(&one(&client, &application, version).await?, show);
        }
        Plan::Versions { application } => {
            let page: Page<PlanHeadView> = client.get(&path(&application, "/plans/versions")).await?;
            output.show(&page, |page| versions(&page.items));
        }
        Plan::Diff { application, version, with } => {
            let with = with.map(|with| format!("?with={with}")).unwrap_or_default();
            let found: PlanDiff =
                client.get(&path(&application, &format!("/plans/{version}/diff{with}"))).await?;
            output.show(&found, diff);
        }
        Plan::Edit { application, version, add, take_back, reason } => {
            let read = one(&client, &application, Some(version)).await?;
            let edit = EditPlan {
                intent: read.head.intent,
                from_region: read.head.from_region.clone(),
                to_region: read.head.to_region.clone(),
                expected_version: version,
                edits: changed(&read, &add, &take_back)?,
                reason,
            };
            let made: PlanVersionView = client
                .change(Method::POST, &path(&application, "/plans"), Some(&edit), As::Anybody, &[])
                .await?;
            output.show(&made, show);
        }
        Plan::Evaluate { application } => {
            let newest = one(&client, &application, None).await?.head.version;
            let path = path(&application, &format!("/plans/{newest}/evaluations"));
            let view: PlansView =
                client.change(Method::POST, &path, None::<&Value>, As::Anybody, &[]).await?;
            output.show(&view, list);
            let found = view.evaluation.outcome;
            return good(
                found == Found::Good,
                format!("the evaluation of {application} is {}", found.as_str()),
            );
        }
        Plan::Lint { application, version } => {
            let read = one(&client, &application, version).await?;
            output.show(&read.lint, |_| lint(&read));
            let failed = read.lint.iter().filter(|found| found.lint == Lint::Failed).count();
            return good(failed == 0, format!("the plane lint failed {failed} times"));
        }
        Plan::Waive { application, step, plane, reason, review_on } => {
            let body = json!({ "step": step, "plane": plane, "reason": reason, "review_on": review_on });
            let path = path(&application, "/waivers");
            let view: PlansView = client.change(Method::POST, &path, Some(&body), As::Person, &[]).await?;
            output.show(&view, list);
        }
        Plan::EndWaiver { application, step, plane } => {
            let path = path(&application, &format!("/waivers/{}", segment(&format!("{step}:{plane}"))));
            let view: PlansView =
                client.change(Method::DELETE, &path, None::<&Value>, As::Anybody, &[]).await?;
            output.show(&view, list);
        }
    }
    Ok(())
}

fn path(application: &str, rest: &str) -> String {
    format!("/api/v1/applications/{}{rest}", segment(application))
}

fn good(is: bool, else_say: String) -> Outcome {
    if is { Ok(()) } else { Err(Failure::Other(anyhow::Error::msg(else_say))) }
}

async fn kept(client: &Client, application: &str) -> Result<PlansView, Failure> {
    client.get(&path(application, "/plans/kept")).await
}

async fn one(client: &Client, application: &str, version: Option<i32>) -> Result<PlanVersionView, Failure> {
    let version = match version {
        Some(version) => version,
        None => {
            let view = kept(client, application).await?;
            let newest = |intent: Option<Intent>| {
                let plans = view.plans.iter().filter(|p| intent.is_none_or(|intent| p.intent == intent));
                plans.filter_map(|plan| Some(plan.newest.as_ref()?.version)).max()
            };
            newest(Some(Intent::Failover)).or_else(|| newest(None)).ok_or_else(|| {
                let words =
                    format!("{application} has no plan yet: not everything that it rests on was seen");
                Failure::Other(anyhow::Error::msg(words))
            })?
        }
    };
    client.get(&path(application, &format!("/plans/{version}"))).await
}

/// The edits that the plan is to have.
fn changed(read: &PlanVersionView, add: &[String], take_back: &[usize]) -> Result<Vec<Edit>, Failure> {
    if let Some(number) = take_back.iter().find(|n| **n == 0 || **n > read.edits.len()) {
        return Err(Failure::Usage(format!("--take-back: the plan has no edit {number}")));
    }
    let mut edits: Vec<Edit> = (1..)
        .zip(&read.edits)
        .filter(|(number, _)| !take_back.contains(number))
        .map(|(_, edit)| edit.edit.clone())
        .collect();
    for text in add {
        let edit = serde_json::from_str(text).map_err(|e| Failure::Usage(format!("--add {text}: {e}")))?;
        edits.push(edit);
    }
    Ok(edits)
}

fn list(view: &PlansView) -> String {
    let rows: Vec<Vec<String>> = view
        .plans
        .iter()
        .map(|plan| {
            let newest = plan.newest.as_ref();
            vec![
                plan.intent.as_str().to_owned(),
                format!("{} to {}", plan.from_region, plan.to_region),
                newest.map_or_else(|| "none yet".into(), |head| head.version.to_string()),
                format!("{}", plan.edits),
                newest.map_or_else(String::new, |head| format!("{}, {}", head.made_by, head.made_at)),
            ]
        })
        .collect();
    let mut text = table(&["PLAN", "WAY", "VERSION", "EDITS", "MADE"], &rows);
    let evaluation = &view.evaluation;
    let at = evaluation.at.map_or_else(|| "never made".to_owned(), |at| at.to_string());
    let _ = writeln!(text, "\nevaluation  {} ({at})", evaluation.outcome.as_str());
    for check in evaluation.found.iter().flat_map(|found| &found.checks) {
        let _ = writeln!(
            text,
            "  {:7} {}: {} {}",
            check.outcome.as_str(),
            check.topic.as_str(),
            check.sentence,
            check.way_out
        );
    }
    let _ = writeln!(text, "state       {}", view.verification.state.replace('_', " "));
    for reason in &view.verification.reasons {
        let _ = writeln!(text, "  {} {}", reason.sentence, reason.way_out);
    }
    for waiver in &view.waivers {
        let expired = if waiver.expired { ", EXPIRED" } else { "" };
        let _ = writeln!(
            text,
            "waiver      {} {} by {} until {}{expired}: {}",
            waiver.step, waiver.plane, waiver.by, waiver.review_on, waiver.reason
        );
    }
    text
}

fn versions(heads: &[PlanHeadView]) -> String {
    let rows: Vec<Vec<String>> = heads
        .iter()
        .map(|head| {
            vec![
                head.version.to_string(),
                format!("{} {} to {}", head.intent.as_str(), head.from_region, head.to_region),
                head.cause.clone(),
                head.made_by.clone(),
                head.made_at.to_string(),
                head.digest.chars().take(12).collect(),
                head.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(&["VERSION", "PLAN", "CAUSE", "BY", "MADE", "DIGEST", "REASON"], &rows)
}

fn show(view: &PlanVersionView) -> String {
    let head = &view.head;
    let mut text = format!(
        "{}: version {} of the {} from {} to {}{}\n  digest  {}\n  made    by {} at {} ({})\n",
        view.application,
        head.version,
        head.intent.as_str(),
        head.from_region,
        head.to_region,
        if view.newest == head.version { "" } else { ", not the newest" },
        head.digest,
        head.made_by,
        head.made_at,
        head.cause,
    );
    if let Some(split) = &view.split {
        let _ = writeln!(text, "  load    {split}");
    }
    for (number, edit) in (1..).zip(&view.edits) {
        let misfit = edit.misfit.as_ref().map(|m| format!(" (does not apply: {})", m.sentence));
        let _ = writeln!(text, "  edit {number}  {}{}", edit.words, misfit.unwrap_or_default());
    }
    for (word, form) in [("PLANNED", &view.planned), ("EMERGENCY", &view.emergency)] {
        let _ = writeln!(text, "\n{word}");
        text.push_str(&steps(form));
    }
    text
}

fn steps(form: &FormView) -> String {
    if let Some(refused) = &form.refused {
        return format!("none can be made: {} {}\n", refused.sentence, refused.way_out);
    }
    let rows: Vec<Vec<String>> = form
        .steps
        .iter()
        .map(|step| {
            vec![
                step.id.clone(),
                step.after.join(" "),
                step.plane.clone(),
                format!("{} s", step.timeout_seconds),
                match &step.note {
                    Some(how) => format!("{} ({how})", step.title),
                    None => step.title.clone(),
                },
            ]
        })
        .collect();
    table(&["STEP", "AFTER", "PLANE", "TIME", "WHAT"], &rows)
}

fn lint(view: &PlanVersionView) -> String {
    if view.lint.is_empty() {
        return "Neither form needs a plane that it should not.".into();
    }
    let rows: Vec<Vec<String>> = view
        .lint
        .iter()
        .map(|found| {
            vec![
                found.lint.as_str().to_owned(),
                found.mode.as_str().to_owned(),
                found.plane.clone(),
                found.sentence.clone(),
            ]
        })
        .collect();
    table(&["LINT", "FORM", "PLANE", "WHAT"], &rows)
}

fn diff(found: &PlanDiff) -> String {
    let mut text = format!("version {} against version {}\n", found.after.version, found.before.version);
    for (sign, edits) in [("+", &found.edits_added), ("-", &found.edits_removed)] {
        for edit in edits {
            let _ = writeln!(text, "{sign} edit: {edit}");
        }
    }
    if found.compared.is_empty() {
        text.push_str("They would do the same.\n");
    }
    for Compared { mode, steps, refusal } in &found.compared {
        let _ = writeln!(text, "\n{}", mode.as_str().to_uppercase());
        refusal.iter().for_each(|change| field(&mut text, change));
        for change in steps {
            let (sign, step, title, fields): (_, _, _, &[FieldChange]) = match change {
                StepChange::Added { step, title, .. } => ("+", step, title, &[]),
                StepChange::Removed { step, title } => ("-", step, title, &[]),
                StepChange::Moved { step, title, fields } => (">", step, title, fields),
                StepChange::Changed { step, title, fields } => ("~", step, title, fields),
            };
            let _ = writeln!(text, "{sign} {step}  {title}");
            fields.iter().for_each(|change| field(&mut text, change));
        }
    }
    text
}

fn field(text: &mut String, change: &FieldChange) {
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
    let _ = writeln!(text, "    {}: {} -> {}", change.field, side(&change.before), side(&change.after));
}

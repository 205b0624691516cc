//! `holdfast application|plan|account|region|policy …`: what there is.

use super::{
    Outcome,
    arguments::estate::{Account, Application, ApplicationFilter, Policy, Region},
    client::{As, Client, segment},
    inventory::read_file,
    output::{Output, lines, table},
    run_text,
};
use crate::http::v1::List;
use holdfast_api::{
    Page,
    accounts::{AccountView, DiscoveredAccount, RoleAnswer},
    applications::{ApplicationSummary, ApplicationView, Move, WebhookSecret},
    people::PolicyView,
    regions::RegionView,
};
use reqwest::Method;
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// # Errors
/// The server's refusal.
pub async fn application(command: Application, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |name: &str, rest: &str| format!("/api/v1/applications/{}{rest}", segment(name));
    match command {
        Application::List(filter) => {
            let path = filtered(filter);
            let mut list = List { items: Vec::new() };
            let mut cursor = Some(String::new());
            while let Some(after) = cursor {
                let page: Page<ApplicationSummary> =
                    client.get(&format!("{path}&limit=500&cursor={}", segment(&after))).await?;
                list.items.extend(page.items);
                cursor = page.next;
            }
            output.show(&list, |list| applications(&list.items));
        }
        Application::Show { name } => {
            let view: ApplicationView = client.get(&one(&name, "")).await?;
            output.show(&view, show_application);
        }
        Application::Refresh { name } => {
            let body = None::<&Value>;
            client.change::<Value>(Method::POST, &one(&name, "/refresh"), body, As::Anybody, &[]).await?;
            output.show(&json!({ "refreshing": name }), |_| {
                format!("Holdfast looks at {name} again. `holdfast status {name}` shows what it sees.")
            });
        }
        Application::Put { name, file } => {
            let view: ApplicationView = client.put_file(&one(&name, ""), read_file(&file)?, JSON).await?;
            output.show(&view, show_application);
        }
        Application::Remove { name } => {
            let body = None::<&Value>;
            client.change::<Value>(Method::DELETE, &one(&name, ""), body, As::Anybody, &[]).await?;
            output.show(&json!({ "removed": name }), |_| format!("{name} is removed."));
        }
        Application::WebhookSecret { name, step } => {
            let path = one(&name, &format!("/webhooks/{}/secret", segment(&step)));
            let made: WebhookSecret =
                client.change(Method::POST, &path, None::<&Value>, As::Person, &[]).await?;
            output.show(&made, |made| {
                let secret = made.secret.as_deref().unwrap_or("(not shown)");
                format!("{secret}\nIt is not shown again; the one before signs nothing any more.")
            });
        }
    }
    Ok(())
}

fn filtered(filter: ApplicationFilter) -> String {
    let ApplicationFilter { strategy, region, tier, owner, recovery_state, compliance, search } = filter;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("strategy", strategy),
        ("region", region),
        ("tier", tier),
        ("owner", owner),
        ("recovery_state", recovery_state),
        ("compliance", compliance),
        ("search", search),
    ] {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    format!("/api/v1/applications?{}", query.finish())
}

/// # Errors
/// The server's refusal.
pub async fn would_be_plans(application: &str, output: Output) -> Outcome {
    let path = format!("/api/v1/applications/{}/plans", segment(application));
    let plans: List<Value> = Client::from_environment()?.get(&path).await?;
    output.show(&plans, |plans| plans.items.iter().map(would_be).collect());
    Ok(())
}

/// One move with its steps, or why there is none.
fn would_be(of: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut text = format!(
        "{} {} from {} to {}\n",
        word(&of["mode"]),
        word(&of["intent"]),
        word(&of["from_region"]),
        word(&of["to_region"])
    );
    for why in [&of["problem"], &of["plan"]["refused"]].into_iter().filter(|why| why.is_object()) {
        let detail = why.get("detail").or_else(|| why.get("sentence")).map(word).unwrap_or_default();
        text.push_str(&format!("  refused: {detail} {}\n", word(&why["way_out"])));
    }
    for note in of["plan"]["notes"].as_array().into_iter().flatten() {
        text.push_str(&format!("  note: {}\n", word(note)));
    }
    let steps = of["plan"]["steps"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = steps
        .iter()
        .map(|step| {
            let action = step["action"].as_str().unwrap_or("only looks").to_owned();
            vec![word(&step["id"]), word(&step["value_now"]), word(&step["value_to_be"]), action]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&table(&["STEP", "NOW", "TO BE", "CALL"], &rows));
    }
    text + "\n"
}

/// # Errors
/// The server's refusal.
pub async fn account(command: Account, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |id: &str| format!("/api/v1/accounts/{}", segment(id));
    match command {
        Account::List => {
            let list: List<AccountView> = client.get("/api/v1/accounts").await?;
            output.show(&list, |list| accounts(&list.items));
        }
        Account::Show { id } => {
            let view: AccountView = client.get(&one(&id)).await?;
            output.show(&view, show_account);
        }
        Account::Discovered => {
            let list: List<DiscoveredAccount> = client.get("/api/v1/discovered_accounts").await?;
            output.show(&list, |list| discovered(&list.items));
        }
        Account::Put { id, file } => {
            let (file, path) = (read_file(&file)?, one(&id));
            let view: AccountView = client.send_file(Method::PUT, &path, file, JSON, As::Person).await?;
            output.show(&view, show_account);
        }
        Account::Remove { id } => {
            client.change::<Value>(Method::DELETE, &one(&id), None::<&Value>, As::Person, &[]).await?;
            output.show(&json!({ "removed": id }), |_| format!("{id} is removed."));
        }
    }
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn region(command: Region, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |code: &str| format!("/api/v1/regions/{}", segment(code));
    match command {
        Region::List => {
            // Beside the list stand the arcs of the map, which JSON keeps.
            let list: Value = client.get("/api/v1/regions").await?;
            let items: Vec<RegionView> =
                serde_json::from_value(list["items"].clone()).map_err(anyhow::Error::from)?;
            output.show(&list, |_| regions(&items));
        }
        Region::Show { code } => {
            let view: RegionView = client.get(&one(&code)).await?;
            output.show(&view, show_region);
        }
        Region::Declare { code, state, reason } => {
            let body = json!({ "declared": state, "reason": reason });
            let view: RegionView =
                client.change(Method::PATCH, &one(&code), Some(&body), As::Person, &[]).await?;
            output.show(&view, show_region);
        }
    }
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn policy(command: Policy, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |name: &str| format!("/api/v1/policies/{}", segment(name));
    let view: PolicyView = match command {
        Policy::List => {
            let list: List<PolicyView> = client.get("/api/v1/policies").await?;
            output.show(&list, |list| policies(&list.items));
            return Ok(());
        }
        Policy::Remove { name } => {
            client.change::<Value>(Method::DELETE, &one(&name), None::<&Value>, As::Person, &[]).await?;
            output.show(&json!({ "removed": name }), |_| format!("{name} is removed."));
            return Ok(());
        }
        Policy::Show { name } => client.get(&one(&name)).await?,
        Policy::Add { file } => {
            let file = read_file(&file)?;
            client.send_file(Method::POST, "/api/v1/policies", file, JSON, As::Person).await?
        }
        Policy::Put { name, file } => {
            client.send_file(Method::PUT, &one(&name), read_file(&file)?, JSON, As::Person).await?
        }
    };
    output.show(&view, |view| policies(std::slice::from_ref(view)));
    Ok(())
}

fn milliseconds(of: Option<f64>) -> String {
    of.map_or_else(|| "unknown".to_owned(), |of| format!("{of:.0} ms"))
}

fn serves(of: &ApplicationSummary) -> String {
    match (of.serving.regions.is_empty(), of.serving.certain) {
        (true, _) => "unknown".to_owned(),
        (false, certain) => {
            let all: Vec<&str> = of.serving.regions.iter().map(|region| region.as_str()).collect();
            format!("{}{}", all.join(" "), if certain { "" } else { " (not certain)" })
        }
    }
}

fn applications(all: &[ApplicationSummary]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            let lag = if of.has_store { milliseconds(of.lag_now_ms) } else { "no store".to_owned() };
            vec![
                of.name.clone(),
                of.owner.clone(),
                of.tier.to_string(),
                of.strategy.clone(),
                serves(of),
                of.recovery_state.as_str().to_owned(),
                of.would_survive.clone(),
                lag,
                of.compliance.clone(),
            ]
        })
        .collect();
    table(
        &["APPLICATION", "OWNER", "TIER", "STRATEGY", "SERVES", "STATE", "SURVIVES", "LAG", "OBJECTIVES"],
        &rows,
    )
}

fn show_application(view: &ApplicationView) -> String {
    let of = &view.summary;
    let survives = match &of.because {
        Some(because) => format!("{}: {because}", of.would_survive),
        None => of.would_survive.clone(),
    };
    let mut text = format!("{}\n", of.name);
    text += &lines(&[
        ("owner", format!("{}, tier {}", of.owner, of.tier)),
        ("strategy", of.strategy.clone()),
        ("Regions", format!("{} home, {} recovery", of.home_region, of.recovery_regions.join(" "))),
        ("state", format!("{}, serves from {}", of.recovery_state.as_str(), serves(of))),
        ("survives", survives),
        ("objectives", format!("RTO {} s, RPO {} s", of.rto_objective_seconds, of.rpo_objective_seconds)),
        ("measured", of.rto_measured_seconds.map_or_else(|| "never".to_owned(), |s| format!("RTO {s:.1} s"))),
        ("run", of.active_run.clone().unwrap_or_default()),
    ]);
    text.push('\n');
    for finding in &view.findings {
        text.push_str(&format!(
            "{}: {} {}\n",
            run_text::word(&finding.severity),
            finding.sentence,
            finding.way_out
        ));
    }
    for possible in &view.moves {
        let Move { intent, from, to, refused } = possible;
        let now = refused.as_ref().map_or_else(
            || "could be asked for now".to_owned(),
            |refused| format!("refused now: {} {}", refused.sentence, refused.way_out),
        );
        text.push_str(&format!("{intent} from {from} to {to}: {now}\n"));
    }
    if !view.runs.is_empty() {
        text.push('\n');
        text += &run_text::table_of(&view.runs);
    }
    text
}

fn accounts(all: &[AccountView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            vec![
                of.id.clone(),
                of.name.clone(),
                of.read.state.clone(),
                of.act.state.clone(),
                of.applications.join(" "),
            ]
        })
        .collect();
    table(&["ACCOUNT", "NAME", "READ ROLE", "ACT ROLE", "APPLICATIONS"], &rows)
}

fn show_account(of: &AccountView) -> String {
    let role = |answer: &RoleAnswer| {
        let at = answer.at.map(|at| format!(" at {at}")).unwrap_or_default();
        let why: Vec<&str> =
            [&answer.reason, &answer.way_out].into_iter().flatten().map(String::as_str).collect();
        let trust = match answer.demands_external_id {
            Some(false) => "CAN BE ASSUMED WITHOUT ITS EXTERNAL ID: runs that would use it are refused",
            Some(true) => "demands its external id",
            None => "",
        };
        format!("{}{at} {trust} {}", answer.state, why.join(" ")).trim_end().to_owned()
    };
    let mut text = format!("{} {}\n", of.id, of.name);
    text += &lines(&[
        ("read role", of.read_role_arn.clone()),
        ("", role(&of.read)),
        ("act role", of.act_role_arn.clone()),
        ("", role(&of.act)),
        ("external id", of.external_id.clone().unwrap_or_default()),
        ("applications", of.applications.join(" ")),
    ]);
    for told in of.permissions.iter().filter(|told| told.state != "ok") {
        let why = told.reason.clone().unwrap_or_else(|| told.missing.join(", "));
        let way_out = told.way_out.as_deref().unwrap_or_default();
        text.push_str(&format!("{} permissions {}: {why} {way_out}\n", told.role, told.state));
    }
    text
}

fn discovered(all: &[DiscoveredAccount]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| vec![of.id.clone(), of.name.clone(), of.status.clone(), of.told_by.clone()])
        .collect();
    table(&["ACCOUNT", "NAME", "STATUS", "TOLD BY"], &rows)
}

fn regions(all: &[RegionView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            vec![
                of.code.clone(),
                of.name.clone(),
                of.observed.clone(),
                of.declared.clone(),
                of.serving.join(" "),
                of.declared_reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(&["REGION", "NAME", "OBSERVED", "DECLARED", "SERVES", "BECAUSE"], &rows)
}

fn show_region(of: &RegionView) -> String {
    let declared = match &of.declared_reason {
        Some(reason) => format!("{}: {reason}", of.declared),
        None => of.declared.clone(),
    };
    let at = of.observed_at.map(|at| format!(" at {at}")).unwrap_or_default();
    let seen = format!("{}{at}: {} known, {} stale, {} unknown", of.observed, of.known, of.stale, of.unknown);
    let mut text = format!("{} {}\n", of.code, of.name);
    text += &lines(&[
        ("declared", declared),
        ("observed", seen),
        ("serves", of.serving.join(" ")),
        ("home of", of.home_of.join(" ")),
        ("recovers", of.recovery_of.join(" ")),
    ]);
    for reason in &of.reasons {
        text.push_str(&format!("unknown: {reason}\n"));
    }
    text
}

fn policies(all: &[PolicyView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            let rules: Vec<String> =
                of.rules.iter().map(|rule| format!("{} of {}", rule.approvals, rule.group)).collect();
            vec![of.name.clone(), rules.join(" and "), format!("{} s", of.expires_after_seconds)]
        })
        .collect();
    table(&["POLICY", "NEEDS", "EXPIRES AFTER"], &rows)
}

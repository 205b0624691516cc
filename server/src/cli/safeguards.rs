//! `holdfast freeze|automation …`: what holds runs back beside the approvals.

use super::{
    Outcome,
    arguments::estate::{Automation, Freeze},
    client::{As, Client, segment},
    output::{Output, table},
};
use crate::http::v1::List;
use holdfast_api::safeguards::{AutomationView, FreezeView};
use reqwest::Method;
use serde_json::{Value, json};

/// # Errors
/// The server's refusal.
pub async fn freeze(command: Freeze, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    match command {
        Freeze::List => {
            let list: List<FreezeView> = client.get("/api/v1/freezes").await?;
            output.show(&list, |list| freezes(&list.items));
        }
        Freeze::Declare { reason, until, from, application } => {
            let body = json!({
                "reason": reason, "ends_at": until, "starts_at": from, "application": application,
            });
            let view: FreezeView =
                client.change(Method::POST, "/api/v1/freezes", Some(&body), As::Person, &[]).await?;
            output.show(&view, |view| freezes(std::slice::from_ref(view)));
        }
        Freeze::Lift { id } => {
            let path = format!("/api/v1/freezes/{}", segment(&id));
            client.change::<Value>(Method::DELETE, &path, None::<&Value>, As::Person, &[]).await?;
            output.show(&json!({ "lifted": id }), |_| "The freeze is lifted.".to_owned());
        }
    }
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn automation(command: Automation, output: Output) -> Outcome {
    const AT: &str = "/api/v1/automation";
    let client = Client::from_environment()?;
    let body = match command {
        Automation::Show => None,
        Automation::On { reason } => Some(json!({ "on": true, "reason": reason })),
        Automation::Off { reason } => Some(json!({ "on": false, "reason": reason })),
    };
    let view: AutomationView = match body {
        None => client.get(AT).await?,
        Some(body) => client.change(Method::PUT, AT, Some(&body), As::Person, &[]).await?,
    };
    output.show(&view, |view| {
        let by = match (&view.changed_by, view.changed_at) {
            (Some(by), Some(at)) => format!(", by {by} at {at}"),
            _ => String::new(),
        };
        let reason = view.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("Automation is {}{by}{reason}", if view.on { "on" } else { "off" })
    });
    Ok(())
}

fn freezes(all: &[FreezeView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            vec![
                of.id.to_string(),
                of.application.clone().unwrap_or_else(|| "all".to_owned()),
                if of.holds { "holds" } else { "to come" }.to_owned(),
                of.starts_at.to_string(),
                of.ends_at.to_string(),
                of.declared_by.clone(),
                of.reason.clone(),
            ]
        })
        .collect();
    table(&["FREEZE", "APPLICATION", "STATE", "FROM", "UNTIL", "BY", "REASON"], &rows)
}

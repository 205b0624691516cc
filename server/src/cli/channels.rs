//! `holdfast channel …`: how one is told; and who was told of a run or an evacuation.

use super::{
    Outcome,
    arguments::people::OwnChannel,
    client::{As, Client, segment},
    output::{Output, table},
    password,
};
use crate::http::v1::List;
use holdfast_api::notices::{ChannelView, DeliveryView};
use reqwest::Method;
use serde_json::{Value, json};

/// # Errors
/// The server's refusal.
pub async fn channel(command: OwnChannel, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |id: &str| format!("/api/v1/channels/{}", segment(id));
    match command {
        OwnChannel::List => {
            let list: List<ChannelView> = client.get_as("/api/v1/channels", As::Person).await?;
            output.show(&list, |list| channels(&list.items));
        }
        OwnChannel::Add { kind, name, to, to_stdin } => {
            let to = if to_stdin { Some(password::read(true, "")?) } else { to };
            let field = match kind.as_str() {
                "email" => "address",
                "pagerduty" => "routing_key",
                _ => "url",
            };
            let mut body = json!({ "kind": kind, "name": name });
            if let Some(to) = to {
                body[field] = json!(to);
            }
            let made: ChannelView =
                client.change(Method::POST, "/api/v1/channels", Some(&body), As::Person, &[]).await?;
            output.show(&made, made_channel);
        }
        OwnChannel::Test { id } => {
            let path = format!("{}/test", one(&id));
            let view: ChannelView =
                client.change(Method::POST, &path, None::<&Value>, As::Person, &[]).await?;
            output.show(&view, |view| {
                format!(
                    "On its way to {} ({}). `holdfast channel list` tells what became of it.",
                    view.name, view.leads_to
                )
            });
        }
        OwnChannel::Remove { id } => {
            client.raw(Method::DELETE, &one(&id), None::<&Value>, As::Person).await?;
            output.show(&json!({ "removed": id }), |_| "Removed.".to_owned());
        }
    }
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn told(client: &Client, path: &str, output: Output) -> Outcome {
    let list: List<DeliveryView> = client.get(path).await?;
    output.show(&list, |list| deliveries(&list.items));
    Ok(())
}

fn made_channel(made: &ChannelView) -> String {
    match &made.secret {
        Some(secret) => format!("{secret}\nSigns what goes to {}. It is not shown again.", made.leads_to),
        None => format!("You are told by {} ({}) from now on.", made.name, made.leads_to),
    }
}

fn channels(all: &[ChannelView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let last = one.last.as_ref().map(|last| match &last.error {
                Some(error) if last.state != "delivered" => format!("{}: {error}", last.state),
                _ => last.state.clone(),
            });
            let last = last.unwrap_or_else(|| "none yet".to_owned());
            vec![one.id.clone(), one.kind.as_str().to_owned(), one.name.clone(), one.leads_to.clone(), last]
        })
        .collect();
    table(&["CHANNEL", "KIND", "NAME", "LEADS TO", "LAST MESSAGE"], &rows)
}

fn deliveries(all: &[DeliveryView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let channel = one.channel.clone().unwrap_or_else(|| "(none)".to_owned());
            let state = match &one.error {
                Some(error) if one.state != "delivered" => format!("{}: {error}", one.state),
                _ => one.state.clone(),
            };
            vec![one.at.to_string(), one.person.clone(), one.matter.clone(), channel, state]
        })
        .collect();
    table(&["AT", "PERSON", "MATTER", "CHANNEL", "STATE"], &rows)
}

//! `holdfast on-call …`: who is on call, and the schedules that say so.

use super::{
    Outcome,
    arguments::people::{OnCall, Rotate},
    client::{As, Client, segment},
    output::{Output, table},
    password,
};
use crate::http::v1::List;
use holdfast_api::on_call::OnCallView;
use reqwest::Method;
use serde_json::{Value, json};

const AT: &str = "/api/v1/on_call";

/// # Errors
/// The server's refusal.
pub async fn on_call(command: OnCall, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let of = |team: &str| format!("{AT}/{}", segment(team));
    let (method, path, body) = match command {
        OnCall::List => {
            let list: List<OnCallView> = client.get(AT).await?;
            output.show(&list, |list| teams(&list.items));
            return Ok(());
        }
        OnCall::Remove { team } => {
            client.raw(Method::DELETE, &of(&team), None::<&Value>, As::Person).await?;
            output
                .show(&json!({ "removed": team }), |_| "Removed: all of the team hears at once.".to_owned());
            return Ok(());
        }
        OnCall::Rotate(Rotate { team, people, starts_on, hand_over, time_zone, turn_days }) => {
            let rotation = json!({
                "people": people, "starts_on": starts_on, "hand_over": hand_over, "time_zone": time_zone,
                "turn_days": turn_days,
            });
            (Method::PUT, of(&team), Some(json!({ "rotation": rotation })))
        }
        OnCall::Follow { team, url, url_stdin } => {
            let url = if url_stdin { Some(password::read(true, "")?) } else { url };
            (Method::PUT, of(&team), Some(json!({ "calendar_url": url })))
        }
        OnCall::Override { team, person, until, from } => {
            let body = json!({ "person": person, "until": until, "from": from });
            (Method::POST, format!("{}/overrides", of(&team)), Some(body))
        }
        OnCall::EndOverride { team, id } => {
            (Method::DELETE, format!("{}/overrides/{}", of(&team), segment(&id)), None)
        }
    };
    let view: OnCallView = client.change(method, &path, body.as_ref(), As::Person, &[]).await?;
    output.show(&view, |view| teams(std::slice::from_ref(view)));
    Ok(())
}

fn teams(all: &[OnCallView]) -> String {
    let nobody_or = |people: &[String]| match people {
        [] => "nobody".to_owned(),
        people => people.join(", "),
    };
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            let now =
                if of.state == "known" || !of.now.is_empty() { nobody_or(&of.now) } else { of.state.clone() };
            let next = of.next.as_ref().map_or_else(
                || "-".to_owned(),
                |next| format!("{} from {}", nobody_or(&next.people), next.at),
            );
            let overrides: Vec<String> =
                of.overrides.iter().map(|o| format!("{} until {} ({})", o.person, o.until, o.id)).collect();
            vec![of.team.clone(), now, next, overrides.join("; "), of.reason.clone().unwrap_or_default()]
        })
        .collect();
    table(&["TEAM", "ON CALL", "NEXT", "OVERRIDES", "NOTE"], &rows)
}

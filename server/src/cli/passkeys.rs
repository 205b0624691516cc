//! `holdfast passkey …` and the keys of others under `holdfast person`: which there are, and taking one away. A key is registered
//! where a browser can ask it: on the page of one's own sign-in.

use super::{
    Outcome,
    arguments::people::OwnPasskey,
    client::{As, Client, segment},
    output::{Output, table},
};
use crate::http::v1::List;
use holdfast_api::passkeys::PasskeyView;
use reqwest::Method;
use serde_json::{Value, json};

const OWN: &str = "/api/v1/session/passkeys";

/// # Errors
/// The server's refusal.
pub async fn passkey(command: OwnPasskey, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    match command {
        OwnPasskey::List => list(&client, OWN, output).await,
        OwnPasskey::Rename { id, name } => {
            let path = format!("{OWN}/{}", segment(&id));
            let body = json!({ "name": name });
            let key: PasskeyView = client.change(Method::PATCH, &path, Some(&body), As::Person, &[]).await?;
            output.show(&key, |key| keys(std::slice::from_ref(key)));
            Ok(())
        }
        OwnPasskey::Remove { id } => remove(&client, &format!("{OWN}/{}", segment(&id)), &id, output).await,
    }
}

/// # Errors
/// The server's refusal.
pub async fn of_person(client: &Client, person: &str, output: Output) -> Outcome {
    list(client, &format!("/api/v1/people/{}/passkeys", segment(person)), output).await
}

/// # Errors
/// The server's refusal.
pub async fn remove_of_person(client: &Client, person: &str, key: &str, output: Output) -> Outcome {
    let path = format!("/api/v1/people/{}/passkeys/{}", segment(person), segment(key));
    remove(client, &path, key, output).await
}

async fn list(client: &Client, path: &str, output: Output) -> Outcome {
    let list: List<PasskeyView> = client.get_as(path, As::Person).await?;
    output.show(&list, |list| keys(&list.items));
    Ok(())
}

async fn remove(client: &Client, path: &str, key: &str, output: Output) -> Outcome {
    client.raw(Method::DELETE, path, None::<&Value>, As::Person).await?;
    output.show(&json!({ "removed": key }), |_| "Removed.".to_owned());
    Ok(())
}

fn keys(all: &[PasskeyView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|key| {
            let used = key.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
            let kept = if key.backed_up { "copied elsewhere too" } else { "in one place" };
            vec![key.id.to_string(), key.name.clone(), key.added_at.to_string(), used, kept.to_owned()]
        })
        .collect();
    table(&["KEY", "NAME", "REGISTERED", "LAST USED", "KEPT"], &rows)
}

//! `holdfast person|group|token …`: who there is, asked of a server by a person who is signed in.

use super::{
    Outcome,
    arguments::people::{GroupEntry, OwnSession, OwnToken, PeopleGroup, Person, PersonChange},
    client::{As, Client, segment},
    output::{Output, table},
    passkeys, password,
};
use crate::http::v1::{List, sessions::EverybodySignedOut};
use holdfast_api::people::{GroupView, PersonView, TokenView};
use holdfast_api::sessions::OwnSession as SessionView;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// # Errors
/// The server's refusal.
pub async fn person(command: Person, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |id: &str| format!("/api/v1/people/{}", segment(id));
    let view: PersonView = match command {
        Person::List => {
            let list: List<PersonView> = client.get_as("/api/v1/people", As::Person).await?;
            output.show(&list, |list| people_table(&list.items));
            return Ok(());
        }
        Person::Show { id } => client.get_as(&one(&id), As::Person).await?,
        Person::Add { email, roles, groups, password_stdin } => {
            let password = password_stdin.then(|| password::read(true, "")).transpose()?;
            let body = json!({ "email": email, "roles": roles, "groups": groups, "password": password });
            client.change(Method::POST, "/api/v1/people", Some(&body), As::Person, &[]).await?
        }
        Person::ResetFactor { id } => {
            let path = format!("{}/factors", one(&id));
            client.raw(Method::DELETE, &path, None::<&Value>, As::Person).await?;
            client.get_as(&one(&id), As::Person).await?
        }
        Person::SignOutEverybody { confirm } => {
            let body = json!({ "confirm": confirm });
            let ended: EverybodySignedOut =
                client.change(Method::POST, "/api/v1/people/sign_out", Some(&body), As::Person, &[]).await?;
            output.show(&ended, |ended| {
                format!("Everybody is signed out: {} sessions ended.", ended.sessions_ended)
            });
            return Ok(());
        }
        Person::Passkeys { id } => return passkeys::of_person(&client, &id, output).await,
        Person::RemovePasskey { id, key } => {
            return passkeys::remove_of_person(&client, &id, &key, output).await;
        }
        Person::Change(change) => {
            let path = one(&change.id);
            client.change(Method::PATCH, &path, Some(&changed(change)?), As::Person, &[]).await?
        }
    };
    output.show(&view, |view| people_table(std::slice::from_ref(view)));
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn session(command: OwnSession, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    match command {
        OwnSession::List => {
            let list: List<SessionView> = client.get_as("/api/v1/sessions", As::Person).await?;
            output.show(&list, |list| sessions_table(&list.items));
        }
        OwnSession::End { id } => {
            let path = format!("/api/v1/sessions/{}", segment(&id));
            client.raw(Method::DELETE, &path, None::<&Value>, As::Person).await?;
            output.show(&json!({ "ended": id }), |_| "Ended.".to_owned());
        }
    }
    Ok(())
}

fn sessions_table(sessions: &[SessionView]) -> String {
    let rows: Vec<Vec<String>> = sessions
        .iter()
        .map(|session| {
            let from = session.from.clone().unwrap_or_default();
            let here = if session.current { "this one" } else { "" };
            vec![session.id.clone(), session.signed_in_at.to_string(), from, here.to_owned()]
        })
        .collect();
    table(&["SESSION", "SIGNED IN", "FROM", ""], &rows)
}

/// What was given, and nothing else.
fn changed(change: PersonChange) -> Result<Value, super::Failure> {
    let PersonChange {
        id: _,
        roles,
        groups,
        no_groups,
        password_stdin,
        same_person_as,
        nobody_elses,
        disable,
        enable,
    } = change;
    let mut body = Map::new();
    if !roles.is_empty() {
        body.insert("roles".into(), json!(roles));
    }
    if no_groups || !groups.is_empty() {
        body.insert("groups".into(), json!(groups));
    }
    if password_stdin {
        body.insert("password".into(), json!(password::read(true, "")?));
    }
    if let Some(other) = same_person_as.or(nobody_elses.then(String::new)) {
        body.insert("same_person_as".into(), json!(other));
    }
    if disable || enable {
        body.insert("disabled".into(), json!(disable));
    }
    Ok(Value::Object(body))
}

/// # Errors
/// The server's refusal.
pub async fn group(command: PeopleGroup, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |name: &str| format!("/api/v1/groups/{}", segment(name));
    let view: GroupView = match command {
        PeopleGroup::List => {
            let list: List<GroupView> = client.get_as("/api/v1/groups", As::Person).await?;
            output.show(&list, |list| groups(&list.items));
            return Ok(());
        }
        PeopleGroup::Show { name } => client.get_as(&one(&name), As::Person).await?,
        PeopleGroup::Add(GroupEntry { name, description, members, no_members: _ }) => {
            let body = json!({ "name": name, "description": description, "members": members });
            client.change(Method::POST, "/api/v1/groups", Some(&body), As::Person, &[]).await?
        }
        PeopleGroup::Put(GroupEntry { name, description, members, no_members }) => {
            let members = (no_members || !members.is_empty()).then_some(members);
            let body = json!({ "description": description, "members": members });
            client.change(Method::PUT, &one(&name), Some(&body), As::Person, &[]).await?
        }
    };
    output.show(&view, |view| groups(std::slice::from_ref(view)));
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn token(command: OwnToken, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    match command {
        OwnToken::List => {
            let list: List<TokenView> = client.get_as("/api/v1/tokens", As::Person).await?;
            output.show(&list, |list| token_table(&list.items));
        }
        OwnToken::Create { name, scopes, within, days } => {
            let body = json!({ "name": name, "scopes": scopes, "within": within, "days": days });
            let made: TokenView =
                client.change(Method::POST, "/api/v1/tokens", Some(&body), As::Person, &[]).await?;
            output.show(&made, made_token);
        }
        OwnToken::Revoke { id } => {
            let path = format!("/api/v1/tokens/{}", segment(&id));
            client.change::<Value>(Method::DELETE, &path, None::<&Value>, As::Person, &[]).await?;
            output.show(&json!({ "revoked": id }), |_| "Revoked.".to_owned());
        }
    }
    Ok(())
}

#[must_use]
pub fn made_token(made: &TokenView) -> String {
    let token = made.token.as_deref().unwrap_or("(not shown)");
    format!("{token}\nFor {} until {}. It is not shown again.", made.email, made.expires_at)
}

#[must_use]
pub fn people_table(people: &[PersonView]) -> String {
    let rows: Vec<Vec<String>> = people
        .iter()
        .map(|person| {
            let state = match (person.disabled, person.temporary_password_until) {
                (true, _) => "disabled".to_owned(),
                (false, Some(until)) => format!("to choose a password until {until:.0}"),
                (false, None) => "active".to_owned(),
            };
            vec![person.email.clone(), person.roles.join(", "), person.groups.join(", "), state]
        })
        .collect();
    table(&["E-MAIL", "ROLES", "GROUPS", "STATE"], &rows)
}

#[must_use]
pub fn token_table(tokens: &[TokenView]) -> String {
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            let state =
                if token.revoked { "revoked".to_owned() } else { format!("until {}", token.expires_at) };
            let within = token.within.as_ref().map(|within| format!(" within {within}")).unwrap_or_default();
            vec![token.id.clone(), token.name.clone(), format!("{}{within}", token.scopes.join(", ")), state]
        })
        .collect();
    table(&["TOKEN", "NAME", "SCOPES", "STATE"], &rows)
}

fn groups(all: &[GroupView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| vec![of.name.clone(), of.members.join(", "), of.description.clone().unwrap_or_default()])
        .collect();
    table(&["GROUP", "MEMBERS", "DESCRIPTION"], &rows)
}

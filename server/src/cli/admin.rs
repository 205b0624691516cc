//! `holdfast admin …`: people, groups and tokens, straight in the database, through the same use cases as
//! everything else. Works before any server runs.

use super::{
    Failure, Outcome,
    arguments::{Admin, AdminCommand, Group, Token, User},
    log,
    output::{Output, table},
    password,
    people::{made_token, people_table, token_table},
    server::settings,
};
use crate::{
    config::{self, Flags, Task},
    serve::{self, Prepared},
};
use holdfast_api::{
    Problem,
    people::{People as _, Tokens as _},
};
use holdfast_app::App;
use holdfast_domain::{Actor, HeldRole, PersonId, Scope};
use std::{collections::BTreeMap, path::PathBuf};

/// # Errors
/// The use case's refusal, or settings that are wrong.
pub async fn admin(config: Option<PathBuf>, admin: Admin, output: Output) -> Outcome {
    log::to_stderr("error");
    let Admin { data, command } = admin;
    let mut settings = settings(&Flags { config, data, listen: None }, Task::Work)?;
    (settings.web_connections, settings.engine_connections) = (2, 1);
    let Prepared { store, postgres, .. } = serve::prepare(&settings).await?;
    // A list that is not there must not keep anybody from what needs none.
    let breached = match &command {
        AdminCommand::User(User::Create { .. }) => config::breached(&settings)?,
        _ => None,
    };
    let app =
        App::new(store.clone(), holdfast_app::Settings { breached, ..holdfast_app::Settings::default() });
    let outcome = match command {
        AdminCommand::User(command) => user(&app, command, output).await,
        AdminCommand::Group(command) => group(&app, command, output).await,
        AdminCommand::Token(command) => token(&app, command, output).await,
    };
    store.close().await;
    serve::stop(postgres).await?;
    outcome
}

async fn user(app: &App, command: User, output: Output) -> Outcome {
    match command {
        User::Create { email, roles, groups, password_stdin } => {
            let roles = roles
                .iter()
                .map(|role| role.parse::<HeldRole>())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| Failure::Usage(format!("--role: {error}")))?;
            let password = password::read(password_stdin, &format!("Password for {email}"))?;
            let person = app.put_person(email, roles, groups, password).await?;
            output.show(&person, |person| {
                format!("{} can sign in as {}.", person.email, person.roles.join(" and "))
            });
        }
        User::List => output.show(&app.list_people().await?, |people| people_table(people)),
        User::Disable { email } => {
            let person = app.disable_person(&email).await?;
            output.show(&person, |person| format!("{} cannot sign in any more.", person.email));
        }
        User::Link { email, issuer, subject } => {
            let person = app.link_identity(&email, &issuer, &subject).await?;
            output.show(&person, |person| format!("{} is {subject} at {issuer}.", person.email));
        }
        User::ResetFactor { email } => {
            let person = app.reset_second_factor(&email).await?;
            output.show(&person, |person| format!("{} signs in by the password alone now.", person.email));
        }
    }
    Ok(())
}

async fn group(app: &App, command: Group, output: Output) -> Outcome {
    match command {
        Group::Add { email, group } => {
            let person = app.add_to_group(&email, &group).await?;
            output.show(&person, |person| format!("{} is in {}.", person.email, person.groups.join(" and ")));
        }
        Group::List => {
            let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for person in app.list_people().await? {
                for group in person.groups {
                    groups.entry(group).or_default().push(person.email.clone());
                }
            }
            output.show(&groups, |groups| {
                let rows: Vec<_> =
                    groups.iter().map(|(name, members)| vec![name.clone(), members.join(", ")]).collect();
                table(&["GROUP", "MEMBERS"], &rows)
            });
        }
    }
    Ok(())
}

async fn token(app: &App, command: Token, output: Output) -> Outcome {
    // What is refused to a person is written down here as everywhere.
    let plane = app.clone().accountable();
    match command {
        Token::Create { email, scopes, name, days } => {
            let scopes = scopes
                .iter()
                .map(|scope| scope.parse::<Scope>())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| Failure::Usage(format!("--scope: {error}")))?;
            let made = app.create_token_for(&email, &name, scopes, days).await?;
            output.show(&made, made_token);
        }
        Token::List { email } => {
            let tokens = plane.tokens(&person(app, &email).await?).await?;
            output.show(&tokens, |tokens| token_table(tokens));
        }
        Token::Revoke { email, id } => {
            plane.revoke_token(&person(app, &email).await?, &id).await?;
            output.show(&serde_json::json!({ "revoked": id }), |_| "Revoked.".to_owned());
        }
    }
    Ok(())
}

/// Tokens belong to people; their own rights are enough to list and end them.
async fn person(app: &App, email: &str) -> Result<Actor, Failure> {
    let people = app.list_people().await?;
    let found = people.into_iter().find(|person| person.email.eq_ignore_ascii_case(email.trim()));
    let found = found.ok_or_else(|| Problem::not_found("person", email))?;
    let id: PersonId = found.id.parse().map_err(|_| Problem::not_found("person", email))?;
    Ok(app.actor_of_session(id, None).await?)
}

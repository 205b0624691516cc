//! An empty database filled with the demonstration. One that holds anything else is left alone.

use super::people::{self, DemoPerson};
use anyhow::anyhow;
use holdfast_api::{Problem, people::NewPerson};
use holdfast_app::{App, Settings, sealing::Sealing};
use holdfast_store::Store;
use std::{collections::HashSet, path::Path};

/// Where the demonstration's file has its health endpoints.
const USUAL_SIMULATOR: &str = "http://127.0.0.1:4600";

/// Fills an empty database, or finishes what an interrupted start began; answers who can sign in.
///
/// # Errors
/// When the database does not answer, or people's passwords cannot be kept.
pub async fn fill(
    store: &Store,
    data: &Path,
    simulator_url: &str,
    sealing: Option<&Sealing>,
) -> anyhow::Result<Vec<DemoPerson>> {
    let empty = store.is_empty().await?;
    let people = match people::read(data)? {
        Some(people) => people,
        None if empty => people::draw(data)?,
        // Somebody's own data, filled from elsewhere: no strangers are added to it.
        None => return Ok(Vec::new()),
    };
    let app = App::new(store.clone(), Settings { sealing: sealing.cloned(), ..Settings::default() });
    if empty || store.applications().await?.readable.is_empty() {
        // The endpoints that are probed are the simulator's own, wherever it listens today.
        let inventory = holdfast_sim::DEMO_INVENTORY.replace(USUAL_SIMULATOR, simulator_url);
        app.seed_inventory(&inventory).await.map_err(said)?;
    }
    let there: HashSet<String> =
        app.list_people().await.map_err(said)?.into_iter().map(|person| person.email).collect();
    for person in people.iter().filter(|person| !there.contains(&person.email)) {
        let role = person.roles.first().map(String::as_str).unwrap_or("viewer").parse()?;
        let (email, password, groups) =
            (person.email.clone(), person.password.clone(), person.groups.clone());
        app.create_person(NewPerson { email, role, groups, password }).await.map_err(said)?;
    }
    Ok(people)
}

fn said(problem: Problem) -> anyhow::Error {
    let fields: Vec<_> =
        problem.fields.iter().map(|field| format!("\n  {}: {}", field.path, field.message)).collect();
    anyhow!("{}: {}{} {}", problem.title, problem.detail, fields.concat(), problem.way_out)
}

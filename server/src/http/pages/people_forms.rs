//! Forms of the settings: people, groups, policies, tokens. Each calls what REST calls.

use super::flash;
use super::query::{Fields, Sent};
use super::render::{Form, Visit, back, came_of};
use crate::http::v1::{entry, tokens};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::people::{AddPerson, ChangePerson, PutGroup};
use holdfast_api::{Answer, IfMatch, Problem};
use holdfast_domain::{ApprovalPolicy, HeldRole, Name, Role, Scope};
use holdfast_frontend::pages;
use serde_json::json;

const PEOPLE: &str = "/people";
const POLICIES: &str = "/policies";
const TOKENS: &str = "/tokens";

/// The version that the form was filled in from.
fn if_match(sent: &Fields) -> IfMatch {
    sent.get("if_match").map_or(IfMatch::Unconditional, |tag| IfMatch::OneOf(vec![tag]))
}

/// What stands between commas.
fn list(sent: &Fields, name: &str) -> Vec<String> {
    let text = sent.text(name);
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn ticked<T: Copy>(sent: &Fields, prefix: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Vec<T> {
    all.iter().copied().filter(|one| sent.get(&format!("{prefix}-{}", word(*one))).is_some()).collect()
}

/// Those that are ticked, and those over some applications only, which stand between blanks.
fn roles(sent: &Fields) -> Answer<Vec<HeldRole>> {
    let mut roles: Vec<HeldRole> =
        ticked(sent, "role", &Role::ALL, Role::as_str).into_iter().map(HeldRole::from).collect();
    for text in sent.text("scoped_roles").split_whitespace() {
        let role = text.parse::<HeldRole>().map_err(|error| {
            Problem::bad_field("scoped_roles", error.0, "Write each as `operator:team=payments,tier=1`.")
        })?;
        roles.push(role);
    }
    Ok(roles)
}

fn name(text: &str) -> Answer<Name> {
    Name::parse(text).map_err(|e| Problem::bad_field("name", e.0, "Choose another name."))
}

const PERSON: [&str; 8] = [
    "email",
    "groups",
    "role-viewer",
    "role-operator",
    "role-approver",
    "role-admin",
    "scoped_roles",
    "same_person_as",
];

pub async fn add_person(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let answer = async {
        let new = AddPerson {
            email: sent.text("email"),
            roles: roles(&sent)?,
            groups: list(&sent, "groups"),
            password: sent.untrimmed("password"),
        };
        state.plane.add_person(&visit.actor, new).await
    };
    let form = Form { page: PEOPLE, name: "add-person", fields: &PERSON };
    came_of(answer.await, form, &sent, |person| format!("{} was added", person.email))
}

pub async fn change_person(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Response {
    // Of oneself the form has neither roles nor groups.
    let own = sent.text("email") == visit.actor.email;
    let answer = async {
        let change = ChangePerson {
            roles: (!own).then(|| roles(&sent)).transpose()?,
            groups: (!own).then(|| list(&sent, "groups")),
            password: sent.untrimmed("password"),
            disabled: None,
            same_person_as: (!own).then(|| sent.text("same_person_as")),
        };
        state.plane.change_person(&visit.actor, &id, change, &if_match(&sent)).await
    };
    let form = Form { page: PEOPLE, name: &format!("person-{id}"), fields: &PERSON };
    came_of(answer.await, form, &sent, |person| format!("{} was changed", person.email))
}

pub async fn disable_person(state: State<AppState>, visit: Visit, id: Path<String>, sent: Sent) -> Response {
    switch_person(state, visit, id, sent, true).await
}

pub async fn enable_person(state: State<AppState>, visit: Visit, id: Path<String>, sent: Sent) -> Response {
    switch_person(state, visit, id, sent, false).await
}

async fn switch_person(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Sent(sent): Sent,
    disabled: bool,
) -> Response {
    let change = ChangePerson { disabled: Some(disabled), ..ChangePerson::default() };
    let answer = state.plane.change_person(&visit.actor, &id, change, &if_match(&sent)).await;
    let form = Form { page: PEOPLE, name: &format!("person-{id}"), fields: &[] };
    let words = if disabled { "cannot sign in any more" } else { "may sign in again" };
    came_of(answer, form, &sent, |person| format!("{} {words}", person.email))
}

const GROUP: [&str; 3] = ["name", "description", "members"];

pub async fn add_group(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let answer = async {
        let group = PutGroup {
            name: name(&sent.text("name"))?,
            description: sent.get("description"),
            members: Some(list(&sent, "members")),
        };
        state.plane.add_group(&visit.actor, group).await
    };
    let form = Form { page: PEOPLE, name: "add-group", fields: &GROUP };
    came_of(answer.await, form, &sent, |group| format!("The group {} was added", group.name))
}

pub async fn change_group(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let group = PutGroup {
            name: name(&text)?,
            description: sent.get("description"),
            members: Some(list(&sent, "members")),
        };
        state.plane.put_group(&visit.actor, group, &if_match(&sent)).await
    };
    let form = Form { page: PEOPLE, name: &format!("group-{text}"), fields: &GROUP };
    came_of(answer.await, form, &sent, |group| format!("The group {} was changed", group.name))
}

const POLICY: [&str; 3] = ["name", "rules", "expires_after"];

/// Read by the inventory's own reader, so that a form is taken as strictly as the file.
fn policy(name: &str, sent: &Fields) -> Answer<ApprovalPolicy> {
    let rules: Vec<_> = list(sent, "rules")
        .iter()
        .map(|rule| {
            let (group, approvals) = rule.split_once(':').unwrap_or((rule, "1"));
            let approvals = approvals.trim();
            let approvals = approvals.parse::<u32>().map_or_else(|_| json!(approvals), |count| json!(count));
            json!({ "group": group.trim(), "approvals": approvals })
        })
        .collect();
    let entry = json!({ "name": name, "rules": rules, "expires_after": sent.text("expires_after") });
    entry::policy(None, entry.to_string().as_bytes()).map_err(|refused| refused.0)
}

pub async fn add_policy(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let answer = async {
        let policy = policy(&sent.text("name"), &sent)?;
        state.plane.add_policy(&visit.actor, policy).await
    };
    let form = Form { page: POLICIES, name: "add-policy", fields: &POLICY };
    came_of(answer.await, form, &sent, |policy| format!("The policy {} was added", policy.name))
}

pub async fn change_policy(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let policy = policy(&text, &sent)?;
        state.plane.put_policy(&visit.actor, policy, &if_match(&sent)).await
    };
    let form = Form { page: POLICIES, name: &format!("policy-{text}"), fields: &POLICY };
    came_of(answer.await, form, &sent, |policy| format!("The policy {} was changed", policy.name))
}

pub async fn remove_policy(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async { state.plane.remove_policy(&visit.actor, &name(&text)?, &if_match(&sent)).await };
    let form = Form { page: POLICIES, name: &format!("policy-{text}"), fields: &[] };
    came_of(answer.await, form, &sent, |()| format!("The policy {text} was removed"))
}

/// Answers with the page itself and not with a way back to it: the secret is in this answer and nowhere else.
pub async fn make_token(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let made = async {
        let days = sent.get("days").map_or(Ok(90), |text| text.parse::<u16>());
        let days = days.map_err(|_| Problem::bad_field("days", "is no number", "Write 1 to 90."))?;
        let scopes = ticked(&sent, "scope", &Scope::ALL, Scope::as_str);
        let within = tokens::within(sent.get("within").as_deref())?;
        state.plane.create_token(&visit.actor, &sent.text("name"), scopes, within, days).await
    };
    match made.await {
        Ok(made) => {
            let answer = state.plane.tokens(&visit.actor).await;
            visit.show(&state, answer.map(|tokens| pages::tokens::page(tokens, Some(made)))).await
        }
        Err(problem) => {
            let fields: Vec<String> = Scope::ALL.iter().map(|s| format!("scope-{}", s.as_str())).collect();
            let fields: Vec<&str> =
                fields.iter().map(String::as_str).chain(["name", "within", "days"]).collect();
            back(TOKENS, flash::refused(&problem, "add-token", sent.typed(&fields)))
        }
    }
}

pub async fn revoke_token(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let form = Form { page: TOKENS, name: "revoke", fields: &[] };
    came_of(state.plane.revoke_token(&visit.actor, &id).await, form, &sent, |()| {
        "The token was revoked".to_owned()
    })
}

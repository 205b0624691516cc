//! The matrix of rights: every operation of the document and every path of the pages, by every role, held over everything and
//! over one's own team only, upon what is one's own team's and what is another's. Over the real use cases and a database.
//! What the router has and the matrix has not, fails it.

mod matrix;
mod world;

use crate::{bodies::body, coverage::operations, house::URL};
use holdfast_domain::{Name, Role};
use holdfast_failover::RunState;
use holdfast_store::AuditRecord;
use matrix::About::{Application, Freeze, Lot, Run, TheDoor, Whole};
pub use matrix::pages;
use matrix::{of_operation, of_page};
use std::collections::BTreeSet;
use world::{INVENTORY, Somebody, Things, World, compared, filled, sent};

const REFUSED: [&str; 5] = ["forbidden", "out_of_scope", "scope_missing", "person_needed", "not_signed_in"];

/// Whoever there is: each role over everything, and over the team `payments` only.
fn everybody() -> Vec<String> {
    let roles = Role::ALL.iter().map(|role| role.as_str());
    roles.flat_map(|role| [role.to_owned(), format!("{role}:team=payments")]).collect()
}

fn shows_others(text: &str, world: &World) -> Option<String> {
    let Things { application: _, run, lot, freeze } = &world.other;
    ["books", "library", run, lot, freeze]
        .iter()
        .find(|one| text.contains(**one))
        .map(|one| (*one).to_owned())
}

#[tokio::test]
async fn every_operation_of_the_router_answers_each_role_as_the_matrix_says() {
    let mut all = operations();
    // Reading comes first, before the log has what was asked for; what ends things last.
    all.sort_by_key(|(method, path, ..)| (method != "GET", method == "DELETE", path.ends_with("/cancel")));
    let absent: Vec<String> = all
        .iter()
        .filter(|(method, path, ..)| of_operation(method, path).is_none())
        .map(|(method, path, ..)| format!("{method} {path}"))
        .collect();
    assert!(absent.is_empty(), "the matrix has no row for {absent:?}");
    let mut wrong: Vec<String> = Vec::new();
    for held in everybody() {
        let world = World::new().await;
        let who = world.sign_in(&held).await;
        for (method, path, ..) in &all {
            let (about, roles) = of_operation(method, path).unwrap();
            if about == TheDoor {
                continue;
            }
            let named = format!("{method} {path} by {held}");
            let ask = async |things: &Things| {
                let body = sent(method, path, things);
                who.send(method, &filled(path, things), &body).await
            };
            let of_one = matches!(about, Application | Run | Lot | Freeze);
            if of_one {
                let (others, nothing) = (ask(&world.other).await, ask(&world.nothing).await);
                let same = compared(&others, &world.other) == compared(&nothing, &world.nothing);
                if who.is_limited() && (!same || others.status != 404) {
                    wrong.push(format!(
                        "{named}: another team's: {} {}, as against {} {}",
                        others.status, others.text, nothing.status, nothing.text
                    ));
                }
            }
            let answer = ask(&world.own).await;
            let code = if answer.status >= 400 { answer.code() } else { String::new() };
            let has = roles.contains(&who.held.role);
            let expected = match about {
                Whole if has && who.is_limited() => "out_of_scope",
                _ if has => "",
                _ => "forbidden",
            };
            let as_written = if expected.is_empty() {
                !REFUSED.contains(&code.as_str())
            } else {
                answer.status == 403 && code == expected
            };
            if !as_written {
                wrong.push(format!("{named}: {} {}, expected {expected:?}", answer.status, answer.text));
            }
            if code == "out_of_scope" && !answer.text.contains("Ask ") && !answer.text.contains("ask ") {
                wrong.push(format!("{named}: does not say who can lift it: {}", answer.text));
            }
            if who.is_limited()
                && let Some(shown) = shows_others(&answer.text, &world)
            {
                wrong.push(format!("{named}: shows `{shown}`: {}", answer.text));
            }
        }
        if who.is_limited() {
            assert_untouched(&world).await;
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// Nothing of the other team's has changed.
async fn assert_untouched(world: &World) {
    let run = world.store.run_head(world.other.run.parse().unwrap()).await.unwrap();
    assert_eq!((run.state, run.seq), (RunState::AwaitingApproval, 1));
    assert!(world.store.application(&Name::parse("books").unwrap()).await.is_ok());
    let freezes = world.store.freezes().await.unwrap();
    assert!(freezes.iter().any(|freeze| freeze.id.to_string() == world.other.freeze));
}

#[tokio::test]
async fn every_path_of_the_pages_answers_each_role_as_the_matrix_says() {
    let mut all = pages();
    all.sort_by_key(|(method, _)| *method != "GET");
    assert!(all.len() > 80, "{all:?}");
    let absent: Vec<_> = all.iter().filter(|(method, path)| of_page(method, path).is_none()).collect();
    assert!(absent.is_empty(), "the matrix has no row for {absent:?}");
    let mut wrong: Vec<String> = Vec::new();
    for held in everybody() {
        let world = World::new().await;
        let who = world.sign_in(&held).await;
        for (method, path) in &all {
            let (about, roles) = of_page(method, path).unwrap();
            if about == TheDoor {
                continue;
            }
            let named = format!("{method} {path} by {held}");
            let ask = async |things: &Things| who.send(method, &filled(path, things), "").await;
            if who.is_limited() && matches!(about, Application | Run | Lot | Freeze) {
                let (others, nothing) = (ask(&world.other).await, ask(&world.nothing).await);
                if compared(&others, &world.other) != compared(&nothing, &world.nothing) {
                    wrong.push(format!(
                        "{named}: another team's: {} {:?}, as against {} {:?}",
                        others.status,
                        others.headers.get("location"),
                        nothing.status,
                        nothing.headers.get("location")
                    ));
                }
                if *method == "GET" && others.status != 404 {
                    wrong.push(format!("{named}: another team's page answers {}", others.status));
                }
            }
            let done = |entries: &[AuditRecord]| entries.first().map(|record| record.id);
            let before = done(&world.entries_of(&who.email).await);
            let answer = ask(&world.own).await;
            let has = roles.contains(&who.held.role) && !(about == Whole && who.is_limited());
            if *method == "GET" {
                // A download that is refused leads back to its page, which says why.
                let refused = match path.as_str() {
                    "/break-glass/bundle" => answer.status == 303,
                    _ => answer.status == 403,
                };
                if has == refused {
                    wrong.push(format!("{named}: {}", answer.status));
                }
                if who.is_limited()
                    && let Some(shown) = shows_others(&answer.text, &world)
                {
                    wrong.push(format!("{named}: shows `{shown}`"));
                }
                continue;
            }
            // A form leads back to its page; the log says what came of it. An empty form may be refused before rights are asked.
            let entries = world.entries_of(&who.email).await;
            let newest =
                entries.first().filter(|record| Some(record.id) != before).map(|record| &record.entry);
            let refused = newest.and_then(|entry| entry.refusal_code.clone());
            let by_rights = refused.as_deref().is_some_and(|code| REFUSED.contains(&code));
            let was_done = newest.is_some_and(|entry| entry.refusal_code.is_none());
            if (has && by_rights) || (!has && was_done) {
                wrong.push(format!("{named}: {} {newest:?}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_file_that_touches_what_is_outside_is_refused_whole_with_its_lines() {
    let world = World::new().await;
    let who = world.sign_in("operator:team=payments").await;
    let shown = who.send("GET", "/api/v1/inventory", "").await;
    assert!(shown.text.contains("shop") && !shown.text.contains("books"), "{}", shown.text);
    let put = async |file: &str| {
        let headers =
            [("cookie", who.cookie.as_str()), ("origin", URL), ("content-type", "application/yaml")];
        world.client.send("PUT", "/api/v1/inventory", &headers, file).await
    };
    let file = world
        .client
        .send("GET", "/api/v1/inventory", &[("cookie", &who.cookie), ("accept", "application/yaml")], "")
        .await;
    let same = put(&file.text).await;
    assert_eq!((same.status, same.json()["changed"].as_bool()), (200, Some(false)), "{}", same.text);

    // Their own with another's, in one file.
    let books = INVENTORY.lines().skip_while(|line| !line.starts_with("  - {name: books")).take(3);
    let books: String = books.map(|line| format!("{line}\n")).collect();
    let both = file
        .text
        .replace("rto: 15m", "rto: 30m")
        .replace("applications:\n", &format!("applications:\n{books}"));
    let no = put(&both).await;
    assert_eq!((no.status, no.code().as_str()), (403, "out_of_scope"), "{}", no.text);
    let line = both.lines().position(|line| line.contains("name: books")).unwrap() + 1;
    let fields = no.json()["fields"].clone();
    assert_eq!(fields.as_array().map(Vec::len), Some(1), "{fields}");
    assert_eq!(fields[0]["line"].as_u64(), Some(line as u64), "{fields}");
    assert_eq!(fields[0]["path"], "applications.books", "{fields}");
    let after = who.send("GET", "/api/v1/inventory", "").await;
    assert_eq!(after.text, shown.text, "nothing was stored");

    // What is of no one application; giving away, and taking in.
    for (from, to, path) in [
        ("groups:\n", "groups:\n  - name: others\n", "groups.others"),
        ("owner: payments", "owner: library", "applications.shop"),
        ("name: shop\n", "name: shop2\n", ""),
    ] {
        let no = put(&file.text.replacen(from, to, 1)).await;
        if path.is_empty() {
            // Of their own team, under a new name: what it leaves out of the file is still there, and asks to be pruned.
            assert_eq!((no.status, no.code().as_str()), (422, "inventory_invalid"), "{}", no.text);
            continue;
        }
        assert_eq!((no.status, no.code().as_str()), (403, "out_of_scope"), "{}", no.text);
        assert_eq!(no.json()["fields"][0]["path"], path, "{}", no.text);
    }

    // Their own alone.
    let yes = put(&file.text.replace("rto: 15m", "rto: 30m")).await;
    assert_eq!((yes.status, yes.json()["changed"].as_bool()), (200, Some(true)), "{}", yes.text);
    let everything = world.sign_in("viewer").await;
    let whole = everything.send("GET", "/api/v1/inventory", "").await.text;
    assert!(whole.contains("books") && whole.contains("30m"), "{whole}");
}

#[tokio::test]
async fn a_name_that_another_team_has_is_taken_and_the_refusal_shows_nothing_of_it() {
    let world = World::new().await;
    let who = world.sign_in("operator:team=payments").await;
    let new = body("PUT", "/api/v1/applications/{name}");
    let put = async |name: &str| {
        let headers =
            [("cookie", who.cookie.as_str()), ("origin", URL), ("content-type", "application/json")];
        world.client.send("PUT", &format!("/api/v1/applications/{name}"), &headers, new).await
    };
    let taken = put("books").await;
    assert_eq!((taken.status, taken.code().as_str()), (403, "out_of_scope"), "{}", taken.text);
    assert!(!taken.text.contains("library"), "{}", taken.text);
    let made = put("kiosk").await;
    assert!(made.status < 300, "{}", made.text);
}

#[tokio::test]
async fn whoever_ends_somewhere_empties_a_region_of_what_they_name_and_may_move() {
    let world = World::new().await;
    let who = world.sign_in("operator:team=payments").await;
    let ask = async |names: &str| {
        let body = format!(
            r#"{{"region": "us-east-1", "mode": "planned", "reason": "rehearsal", "applications": [{names}]}}"#
        );
        who.send("POST", "/api/v1/evacuations", &body).await
    };
    let (other, nothing) = (ask(r#""books""#).await, ask(r#""bokks""#).await);
    assert_eq!(compared(&other, &world.other), compared(&nothing, &world.nothing));
    assert_eq!(other.status, 422, "{}", other.text);
    let own = ask(r#""shop""#).await;
    assert!(!REFUSED.contains(&own.code().as_str()), "{}", own.text);
}

#[tokio::test]
async fn a_token_that_is_limited_sees_no_more_than_it_says_and_no_more_than_its_person() {
    let world = World::new().await;
    let seen = async |held: &str, within: &str| {
        let who = world.sign_in(held).await;
        let asked = format!(r#"{{"name": "night", "scopes": ["status:read"], "within": "{within}"}}"#);
        let made = who.send("POST", "/api/v1/tokens", &asked).await;
        assert_eq!(made.json()["within"].as_str(), Some(within), "{}", made.text);
        let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
        let list = world.client.send("GET", "/api/v1/applications", &[("authorization", &bearer)], "").await;
        let items = list.json()["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(seen("viewer", "environment=staging").await, set(&["books"]));
    assert_eq!(seen("viewer:team=payments", "tier=1").await, set(&["shop"]));
    assert_eq!(seen("operator:team=payments", "team=library").await, set(&[]));
}

#[tokio::test]
async fn a_scoped_role_is_given_and_taken_away_where_roles_are_and_counts_at_once() {
    let world = World::new().await;
    let admin = world.sign_in("admin").await;
    let who = world.sign_in("viewer").await;
    let path = format!("/api/v1/people/{}", who.email);
    let roles = async |roles: &str| admin.send("PATCH", &path, &format!(r#"{{"roles": [{roles}]}}"#)).await;
    let given = roles(r#""viewer", "operator:team=payments,tier=1""#).await;
    assert_eq!(
        given.json()["roles"],
        serde_json::json!(["viewer", "operator:tier=1,team=payments"]),
        "{}",
        given.text
    );
    let drive = async |who: &Somebody<'_>, things: &Things| {
        who.send("POST", &format!("/api/v1/runs/{}/pause", things.run), "").await.code()
    };
    assert!(!REFUSED.contains(&drive(&who, &world.own).await.as_str()));
    assert_eq!(drive(&who, &world.other).await, "out_of_scope", "they see it, as a viewer of everything");
    let bad = roles(r#""operator:owner=payments""#).await;
    assert_eq!(
        (bad.status, bad.json()["fields"][0]["path"].as_str()),
        (422, Some("roles[0]")),
        "{}",
        bad.text
    );
    assert_eq!(roles(r#""viewer""#).await.status, 200);
    assert_eq!(drive(&who, &world.own).await, "forbidden");
    let entries = world.entries_of(&admin.email).await;
    let told = entries.iter().filter(|record| record.entry.action == "person.put").count();
    assert_eq!(told, 2, "{entries:?}");
}

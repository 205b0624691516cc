//! Every operation of REST has its command, or a reason why it has none: the built command is run, and what it asks of a
//! server is looked at.

use crate::{
    bodies::body,
    coverage::operations,
    fake::{Fake, PASSWORD, RUN, TOKEN},
    house::Client,
};
use axum::{extract::Request, middleware::from_fn};
use percent_encoding::percent_decode_str;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt as _, net::TcpListener, process::Command};

enum Way {
    /// By this command; `RUN` and `FILE` stand for a run's id and for a file with a good body.
    By(&'static str),
    /// By none, and why.
    Without(&'static str),
}

use Way::{By, Without};

/// This list grows with the document.
const WAYS: &[(&str, Way)] = &[
    ("POST /api/v1/session", By("login --email operator@example.com --password-stdin")),
    ("GET /api/v1/session", By("whoami")),
    (
        "POST /api/v1/session/proof",
        Without("`holdfast login` is a proof too: it begins a session that is fresh"),
    ),
    ("GET /api/v1/sessions", By("session list")),
    ("DELETE /api/v1/sessions/{id}", By("session end RUN")),
    (
        "DELETE /api/v1/sessions",
        Without("`holdfast logout --everywhere` asks it, and would end the session that others use"),
    ),
    (
        "GET /api/v1/session/factors",
        Without("set up on the page of one's own sign-in, where secrets are shown once"),
    ),
    ("POST /api/v1/session/factors/totp", Without("set up on the page of one's own sign-in")),
    ("DELETE /api/v1/session/factors/totp", Without("on the page of one's own sign-in")),
    ("POST /api/v1/session/factors/totp/confirm", Without("set up on the page of one's own sign-in")),
    (
        "POST /api/v1/session/factors/recovery_codes",
        Without("on the page of one's own sign-in, where they are shown once"),
    ),
    ("PUT /api/v1/session/password", By("password --password-stdin")),
    ("GET /api/v1/session/passkeys", By("passkey list")),
    ("PATCH /api/v1/session/passkeys/{id}", By("passkey rename RUN spare")),
    ("DELETE /api/v1/session/passkeys/{id}", By("passkey remove RUN")),
    ("POST /api/v1/session/passkeys", Without("registered where a browser can ask the key")),
    ("POST /api/v1/session/passkeys/challenge", Without("asked where a browser can ask the key")),
    ("POST /api/v1/session/proof/challenge", Without("asked where a browser can ask the key")),
    ("GET /api/v1/people/{id}/passkeys", By("person passkeys approver@example.com")),
    ("DELETE /api/v1/people/{id}/passkeys/{passkey}", By("person remove-passkey approver@example.com RUN")),
    ("DELETE /api/v1/people/{id}/factors", By("person reset-factor approver@example.com")),
    ("GET /api/v1/system", By("system")),
    ("GET /api/v1/now", By("now")),
    ("GET /api/v1/approvals", By("approvals")),
    ("GET /api/v1/inventory", By("export")),
    ("PUT /api/v1/inventory", By("apply FILE")),
    ("GET /api/v1/accounts", By("account list")),
    ("GET /api/v1/discovered_accounts", By("account discovered")),
    ("GET /api/v1/accounts/{id}", By("account show 222222222222")),
    ("PUT /api/v1/accounts/{id}", By("account put 222222222222 FILE")),
    ("DELETE /api/v1/accounts/{id}", By("account remove 222222222222")),
    ("GET /api/v1/regions", By("region list")),
    ("GET /api/v1/regions/{code}", By("region show us-east-1")),
    ("PATCH /api/v1/regions/{code}", By("region declare us-east-1 impaired --reason storm")),
    ("GET /api/v1/regions/{code}/evacuation", By("evacuate plan us-east-1")),
    ("GET /api/v1/applications", By("application list --tier 1")),
    ("GET /api/v1/applications/{name}", By("application show shop")),
    ("PUT /api/v1/applications/{name}", By("application put shop FILE")),
    ("DELETE /api/v1/applications/{name}", By("application remove shop")),
    ("GET /api/v1/applications/{name}/status", By("status shop")),
    ("GET /api/v1/applications/{name}/readiness", By("status shop")),
    ("GET /api/v1/applications/{name}/plans", By("plan show shop")),
    ("POST /api/v1/applications/{name}/plans", By("plan edit shop 2 --reason rehearsed")),
    ("GET /api/v1/applications/{name}/plans/kept", By("plan list shop")),
    ("GET /api/v1/applications/{name}/plans/versions", By("plan versions shop")),
    ("GET /api/v1/applications/{name}/plans/{version}", By("plan show shop 2")),
    ("GET /api/v1/applications/{name}/plans/{version}/diff", By("plan diff shop 2")),
    ("POST /api/v1/applications/{name}/plans/{version}/evaluations", By("plan evaluate shop")),
    (
        "POST /api/v1/applications/{name}/waivers",
        By("plan waive shop front-door route53@us-east-1 --reason known --review-on 2027-03-01"),
    ),
    (
        "DELETE /api/v1/applications/{name}/waivers/{waiver}",
        By("plan end-waiver shop front-door route53@us-east-1"),
    ),
    ("POST /api/v1/applications/{name}/refresh", By("application refresh shop")),
    (
        "POST /api/v1/applications/{name}/webhooks/{step}/secret",
        By("application webhook-secret shop observe-again"),
    ),
    ("GET /api/v1/runs", By("run list --live")),
    ("POST /api/v1/runs", By("run request shop --intent failover --mode planned --reason rehearsal")),
    ("GET /api/v1/runs/{id}", By("run show RUN")),
    ("GET /api/v1/runs/{id}/events", By("run watch RUN")),
    ("POST /api/v1/runs/{id}/reviews", By("run approve RUN --digest x")),
    ("DELETE /api/v1/runs/{id}/reviews", By("run withdraw RUN")),
    ("POST /api/v1/runs/{id}/pause", By("run pause RUN")),
    ("POST /api/v1/runs/{id}/resume", By("run resume RUN")),
    ("POST /api/v1/runs/{id}/cancel", By("run cancel RUN --reason no")),
    ("GET /api/v1/runs/{id}/escalate", By("run escalation RUN")),
    ("POST /api/v1/runs/{id}/escalate", By("run escalate RUN --reason dark --confirm shop")),
    ("GET /api/v1/runs/{id}/abort", By("run abort RUN")),
    ("POST /api/v1/runs/{id}/abort", By("run abort RUN --reason worse")),
    ("POST /api/v1/runs/{id}/commit", By("run commit RUN")),
    ("POST /api/v1/runs/{id}/acknowledge", By("run acknowledge RUN")),
    ("POST /api/v1/runs/{id}/try_again", By("run try-again RUN")),
    ("POST /api/v1/runs/{id}/end_drill", By("run end-drill RUN")),
    ("POST /api/v1/runs/{id}/steps/{step}/retry", By("run retry RUN observe-again")),
    ("POST /api/v1/runs/{id}/steps/{step}/skip", By("run skip RUN observe-again --reason no")),
    ("POST /api/v1/runs/{id}/steps/{step}/confirm", By("run confirm RUN observe-again")),
    ("GET /api/v1/evacuations", By("evacuate list")),
    ("POST /api/v1/evacuations", By("evacuate request us-east-1 --mode planned --reason storm")),
    ("GET /api/v1/evacuations/{id}", By("evacuate show RUN")),
    ("POST /api/v1/evacuations/{id}/reviews", By("evacuate deny RUN")),
    ("DELETE /api/v1/evacuations/{id}/reviews", By("evacuate withdraw RUN")),
    ("POST /api/v1/evacuations/{id}/break_glass", By("evacuate break-glass RUN")),
    ("POST /api/v1/evacuations/{id}/commit", By("evacuate commit RUN --comment well")),
    ("POST /api/v1/evacuations/{id}/go_on", By("evacuate go-on RUN --reason well")),
    ("POST /api/v1/evacuations/{id}/cancel", By("evacuate cancel RUN --reason no")),
    ("GET /api/v1/automation", By("automation show")),
    ("PUT /api/v1/automation", By("automation off --reason storm")),
    ("GET /api/v1/freezes", By("freeze list")),
    ("POST /api/v1/freezes", By("freeze declare --reason audit --until 2027-01-02T00:00:00Z")),
    ("DELETE /api/v1/freezes/{id}", By("freeze lift RUN")),
    ("GET /api/v1/break_glass", By("break-glass status")),
    ("GET /api/v1/break_glasses", By("break-glass list")),
    ("POST /api/v1/break_glasses", By("break-glass open --reason fire --minutes 30")),
    ("GET /api/v1/break_glasses/{id}", By("break-glass show RUN")),
    ("POST /api/v1/break_glasses/{id}/end", By("break-glass end RUN")),
    ("POST /api/v1/break_glasses/{id}/review", By("break-glass review RUN --words rightly")),
    ("GET /api/v1/bundle", By("bundle status")),
    ("GET /api/v1/bundle/copy", By("bundle export --to FILE")),
    ("POST /api/v1/offline_codes", By("bundle make-code")),
    ("DELETE /api/v1/offline_codes/{id}", By("bundle end-code RUN")),
    ("POST /api/v1/journals", By("bundle import FILE")),
    ("GET /api/v1/sealed_codes", By("break-glass codes")),
    ("POST /api/v1/sealed_codes", By("break-glass make-code --kept-at safe")),
    ("DELETE /api/v1/sealed_codes/{id}", By("break-glass withdraw-code RUN")),
    ("POST /api/v1/runs/{id}/break_glass", By("run break-glass RUN")),
    ("GET /api/v1/compliance", By("compliance")),
    ("GET /api/v1/audit", By("audit list --outcome refused")),
    ("GET /api/v1/audit/{id}", By("audit show 2")),
    ("GET /api/v1/audit/calls", By("audit calls --person operator@example.com --click 7")),
    ("GET /api/v1/audit/export", By("audit export --to HOME/audit.jsonl")),
    ("GET /api/v1/audit/checkpoint", By("audit checkpoint")),
    ("GET /api/v1/audit/keys", By("audit keys")),
    ("GET /api/v1/audit/consistency", By("audit consistency --from 1")),
    ("GET /api/v1/people", By("person list")),
    ("POST /api/v1/people", By("person add --email new@example.com --role operator")),
    ("POST /api/v1/people/sign_out", By("person sign-out-everybody --confirm everybody")),
    ("GET /api/v1/people/{id}", By("person show approver@example.com")),
    ("PATCH /api/v1/people/{id}", By("person change approver@example.com --disable")),
    ("GET /api/v1/groups", By("group list")),
    ("POST /api/v1/groups", By("group add sre --member approver@example.com")),
    ("GET /api/v1/groups/{name}", By("group show shop")),
    ("PUT /api/v1/groups/{name}", By("group put shop --no-members")),
    ("GET /api/v1/policies", By("policy list")),
    ("POST /api/v1/policies", By("policy add FILE")),
    ("GET /api/v1/policies/{name}", By("policy show shop")),
    ("PUT /api/v1/policies/{name}", By("policy put shop FILE")),
    ("DELETE /api/v1/policies/{name}", By("policy remove shop")),
    ("GET /api/v1/on_call", By("on-call list")),
    (
        "PUT /api/v1/on_call/{name}",
        By("on-call rotate shop --person approver@example.com --starts-on 2026-12-07"),
    ),
    ("DELETE /api/v1/on_call/{name}", By("on-call remove shop")),
    (
        "POST /api/v1/on_call/{name}/overrides",
        By("on-call override shop --person approver@example.com --until 2027-01-02T00:00:00Z"),
    ),
    ("DELETE /api/v1/on_call/{name}/overrides/{id}", By("on-call end-override shop RUN")),
    ("GET /api/v1/channels", By("channel list")),
    ("POST /api/v1/channels", By("channel add --kind webhook --name phone --to https://hooks.example.com/")),
    ("POST /api/v1/channels/{id}/test", By("channel test RUN")),
    ("DELETE /api/v1/channels/{id}", By("channel remove RUN")),
    ("GET /api/v1/runs/{id}/notices", By("run told RUN")),
    ("GET /api/v1/evacuations/{id}/notices", By("evacuate told RUN")),
    ("GET /api/v1/tokens", By("token list")),
    ("POST /api/v1/tokens", By("token create --scope runs:read")),
    ("DELETE /api/v1/tokens/{id}", By("token revoke RUN")),
    ("GET /api/v1/openapi.json", Without("`holdfast openapi` prints it, and needs no server")),
    ("GET /livez", Without("for whatever restarts the process")),
    ("GET /readyz", Without("for load balancers; `holdfast system` says it to people")),
    ("GET /metrics", Without("for Prometheus")),
    ("GET /.well-known/security.txt", Without("for whoever finds a weakness, without an account")),
    // The last: it ends the session that others use.
    ("DELETE /api/v1/session", By("logout")),
];

struct Served {
    url: String,
    home: TempDir,
    calls: Arc<Mutex<BTreeSet<String>>>,
}

impl Served {
    /// The whole service over the fake control plane, on a port of its own. Every request's method and path are kept.
    async fn new() -> Self {
        let plane = Arc::new(Fake::default());
        // Else what is watched would not end.
        *plane.ended.lock().unwrap() = true;
        plane.happens("completed");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (client, _) = Client::at(&url, plane);
        let calls = Arc::new(Mutex::new(BTreeSet::new()));
        let kept = calls.clone();
        let router = client.0.layer(from_fn(move |request: Request, next: axum::middleware::Next| {
            let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
            kept.lock().unwrap().insert(format!("{} {path}", request.method()));
            next.run(request)
        }));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { url, home: tempfile::tempdir().unwrap(), calls }
    }

    /// Exit code, and what was printed.
    async fn holdfast(&self, words: &[String], input: &str) -> (i32, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_holdfast"))
            .args(words)
            .env_clear()
            .env("HOME", self.home.path())
            .env("HOLDFAST_URL", &self.url)
            .env("HOLDFAST_TOKEN", TOKEN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that reads nothing may be gone already.
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.ok();
        let done = child.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
    }

    fn words(&self, command: &str, method: &str, path: &str) -> Vec<String> {
        let file = self.home.path().join("entry.json");
        std::fs::write(&file, body(method, path)).unwrap();
        let home = self.home.path().to_str().unwrap();
        command
            .split(' ')
            .map(|word| {
                word.replace("RUN", RUN).replace("FILE", file.to_str().unwrap()).replace("HOME", home)
            })
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_its_command_or_a_reason_to_have_none() {
    let served = Served::new().await;
    let operations = operations();
    let named: Vec<String> = operations.iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    for operation in &named {
        assert!(WAYS.iter().any(|(of, _)| of == operation), "{operation}: by which command, or why by none?");
    }
    for (operation, way) in WAYS {
        let at = named.iter().position(|of| of == operation).unwrap_or_else(|| panic!("no {operation}"));
        let (method, path, filled, _) = &operations[at];
        let command = match way {
            By(command) => command,
            Without(why) => {
                assert!(why.len() > 10, "{operation}");
                continue;
            }
        };
        let mut words = served.words(command, method, path);
        let two = format!("{PASSWORD}\nanother long password\n");
        let input = if command.starts_with("password") { two.as_str() } else { PASSWORD };
        let (code, text, error) = served.holdfast(&words, input).await;
        assert_eq!(code, 0, "{command}: {text}{error}");
        assert!(!text.trim().is_empty(), "{command} says nothing");
        let asked = format!("{method} {filled}");
        let calls = std::mem::take(&mut *served.calls.lock().unwrap());
        assert!(calls.contains(&asked), "{command} is to ask {asked}, and asked {calls:?}");
        // What is made or ended once, or told event by event, is not asked for again.
        if method == "GET" && !command.starts_with("run watch") {
            words.push("--json".to_owned());
            let (code, text, error) = served.holdfast(&words, "").await;
            assert_eq!(code, 0, "{command} --json: {error}");
            let json = serde_json::from_str::<serde_json::Value>(&text);
            assert!(json.is_ok(), "{command} --json says no JSON: {text}");
            served.calls.lock().unwrap().clear();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_the_servers_own_words() {
    let served = Served::new().await;
    let words = |command: &str| command.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (code, _, error) = served.holdfast(&words("application list --strategy bogus"), "").await;
    assert_eq!(code, 1);
    assert!(error.contains("strategy") && error.contains("warm_standby"), "{error}");
    let (code, text, _) = served.holdfast(&words("application list --strategy bogus --json"), "").await;
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &problem["fields"][0]["path"]), (1, &"strategy".into()));
    // What a token cannot do says how a person does it, whatever token is set.
    let (code, _, error) = served.holdfast(&words("region declare us-east-1 impaired"), "").await;
    assert_eq!(code, 1);
    assert!(error.contains("holdfast login"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_comes_in_pages_is_shown_whole() {
    let served = Served::new().await;
    let words = ["application", "list", "--json"].map(str::to_owned);
    let (code, text, error) = served.holdfast(&words, "").await;
    assert_eq!(code, 0, "{error}");
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compliance_comes_as_a_table_for_a_spreadsheet() {
    let served = Served::new().await;
    let words = ["compliance".to_owned(), "--csv".to_owned()];
    let (code, text, error) = served.holdfast(&words, "").await;
    assert_eq!((code, text.lines().next()), (0, Some("application,owner")), "{error}");
}

//! Who is believed, and what is never spoken to.

use super::*;
use holdfast_domain::Hosts;
use holdfast_outside::{Egress, Guard};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn provider(issuer: &str, guard: impl Into<Guard>) -> Provider {
    let settings = OidcSettings {
        issuer: issuer.to_owned(),
        client_id: "holdfast".to_owned(),
        client_secret: Some(SecretString::from("canary-of-the-client".to_owned())),
        name: "Example".to_owned(),
        scopes: vec!["email".to_owned()],
        groups_claim: "groups".to_owned(),
        acr_values: vec![],
        amr: vec![],
        redirect_uri: "https://holdfast.example.com/sign-in/provider/callback".to_owned(),
        longest: Duration::from_secs(43_200),
    };
    let sealing = Sealing::parse(&Sealing::new_key().unwrap()).unwrap();
    Provider::new(settings, Guarded::new(guard).unwrap(), sealing)
}

#[test]
fn groups_are_texts_in_a_list_or_alone_and_nothing_else() {
    assert_eq!(groups(None), None);
    assert_eq!(
        groups(Some(&json!(["a", 7, null, {"x": "admin"}, "b c"]))),
        Some(vec!["a".into(), "b c".into()])
    );
    assert_eq!(groups(Some(&json!("a"))), Some(vec!["a".into()]));
    assert_eq!(groups(Some(&json!({"admin": true}))), Some(vec![]));
}

#[tokio::test]
async fn nobody_comes_back_who_did_not_leave_from_this_browser() {
    let provider = provider("https://idp.example.com", Egress::Production);
    let answered = || Answered { code: Some("x".into()), state: Some("s".into()), ..Answered::default() };
    let sealed = |of: &Provider, left_at: i64, state: &str| {
        let kept = Kept {
            state: state.into(),
            nonce: "n".into(),
            verifier: "v".into(),
            next: "/".into(),
            purpose: Purpose::SignIn,
            left_at,
        };
        URL_SAFE_NO_PAD.encode(of.sealing.seal(SEALED_AS, &serde_json::to_vec(&kept).unwrap()).unwrap())
    };
    let now = Timestamp::now().as_second();
    let other = self::provider("https://idp.example.com", Egress::Production);
    for kept in [
        None,
        Some("e30".to_owned()),
        Some(sealed(&other, now, "s")),
        Some(sealed(&provider, now - 601, "s")),
        Some(sealed(&provider, now + 60, "s")),
        Some(sealed(&provider, now, "another")),
    ] {
        assert_eq!(
            provider.come_back(kept.as_deref(), answered()).await.unwrap_err(),
            Failure::NotAwaited,
            "{kept:?}"
        );
    }
    let refused = Answered { error: Some("access_denied".into()), ..answered() };
    let why = provider.come_back(Some(&sealed(&provider, now, "s")), refused).await.unwrap_err();
    assert_eq!(why, Failure::Refused("access_denied".into()));
    let mixed_up = Answered { issuer: Some("https://evil.example".into()), ..answered() };
    let why = provider.come_back(Some(&sealed(&provider, now, "s")), mixed_up).await.unwrap_err();
    assert_eq!(why, Failure::NotAwaited, "another provider's answer");
    let unsaid = Answered { error: Some("access_denied".into()), ..Answered::default() };
    let why = provider.come_back(Some(&sealed(&provider, now, "s")), unsaid).await.unwrap_err();
    assert_eq!(why, Failure::NotAwaited, "a no is believed as little as a yes without the state");
}

/// Answers every request with this and counts who connects.
async fn serving(answer: impl Fn(&str) -> String + Send + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counts = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counts.fetch_add(1, Ordering::SeqCst);
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let said = answer(&String::from_utf8_lossy(&request[..read]));
            stream.write_all(said.as_bytes()).await.ok();
        }
    });
    (port, connections)
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

async fn refused_words(provider: &Provider) -> String {
    let why = provider.leave("/", Purpose::SignIn).await.unwrap_err();
    assert_eq!(why.code(), "provider_unreachable", "{provider:?}");
    let Failure::Unreachable(words) = why else { panic!("{provider:?}") };
    assert!(!words.contains("canary"), "{words}");
    words
}

#[tokio::test]
async fn discovery_speaks_to_nothing_that_only_this_process_reaches() {
    let (port, connections) = serving(|_| ok("{}")).await;
    let spellings = include_str!("../../../crates/outside/tests/inside.txt");
    let spellings = spellings.lines().filter(|line| !line.starts_with('#'));
    let mut tried = 0;
    for issuer in spellings.map(|line| line.replace("PORT", &port.to_string())) {
        refused_words(&provider(&issuer, Egress::Production)).await;
        assert_eq!(connections.load(Ordering::SeqCst), 0, "{issuer}");
        tried += 1;
    }
    assert!(tried >= 60, "{tried}");
}

#[tokio::test]
async fn a_provider_of_a_host_that_is_not_named_is_not_spoken_to() {
    let (port, connections) = serving(|_| ok("{}")).await;
    let issuer = format!("http://127.0.0.1:{port}");
    let named = |host: &str| Guard::new(Egress::Local, Hosts::parse([host]).unwrap());
    let words = refused_words(&provider(&issuer, named("idp.example.com"))).await;
    assert!(words.contains("(idp.example.com)"), "{words}");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    refused_words(&provider(&issuer, named("127.0.0.1"))).await;
    assert_eq!(connections.load(Ordering::SeqCst), 1, "it is spoken to, and is no provider");
}

#[tokio::test]
async fn a_provider_that_points_elsewhere_than_it_should_leads_nowhere() {
    let (trap, sprung) = serving(|_| ok("{}")).await;
    let metadata = "https://169.254.169.254/latest/meta-data/";
    let trapped = format!("http://127.0.0.1:{trap}/");
    for status in [301, 302, 303, 307, 308] {
        let to = trapped.clone();
        let moved = move |_: &str| {
            format!(
                "HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
        };
        let (port, _) = serving(moved).await;
        refused_words(&provider(&format!("http://127.0.0.1:{port}"), Egress::Local)).await;
    }
    assert_eq!(sprung.load(Ordering::SeqCst), 0, "a redirect was followed");
    for (what, keys, door) in [("keys", metadata, "https://idp.example.com/door"), ("door", "", metadata)] {
        let (own_keys, own_keys_asked) = serving(|_| ok(r#"{"keys": []}"#)).await;
        let keys = match keys {
            "" => format!("http://127.0.0.1:{own_keys}/keys"),
            elsewhere => elsewhere.to_owned(),
        };
        let document = move |request: &str| {
            let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
            let document = json!({
                "issuer": format!("http://{host}"), "authorization_endpoint": door, "jwks_uri": keys,
                "token_endpoint": format!("http://{host}/token"), "response_types_supported": ["code"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
            });
            ok(&document.to_string())
        };
        let (port, asked) = serving(document).await;
        let words = refused_words(&provider(&format!("http://127.0.0.1:{port}"), Egress::Local)).await;
        assert!(words.contains("cloud metadata"), "{what}: {words}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{what}");
        assert_eq!(own_keys_asked.load(Ordering::SeqCst), usize::from(what == "door"), "{what}");
    }
}

#[test]
fn neither_a_secret_nor_a_key_shows_when_it_is_printed() {
    let printed = format!("{:?}", provider("https://idp.example.com", Egress::Production));
    assert!(printed.contains("idp.example.com") && !printed.contains("canary"), "{printed}");
}

//! Receivers that show a certificate that does not hold: nothing is sent to them, and that is said.

mod issuing;

use super::builder;
use crate::webhook::{Delivery, Failed};
use crate::{Egress, fetch, probe, webhook};
use holdfast_domain::resource::ProbePlace;
use issuing::{Authority, Leaf};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOST: &str = "receiver.example.com";

/// Every name leads to this machine.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _: Name) -> Resolving {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Box::pin(async move { Ok(Box::new(std::iter::once(here)) as Addrs) })
    }
}

/// What it was sent, once both sides had agreed on keys.
struct Receiver {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    fn that_shows(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keeps = heard.clone();
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let mut tls = ServerConnection::new(config.clone()).unwrap();
                let mut stream = Stream::new(&mut tls, &mut connection);
                let mut request = [0; 4096];
                let Ok(read @ 1..) = stream.read(&mut request) else { continue };
                keeps.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
                stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").ok();
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn delivery(url: &str) -> Delivery {
    Delivery {
        url: url.to_owned(),
        id: "msg_1".into(),
        body: "{}".into(),
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
        timeout: Duration::from_secs(5),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_receiver_whose_certificate_does_not_hold() {
    let root = Authority::new("a root that this machine trusts");
    let stranger = Authority::new("a root that it does not");
    let roots = [reqwest::Certificate::from_der(&root.certificate).unwrap()];
    let client = builder(Egress::Local, Arc::new(Here)).tls_certs_merge(roots).build().unwrap();
    let good = Leaf::of(HOST);
    let expired = Leaf { until: (2020, 1, 2), ..Leaf::of(HOST) };
    let not_yet = Leaf { from: (2048, 1, 1), ..Leaf::of(HOST) };
    for (what, leaf, by, says) in [
        ("expired", expired, &root, "expired"),
        ("of the future", not_yet, &root, "not valid yet"),
        ("another's", Leaf::of("other.example.com"), &root, "not valid for name"),
        (
            "of a name that begins alike",
            Leaf::of("receiver.example.com.evil.example"),
            &root,
            "not valid for name",
        ),
        ("of a name below", Leaf::of("below.receiver.example.com"), &root, "not valid for name"),
        ("of any name one step too low", Leaf::of("*.receiver.example.com"), &root, "not valid for name"),
        ("without a name", Leaf { name: None, ..Leaf::of(HOST) }, &root, "not valid for name"),
        ("signed by a stranger", Leaf::of(HOST), &stranger, "UnknownIssuer"),
        ("under a root that only bears the name", Leaf::of(HOST), &Authority::new(root.name), "BadSignature"),
    ] {
        let (chain, key) = by.issues(&leaf);
        let receiver = Receiver::that_shows(chain, key);
        assert_refused(&client, &receiver, what, says).await;
    }
    let alone = Authority::new(HOST);
    let receiver = Receiver::that_shows(vec![alone.certificate.clone().into()], alone.key());
    assert_refused(&client, &receiver, "signed by itself", "").await;
    let (mut chain, key) = root.issues(&good);
    let under = Authority::under(chain.remove(0), key);
    let (chain, key) = under.issues(&good);
    let receiver = Receiver::that_shows(chain, key);
    assert_refused(&client, &receiver, "signed by one who may not sign", "").await;

    // The very same is spoken to where it holds: by its name, or by any name in its place.
    for leaf in [good, Leaf::of("*.example.com")] {
        let (chain, key) = root.issues(&leaf);
        let receiver = Receiver::that_shows(chain, key);
        let url = format!("https://{HOST}:{}/", receiver.port);
        assert_eq!(
            webhook::post(&client, &Egress::Local.into(), &delivery(&url)).await,
            Ok(204),
            "{:?}",
            leaf.name
        );
        assert_eq!(receiver.heard(), 1);
    }
}

/// In each way in which something is sent to an address that somebody stored.
async fn assert_refused(client: &reqwest::Client, receiver: &Receiver, what: &str, says: &str) {
    let url = format!("https://{HOST}:{}/", receiver.port);
    let guard = Egress::Local.into();
    let failed = webhook::post(client, &guard, &delivery(&url)).await.unwrap_err();
    let Failed::NotSent(why) = &failed else { panic!("{what}: it may have arrived: {failed}") };
    assert!(why.contains("certificate"), "{what}: {why}");
    let place = ProbePlace { url: url.clone(), expect: None, timeout: Some("5s".to_owned()) };
    let probed = probe::ask(client, &guard, "here", &place).await.unwrap();
    assert!(!probed.healthy && probed.status.is_none(), "{what}: {probed:?}");
    let why = probed.certificate.unwrap_or_else(|| panic!("{what}: {:?}", probed.trouble));
    assert!(why.contains(says), "{what}: {why}");
    fetch::fetch(client, &guard, &url).await.expect_err(what);
    assert_eq!(receiver.heard(), 0, "{what}: something was sent");
}

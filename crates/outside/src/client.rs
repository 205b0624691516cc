//! The one HTTP client of everything that a stored address may send us to.

use crate::egress::Egress;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::crypto::CryptoProvider;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// What it connects to is looked at; the URL itself is the caller's to check ([`Egress::check_url`]).
///
/// No redirects, since the next address was stored by nobody; no proxy, since it would connect in our stead, past
/// the guard.
///
/// # Errors
/// When TLS cannot be set up on this machine.
pub fn build(egress: Egress) -> Result<reqwest::Client, String> {
    build_over(egress, Arc::new(SystemNames))
}

fn build_over(egress: Egress, names: Arc<dyn Resolve>) -> Result<reqwest::Client, String> {
    builder(egress, names).build().map_err(|e| format!("TLS could not be set up: {e}"))
}

fn builder(egress: Egress, names: Arc<dyn Resolve>) -> reqwest::ClientBuilder {
    // The client takes the process's provider; a test or a tool that installed none gets ours.
    if CryptoProvider::get_default().is_none() {
        rustls::crypto::ring::default_provider().install_default().ok();
    }
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_WITHIN)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(GuardedNames { egress, names })
}

struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Looks a name up and hands out the very addresses that were judged, so that a name that changes its mind between
/// the judgement and the connection gains nothing.
struct GuardedNames {
    egress: Egress,
    names: Arc<dyn Resolve>,
}

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (egress, host) = (self.egress, name.as_str().to_owned());
        let found = self.names.resolve(name);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = found.await?.collect();
            egress.check_addresses(&host, addresses.iter().map(SocketAddr::ip))?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod certificates;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{probe, webhook};
    use holdfast_domain::resource::ProbePlace;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::net::TcpListener;

    /// Of the 6bone, which is no more: it counts as public, and nobody is there.
    const NOBODY: IpAddr = IpAddr::V6(Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 1));
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// A name whose owner answers something else each time that it is asked.
    struct Rebinding {
        answers: Vec<Vec<IpAddr>>,
        asked: Arc<AtomicUsize>,
    }

    impl Resolve for Rebinding {
        fn resolve(&self, _: Name) -> Resolving {
            let turn = self.asked.fetch_add(1, Ordering::SeqCst);
            let answer = self.answers[turn % self.answers.len()].clone();
            Box::pin(
                async move { Ok(Box::new(answer.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs) },
            )
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_mind_is_connected_to_at_no_inner_address() {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sprung = Arc::new(AtomicUsize::new(0));
        let counts = sprung.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counts.fetch_add(1, Ordering::SeqCst);
            }
        });
        for answers in [
            vec![vec![NOBODY], vec![HERE]],
            vec![vec![HERE], vec![NOBODY]],
            vec![vec![NOBODY, HERE]],
            vec![vec![HERE, NOBODY]],
            vec![vec![NOBODY], vec![NOBODY, HERE], vec![HERE]],
            vec![vec![]],
        ] {
            let asked = Arc::new(AtomicUsize::new(0));
            let rebinding = Rebinding { answers: answers.clone(), asked: asked.clone() };
            let client = build_over(Egress::Production, Arc::new(rebinding)).unwrap();
            let guard = Egress::Production.into();
            let url = format!("https://rebind.example.com:{port}/");
            for _ in 0..3 {
                let place = ProbePlace { url: url.clone(), expect: None, timeout: Some("1s".to_owned()) };
                let probed = probe::ask(&client, &guard, "here", &place).await;
                assert!(probed.is_err() || probed.is_ok_and(|answer| !answer.healthy));
                let delivery = webhook::Delivery {
                    url: url.clone(),
                    id: "msg_1".into(),
                    body: "{}".into(),
                    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
                    timeout: Duration::from_secs(1),
                };
                webhook::post(&client, &guard, &delivery).await.unwrap_err();
            }
            assert!(asked.load(Ordering::SeqCst) >= 6, "looked up anew for each connection");
            assert_eq!(sprung.load(Ordering::SeqCst), 0, "{answers:?}");
        }
    }
}

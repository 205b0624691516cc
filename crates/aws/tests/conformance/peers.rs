//! What the scenarios run against, each made for one test and gone with it. `make test` installs the two that are
//! Python programs. Without them their tests fail and say so; HOLDFAST_WITHOUT_PEERS=1 leaves them out.

mod iam;
mod instead;
mod ministack;
mod moto;
mod process;
mod simulator;
mod widening;

use aws_credential_types::Credentials;
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials};
use holdfast_domain::Account;
use holdfast_sim::Sim;
use process::Process;

pub use process::element;
pub use simulator::{CLUSTER, DISTRIBUTION, PANEL};
pub use widening::percent;

/// The account that Holdfast's own principal is in.
pub const CONTROL: &str = "123456789012";
/// The account that the resources are in.
pub const MEMBER: &str = "222222222222";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// Ours: things take time, lag, break, and every call is in the ledger.
    Simulator,
    /// Checks signatures, external ids and IAM policies (`AUTH=true`), so that a policy which forgets an action fails.
    Ministack,
    /// Believes every signature; knows services that ministack does not.
    Moto,
}

impl Which {
    pub fn name(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
            Self::Ministack => "ministack",
            Self::Moto => "moto",
        }
    }
}

/// An AWS, and the adapters pointed at it.
pub struct Peer {
    pub which: Which,
    pub cloud: AwsCloud,
    pub settings: AwsSettings,
    /// The member account as the inventory has it.
    pub account: Account,
    pub url: String,
    /// For what only prepares the world, as the member account's root.
    root: Credentials,
    running: Running,
}

enum Running {
    Here(Sim),
    Beside(Process),
}

impl Peer {
    /// The simulator behind this peer, for scenarios that need its faults, its clock or its ledger.
    pub fn sim(&self) -> &Sim {
        match &self.running {
            Running::Here(sim) => sim,
            Running::Beside(_) => {
                panic!("a scenario for the simulator alone was given {}", self.which.name())
            }
        }
    }

    /// Lets what is under way come to its end: the simulator's things take time, the others' finish at once.
    pub fn pass_time(&self) {
        if let Running::Here(sim) = &self.running {
            sim.advance(std::time::Duration::from_secs(600));
        }
    }

    /// The member account's root, for [`sdk!`].
    pub fn root(&self) -> Credentials {
        self.root.clone()
    }

    fn beside(&self) -> &Process {
        match &self.running {
            Running::Beside(process) => process,
            Running::Here(_) => panic!("the simulator is driven through `sim()`"),
        }
    }

    /// A request that no SDK crate here can make, as the member account's root: ministack knows root by the key and
    /// moto believes everything.
    pub async fn by_hand(&self, region: &str, service: &str, request: reqwest::RequestBuilder) -> String {
        self.beside().root(MEMBER, region, service, request).await
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.beside().http
    }
}

pub fn given(access_key_id: &str, secret_access_key: &str) -> ControlCredentials {
    ControlCredentials::Static {
        access_key_id: access_key_id.to_owned(),
        secret_access_key: secret_access_key.to_owned(),
        session_token: None,
    }
}

/// `sdk!(aws_sdk_rds, peer, "us-east-1")`: an SDK client as the member account's root, to prepare what a scenario needs.
macro_rules! sdk {
    ($sdk:ident, $peer:expr, $region:expr) => {{
        let config =
            $sdk::Config::builder()
                .behavior_version(
                    aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::v2026_01_12(),
                )
                .region(aws_types::region::Region::new($region.to_owned()))
                .endpoint_url(&$peer.url)
                .credentials_provider($peer.root())
                .http_client(
                    aws_smithy_http_client::Builder::new()
                        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
                            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
                        ))
                        .build_https(),
                )
                .build();
        $sdk::Client::from_conf(config)
    }};
}

/// `scenarios! { claim: simulator, ministack; … }` runs `async fn claim(peer: &Peer)` against each of these peers, a
/// test for each pair, and lists them for the table.
macro_rules! scenarios {
    ($($claim:ident: $($peer:ident),+;)+) => {
        pub const SCENARIOS: &[$crate::suite::Scenario] =
            &[$($crate::suite::Scenario { claim: stringify!($claim), peers: &[$(stringify!($peer)),+] }),+];
        $(mod $claim {
            $(
                #[tokio::test]
                async fn $peer() {
                    if let Some(peer) = $crate::peers::Peer::$peer().await {
                        super::$claim(&peer).await;
                    }
                }
            )+
        })+
    };
}

//! Names asked at the servers that are authoritative for them, past every cache: what the world will be told next.
//! One question to one server at a time, so that an answer has a place that it came from.

use crate::egress::Egress;
use futures::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::RecordType;
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const DNS_PORT: u16 = 53;
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How often a name is asked: enough to see that a weighted set answers more than one Region, few enough to be polite.
pub const QUESTIONS: usize = 4;

/// What one server answered to one question. No values: it said that there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub server: String,
    /// Addresses, or the name that a CNAME leads to, in lower case without the final dot.
    pub values: BTreeSet<String>,
    /// How long caches may keep it.
    pub ttl_seconds: Option<u32>,
}

/// Whom to ask, and how.
#[derive(Debug)]
pub struct NameServers {
    egress: Egress,
    instead: Option<SocketAddr>,
    resolvers: Mutex<HashMap<SocketAddr, TokioResolver>>,
}

impl NameServers {
    pub(crate) fn new(egress: Egress, instead: Option<SocketAddr>) -> Self {
        Self { egress, instead, resolvers: Mutex::default() }
    }

    /// Whether somebody else is asked instead of the zones' own servers, which then need not be known.
    #[must_use]
    pub fn is_overridden(&self) -> bool {
        self.instead.is_some()
    }

    /// Asks the servers of a zone [`QUESTIONS`] times, side by side, each server in turn.
    ///
    /// # Errors
    /// Why not one of them answered.
    pub async fn ask(
        &self,
        servers: &[String],
        name: &str,
        record_type: &str,
    ) -> Result<Vec<Answer>, String> {
        let kind = kind(record_type)?;
        let asked: Vec<(String, SocketAddr)> = match self.instead {
            Some(address) => vec![(address.to_string(), address)],
            None => self.addresses(servers).await?,
        };
        let questions = asked.iter().cycle().take(QUESTIONS).map(|(server, address)| async move {
            self.question(*address, name, kind).await.map(|(values, ttl_seconds)| Answer {
                server: server.clone(),
                values,
                ttl_seconds,
            })
        });
        let mut answers = Vec::new();
        let mut trouble = "no name server is known".to_owned();
        for answer in join_all(questions).await {
            match answer {
                Ok(answer) => answers.push(answer),
                Err(why) => trouble = why,
            }
        }
        if answers.is_empty() { Err(trouble) } else { Ok(answers) }
    }

    /// The addresses that a record's target has now: of a load balancer that an alias names.
    ///
    /// # Errors
    /// Why they could not be looked up.
    pub async fn target(&self, name: &str, record_type: &str) -> Result<BTreeSet<String>, String> {
        if let Some(instead) = self.instead {
            return self.question(instead, name, kind(record_type)?).await.map(|(values, _)| values);
        }
        let wanted = |ip: &IpAddr| ip.is_ipv6() == (record_type == "AAAA");
        let found = looked_up(name).await?.into_iter();
        Ok(found.map(|address| address.ip()).filter(wanted).map(|ip| ip.to_string()).collect())
    }

    async fn addresses(&self, servers: &[String]) -> Result<Vec<(String, SocketAddr)>, String> {
        let looked = servers.iter().take(QUESTIONS).map(|server| async move {
            let addresses = looked_up(server).await?;
            let ips = addresses.iter().map(SocketAddr::ip);
            self.egress.check_addresses(server, ips).map_err(|why| why.to_string())?;
            // Half of the machines have no IPv6: the first IPv4 address where there is one.
            let first = addresses.iter().find(|a| a.is_ipv4()).or(addresses.first()).copied();
            first.map(|address| (server.clone(), address)).ok_or_else(|| format!("{server} has no address"))
        });
        let (mut found, mut trouble) = (Vec::new(), "the zone names no name server".to_owned());
        for server in join_all(looked).await {
            match server {
                Ok(server) => found.push(server),
                Err(why) => trouble = why,
            }
        }
        if found.is_empty() { Err(trouble) } else { Ok(found) }
    }

    async fn question(
        &self,
        server: SocketAddr,
        name: &str,
        kind: RecordType,
    ) -> Result<(BTreeSet<String>, Option<u32>), String> {
        let resolver = self.resolver(server)?;
        let absolute = format!("{}.", name.trim_end_matches('.'));
        match resolver.lookup(absolute, kind).await {
            Ok(found) => {
                let wanted = found.answers().iter().filter(|record| record.data.record_type() == kind);
                let plain = |text: String| text.trim_end_matches('.').to_ascii_lowercase();
                let values = wanted.clone().map(|record| plain(record.data.to_string())).collect();
                Ok((values, wanted.map(|record| record.ttl).min()))
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok((BTreeSet::new(), None)),
            Err(error) => Err(format!("the name server {server} did not answer for {name}: {error}")),
        }
    }

    /// One for each server, kept for its sockets; it remembers no answers.
    fn resolver(&self, server: SocketAddr) -> Result<TokioResolver, String> {
        let mut resolvers = self.resolvers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resolver) = resolvers.get(&server) {
            return Ok(resolver.clone());
        }
        let mut config = NameServerConfig::udp_and_tcp(server.ip());
        config.connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
            .map(|mut connection| {
                connection.port = server.port();
                connection
            })
            .into();
        let mut builder = TokioResolver::builder_with_config(
            ResolverConfig::from_name_servers(vec![config]),
            TokioRuntimeProvider::default(),
        );
        let options = builder.options_mut();
        options.timeout = ANSWER_WITHIN;
        options.attempts = 1;
        options.cache_size = 0;
        options.recursion_desired = false;
        options.use_hosts_file = ResolveHosts::Never;
        options.try_tcp_on_error = true;
        let resolver = builder.build().map_err(|e| format!("the name server {server}: {e}"))?;
        resolvers.insert(server, resolver.clone());
        Ok(resolver)
    }
}

/// By this machine's own resolver, which has patience of its own when nobody answers it.
async fn looked_up(name: &str) -> Result<Vec<SocketAddr>, String> {
    match tokio::time::timeout(ANSWER_WITHIN, tokio::net::lookup_host((name, DNS_PORT))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(e)) => Err(format!("{name} could not be looked up: {e}")),
        Err(_) => Err(format!("{name} could not be looked up in time")),
    }
}

fn kind(record_type: &str) -> Result<RecordType, String> {
    match record_type {
        "A" => Ok(RecordType::A),
        "AAAA" => Ok(RecordType::AAAA),
        "CNAME" => Ok(RecordType::CNAME),
        other => Err(format!("{other} records are not asked for")),
    }
}

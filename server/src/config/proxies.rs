//! Whose word on where a request came from is taken: the proxies that stand before this server. Nobody's, unless it is said.

use super::Wrong;
use std::net::IpAddr;

/// What an admin is told who named none in production, where one stands before every server.
pub const NO_PROXY: &str = "Every request seems to come from the proxy before this server: tries at passwords are counted together. Name it \
     in HOLDFAST_TRUSTED_PROXIES.";

/// The header in which they say it. The other one is not read: a proxy that sets one passes on what its client wrote into the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedBy {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded` of RFC 7239.
    Forwarded,
}

/// None at all: the connection's own address is where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    networks: Vec<Network>,
    pub by: ForwardedBy,
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Proxies {
    /// Addresses and networks (`10.0.0.0/8`), apart by commas; `header`: `x-forwarded-for` where nothing is said, or `forwarded`.
    ///
    /// # Errors
    /// The first that is none.
    pub fn parse(networks: &str, header: Option<&str>) -> Result<Self, Wrong> {
        let networks = networks.split(',').map(str::trim).filter(|text| !text.is_empty());
        let by = match header.map(str::to_ascii_lowercase).as_deref() {
            None | Some("x-forwarded-for") => ForwardedBy::XForwarded,
            Some("forwarded") => ForwardedBy::Forwarded,
            Some(other) => {
                return Err(Wrong::new(
                    "trusted_proxy_header",
                    format!("`{other}` is not read"),
                    "Write x-forwarded-for or forwarded, whichever the proxy sets anew for each request.",
                ));
            }
        };
        Ok(Self { networks: networks.map(network).collect::<Result<_, _>>()?, by })
    }

    #[must_use]
    pub fn is_none(&self) -> bool {
        self.networks.is_empty()
    }

    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }
}

fn network(text: &str) -> Result<Network, Wrong> {
    let wrong = |why: &str| {
        Wrong::new(
            "trusted_proxies",
            format!("`{text}` {why}"),
            "Write the proxies' own addresses, such as 10.0.3.7, 10.0.3.0/24 or 2001:db8::/64.",
        )
    };
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    // Before its bits are counted: an IPv4 address that is written as an IPv6 one has 32.
    let address = address.parse::<IpAddr>().map_err(|_| wrong("is no address"))?.to_canonical();
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(|| wrong("is no network"))?,
    };
    // Whoever trusts everybody lets everybody say who they are.
    if bits == 0 {
        return Err(wrong("is every address there is"));
    }
    Ok(Network { address, bits })
}

impl Network {
    fn contains(self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differ = ours.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differ = ours.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_a_network_that_it_begins_like_whichever_way_it_is_written() {
        let proxies =
            Proxies::parse("10.0.3.7, ::ffff:10.0.3.9, 192.168.0.0/16,2001:db8:1::/48", None).unwrap();
        for (address, trusted) in [
            ("10.0.3.7", true),
            ("10.0.3.8", false),
            ("::ffff:10.0.3.7", true),
            ("10.0.3.9", true),
            ("::ffff:10.0.3.9", true),
            ("::ffff:10.0.3.10", false),
            ("192.168.255.1", true),
            ("192.169.0.1", false),
            ("2001:db8:1:ffff::1", true),
            ("2001:db8:2::1", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(proxies.trusts(address.parse().unwrap()), trusted, "{address}");
        }
        assert!(Proxies::default().is_none() && !Proxies::default().trusts("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_and_what_is_all_of_them_is_refused_by_its_name() {
        for text in [
            "proxy.example.com",
            "10.0.0.0/33",
            "::ffff:10.0.0.0/104",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "0.0.0.0/0",
            "::/0",
            "10.0.0",
        ] {
            let wrong = Proxies::parse(text, None).unwrap_err();
            assert_eq!(wrong.setting, "trusted_proxies", "{text}");
        }
        assert_eq!(Proxies::parse("", Some("x-real-ip")).unwrap_err().setting, "trusted_proxy_header");
        assert_eq!(Proxies::parse("10.0.0.1", Some("Forwarded")).unwrap().by, ForwardedBy::Forwarded);
    }
}

//! Where a stored address may lead. Anybody who may edit the inventory writes URLs that this process will connect to
//! from inside its network: without a guard, `http://169.254.169.254/` would hand out its credentials.
//!
//! A URL is judged when it is read, and every address that its host turns out to have is judged again when the
//! connection is made. One forbidden address among several refuses the name: which of them is used is the
//! connector's choice.

use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far from home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egress {
    /// Public addresses over https, nothing else.
    Production,
    /// As production, and this machine's own loopback, over http too: the simulator and tests live there.
    Local,
}

/// Why an address is not spoken to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

fn refused<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

impl Egress {
    /// The URL as it will be used.
    ///
    /// # Errors
    /// Not http(s), with a user name or password, without TLS beyond this machine, or a literal address that is not
    /// spoken to.
    pub fn check_url(self, text: &str) -> Result<Url, Refused> {
        let url = Url::parse(text).map_err(|e| Refused(format!("it is not a web address: {e}")))?;
        if !matches!(url.scheme(), "https" | "http") {
            return refused(format!("`{}` is not spoken, only https", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("an address with a user name in it is not used: secrets do not belong there");
        }
        let Some(host) = url.host_str() else { return refused("it names no host") };
        // The parser has turned every spelling of an address (octal, hexadecimal, one number) into this one.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        if let Some(address) = literal {
            self.check_address(address)?;
        }
        let here = literal.is_some_and(is_loopback) || host == "localhost";
        if url.scheme() == "http" && !(self == Self::Local && here) {
            return refused("plain http is spoken to this machine in local mode only: write https");
        }
        Ok(url)
    }

    /// Every address that a host has.
    ///
    /// # Errors
    /// When one of them is not spoken to, or there is none.
    pub fn check_addresses(
        self,
        host: &str,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Result<(), Refused> {
        let mut any = false;
        for address in addresses {
            any = true;
            self.check_address(address).map_err(|why| Refused(format!("{host} leads to {why}")))?;
        }
        if any { Ok(()) } else { refused(format!("{host} has no address")) }
    }

    /// # Errors
    /// When it is not an address of the public internet (nor, in local mode, this machine's own).
    pub fn check_address(self, address: IpAddr) -> Result<(), Refused> {
        if self == Self::Local && is_loopback(address) {
            return Ok(());
        }
        let kind = match address {
            IpAddr::V4(v4) => not_public_v4(v4),
            IpAddr::V6(v6) => not_public_v6(v6),
        };
        match kind {
            None => Ok(()),
            Some(kind) => refused(format!("{address}, {kind}, which is not spoken to")),
        }
    }
}

fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
    }
}

/// IANA's IPv4 special-purpose registry: what is not globally reachable, by what it is.
fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("an address of this network"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("a private address"),
        (100, 64..=127, _) => Some("a carrier's shared address"),
        (127, ..) => Some("a loopback address"),
        (169, 254, _) => Some("a link-local address, where cloud metadata is served"),
        (192, 0, 0) => Some("an address of protocol assignments"),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("a documentation address"),
        (192, 88, 99) => Some("a 6to4 relay"),
        (198, 18..=19, _) => Some("a benchmarking address"),
        (224..=239, ..) => Some("a multicast address"),
        (240..=255, ..) => Some("a reserved address"),
        _ => None,
    }
}

/// Only global unicast (2000::/3) is public; within it, what is not, and what carries an IPv4 address inside is judged
/// by that one too.
fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let s = address.segments();
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("the unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("a loopback address"),
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0, 0, high, low] => {
            Some(not_public_v4(inner(high, low)).unwrap_or("an IPv4 address in disguise"))
        }
        // What a NAT64 gateway of our own network would turn into that IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => not_public_v4(inner(high, low)),
        [0x64, 0xff9b, 1, ..] => Some("a translation prefix of a local network"),
        [0x2002, high, low, ..] => Some(not_public_v4(inner(high, low)).unwrap_or("a 6to4 tunnel")),
        [0x2001, 0, ..] => Some("a Teredo tunnel"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("a documentation address"),
        [0x2001, 2, 0, ..] => Some("a benchmarking address"),
        [0xfc00..=0xfdff, ..] => Some("a private address"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xfec0..=0xfeff, ..] => Some("a site-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("a reserved address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ok(egress: Egress, url: &str) -> bool {
        egress.check_url(url).is_ok()
    }

    #[test]
    fn a_public_address_over_https_is_spoken_to() {
        for url in [
            "https://shop.example.com/health",
            "https://shop.example.com:8443/health?deep=1",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
        ] {
            assert!(ok(Egress::Production, url) && ok(Egress::Local, url), "{url}");
        }
    }

    #[test]
    fn what_only_this_process_can_reach_is_refused_however_it_is_spelt() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://017700000001/",
            "https://127.0.0.1./",
            "https://１２７.0.0.1/",
            "https://127%2e0%2e0%2e1/",
            "https://0/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://0xa000001/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://2852039166/latest/meta-data/",
            "https://0xA9FEA9FE/",
            "https://0251.0376.0251.0376/",
            "https://169.254.170.2/v2/credentials",
            "https://192.0.0.192/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:0:1::]/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[100::1]/",
        ] {
            assert!(!ok(Egress::Production, url), "{url}");
        }
    }

    #[test]
    fn only_https_without_a_user_name_is_used() {
        for url in [
            "http://shop.example.com/",
            "ftp://shop.example.com/",
            "file:///etc/passwd",
            "gopher://shop.example.com:70/_x",
            "unix:/run/docker.sock",
            "https://user@shop.example.com/",
            "https://user:pass@shop.example.com/",
            "https://shop.example.com@169.254.169.254/",
            "https://",
            "shop.example.com",
            "",
        ] {
            assert!(!ok(Egress::Production, url) && !ok(Egress::Local, url), "{url}");
        }
    }

    #[test]
    fn local_mode_adds_this_machine_and_nothing_else() {
        for url in [
            "http://127.0.0.1:4600/health",
            "http://localhost:4600/",
            "http://[::1]:1/",
            "https://127.0.0.1/",
        ] {
            assert!(ok(Egress::Local, url), "{url}");
        }
        for url in [
            "http://10.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
            "http://localhost.example.com/",
        ] {
            assert!(!ok(Egress::Local, url), "{url}");
        }
    }

    #[test]
    fn a_name_with_one_forbidden_address_is_refused_whole() {
        let (public, inner) = (IpAddr::from([8, 8, 8, 8]), IpAddr::from([10, 0, 0, 1]));
        let check = |addresses: &[IpAddr]| {
            Egress::Production.check_addresses("rebind.example.com", addresses.to_vec())
        };
        assert!(check(&[public]).is_ok());
        let why = check(&[public, inner]).unwrap_err().to_string();
        assert_eq!(why, "rebind.example.com leads to 10.0.0.1, a private address, which is not spoken to");
        assert!(check(&[]).is_err());
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_judged_the_same_inside_an_ipv6_one(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let nat64 = Ipv6Addr::from((0x64_ff9b_u128 << 96) | u128::from(bits));
            let production = |address: IpAddr| Egress::Production.check_address(address).is_ok();
            prop_assert_eq!(production(v4.into()), production(nat64.into()));
            prop_assert!(!production(v4.to_ipv6_mapped().into()));
        }
    }
}

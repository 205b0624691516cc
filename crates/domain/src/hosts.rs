//! Of which hosts an installation speaks to what people store addresses of: where none is named, of any that is public.

use crate::ids::Invalid;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Each is meant with every name below it. None at all: any host.
    ///
    /// # Errors
    /// The first that names no host, or all there are below one ending.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        names.into_iter().map(name).collect::<Result<_, _>>().map(Self)
    }

    #[must_use]
    pub fn are_any(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// The sentence that says which hosts are, where this is none of them.
    pub fn check(&self, host: &str) -> Result<(), String> {
        let Self(names) = self;
        let plain = host.trim_end_matches('.').to_ascii_lowercase();
        let is_of = |name: &String| {
            plain == *name || plain.strip_suffix(name.as_str()).is_some_and(|below| below.ends_with('.'))
        };
        if self.are_any() || names.iter().any(is_of) {
            return Ok(());
        }
        Err(format!("{host} is none of the hosts that this installation speaks to ({})", names.join(", ")))
    }
}

fn name(text: &str) -> Result<String, Invalid> {
    let name = text.trim().trim_start_matches('.').to_ascii_lowercase();
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let whole = name == "localhost" || name.contains('.');
    if whole && name.len() <= 253 && name.split('.').all(is_label) {
        Ok(name)
    } else {
        Err(Invalid(format!("`{text}` names no host such as example.com")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_meant_with_all_below_it_and_with_none_that_only_ends_alike() {
        let hosts = Hosts::parse(["Example.com", ".slack.com", "hooks.example.org"]).unwrap();
        for host in [
            "example.com",
            "a.example.com",
            "A.B.Example.COM.",
            "slack.com",
            "hooks.slack.com",
            "hooks.example.org",
        ] {
            assert_eq!(hosts.check(host), Ok(()), "{host}");
        }
        for host in [
            "evilexample.com",
            "example.com.evil.net",
            "example.org",
            "other.example.org",
            "com",
            "",
            ".com",
            "203.0.113.9",
            "[2001:db8::1]",
        ] {
            let why = hosts.check(host).unwrap_err();
            assert!(why.contains("example.com, slack.com, hooks.example.org"), "{host}: {why}");
        }
    }

    #[test]
    fn where_none_is_named_any_is_meant() {
        assert_eq!(Hosts::default().check("anything.example.net"), Ok(()));
        assert_eq!(Hosts::parse([]).unwrap(), Hosts::default());
    }

    #[test]
    fn what_names_no_host_or_nearly_all_of_them_is_refused() {
        for text in [
            "",
            " ",
            "com",
            "*",
            "*.example.com",
            "https://example.com",
            "example.com/x",
            "example.com:443",
            "a..b",
            "a b.c",
        ] {
            assert!(Hosts::parse([text]).is_err(), "{text:?}");
        }
        assert!(Hosts::parse(["localhost", "127.0.0.1"]).is_ok());
    }
}

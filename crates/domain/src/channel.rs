//! How a person is reached: the kinds of channels, and where one leads. Where it leads is a secret, or holds one, and so it
//! does not show when it is printed.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Email,
    Webhook,
    Slack,
    #[serde(rename = "pagerduty")]
    PagerDuty,
}

impl ChannelKind {
    pub const ALL: [Self; 4] = [Self::Email, Self::Webhook, Self::Slack, Self::PagerDuty];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
        }
    }

    /// As people write it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "E-mail",
            Self::Webhook => "Webhook",
            Self::Slack => "Slack",
            Self::PagerDuty => "PagerDuty",
        }
    }
}

impl std::str::FromStr for ChannelKind {
    type Err = crate::Invalid;
    fn from_str(text: &str) -> Result<Self, crate::Invalid> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            crate::Invalid(format!("`{text}` is no kind of channel: email, webhook, slack or pagerduty"))
        })
    }
}

/// Where a channel leads, as it is sealed. Stored names: a contract.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Receiver {
    Email {
        address: String,
    },
    /// `secret` signs, as `whsec_` and base64.
    Webhook {
        url: String,
        secret: String,
    },
    /// An incoming webhook: whoever knows its URL may write there.
    Slack {
        url: String,
    },
    #[serde(rename = "pagerduty")]
    PagerDuty {
        routing_key: String,
    },
}

impl Receiver {
    #[must_use]
    pub fn kind(&self) -> ChannelKind {
        match self {
            Self::Email { .. } => ChannelKind::Email,
            Self::Webhook { .. } => ChannelKind::Webhook,
            Self::Slack { .. } => ChannelKind::Slack,
            Self::PagerDuty { .. } => ChannelKind::PagerDuty,
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({})", self.kind().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_says_its_kind_and_nothing_of_it_is_printed() {
        let all = [
            Receiver::Email { address: "canary@example.com".into() },
            Receiver::Webhook { url: "https://canary.example.com".into(), secret: "whsec_canary".into() },
            Receiver::Slack { url: "https://hooks.example.com/canary".into() },
            Receiver::PagerDuty { routing_key: "canary".into() },
        ];
        for (receiver, kind) in all.iter().zip(ChannelKind::ALL) {
            assert_eq!(receiver.kind(), kind);
            let json = serde_json::to_value(receiver).unwrap_or_default();
            assert_eq!(json["kind"], kind.as_str());
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert!(!format!("{receiver:?}").contains("canary"));
        }
        assert!("fax".parse::<ChannelKind>().is_err());
    }
}

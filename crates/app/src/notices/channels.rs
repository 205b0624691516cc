//! One's own channels: made, tried and removed by oneself. Where one leads is sealed before the database sees it.

use super::sealed_as;
use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::free_text::free_text;
use crate::people::email_address;
use crate::problems::of_store;
use crate::secrets::new_webhook_secret;
use async_trait::async_trait;
use holdfast_api::notices::{ChannelView, DeliveryView, LastMessage, NewChannel, Notices};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, ChannelKind, EvacuationId, Receiver, RunId};
use holdfast_failover::notice::Message;
use holdfast_store::{CHANNELS_AT_MOST, Channel, ChannelStand, NoticeOf};
use serde_json::json;
use uuid::Uuid;

const NAME_AT_MOST: usize = 100;
const URL_AT_MOST: usize = 2_000;

#[async_trait]
impl Notices for App {
    async fn channels(&self, actor: &Actor) -> Answer<Vec<ChannelView>> {
        may(actor, Action::ManageOwnChannels)?;
        let channels = self.store.channels(&[actor.person]).await.map_err(of_store)?;
        Ok(channels.into_iter().map(view).collect())
    }

    async fn add_channel(&self, actor: &Actor, new: NewChannel) -> Answer<ChannelView> {
        may(actor, Action::ManageOwnChannels)?;
        let name = free_text("name", Some(&new.name), NAME_AT_MOST)?.ok_or_else(|| {
            Problem::bad_field("name", "is empty", "Say which of your channels it is, such as `my phone`.")
        })?;
        let sealing = self.settings.sealing.as_ref().ok_or_else(not_sealed)?;
        if new.kind == ChannelKind::Email && !self.settings.mail {
            return Err(no_mail());
        }
        let (receiver, leads_to) = receiver(actor, &new)?;
        if matches!(new.kind, ChannelKind::Webhook | ChannelKind::Slack) {
            self.is_spoken_to("url", &leads_to)?;
        }
        let there = self.store.channels(&[actor.person]).await.map_err(of_store)?.len();
        if i64::try_from(there).unwrap_or(i64::MAX) >= CHANNELS_AT_MOST {
            return Err(Problem::new(
                409,
                "too_many_channels",
                "Not one more",
                format!("There are {there} channels already."),
                "Remove one of them first.",
            ));
        }
        let id = Uuid::now_v7();
        let text = serde_json::to_vec(&receiver).map_err(|e| defect(e.to_string()))?;
        let sealed = sealing.seal(&sealed_as(id), &text).map_err(defect)?;
        let channel = Channel { id, person: actor.person, kind: new.kind, name, leads_to, sealed };
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.add_channel(&channel).await.map_err(of_store)?;
        let detail = json!({ "kind": channel.kind, "name": channel.name, "leads_to": channel.leads_to });
        change.commit(done(actor, "channel.add", &subject(id)).with(detail)).await.map_err(of_store)?;
        let secret = match receiver {
            Receiver::Webhook { secret, .. } => Some(secret),
            _ => None,
        };
        Ok(ChannelView { secret, ..self.one(actor, id).await? })
    }

    async fn remove_channel(&self, actor: &Actor, id: &str) -> Answer<()> {
        may(actor, Action::ManageOwnChannels)?;
        let id = parse(id)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.remove_channel(actor.person, id).await.map_err(of_store)?;
        change.commit(done(actor, "channel.remove", &subject(id))).await.map(|_| ()).map_err(of_store)
    }

    async fn test_channel(&self, actor: &Actor, id: &str) -> Answer<ChannelView> {
        may(actor, Action::ManageOwnChannels)?;
        let id = parse(id)?;
        let now = self.store.now().await.map_err(of_store)?;
        let message =
            serde_json::to_value(Message::test(&actor.email, now)).map_err(|e| defect(e.to_string()))?;
        self.one(actor, id).await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.try_channel(actor.person, id, &message).await.map_err(of_store)? {
            return Err(tried_just_now());
        }
        change.commit(done(actor, "channel.test", &subject(id))).await.map_err(of_store)?;
        self.one(actor, id).await
    }

    async fn told_of_run(&self, actor: &Actor, id: RunId) -> Answer<Vec<DeliveryView>> {
        let actor = &self.may_over_run(actor, Action::ReadRuns, id).await?;
        self.told_of(actor, may(actor, Action::DriveRun).is_ok(), NoticeOf::Run(id)).await
    }

    async fn told_of_evacuation(&self, actor: &Actor, id: EvacuationId) -> Answer<Vec<DeliveryView>> {
        self.may_over_lot(actor, Action::ReadRuns, id).await?;
        let drives = self.may_over_lot(actor, Action::DriveRun, id).await.is_ok();
        self.told_of(actor, drives, NoticeOf::Evacuation(id)).await
    }
}

/// Nobody has Holdfast write to a stranger again and again.
fn tried_just_now() -> Problem {
    let mut problem = Problem::new(
        429,
        "tried_just_now",
        "Tried just now",
        "The channel was tried less than ten seconds ago.",
        "See what came of that, and try it again then.",
    );
    problem.retry_after_seconds = Some(10);
    problem
}

impl App {
    /// Somebody else's answers as one that is not there.
    async fn one(&self, actor: &Actor, id: Uuid) -> Answer<ChannelView> {
        let found = self.store.channel(id).await.map_err(of_store)?;
        let own = found.filter(|stand| stand.channel.person == actor.person);
        own.map(view).ok_or_else(|| Problem::not_found("channel", &id.to_string()))
    }
}

fn view(stand: ChannelStand) -> ChannelView {
    ChannelView {
        id: stand.channel.id.to_string(),
        kind: stand.channel.kind,
        name: stand.channel.name,
        leads_to: stand.channel.leads_to,
        created_at: stand.created_at,
        last: stand.last.map(|last| LastMessage {
            state: last.state.as_str().to_owned(),
            at: last.at,
            error: last.error,
        }),
        secret: None,
    }
}

fn subject(id: Uuid) -> String {
    format!("channel:{id}")
}

fn parse(id: &str) -> Answer<Uuid> {
    id.parse().map_err(|_| Problem::not_found("channel", id))
}

/// Where it leads, and what of that may be shown.
fn receiver(actor: &Actor, new: &NewChannel) -> Answer<(Receiver, String)> {
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let (address, url, routing_key) = (given(&new.address), given(&new.url), given(&new.routing_key));
    let strange = match new.kind {
        ChannelKind::Email => [("url", url.is_some()), ("routing_key", routing_key.is_some())],
        ChannelKind::Webhook | ChannelKind::Slack => {
            [("address", address.is_some()), ("routing_key", routing_key.is_some())]
        }
        ChannelKind::PagerDuty => [("address", address.is_some()), ("url", url.is_some())],
    };
    if let Some((field, _)) = strange.into_iter().find(|(_, given)| *given) {
        let message = format!("is not used by a channel of the kind {}", new.kind.as_str());
        return Err(Problem::bad_field(field, message, "Leave it out, or choose another kind."));
    }
    let missing = |field: &str, way_out: &str| Problem::bad_field(field, "is missing", way_out);
    Ok(match new.kind {
        ChannelKind::Email => {
            let address = match address {
                Some(address) => email_address(&address).map_err(|_| {
                    Problem::bad_field("address", "is no e-mail address", "Write it as name@example.com.")
                })?,
                None => actor.email.clone(),
            };
            (Receiver::Email { address: address.clone() }, address)
        }
        ChannelKind::Webhook => {
            let url = url.ok_or_else(|| missing("url", "Give the receiver's https address."))?;
            let host = host(&url)?;
            (Receiver::Webhook { url, secret: new_webhook_secret() }, host)
        }
        ChannelKind::Slack => {
            let url = url.ok_or_else(|| missing("url", "Give the URL of Slack's incoming webhook."))?;
            let host = host(&url)?;
            (Receiver::Slack { url }, host)
        }
        ChannelKind::PagerDuty => {
            let way_out = "Give the integration key of an Events API v2 integration.";
            let key = routing_key.ok_or_else(|| missing("routing_key", way_out))?;
            if key.len() != 32 || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(Problem::bad_field(
                    "routing_key",
                    "is none: it has 32 letters and digits",
                    way_out,
                ));
            }
            (Receiver::PagerDuty { routing_key: key }, "a PagerDuty service".to_owned())
        }
    })
}

/// The host alone: the rest may be secret. Whether it is spoken to is judged by the one guard when something is sent.
pub(crate) fn host(url: &str) -> Answer<String> {
    let wrong = |message: &str| {
        Problem::bad_field("url", message, "Write it as https://HOST/…, without a user name in it.")
    };
    if url.len() > URL_AT_MOST || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong("is no web address"));
    }
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or_else(|| wrong("is no https address"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(wrong("has a user name in it"));
    }
    if authority.is_empty() || authority.len() > 253 {
        return Err(wrong("names no host"));
    }
    Ok(authority.to_owned())
}

fn not_sealed() -> Problem {
    Problem::new(
        409,
        "not_offered",
        "Not offered here",
        "This server was given no key to seal channels with, and without one their secrets would lie open in the database.",
        "Set HOLDFAST_SECRETS_KEY, the same on every server.",
    )
}

fn no_mail() -> Problem {
    Problem::new(
        409,
        "not_offered",
        "No e-mail from here",
        "This server was told of no mail server.",
        "Set HOLDFAST_SMTP_URL and HOLDFAST_SMTP_FROM, or choose another kind of channel.",
    )
}

fn defect(error: String) -> Problem {
    tracing::error!(error, "a channel could not be sealed");
    Problem::new(
        500,
        "internal",
        "Something is wrong inside",
        "The channel could not be sealed.",
        "Look at the server's log.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::PersonId;

    fn somebody() -> Actor {
        Actor {
            person: PersonId::fresh(),
            email: "somebody@example.com".into(),
            others: Vec::new(),
            roles: vec![],
            scoped_roles: vec![],
            groups: vec![],
            token: None,
            token_scopes: None,
            token_within: holdfast_domain::Reach::default(),
            identity_proved_at: None,
            second_factor: false,
            passkey: None,
            due: None,
            sent: None,
            request: None,
            over: None,
        }
    }

    fn new(kind: ChannelKind) -> NewChannel {
        NewChannel { kind, name: "mine".into(), address: None, url: None, routing_key: None }
    }

    fn leads_to(new: NewChannel) -> Result<String, String> {
        receiver(&somebody(), &new).map(|(_, to)| to).map_err(|p| p.fields[0].path.clone())
    }

    #[test]
    fn of_where_a_channel_leads_only_the_host_or_address_is_shown() {
        let url = |kind, url: &str| leads_to(NewChannel { url: Some(url.into()), ..new(kind) });
        assert_eq!(
            url(ChannelKind::Slack, "https://hooks.slack.com/services/T0/B0/secret"),
            Ok("hooks.slack.com".into())
        );
        assert_eq!(
            url(ChannelKind::Webhook, "https://hooks.example.com:8443?token=secret"),
            Ok("hooks.example.com:8443".into())
        );
        let key = Some("0123456789abcdef0123456789abcdef".to_owned());
        assert_eq!(
            leads_to(NewChannel { routing_key: key, ..new(ChannelKind::PagerDuty) }),
            Ok("a PagerDuty service".into())
        );
        assert_eq!(
            leads_to(new(ChannelKind::Email)),
            Ok("somebody@example.com".into()),
            "one's own, where none is said"
        );
    }

    #[test]
    fn what_leads_nowhere_is_refused_by_the_name_of_its_field() {
        for url in [
            "",
            "ftp://example.com",
            "https://",
            "https://user:pass@example.com/",
            "https://a b/",
            "example.com",
        ] {
            let told = leads_to(NewChannel { url: Some(url.into()), ..new(ChannelKind::Webhook) });
            assert_eq!(told, Err("url".into()), "{url}");
        }
        let key = Some("too short".to_owned());
        assert_eq!(
            leads_to(NewChannel { routing_key: key, ..new(ChannelKind::PagerDuty) }),
            Err("routing_key".into())
        );
        let address = Some("nobody".to_owned());
        assert_eq!(leads_to(NewChannel { address, ..new(ChannelKind::Email) }), Err("address".into()));
        let url = Some("https://example.com".to_owned());
        assert_eq!(
            leads_to(NewChannel { url, ..new(ChannelKind::Email) }),
            Err("url".into()),
            "not used by e-mail"
        );
    }
}

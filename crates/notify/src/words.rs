//! One message as each kind of receiver takes it. Bodies are the same for every attempt, so that an id never stands for two things.

use holdfast_failover::notice::{Matter, Message, Signal};
use serde_json::{Value, json};
use uuid::Uuid;

/// PagerDuty takes 1,024 characters of a summary; a telephone shows far fewer.
const SUMMARY_AT_MOST: usize = 500;

/// Where something can be done about it.
pub fn link(site: &str, message: &Message) -> String {
    format!("{}{}", site.trim_end_matches('/'), message.path)
}

pub fn webhook(site: &str, message: &Message) -> Value {
    json!({
        "type": "holdfast.notice",
        "timestamp": message.at,
        "data": {
            "matter": message.matter,
            "signal": message.signal,
            "title": message.title,
            "text": message.text,
            "application": message.application,
            "run": message.run,
            "evacuation": message.evacuation,
            "url": link(site, message),
        },
    })
}

/// Slack's own three characters; nothing else of what people write is taken for its mark-up.
fn for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub fn slack(site: &str, message: &Message) -> Value {
    let link = link(site, message);
    let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
    let short = |text: &str| text.chars().take(2_900).collect::<String>();
    json!({
        // What notifications show.
        "text": for_slack(&message.title),
        "blocks": [
            { "type": "section", "text": plain(&short(&message.title)) },
            { "type": "section", "text": plain(&short(&message.text)) },
            { "type": "section", "text": { "type": "mrkdwn", "text": format!("<{link}|Open in Holdfast>") } },
        ],
    })
}

/// An event of PagerDuty's Events API v2. What belongs to one run is one incident there: asked once, settled once.
pub fn pagerduty(site: &str, routing_key: &str, delivery: Uuid, message: &Message) -> Value {
    let (action, key) = match message.signal {
        Signal::Ask => ("trigger", format!("holdfast:{}", message.thread)),
        Signal::Settle => ("resolve", format!("holdfast:{}", message.thread)),
        // Nobody is waited for: an incident of its own.
        Signal::Tell => ("trigger", format!("holdfast:{delivery}")),
    };
    let severity = match (message.matter, message.signal) {
        (Matter::Emergency | Matter::BreakGlass, _) | (_, Signal::Ask) => "critical",
        (Matter::Unanswered | Matter::JournalGap, _) => "error",
        _ => "info",
    };
    let mut event = json!({ "routing_key": routing_key, "event_action": action, "dedup_key": key });
    if action == "trigger" {
        event["payload"] = json!({
            "summary": message.title.chars().take(SUMMARY_AT_MOST).collect::<String>(),
            "source": "holdfast",
            "severity": severity,
            "timestamp": message.at,
            "component": message.application,
            "class": message.matter,
            "custom_details": { "text": message.text, "run": message.run, "evacuation": message.evacuation },
        });
        event["links"] = json!([{ "href": link(site, message), "text": "Open in Holdfast" }]);
        event["client"] = json!("Holdfast");
        event["client_url"] = json!(site);
    }
    event
}

pub fn mail(site: &str, message: &Message) -> (String, String) {
    let subject = format!("[Holdfast] {}", message.title);
    (subject, format!("{}\n\n{}\n\n{}\n", message.title, message.text, link(site, message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn message(signal: Signal) -> Message {
        let mut message = Message::test("a@example.com", Timestamp::UNIX_EPOCH);
        message.signal = signal;
        message.thread = "run:1".into();
        message.title = "shop <!channel> & *all*".into();
        message
    }

    #[test]
    fn what_rang_is_ended_under_the_key_that_it_rang_under() {
        let event = |signal| pagerduty("https://hf", "key", Uuid::nil(), &message(signal));
        let (asked, settled, told) = (event(Signal::Ask), event(Signal::Settle), event(Signal::Tell));
        assert_eq!(
            (&asked["event_action"], &asked["dedup_key"]),
            (&json!("trigger"), &json!("holdfast:run:1"))
        );
        assert_eq!(asked["payload"]["severity"], "critical");
        assert_eq!(
            (&settled["event_action"], &settled["dedup_key"]),
            (&json!("resolve"), &json!("holdfast:run:1"))
        );
        assert!(settled.get("payload").is_none());
        assert_ne!(told["dedup_key"], asked["dedup_key"], "what is read does not hold what rings");
    }

    #[test]
    fn what_people_write_is_no_mark_up_to_slack() {
        let told = slack("https://hf/", &message(Signal::Tell));
        assert_eq!(told["text"], "shop &lt;!channel&gt; &amp; *all*");
        assert_eq!(told["blocks"][0]["text"]["type"], "plain_text");
        assert_eq!(told["blocks"][2]["text"]["text"], "<https://hf/me|Open in Holdfast>");
    }

    #[test]
    fn a_webhook_says_what_it_is_about_and_where_to_go() {
        let told = webhook("https://hf", &message(Signal::Ask));
        assert_eq!(told["data"]["matter"], "test");
        assert_eq!(told["data"]["url"], "https://hf/me");
    }
}

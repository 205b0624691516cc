//! Reviews: the same of a run as of an evacuation.

use super::{
    Outcome,
    arguments::runs::{Approve, Deny},
    client::{As, Client, segment},
    evacuate,
    output::Output,
    run_text,
};
use holdfast_api::{evacuations::EvacuationView, runs::RunView};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What is approved as a whole, under its digest.
pub trait Reviewed: Serialize + DeserializeOwned {
    /// Where all of them are.
    const AT: &str;

    fn digest(&self) -> &str;
    fn show(&self) -> String;
    /// How it stands, in a line.
    fn line(&self) -> String;
}

impl Reviewed for RunView {
    const AT: &str = "/api/v1/runs";

    fn digest(&self) -> &str {
        &self.plan_digest
    }

    fn show(&self) -> String {
        run_text::show(self)
    }

    fn line(&self) -> String {
        format!("{}: {}", self.summary.id, self.summary.now)
    }
}

impl Reviewed for EvacuationView {
    const AT: &str = "/api/v1/evacuations";

    fn digest(&self) -> &str {
        &self.plan_digest
    }

    fn show(&self) -> String {
        evacuate::show(self)
    }

    fn line(&self) -> String {
        format!("{}: {}", self.summary.id, self.summary.now)
    }
}

/// Binds to the digest that was read, or to the one shown now.
///
/// # Errors
/// The server's refusal.
pub async fn approve<V: Reviewed>(client: &Client, approve: Approve, output: Output) -> Outcome {
    let Approve { id, digest, comment } = approve;
    review::<V>(client, &id, "approve", digest, comment, output).await
}

/// # Errors
/// The server's refusal.
pub async fn deny<V: Reviewed>(client: &Client, deny: Deny, output: Output) -> Outcome {
    let Deny { id, comment } = deny;
    review::<V>(client, &id, "deny", None, comment, output).await
}

/// # Errors
/// The server's refusal.
pub async fn withdraw<V: Reviewed>(client: &Client, id: &str, output: Output) -> Outcome {
    let path = format!("{}/{}/reviews", V::AT, segment(id));
    let view: V = client.change(Method::DELETE, &path, None::<&Value>, As::Person, &[]).await?;
    output.show(&view, V::show);
    Ok(())
}

async fn review<V: Reviewed>(
    client: &Client,
    id: &str,
    decision: &str,
    digest: Option<String>,
    comment: Option<String>,
    output: Output,
) -> Outcome {
    // Before anything is shown that could then not be answered.
    client.demand_person()?;
    let path = format!("{}/{}", V::AT, segment(id));
    let digest = match digest {
        Some(digest) => digest,
        None => {
            let view: V = client.get(&path).await?;
            if !output.json {
                eprintln!("{}", view.show().trim_end());
            }
            view.digest().to_owned()
        }
    };
    let body = json!({ "decision": decision, "plan_digest": digest, "comment": comment });
    let view: V =
        client.change(Method::POST, &format!("{path}/reviews"), Some(&body), As::Person, &[]).await?;
    output.show(&view, V::line);
    Ok(())
}

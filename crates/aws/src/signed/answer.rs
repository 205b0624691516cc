//! What comes back from a call signed by hand: a tree of XML or JSON, or what the service says instead.

use super::Wire;
use super::xml::{self, Element};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use serde_json::Value;
use std::fmt;

#[derive(Debug)]
pub(crate) struct Answered {
    tree: Result<Tree, String>,
    request_id: Option<String>,
}

#[derive(Debug)]
enum Tree {
    Xml(Element),
    Json(Value),
}

impl Answered {
    /// Why the body could not be read: an answer that is half understood is none.
    pub(super) fn trouble(&self) -> Option<String> {
        self.tree.as_ref().err().map(|why| format!("the answer could not be read: {why}"))
    }

    pub(crate) fn json(&self) -> &Value {
        match &self.tree {
            Ok(Tree::Json(value)) => value,
            _ => &Value::Null,
        }
    }

    /// The root of an XML answer; an empty one for anything else.
    pub(crate) fn xml(&self) -> &Element {
        match &self.tree {
            Ok(Tree::Xml(root)) => root,
            _ => xml::NOTHING,
        }
    }
}

impl RequestId for Answered {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// What a service says instead of doing it.
#[derive(Debug)]
pub(super) struct Said(ErrorMetadata);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Said {}

impl ProvideErrorMetadata for Said {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

pub(super) fn read(wire: Wire, response: &HttpResponse) -> Result<Answered, OrchestratorError<Said>> {
    let body = response.body().bytes().unwrap_or_default();
    let tree = match wire {
        Wire::Query(_) => {
            std::str::from_utf8(body).map_err(|why| why.to_string()).and_then(xml::parse).map(Tree::Xml)
        }
        Wire::Json(_) | Wire::RestJson if body.is_empty() => Ok(Tree::Json(Value::Null)),
        Wire::Json(_) | Wire::RestJson => {
            serde_json::from_slice(body).map(Tree::Json).map_err(|why| why.to_string())
        }
    };
    if response.status().is_success() {
        let request_id = response.headers().request_id().map(str::to_owned);
        return Ok(Answered { tree, request_id });
    }
    let header = response.headers().get("x-amzn-errortype");
    Err(OrchestratorError::operation(said(tree.ok().as_ref(), header)))
}

fn said(tree: Option<&Tree>, header: Option<&str>) -> Said {
    let (code, message) = match tree {
        Some(Tree::Xml(root)) => {
            let text = |name| root.find(name).map(|element| element.text.clone());
            (text("Code"), text("Message"))
        }
        Some(Tree::Json(value)) => {
            let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            (
                text("__type").or_else(|| text("Code")).or_else(|| text("code")),
                text("message").or_else(|| text("Message")),
            )
        }
        None => (None, None),
    };
    // `namespace#Code` in bodies, `Code:http://…` in headers.
    let code = code.or_else(|| header.map(str::to_owned));
    let plain = code.as_deref().map(|code| {
        let code = code.rsplit('#').next().unwrap_or(code);
        code.split(':').next().unwrap_or(code).to_owned()
    });
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = plain {
        meta = meta.code(code);
    }
    if let Some(message) = message {
        meta = meta.message(message);
    }
    Said(meta.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tree: Tree, header: Option<&str>) -> (Option<String>, Option<String>) {
        let said = said(Some(&tree), header);
        let meta = said.meta();
        (meta.code().map(str::to_owned), meta.message().map(str::to_owned))
    }

    #[test]
    fn each_family_of_services_says_no_in_its_own_way() {
        let ec2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not</Message></Error></Errors>\
                   <RequestID>1</RequestID></Response>";
        let iam = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>";
        let some = |code: &str, message: &str| (Some(code.to_owned()), Some(message.to_owned()));
        assert_eq!(
            of(Tree::Xml(xml::parse(ec2).unwrap()), None),
            some("UnauthorizedOperation", "You are not")
        );
        assert_eq!(of(Tree::Xml(xml::parse(iam).unwrap()), None), some("NoSuchEntity", "none"));
        let json = serde_json::json!({"__type": "com.amazonaws.ssm#ParameterNotFound", "message": "m"});
        assert_eq!(of(Tree::Json(json), None), some("ParameterNotFound", "m"));
        let rest = serde_json::json!({"Message": "not subscribed"});
        assert_eq!(
            of(Tree::Json(rest), Some("InvalidAccessException:")),
            some("InvalidAccessException", "not subscribed")
        );
    }
}

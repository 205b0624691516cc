//! Requests into an operation and its parameters as one JSON value, whatever the protocol. The same value
//! goes to the service and into the ledger.

use super::service::{Protocol, Service};
use super::{cloudfront, s3};
use crate::refusal::Refusal;
use ciborium::Value as Cbor;
use http::request::Parts;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value, json};

/// Deeper XML than any request here has.
const MAX_DEPTH: usize = 32;
/// A list index beyond this is a mistake, and would cost memory.
const MAX_INDEX: usize = 1_000;

/// The operation and its input.
pub(super) fn request(service: Service, parts: &Parts, body: &[u8]) -> Result<(String, Value), Refusal> {
    match service.protocol() {
        Protocol::Query => query(body),
        Protocol::Json => json_target(parts, body),
        Protocol::Cbor => cbor_path(parts, body),
        Protocol::RestXml | Protocol::RestJson => rest(service, parts, body),
    }
}

fn query(body: &[u8]) -> Result<(String, Value), Refusal> {
    let mut action = String::new();
    let mut input = Value::Object(Map::new());
    for (key, value) in form_urlencoded::parse(body) {
        match key.as_ref() {
            "Action" => action = value.into_owned(),
            "Version" => {}
            key => put(&mut input, &key.split('.').collect::<Vec<_>>(), &value),
        }
    }
    if action.is_empty() {
        return Err(Refusal::new("MissingAction", "The request must contain the parameter Action."));
    }
    Ok((action, input))
}

/// `Tags.member.2.Key=x` goes to `{"Tags": {"member": [_, {"Key": "x"}]}}`.
fn put(into: &mut Value, path: &[&str], leaf: &str) {
    let Some((first, rest)) = path.split_first() else {
        *into = Value::String(leaf.to_owned());
        return;
    };
    let index = first.parse::<usize>().ok().filter(|n| (1..=MAX_INDEX).contains(n));
    match index {
        Some(number) => {
            if !into.is_array() {
                *into = Value::Array(Vec::new());
            }
            if let Some(items) = into.as_array_mut() {
                while items.len() < number {
                    items.push(Value::Null);
                }
                if let Some(item) = items.get_mut(number - 1) {
                    put(item, rest, leaf);
                }
            }
        }
        None => {
            if !into.is_object() {
                *into = Value::Object(Map::new());
            }
            if let Some(map) = into.as_object_mut() {
                put(map.entry((*first).to_owned()).or_insert(Value::Null), rest, leaf);
            }
        }
    }
}

fn json_target(parts: &Parts, body: &[u8]) -> Result<(String, Value), Refusal> {
    let target = parts.headers.get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or_default();
    let (_, operation) = target
        .split_once('.')
        .ok_or_else(|| Refusal::new("UnknownOperationException", "X-Amz-Target names no operation."))?;
    let input = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body).map_err(|e| Refusal::new("SerializationException", e.to_string()))?
    };
    Ok((operation.to_owned(), input))
}

fn cbor_path(parts: &Parts, body: &[u8]) -> Result<(String, Value), Refusal> {
    let segments: Vec<&str> = parts.uri.path().trim_matches('/').split('/').collect();
    let ["service", _, "operation", operation] = segments.as_slice() else {
        let path = parts.uri.path();
        return Err(Refusal::new("UnknownOperationException", format!("No rpc-v2-cbor operation at {path}"))
            .with_status(404));
    };
    let input = if body.is_empty() {
        json!({})
    } else {
        let value: Cbor = ciborium::from_reader(body)
            .map_err(|e| Refusal::new("SerializationException", format!("not CBOR: {e}")))?;
        from_cbor(value)
    };
    Ok(((*operation).to_owned(), input))
}

/// Timestamps (tag 1) become seconds since the epoch.
fn from_cbor(value: Cbor) -> Value {
    match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(b) => b.into(),
        Cbor::Integer(n) => i64::try_from(n).map_or(Value::Null, Value::from),
        Cbor::Float(f) => f.into(),
        Cbor::Text(t) => t.into(),
        Cbor::Bytes(b) => hex::encode(b).into(),
        Cbor::Array(items) => items.into_iter().map(from_cbor).collect(),
        Cbor::Tag(_, inner) => from_cbor(*inner),
        Cbor::Map(pairs) => {
            let entries = pairs.into_iter().filter_map(|(k, v)| Some((k.into_text().ok()?, from_cbor(v))));
            Value::Object(entries.collect())
        }
        _ => Value::Null,
    }
}

fn rest(service: Service, parts: &Parts, body: &[u8]) -> Result<(String, Value), Refusal> {
    let path: Vec<String> = parts
        .uri
        .path()
        .trim_matches('/')
        .split('/')
        .map(|s| percent_encoding::percent_decode_str(s).decode_utf8_lossy().into_owned())
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let query = parts.uri.query().unwrap_or_default();
    let Some((operation, mut input)) = service.route(&parts.method, &path, query) else {
        let at = format!("{} {}", parts.method, parts.uri.path());
        return Err(Refusal::new("UnknownOperation", format!("No operation at {at}.")).with_status(404));
    };
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        input.insert(key.into_owned(), Value::String(value.into_owned()));
    }
    for (header, field) in [(http::header::IF_MATCH, "IfMatch"), (http::header::IF_NONE_MATCH, "IfNoneMatch")]
    {
        if let Some(version) = parts.headers.get(header).and_then(|v| v.to_str().ok()) {
            input.insert(field.to_owned(), Value::String(version.to_owned()));
        }
    }
    if service == Service::S3 && operation == "PutObject" {
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::new("InvalidRequest", "The simulator keeps text only."))?;
        input.insert(s3::CONTENT.to_owned(), Value::String(text.to_owned()));
    } else if !body.is_empty() {
        let content = match service.protocol() {
            Protocol::RestJson => serde_json::from_slice(body)
                .map_err(|e| Refusal::new("SerializationException", e.to_string()))?,
            _ => {
                let text = std::str::from_utf8(body).map_err(|_| malformed("the body is not UTF-8"))?;
                parse_xml(text)?
            }
        };
        match content {
            config if service == Service::CloudFront => {
                input.insert(cloudfront::BODY.to_owned(), config);
            }
            Value::Object(fields) => input.extend(fields),
            _ => {}
        }
    }
    Ok((operation.to_owned(), Value::Object(input)))
}

fn malformed(why: &str) -> Refusal {
    Refusal::new("MalformedXML", format!("The XML you provided was not well-formed: {why}"))
}

/// The root's content: elements become fields, repeated ones a list, text a string. Attributes are lost.
fn parse_xml(text: &str) -> Result<Value, Refusal> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, Map<String, Value>, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|e| malformed(&e.to_string()))? {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(malformed("too deep"));
                }
                open.push((local_name(start.name().as_ref()), Map::new(), String::new()));
            }
            Event::Empty(start) => {
                let name = local_name(start.name().as_ref());
                match open.last_mut() {
                    Some((_, fields, _)) => add(fields, name, Value::String(String::new())),
                    None => return Ok(Value::Object(Map::new())),
                }
            }
            Event::Text(part) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&part.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(c)) => c.to_string(),
                    _ => match reference.xml10_content().as_ref() {
                        "amp" => "&".to_owned(),
                        "lt" => "<".to_owned(),
                        "gt" => ">".to_owned(),
                        "quot" => "\"".to_owned(),
                        "apos" => "'".to_owned(),
                        other => return Err(malformed(&format!("unknown entity {other}"))),
                    },
                };
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&resolved);
                }
            }
            Event::End(_) => {
                let Some((name, fields, text)) = open.pop() else { return Err(malformed("unbalanced")) };
                let value = if fields.is_empty() { Value::String(text) } else { Value::Object(fields) };
                match open.last_mut() {
                    Some((_, parent, _)) => add(parent, name, value),
                    None => return Ok(value),
                }
            }
            Event::Eof => return Err(malformed("it ends too early")),
            _ => {}
        }
    }
}

fn local_name(name: impl AsRef<[u8]>) -> String {
    let name = String::from_utf8_lossy(name.as_ref()).into_owned();
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

fn add(fields: &mut Map<String, Value>, name: String, value: Value) {
    match fields.get_mut(&name) {
        None => {
            fields.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(one) => {
            let first = one.take();
            *one = Value::Array(vec![first, value]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_lists_are_nested() {
        let (action, input) = query(b"Action=A&Version=1&Tags.member.1.Key=k&Tags.member.1.Value=a%20b&X=1")
            .unwrap_or_else(|r| panic!("{}", r.message));
        assert_eq!(action, "A");
        assert_eq!(input, json!({"Tags": {"member": [{"Key": "k", "Value": "a b"}]}, "X": "1"}));
    }

    #[test]
    fn xml_keeps_text_and_entities() {
        let value =
            parse_xml("<?xml version=\"1.0\"?><R xmlns=\"x\"><A>1 &lt; 2</A><A/><B><C>&#49;</C></B></R>");
        assert_eq!(value, Ok(json!({"A": ["1 < 2", ""], "B": {"C": "1"}})));
        assert!(parse_xml("<R><A></R>").is_err());
        assert!(parse_xml("<R><A>").is_err());
        assert!(parse_xml("<R>&bomb;</R>").is_err());
    }
}

//! Answers as trees, whichever wire they come over, and what is put in the place of a field.

use ciborium::Value;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::BTreeSet;
use std::fmt;

/// One step of the way to a field: by its name, or to each item of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Key(String),
    Each,
}

/// Where in an answer: the same field of every item of a list is one, and is distorted in all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Whole,
    Etag,
    At(Vec<Way>),
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the whole"),
            Self::Etag => f.write_str("the ETag"),
            Self::At(way) => way.iter().try_for_each(|step| match step {
                Way::Key(key) => write!(f, ".{key}"),
                Way::Each => f.write_str("[]"),
            }),
        }
    }
}

/// What is put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    Absent,
    Null,
    Empty,
    EmptyList,
    /// A text where there was none, and a value that an enumeration has not.
    Word,
    Yes,
    Huge,
    Negative,
    Deep,
    /// A megabyte of text.
    Long,
}

pub const WORD: &str = "a-word-that-nobody-has-said";
/// Deeper than any answer, and not so deep that a reader which recurses is bound to fall.
const DEPTH: usize = 400;
const LENGTH: usize = 1 << 20;

impl Sort {
    /// Of each field these; [`Sort::Long`] is put in one field of an answer.
    pub const EACH: [Self; 9] = [
        Self::Absent,
        Self::Null,
        Self::Empty,
        Self::EmptyList,
        Self::Word,
        Self::Yes,
        Self::Huge,
        Self::Negative,
        Self::Deep,
    ];

    /// In XML nothing, an empty text and an empty list are one.
    fn is_told_apart_in_xml(self) -> bool {
        !matches!(self, Self::Null | Self::EmptyList)
    }

    fn value(self) -> Option<Value> {
        Some(match self {
            Self::Absent => return None,
            Self::Null => Value::Null,
            Self::Empty => Value::Text(String::new()),
            Self::EmptyList => Value::Array(Vec::new()),
            Self::Word => word(),
            Self::Yes => Value::Bool(true),
            Self::Huge => Value::Integer(i64::MAX.into()),
            Self::Negative => Value::Integer((-7).into()),
            Self::Deep => {
                (0..DEPTH).fold(word(), |inside, _| Value::Map(vec![(Value::Text("in".into()), inside)]))
            }
            Self::Long => Value::Text("x".repeat(LENGTH)),
        })
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Long => vec![b'x'; LENGTH],
            Self::Word => WORD.into(),
            _ => Vec::new(),
        }
    }
}

fn word() -> Value {
    Value::Text(WORD.into())
}

#[derive(Debug, Clone)]
enum Wire {
    Json,
    Cbor,
    /// With the root's tag as it was written.
    Xml {
        root: String,
    },
}

/// An answer's body as a tree. One that is none, such as an object's content, has no fields.
#[derive(Debug, Clone)]
pub struct Body {
    wire: Wire,
    pub tree: Value,
}

impl Body {
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? {
            b'{' => serde_json::from_slice(bytes).ok().map(|tree| Self { wire: Wire::Json, tree }),
            b'<' => xml(std::str::from_utf8(bytes).ok()?),
            // A map of CBOR; text begins lower.
            0xa0..=0xbf => ciborium::from_reader(bytes).ok().map(|tree| Self { wire: Wire::Cbor, tree }),
            _ => None,
        }
    }

    fn write(&self) -> Vec<u8> {
        match &self.wire {
            Wire::Json => serde_json::to_vec(&self.tree).unwrap(),
            Wire::Cbor => {
                let mut bytes = Vec::new();
                ciborium::into_writer(&self.tree, &mut bytes).unwrap();
                bytes
            }
            Wire::Xml { root } => {
                let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
                let Value::Map(entries) = &self.tree else { return text.into_bytes() };
                for (name, content) in entries {
                    let name = name.as_text().unwrap();
                    text.push_str(&format!("<{root}>"));
                    inside(&mut text, content);
                    text.push_str(&format!("</{name}>"));
                }
                text.into_bytes()
            }
        }
    }

    fn fields(&self) -> BTreeSet<Vec<Way>> {
        let mut found = BTreeSet::new();
        walk(&self.tree, &mut Vec::new(), &mut found);
        found
    }

    /// Whether something stands in this field that holds others.
    pub fn holds_others(&self, field: &Field) -> bool {
        let Field::At(way) = field else { return true };
        let mut holds = false;
        visit(&mut self.tree.clone(), way, &mut |value| {
            holds |= matches!(value, Value::Map(_) | Value::Array(_))
        });
        holds
    }
}

/// All that can be distorted of an answer, each with what is put there.
pub fn distortions(body: &[u8], etag: Option<&str>) -> Vec<(Field, Sort)> {
    let mut all: Vec<(Field, Sort)> = [Sort::Absent, Sort::Word].map(|sort| (Field::Whole, sort)).into();
    if etag.is_some() {
        all.extend([Sort::Absent, Sort::Empty, Sort::Word].map(|sort| (Field::Etag, sort)));
    }
    let Some(body) = Body::read(body) else {
        all.push((Field::Whole, Sort::Long));
        return all;
    };
    let is_xml = matches!(body.wire, Wire::Xml { .. });
    let fields: Vec<Field> = body.fields().into_iter().map(Field::At).collect();
    for field in &fields {
        let sorts = Sort::EACH.into_iter().filter(|sort| !is_xml || sort.is_told_apart_in_xml());
        all.extend(sorts.map(|sort| (field.clone(), sort)));
    }
    let text = fields.iter().rev().find(|field| !body.holds_others(field));
    all.extend(text.map(|field| (field.clone(), Sort::Long)));
    all
}

pub fn distorted(body: &[u8], etag: Option<&str>, field: &Field, sort: Sort) -> (Vec<u8>, Option<String>) {
    let etag = etag.map(str::to_owned);
    match field {
        Field::Whole => (sort.bytes(), etag),
        Field::Etag => {
            let put = match sort {
                Sort::Absent => None,
                Sort::Empty => Some(String::new()),
                _ => Some(WORD.to_owned()),
            };
            (body.to_vec(), put)
        }
        Field::At(way) => {
            let Some(mut read) = Body::read(body) else { return (body.to_vec(), etag) };
            put(&mut read.tree, way, sort.value().as_ref());
            (read.write(), etag)
        }
    }
}

fn is_key(name: &Value, key: &str) -> bool {
    name.as_text() == Some(key)
}

fn walk(value: &Value, way: &mut Vec<Way>, found: &mut BTreeSet<Vec<Way>>) {
    let mut go = |step: Way, inside: &Value| {
        way.push(step);
        found.insert(way.clone());
        walk(inside, way, found);
        way.pop();
    };
    match value {
        Value::Map(entries) => {
            for (name, inside) in entries {
                go(Way::Key(name.as_text().unwrap_or_default().to_owned()), inside);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| go(Way::Each, item)),
        _ => {}
    }
}

fn visit(value: &mut Value, way: &[Way], then: &mut impl FnMut(&mut Value)) {
    match (way, value) {
        ([], value) => then(value),
        ([Way::Key(key), rest @ ..], Value::Map(entries)) => {
            entries.iter_mut().filter(|(name, _)| is_key(name, key)).for_each(|(_, v)| visit(v, rest, then));
        }
        ([Way::Each, rest @ ..], Value::Array(items)) => {
            items.iter_mut().for_each(|item| visit(item, rest, then))
        }
        _ => {}
    }
}

fn put(tree: &mut Value, way: &[Way], what: Option<&Value>) {
    let Some(what) = what else {
        let Some((last, before)) = way.split_last() else { return };
        return visit(tree, before, &mut |holder| match (last, holder) {
            (Way::Key(key), Value::Map(entries)) => entries.retain(|(name, _)| !is_key(name, key)),
            (Way::Each, Value::Array(items)) => items.clear(),
            _ => {}
        });
    };
    visit(tree, way, &mut |value| value.clone_from(what));
}

/// An element that has begun: its name, what is in it by name, its text.
type Begun = (String, Vec<(Value, Value)>, String);

fn xml(text: &str) -> Option<Body> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Begun> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let tag = (*start).to_owned();
                root.get_or_insert_with(|| tag.clone());
                let name = tag.split_whitespace().next()?.to_owned();
                open.push((name, Vec::new(), String::new()));
            }
            Event::Empty(empty) => {
                let name = empty.split_whitespace().next()?.to_owned();
                open.last_mut()?.1.push((Value::Text(name), Value::Text(String::new())));
            }
            Event::Text(part) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&part.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let said = reference.xml10_content().into_owned();
                let said = match said.as_str() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => return None,
                };
                open.last_mut()?.2.push_str(said);
            }
            Event::End(_) => {
                let (name, entries, text) = open.pop()?;
                let value = if entries.is_empty() { Value::Text(text) } else { Value::Map(entries) };
                match open.last_mut() {
                    Some((_, entries, _)) => entries.push((Value::Text(name), value)),
                    None => {
                        let tree = Value::Map(vec![(Value::Text(name), value)]);
                        return Some(Body { wire: Wire::Xml { root: root? }, tree });
                    }
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn inside(text: &mut String, value: &Value) {
    match value {
        Value::Map(entries) => {
            for (name, content) in entries {
                let name = name.as_text().unwrap();
                text.push_str(&format!("<{name}>"));
                inside(text, content);
                text.push_str(&format!("</{name}>"));
            }
        }
        Value::Text(said) => text.push_str(&quick_xml::escape::escape(said.as_str())),
        Value::Integer(number) => text.push_str(&i128::from(*number).to_string()),
        Value::Bool(said) => text.push_str(&said.to_string()),
        _ => {}
    }
}

#[test]
fn an_answer_is_read_and_written_as_it_was_on_each_wire_and_every_field_of_it_is_found() {
    let ways = |body: &[u8]| -> Vec<String> {
        let fields = distortions(body, None).into_iter().map(|(field, _)| field);
        fields.collect::<BTreeSet<_>>().iter().map(ToString::to_string).collect()
    };
    let json = br#"{"a":[{"b":1},{"b":null}]}"#;
    assert_eq!(Body::read(json).unwrap().write(), json);
    assert_eq!(ways(json), ["the whole", ".a", ".a[]", ".a[].b"]);
    let xml =
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"x\"><a><m>1 &amp; 2</m><m>3</m></a></R>";
    assert_eq!(Body::read(xml).unwrap().write(), xml);
    assert_eq!(ways(xml), ["the whole", ".R", ".R.a", ".R.a.m"]);
    let without =
        distorted(xml, None, &Field::At(vec![Way::Key("R".into()), Way::Key("a".into())]), Sort::Absent);
    assert!(String::from_utf8(without.0).unwrap().ends_with("<R xmlns=\"x\"></R>"));
    let mut cbor = Vec::new();
    let tree = Value::Map(vec![(Value::Text("a".into()), Value::Tag(1, Box::new(Value::Float(1.5))))]);
    ciborium::into_writer(&tree, &mut cbor).unwrap();
    assert_eq!(Body::read(&cbor).unwrap().write(), cbor);
    assert_eq!(ways(&cbor), ["the whole", ".a"]);
}

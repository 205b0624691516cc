//! XML answers as a tree of names and texts, which is all that the few answers here need. Attributes are left out.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deeper than any answer that is read here.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    pub name: String,
    pub text: String,
    pub inside: Vec<Element>,
}

pub(super) const NOTHING: &Element =
    &Element { name: String::new(), text: String::new(), inside: Vec::new() };

impl Element {
    /// The first element of this name, however deep.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        self.inside.iter().find_map(|child| if child.name == name { Some(child) } else { child.find(name) })
    }

    /// The text of a direct child; nothing where that is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let child = self.inside.iter().find(|child| child.name == name)?;
        Some(child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// The items of a list: `item` with EC2, `member` with the other query services.
    pub(crate) fn items(&self, name: &str) -> impl Iterator<Item = &Self> {
        let list = self.find(name);
        list.into_iter()
            .flat_map(|list| &list.inside)
            .filter(|item| matches!(item.name.as_str(), "item" | "member"))
    }
}

/// # Errors
/// Says what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().map_err(|why| why.to_string())? {
            Event::Start(start) if open.len() < MAX_DEPTH => {
                open.push(Element { name: local(start.name().as_ref()), ..Element::default() });
            }
            Event::Start(_) => return Err("it is too deep".into()),
            Event::Empty(empty) => {
                let element = Element { name: local(empty.name().as_ref()), ..Element::default() };
                match open.last_mut() {
                    Some(parent) => parent.inside.push(element),
                    None => return Ok(element),
                }
            }
            Event::Text(part) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&part.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    _ => match reference.xml10_content().as_ref() {
                        "amp" => "&".to_owned(),
                        "lt" => "<".to_owned(),
                        "gt" => ">".to_owned(),
                        "quot" => "\"".to_owned(),
                        "apos" => "'".to_owned(),
                        other => return Err(format!("it has an unknown entity {other}")),
                    },
                };
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&resolved);
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { return Err("it is unbalanced".into()) };
                match open.last_mut() {
                    Some(parent) => parent.inside.push(element),
                    None => return Ok(element),
                }
            }
            Event::Eof => return Err("it ends too early".into()),
            _ => {}
        }
    }
}

fn local(name: impl AsRef<[u8]>) -> String {
    let name = String::from_utf8_lossy(name.as_ref());
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_both_families_are_read_and_entities_resolved() {
        let ec2 =
            parse("<R xmlns=\"x\"><set><item><state>a &amp; b</state></item><item/></set></R>").unwrap();
        let states: Vec<_> = ec2.items("set").map(|item| item.text("state")).collect();
        assert_eq!(states, [Some("a & b"), None]);
        let iam = parse("<R><Result><List><member><Name>x</Name></member></List></Result></R>").unwrap();
        assert_eq!(iam.items("List").next().and_then(|m| m.text("Name")), Some("x"));
        for broken in ["<R><A></R>", "<R>", "", "<R>&bomb;</R>"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}

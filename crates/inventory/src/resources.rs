//! One resource of an application, read by its kind's table of keys in the domain, so that a kind is
//! described in one place. Rules that a table of keys cannot say stand here.

use crate::fields::{KeyRule, Reader, join};
use crate::problem::{clip, way_to_a_word};
use crate::shapes;
use crate::tree::{Node, What};
use holdfast_domain::resource::{Key, KeyShape};
use holdfast_domain::{RegionCode, Resource, ResourceKind, ResourceSpec};
use serde_json::{Map, Value};

/// `regions`: the application's own; `None` when they are in doubt themselves.
pub(crate) fn resource(
    reader: &mut Reader,
    node: &Node,
    path: &str,
    regions: Option<&[RegionCode]>,
) -> Option<Resource> {
    let kind = kind_of(reader, node, path);
    let mut keys: Vec<KeyRule> = vec![("name", true), ("kind", true), ("account", true)];
    match (kind, &node.what) {
        (Some(kind), _) => keys.extend(kind.keys().iter().map(|k| (k.name, k.required))),
        // Without its kind, nothing is known of the other keys: take each as it stands.
        (None, What::Map(_)) => {
            let every = ResourceKind::ALL.iter().flat_map(|k| k.keys()).map(|k| (k.name, false));
            keys.extend(every);
        }
        (None, _) => {}
    }
    let fields = reader.fields(node, path, "a resource", &keys)?;
    let name = reader.name(&fields, "name");
    let account = reader.name(&fields, "account");
    let kind = kind?;
    let mut spec = Map::new();
    spec.insert("kind".to_owned(), Value::from(kind.as_str()));
    let mut whole = true;
    for key in kind.keys() {
        if let Some(node) = fields.get(key.name) {
            match value(reader, node, &fields.path_of(key.name), key, kind, regions) {
                Some(value) => drop(spec.insert(key.name.to_owned(), value)),
                None => whole = false,
            }
        } else if key.required {
            whole = false;
        }
    }
    if !whole {
        return None;
    }
    match serde_json::from_value::<ResourceSpec>(Value::Object(spec)) {
        Ok(spec) => Some(Resource { name: name?, account: account?, spec }),
        Err(error) => {
            let message = format!("this is not a {}: {}", kind.as_str(), clip(&error.to_string()));
            reader.problems.at(fields.at(), path, message, "compare it with the documentation of its kind");
            None
        }
    }
}

fn kind_of(reader: &mut Reader, node: &Node, path: &str) -> Option<ResourceKind> {
    let node = node.get("kind")?;
    let path = join(path, "kind");
    let text = reader.text(node, &path)?;
    let kind = text.parse().ok();
    if kind.is_none() && !reader.problems.is_full() {
        let message = format!("`{}` is not a kind of resource", clip(text));
        let way_out = way_to_a_word(text, ResourceKind::ALL.iter().map(|k| k.as_str()));
        reader.problems.at(node.at, &path, message, way_out);
    }
    kind
}

fn value(
    reader: &mut Reader,
    node: &Node,
    path: &str,
    key: &Key,
    kind: ResourceKind,
    regions: Option<&[RegionCode]>,
) -> Option<Value> {
    match key.shape {
        KeyShape::Text => text(reader, node, path, key.name),
        KeyShape::Number => reader.number_at(node, path, 0..=u32::MAX).map(Value::from),
        KeyShape::Texts => texts(reader, node, path, key.name),
        KeyShape::TextMap => text_map(reader, node, path),
        KeyShape::Region => {
            let region = reader.region_at(node, path)?;
            own(reader, &region, node, path, regions);
            Some(Value::from(region.as_str()))
        }
        KeyShape::Word(words) => word(reader, node, path, words),
        KeyShape::Regions => region_list(reader, node, path, regions),
        KeyShape::TextPerRegion => {
            per_region(reader, node, path, regions, |reader, node, path| text(reader, node, path, key.name))
        }
        KeyShape::ObjectPerRegion(keys) => per_region(reader, node, path, regions, |reader, node, path| {
            let rules: Vec<KeyRule> = keys.iter().map(|k| (k.name, k.required)).collect();
            let fields = reader.fields(node, path, "a Region's part", &rules)?;
            let (mut place, mut whole) = (Map::new(), true);
            for key in keys {
                let Some(node) = fields.get(key.name) else {
                    // Told already, with the place's other missing keys.
                    whole &= !key.required;
                    continue;
                };
                match value(reader, node, &fields.path_of(key.name), key, kind, regions) {
                    Some(value) => drop(place.insert(key.name.to_owned(), value)),
                    None => whole = false,
                }
            }
            for (message, way_out) in wrong_choice(kind, |key| fields.has(key)) {
                reader.problems.at(node.at, path, message, way_out);
            }
            whole.then_some(Value::Object(place))
        }),
    }
}

/// Keys of a place of which exactly one is given.
fn alternatives(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::RdsReadReplica => &["instance", "cluster"],
        ResourceKind::EndpointSetting => &["parameter", "secret", "record"],
        _ => &[],
    }
}

/// Keys of a place that only go together.
fn companions(kind: ResourceKind) -> &'static [[&'static str; 2]] {
    match kind {
        ResourceKind::EndpointSetting => &[["record", "hosted_zone_id"], ["hosted_zone_id", "record"]],
        _ => &[],
    }
}

/// Keys of a place of which the second has no meaning beside the first.
fn strangers(kind: ResourceKind) -> &'static [[&'static str; 2]] {
    match kind {
        ResourceKind::EndpointSetting => &[["record", "key"]],
        _ => &[],
    }
}

/// What is wrong with the keys that a place has, each with its way out.
fn wrong_choice(kind: ResourceKind, has: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if let Some((last, others)) = alternatives(kind).split_last() {
        let others: Vec<String> = others.iter().map(|key| format!("`{key}`")).collect();
        let others = others.join(", ");
        let given: Vec<&&str> = alternatives(kind).iter().filter(|key| has(key)).collect();
        let way_out = format!("give one of {others} and `{last}`, and only one");
        match given.as_slice() {
            [_] => {}
            [] => wrong.push((format!("neither {others} nor `{last}` is given"), way_out)),
            [one, other, ..] => wrong
                .push((format!("both `{one}` and `{other}` are given, and only one can be meant"), way_out)),
        }
    }
    for [one, other] in companions(kind).iter().filter(|[one, other]| has(one) && !has(other)) {
        let message = format!("`{one}` is given without `{other}`, and neither is found without the other");
        wrong.push((message, format!("give `{other}` too")));
    }
    for [one, other] in strangers(kind).iter().filter(|[one, other]| has(one) && has(other)) {
        wrong.push((format!("`{other}` means nothing beside `{one}`"), format!("leave `{other}` out")));
    }
    wrong
}

fn word(reader: &mut Reader, node: &Node, path: &str, words: &'static [&'static str]) -> Option<Value> {
    let text = reader.text(node, path)?;
    if words.contains(&text) {
        return Some(Value::from(text));
    }
    let message = format!("`{}` is none of its words", clip(text));
    reader.problems.at(node.at, path, message, way_to_a_word(text, words.iter().copied()));
    None
}

/// CloudWatch keeps data by the minute and by multiples of it, and none longer than a day in one point.
fn period(reader: &mut Reader, node: &Node, path: &str) -> Option<Value> {
    let length = reader.length_at(node, path)?;
    let whole = length.get() % 60 == 0 && (60..=86_400).contains(&length.get());
    if !whole {
        let message =
            format!("`period` is {length}, and CloudWatch has data by the minute and its multiples");
        reader.problems.at(node.at, path, message, "write whole minutes up to a day, such as 1m or 5m");
    }
    Some(Value::from(length.to_string()))
}

fn text(reader: &mut Reader, node: &Node, path: &str, key: &str) -> Option<Value> {
    if key == "period" {
        return period(reader, node, path);
    }
    if key == "timeout" {
        let length = reader.length_at(node, path)?;
        if length.get() == 0 {
            reader.problems.at(
                node.at,
                path,
                "`timeout` is 0s, and nothing answers in no time",
                "write one such as 5s",
            );
        }
        return Some(Value::from(length.to_string()));
    }
    reader.ruled(node, path, shapes::rule_of(key)).map(Value::from)
}

fn texts(reader: &mut Reader, node: &Node, path: &str, key: &str) -> Option<Value> {
    let mut all: Vec<Value> = Vec::new();
    for (index, item) in reader.items(node, path, "texts")?.iter().enumerate() {
        let item_path = format!("{path}[{index}]");
        let Some(text) = reader.word(item, &item_path) else { continue };
        // What a vault protects is named as AWS Backup names it.
        if key == "protected" && !text.starts_with("arn:aws:") {
            let message = format!("`{}` is not an ARN", clip(&text));
            reader.problems.at(
                item.at,
                &item_path,
                message,
                "write the ARN of what the backups are of: arn:aws:…",
            );
        }
        all.push(Value::from(text));
    }
    Some(Value::Array(all))
}

/// Parameters of a stack: any text, also an empty one.
fn text_map(reader: &mut Reader, node: &Node, path: &str) -> Option<Value> {
    let What::Map(entries) = &node.what else {
        reader.wrong_type(node, path, "an object of texts", "write keys with a text each; `{}` has none");
        return None;
    };
    let mut map = Map::new();
    for entry in entries {
        let entry_path = join(path, &entry.key);
        if entry.key.is_empty() || entry.key.chars().count() > crate::fields::MOST_TEXT {
            reader.problems.at(
                entry.at,
                &entry_path,
                "a key is empty or too long",
                "write the parameter's name",
            );
        }
        if let Some(text) = reader.text(&entry.value, &entry_path) {
            map.insert(entry.key.clone(), Value::from(text));
        }
    }
    Some(Value::Object(map))
}

fn region_list(
    reader: &mut Reader,
    node: &Node,
    path: &str,
    regions: Option<&[RegionCode]>,
) -> Option<Value> {
    let items = reader.items(node, path, "Regions")?;
    if items.is_empty() {
        reader.problems.at(
            node.at,
            path,
            "no Region is named",
            "name at least one of the application's Regions",
        );
    }
    let mut all: Vec<Value> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let item_path = format!("{path}[{index}]");
        let Some(region) = reader.region_at(item, &item_path) else { continue };
        own(reader, &region, item, &item_path, regions);
        let region = Value::from(region.as_str());
        if all.contains(&region) {
            reader.problems.at(item.at, &item_path, "this Region stands twice", "keep one of them");
        } else {
            all.push(region);
        }
    }
    Some(Value::Array(all))
}

fn per_region(
    reader: &mut Reader,
    node: &Node,
    path: &str,
    regions: Option<&[RegionCode]>,
    mut read: impl FnMut(&mut Reader, &Node, &str) -> Option<Value>,
) -> Option<Value> {
    let What::Map(entries) = &node.what else {
        reader.wrong_type(node, path, "an object by Region", "write a Region's code as each key");
        return None;
    };
    if entries.is_empty() {
        reader.problems.at(
            node.at,
            path,
            "no Region is named",
            "name at least one of the application's Regions",
        );
    }
    let (mut map, mut whole) = (Map::new(), true);
    for entry in entries {
        let entry_path = join(path, &entry.key);
        let region = reader.region_of(&entry.key, entry.at, &entry_path);
        if let Some(region) = &region {
            own(reader, region, &entry.value, &entry_path, regions);
        }
        match (region, read(reader, &entry.value, &entry_path)) {
            (Some(region), Some(value)) => drop(map.insert(region.as_str().to_owned(), value)),
            _ => whole = false,
        }
    }
    whole.then_some(Value::Object(map))
}

/// A resource is where its application is.
fn own(reader: &mut Reader, region: &RegionCode, node: &Node, path: &str, regions: Option<&[RegionCode]>) {
    if let Some(regions) = regions
        && !regions.contains(region)
        && !reader.problems.is_full()
    {
        let message = format!("{region} is not one of the application's Regions");
        let all = crate::problem::listed(regions.iter().map(RegionCode::as_str));
        reader.problems.at(
            node.at,
            path,
            message,
            format!("write one of {all}, or add it to `recovery_regions`"),
        );
    }
}

//! The table of keys and the types behind it describe the same thing: readers and writers of the inventory
//! go by the table, everything else by the types.

use holdfast_domain::resource::{Key, KeyShape};
use holdfast_domain::{Resource, ResourceKind, ResourceSpec};
use serde_json::{Map, Value, json};

fn sample(shape: KeyShape) -> Value {
    match shape {
        KeyShape::Text => json!("text"),
        KeyShape::Number => json!(6),
        KeyShape::Region => json!("us-east-1"),
        KeyShape::Word(words) => json!(words[0]),
        KeyShape::Regions => json!(["us-east-1", "eu-central-1"]),
        KeyShape::TextPerRegion => json!({"us-east-1": "text"}),
        KeyShape::ObjectPerRegion(keys) => json!({"us-east-1": object(keys)}),
        KeyShape::Texts => json!(["text"]),
        KeyShape::TextMap => json!({"key": "text"}),
    }
}

fn object(keys: &[Key]) -> Value {
    Value::Object(keys.iter().map(|key| (key.name.to_owned(), sample(key.shape))).collect())
}

fn full(kind: ResourceKind) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("kind".to_owned(), Value::from(kind.as_str()));
    map.extend(kind.keys().iter().map(|key| (key.name.to_owned(), sample(key.shape))));
    map
}

fn parse(map: &Map<String, Value>) -> Result<ResourceSpec, serde_json::Error> {
    serde_json::from_value(Value::Object(map.clone()))
}

#[test]
fn every_key_of_a_kind_is_kept_by_its_type_and_no_other() {
    for &kind in ResourceKind::ALL {
        let map = full(kind);
        let spec = parse(&map).unwrap_or_else(|e| panic!("{}: {e}", kind.as_str()));
        assert_eq!(spec.kind(), kind);
        assert_eq!(serde_json::to_value(&spec).unwrap(), Value::Object(map), "{}", kind.as_str());
    }
}

#[test]
fn what_the_table_requires_the_type_requires() {
    for &kind in ResourceKind::ALL {
        for key in kind.keys() {
            let mut map = full(kind);
            map.remove(key.name);
            assert_eq!(parse(&map).is_err(), key.required, "{}.{}", kind.as_str(), key.name);
            let KeyShape::ObjectPerRegion(places) = key.shape else { continue };
            for place in places {
                let mut map = full(kind);
                map[key.name]["us-east-1"].as_object_mut().unwrap().remove(place.name);
                assert_eq!(parse(&map).is_err(), place.required, "{}.{}", kind.as_str(), place.name);
            }
        }
    }
}

#[test]
fn an_option_that_is_not_given_leaves_no_key() {
    for &kind in ResourceKind::ALL {
        let mut map = full(kind);
        for key in kind.keys() {
            if !key.required {
                map.remove(key.name);
            }
            if let KeyShape::ObjectPerRegion(places) = key.shape {
                let place = map[key.name]["us-east-1"].as_object_mut().unwrap();
                place.retain(|name, _| places.iter().any(|p| p.name == name && p.required));
            }
        }
        let spec = parse(&map).unwrap_or_else(|e| panic!("{}: {e}", kind.as_str()));
        assert_eq!(serde_json::to_value(&spec).unwrap(), Value::Object(map), "{}", kind.as_str());
    }
}

#[test]
fn a_kind_is_known_by_its_word_and_no_word_names_two() {
    let mut words: Vec<_> = ResourceKind::ALL.iter().map(|k| k.as_str()).collect();
    for (&kind, word) in ResourceKind::ALL.iter().zip(&words) {
        assert_eq!(word.parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(word));
    }
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), ResourceKind::ALL.len());
    assert!("virtual_machine".parse::<ResourceKind>().is_err());
}

#[test]
fn no_key_stands_twice_or_where_every_resource_has_its_own() {
    for &kind in ResourceKind::ALL {
        let mut names: Vec<_> = kind.keys().iter().map(|k| k.name).collect();
        names.extend(["name", "kind", "account"]);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}: {names:?}", kind.as_str());
    }
}

#[test]
fn a_resource_is_one_flat_object_in_the_file() {
    let text = json!({"name": "orders", "account": "shop-prod", "kind": "aurora_global_database", "global_cluster": "orders"});
    let resource: Resource = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(resource.spec.kind(), ResourceKind::AuroraGlobalDatabase);
    assert_eq!(serde_json::to_value(&resource).unwrap(), text);
}

//! The `applications` section: what one application must say, and what within it must agree. What it says of
//! things outside the file is for [`crate::check`].

use crate::fields::{Fields, KeyRule, Reader};
use crate::links;
use crate::problem::{clip, way_to_a_word};
use crate::resources;
use crate::shapes;
use crate::tree::{Node, What};
use holdfast_domain::{Application, LoadSplit, Name, Objectives, RegionCode, Strategy, Waiver};
use std::collections::{BTreeMap, HashSet};

const APPLICATION: &[KeyRule] = &[
    ("name", true),
    ("owner", true),
    ("tier", true),
    ("environment", false),
    ("strategy", true),
    ("home_region", true),
    ("recovery_regions", true),
    ("objectives", true),
    ("data_residency", false),
    ("load_split", false),
    ("approval_policy", true),
    ("depends_on", false),
    ("resources", false),
    ("waivers", false),
];

pub(crate) fn application(reader: &mut Reader, node: &Node, path: &str) -> Option<Application> {
    let fields = reader.fields(node, path, "an application", APPLICATION)?;
    let name = reader.name(&fields, "name");
    let owner = reader.name(&fields, "owner");
    let tier = reader.number(&fields, "tier", 1..=4).and_then(|n| u8::try_from(n).ok());
    let environment =
        if fields.has("environment") { reader.name(&fields, "environment").map(Some) } else { Some(None) };
    let strategy = fields.get("strategy").and_then(|node| {
        let all = Strategy::ALL.map(|s| (s.as_str(), s));
        reader.choice(node, &fields.path_of("strategy"), "a strategy", &all)
    });
    let home_region =
        fields.get("home_region").and_then(|n| reader.region_at(n, &fields.path_of("home_region")));
    let recovery_regions = recovery_regions(reader, &fields, home_region.as_ref());
    let objectives = objectives(reader, &fields);
    let data_residency = data_residency(reader, &fields, home_region.as_ref());
    let approval_policy = reader.name(&fields, "approval_policy");
    let depends_on = depends_on(reader, &fields, name.as_ref());

    // With a Region in doubt, "not one of the application's Regions" would be noise.
    let regions: Option<Vec<_>> = home_region
        .iter()
        .zip(recovery_regions.iter())
        .map(|(home, recovery)| std::iter::once(home).chain(recovery).cloned().collect())
        .next();
    let load_split = load_split(reader, &fields, strategy, regions.as_deref());
    let resources = fields.get("resources").map_or(Some(Vec::new()), |node| {
        reader.entries(node, &fields.path_of("resources"), "resources", |reader, node, path| {
            resources::resource(reader, node, path, regions.as_deref())
        })
    });
    let waivers = fields
        .get("waivers")
        .map_or(Some(Vec::new()), |node| reader.entries(node, &fields.path_of("waivers"), "waivers", waiver));
    Some(Application {
        name: name?,
        owner: owner?,
        tier: tier?,
        environment: environment?,
        strategy: strategy?,
        home_region: home_region?,
        recovery_regions: recovery_regions?,
        objectives: objectives?,
        data_residency: data_residency?,
        load_split: load_split?,
        approval_policy: approval_policy?,
        depends_on: depends_on?,
        resources: resources?,
        waivers: waivers?,
    })
}

fn recovery_regions(
    reader: &mut Reader,
    fields: &Fields<'_>,
    home: Option<&RegionCode>,
) -> Option<Vec<RegionCode>> {
    let all = reader.regions(fields, "recovery_regions")?;
    let (at, path) = (fields.place_of("recovery_regions"), fields.path_of("recovery_regions"));
    if all.is_empty() {
        let message = "`recovery_regions` is empty, and without one there is nowhere to recover to";
        reader.problems.at(at, &path, message, "name at least one Region");
        return None;
    }
    if let Some(home) = home.filter(|home| all.contains(home)) {
        let message = format!("`recovery_regions` names the home Region {home}");
        reader.problems.at(at, &path, message, "leave the home Region out of it");
    }
    Some(all)
}

fn objectives(reader: &mut Reader, fields: &Fields<'_>) -> Option<Objectives> {
    let path = fields.path_of("objectives");
    let fields =
        reader.fields(fields.get("objectives")?, &path, "the objectives", &[("rto", true), ("rpo", true)])?;
    let (rto, rpo) = (reader.length(&fields, "rto"), reader.length(&fields, "rpo"));
    Some(Objectives { rto: rto?, rpo: rpo? })
}

fn data_residency(
    reader: &mut Reader,
    fields: &Fields<'_>,
    home: Option<&RegionCode>,
) -> Option<Vec<RegionCode>> {
    if !fields.has("data_residency") {
        return Some(Vec::new());
    }
    let all = reader.regions(fields, "data_residency")?;
    if let Some(home) = home.filter(|home| !all.is_empty() && !all.contains(home)) {
        let message = format!("`data_residency` leaves out the home Region {home}, where the data is");
        let way_out = format!("add {home}, or leave the key out if there is no limit");
        reader.problems.at(
            fields.place_of("data_residency"),
            &fields.path_of("data_residency"),
            message,
            way_out,
        );
    }
    Some(all)
}

/// Who takes over the load of a Region that leaves: a word, or the percentage of every Region.
fn load_split(
    reader: &mut Reader,
    fields: &Fields<'_>,
    strategy: Option<Strategy>,
    regions: Option<&[RegionCode]>,
) -> Option<LoadSplit> {
    let Some(node) = fields.get("load_split") else { return Some(LoadSplit::Even) };
    let path = fields.path_of("load_split");
    if let Some(other) = strategy.filter(|strategy| *strategy != Strategy::ActiveActive) {
        let message = format!(
            "`load_split` is of active-active applications, and this one is {}",
            other.as_str().replace('_', " ")
        );
        reader.problems.at(node.at, &path, message, "leave it out: one Region takes the whole load");
    }
    let What::Map(entries) = &node.what else {
        let text = reader.text(node, &path)?;
        let found = LoadSplit::WORDS.into_iter().find(|(word, _)| *word == text).map(|(_, split)| split);
        if found.is_none() {
            let message = format!("`load_split` is `{}`, which is not a rule for splitting load", clip(text));
            let words = LoadSplit::WORDS.map(|(word, _)| word);
            let way_out = format!("{}, or write the percentage of each Region", way_to_a_word(text, words));
            reader.problems.at(node.at, &path, message, way_out);
        }
        return found;
    };
    let (mut all, mut whole) = (BTreeMap::new(), true);
    for entry in entries {
        let at = format!("{path}.{}", clip(&entry.key));
        let region = reader.region_of(&entry.key, entry.at, &at);
        let percent = reader.number_at(&entry.value, &at, 0..=100).and_then(|n| u8::try_from(n).ok());
        let (Some(region), Some(percent)) = (region, percent) else {
            whole = false;
            continue;
        };
        if let Some(regions) = regions.filter(|regions| !regions.contains(&region)) {
            let message = format!("`{region}` is not one of the application's Regions");
            let way_out = way_to_a_word(region.as_str(), regions.iter().map(RegionCode::as_str));
            reader.problems.at(entry.at, &at, message, way_out);
            whole = false;
        }
        all.insert(region, percent);
    }
    for region in regions.unwrap_or_default().iter().filter(|region| whole && !all.contains_key(region)) {
        let message = format!("`load_split` says nothing of {region}");
        reader.problems.at(node.at, &path, message, "give every Region its percentage; 0 is one");
    }
    let sum: u32 = all.values().map(|percent| u32::from(*percent)).sum();
    if whole && sum != 100 {
        let message = format!("the percentages of `load_split` sum to {sum}");
        reader.problems.at(node.at, &path, message, "make them sum to 100");
    }
    whole.then_some(LoadSplit::Percent(all))
}

fn depends_on(reader: &mut Reader, fields: &Fields<'_>, own: Option<&Name>) -> Option<Vec<Name>> {
    let Some(node) = fields.get("depends_on") else { return Some(Vec::new()) };
    let path = fields.path_of("depends_on");
    let (mut all, mut seen): (Vec<Name>, HashSet<Name>) = (Vec::new(), HashSet::new());
    for (index, item) in reader.items(node, &path, "application names")?.iter().enumerate() {
        let item_path = format!("{path}[{index}]");
        let Some(name) = reader.name_at(item, &item_path) else { continue };
        if Some(&name) == own {
            reader.problems.at(
                item.at,
                &item_path,
                format!("`{name}` depends on itself"),
                "remove it from `depends_on`",
            );
        } else if !seen.insert(name.clone()) {
            let message = format!("`{name}` stands twice in `depends_on`");
            reader.problems.at(item.at, &item_path, message, "keep one of them");
        } else {
            all.push(name);
        }
    }
    Some(all)
}

fn waiver(reader: &mut Reader, node: &Node, path: &str) -> Option<Waiver> {
    let keys = &[("step", true), ("plane", true), ("by", true), ("reason", true), ("review_on", true)];
    let fields = reader.fields(node, path, "a waiver", keys)?;
    let step = reader.name(&fields, "step");
    let plane =
        fields.get("plane").and_then(|node| reader.ruled(node, &fields.path_of("plane"), shapes::plane));
    let by = reader.prose(&fields, "by");
    let reason = reader.prose(&fields, "reason");
    let review_on = fields.get("review_on").and_then(|node| {
        let path = fields.path_of("review_on");
        let text = reader.text(node, &path)?;
        let date = text.parse::<jiff::civil::Date>().ok().filter(|date| date.to_string() == text);
        if date.is_none() {
            let message = format!("`review_on` is `{}`, which is not a date", clip(text));
            reader.problems.at(node.at, &path, message, "write it like 2027-03-01");
        }
        date
    });
    Some(Waiver { step: step?, plane: plane?, by: by?, reason: reason?, review_on: review_on? })
}

/// Applications of the file that depend on each other in a circle.
pub(crate) fn circles(reader: &mut Reader, section: &Node, applications: &[Application]) {
    for mut problem in links::circles(applications) {
        let inner = problem.path.strip_prefix("applications.").unwrap_or_default();
        let at = section.place_of(inner);
        (problem.line, problem.column) = (Some(at.line), Some(at.column));
        reader.problems.push(problem);
    }
}

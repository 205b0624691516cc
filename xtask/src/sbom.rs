//! What is built into the binary: a bill of materials in CycloneDX's form, out of Cargo's own resolution and the lock file's
//! checksums. The same sources give the same bytes: there is no time and no random number in it.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::Path;
use std::process::Command;

/// Whose libraries they are.
const BINARY: &str = "holdfast-server";

pub fn run(root: &Path) -> Result<()> {
    println!("{:#}", of(&metadata(root)?, &std::fs::read_to_string(root.join("Cargo.lock"))?)?);
    Ok(())
}

fn metadata(root: &Path) -> Result<Value> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .context("cargo metadata")?;
    if !asked.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&asked.stderr).trim());
    }
    Ok(serde_json::from_slice(&asked.stdout)?)
}

/// By name and version; what is ours has none.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|p| Some(((value(p, "name")?, value(p, "version")?), value(p, "checksum")?)))
        .collect()
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str> {
    value[key].as_str().with_context(|| format!("cargo metadata has no `{key}` in {value}"))
}

fn all<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What a package is built with, but for its own tests.
fn built_with(node: &Value) -> Vec<&str> {
    let is_built_in =
        |dependency: &&Value| all(dependency, "dep_kinds").iter().any(|kind| kind["kind"] != "dev");
    all(node, "deps").iter().filter(is_built_in).filter_map(|dependency| dependency["pkg"].as_str()).collect()
}

fn of(metadata: &Value, lock: &str) -> Result<Value> {
    let checksums = checksums(lock);
    let packages: BTreeMap<&str, &Value> = all(metadata, "packages")
        .iter()
        .map(|package| Ok((text(package, "id")?, package)))
        .collect::<Result<_>>()?;
    let nodes: BTreeMap<&str, &Value> = all(&metadata["resolve"], "nodes")
        .iter()
        .map(|node| Ok((text(node, "id")?, node)))
        .collect::<Result<_>>()?;
    let binary = packages.iter().find(|(_, package)| package["name"] == BINARY);
    let (binary, _) = binary.with_context(|| format!("there is no {BINARY}"))?;
    let (mut reached, mut to_see) = (BTreeSet::new(), vec![*binary]);
    while let Some(id) = to_see.pop() {
        if reached.insert(id) {
            to_see.extend(nodes.get(id).map(|node| built_with(node)).unwrap_or_default());
        }
    }
    let reference = |id: &str| -> Result<String> {
        let package = packages.get(id).with_context(|| format!("{id} is resolved and not listed"))?;
        Ok(format!("pkg:cargo/{}@{}", text(package, "name")?, text(package, "version")?))
    };
    let mut components = BTreeMap::new();
    let mut dependencies = BTreeMap::new();
    for id in reached {
        let package = packages.get(id).with_context(|| format!("{id} is resolved and not listed"))?;
        let (name, version, purl) = (text(package, "name")?, text(package, "version")?, reference(id)?);
        let mut component =
            json!({ "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl });
        if let Some(license) = package["license"].as_str() {
            component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
        }
        if let Some(checksum) = checksums.get(&(name.to_owned(), version.to_owned())) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        let on = nodes.get(id).map(|node| built_with(node)).unwrap_or_default();
        let on: BTreeSet<String> = on.into_iter().map(reference).collect::<Result<_>>()?;
        dependencies.insert(purl.clone(), json!({ "ref": purl, "dependsOn": on }));
        components.insert(purl, component);
    }
    let mut itself =
        components.remove(&reference(binary)?).context("the binary is not among its own packages")?;
    itself["type"] = "application".into();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": itself },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_values().collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> (Value, String) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
        (of(&metadata(root).unwrap(), &lock).unwrap(), lock)
    }

    #[test]
    fn the_bill_names_each_library_of_the_binary_with_its_licence_and_its_checksum_and_is_always_the_same() {
        let (bill, lock) = whole();
        let components = all(&bill, "components");
        assert!(components.len() > 200, "{}", components.len());
        let names: BTreeSet<&str> = components.iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert!(
            ["sqlx", "ring", "axum", "aws-sdk-sts", "holdfast-failover"]
                .iter()
                .all(|name| names.contains(name))
        );
        for tests_alone in ["proptest", "stateright", "holdfast-testkit", "holdfast-bench"] {
            assert!(!names.contains(tests_alone), "{tests_alone} is in no binary");
        }
        for component in components {
            assert!(component["licenses"].is_array(), "{component}");
            let ours = component["name"].as_str().unwrap().starts_with("holdfast");
            assert_eq!(component["hashes"].is_array(), !ours, "{component}");
            if !ours {
                assert!(lock.contains(component["hashes"][0]["content"].as_str().unwrap()), "{component}");
            }
        }
        assert_eq!(bill["metadata"]["component"]["name"], BINARY);
        assert_eq!(whole().0, bill);
    }

    #[test]
    fn every_dependency_is_a_component() {
        let (bill, _) = whole();
        let mut known: BTreeSet<&str> =
            all(&bill, "components").iter().map(|c| c["bom-ref"].as_str().unwrap()).collect();
        known.insert(bill["metadata"]["component"]["bom-ref"].as_str().unwrap());
        for dependency in all(&bill, "dependencies") {
            for on in all(dependency, "dependsOn") {
                assert!(known.contains(on.as_str().unwrap()), "{dependency}");
            }
        }
        assert_eq!(known.len(), all(&bill, "dependencies").len());
    }
}

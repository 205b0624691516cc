//! Every parser of what others write, over the seeds of the fuzzer and thousands of damages of each: nothing panics. With coverage to
//! go by, and for longer: `scripts/chaos.d/50-parsers`.

#[path = "../../../fuzz/src/targets.rs"]
mod targets;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use targets::TARGETS;

const DAMAGES: u32 = 2_000;

/// Each with its name, in their order.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

#[derive(Debug, Clone)]
enum Damage {
    Put(usize, Vec<u8>),
    Over(usize, u8),
    Take(usize, usize),
    Again(usize, usize),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0_usize..100_000;
    let tokens = prop::sample::select(
        [
            "\"",
            "{",
            "}",
            "[",
            "]",
            "null",
            "-1",
            "1e999",
            "\\u0000",
            "&#0;",
            "<a>",
            "]]>",
            "\n",
            "\u{2014} ",
            "\t",
            ": ",
            "- ",
            "99999999999999999999",
        ]
        .map(|token| token.as_bytes().to_vec())
        .to_vec(),
    );
    prop_oneof![
        (place.clone(), tokens).prop_map(|(at, token)| Damage::Put(at, token)),
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Over(at, byte)),
        (place.clone(), 1_usize..64).prop_map(|(at, length)| Damage::Take(at, length)),
        (place.clone(), 1_usize..256).prop_map(|(at, length)| Damage::Again(at, length)),
        place.prop_map(Damage::Cut),
    ]
}

fn damaged(seed: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for damage in damages {
        let length = bytes.len().max(1);
        match damage {
            Damage::Put(at, token) => drop(bytes.splice(at % length..at % length, token.iter().copied())),
            Damage::Over(at, byte) => {
                if let Some(found) = bytes.get_mut(at % length) {
                    *found = *byte;
                }
            }
            Damage::Take(at, many) => {
                let from = (at % length).min(bytes.len());
                bytes.drain(from..(from + many).min(bytes.len()));
            }
            Damage::Again(at, many) => {
                let from = (at % length).min(bytes.len());
                let part = bytes[from..(from + many).min(bytes.len())].to_vec();
                drop(bytes.splice(from..from, part));
            }
            Damage::Cut(at) => bytes.truncate(at % length),
        }
    }
    bytes
}

#[test]
fn every_seed_of_every_parser_and_thousands_of_damages_of_them_are_read_or_refused_and_nothing_panics() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    let folders =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let named: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(folders.collect::<BTreeSet<_>>(), named, "each parser has its seeds, and all seeds are read");
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
        seeds.iter().for_each(|(_, seed)| target(seed));
        let config = Config { cases: DAMAGES, failure_persistence: None, ..Config::default() };
        let damages = prop::collection::vec(damage(), 1..6);
        let all = (prop::sample::select((0..seeds.len()).collect::<Vec<_>>()), damages);
        let run = TestRunner::new(config).run(&all, |(seed, damages)| {
            target(&damaged(&seeds[seed].1, &damages));
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

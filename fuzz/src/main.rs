//! The fuzzer of one target: libFuzzer goes on from inputs that reached something new. Which one: FUZZ_TARGET. `scripts/chaos.d/50-parsers`
//! builds it, with the coverage that it needs, by the stable compiler.
#![no_main]

mod targets;

use std::sync::LazyLock;
use targets::TARGETS;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    found.unwrap_or_else(|| panic!("FUZZ_TARGET names one of {:?}", TARGETS.map(|(name, _)| name))).1
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET(bytes));

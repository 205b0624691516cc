//! Nothing that can be sent makes the reader panic, loop or take long.

use holdfast_inventory::{Format, MOST_BYTES, MOST_PROBLEMS, read};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Far above what any of these takes, far below what would trouble a server: a guard against quadratic work.
const LONG: Duration = Duration::from_secs(20);

fn refused_quickly(name: &str, bytes: &[u8]) {
    for format in [Format::Yaml, Format::Json] {
        let began = Instant::now();
        let problems = read(bytes, format).expect_err(name);
        assert!((1..=MOST_PROBLEMS).contains(&problems.len()), "{name}");
        let longest = problems.iter().map(|p| p.to_string().len()).max().unwrap_or_default();
        assert!(longest < 4096, "{name}: a problem of {longest} bytes");
        assert!(began.elapsed() < LONG, "{name} as {format:?} took {:?}", began.elapsed());
    }
}

#[test]
fn five_megabytes_of_anything_are_refused_unread() {
    let noise: Vec<u8> = (0..5_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    refused_quickly("noise", &noise);
    let problems = read(&noise, Format::Yaml).unwrap_err();
    assert!(problems[0].message.contains("no more than 4194304 (4 MiB)"), "{}", problems[0]);
}

#[test]
fn the_worst_files_of_the_largest_size_are_answered_quickly() {
    let most = |piece: &str| piece.repeat(MOST_BYTES / piece.len());
    for piece in [
        "[",
        "{",
        "- ",
        "? ",
        "{a: ",
        "[{",
        "a: ",
        "a\n",
        "a",
        "\"",
        "'",
        "&a ",
        "*a ",
        "!",
        "!a ",
        "#",
        "# a\n",
        ": ",
        "|\n",
        ">\n a\n",
        "---\n",
        "...\n",
        "%",
        "%a\n",
        "\t",
        " ",
        "\n",
        "\r",
        ",",
        "]",
        "}",
        "- a\n",
        "a: b\n",
        "a:\n a:\n",
        "[a, ",
        "\"a\": ",
        "{\"a\":",
        "\\",
        "é",
        "🚢",
        "<<: ",
    ] {
        refused_quickly(piece, most(piece).as_bytes());
        refused_quickly(
            piece,
            format!("version: 1\ngroups:\n{}", piece.repeat((MOST_BYTES - 64) / piece.len())).as_bytes(),
        );
    }
}

#[test]
fn deep_nesting_is_refused_with_the_limit() {
    for (format, text) in [
        (Format::Yaml, "[".repeat(100_000)),
        (Format::Json, "[".repeat(100_000)),
        (Format::Json, "{\"a\":".repeat(100_000)),
        (Format::Yaml, (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect()),
        (Format::Yaml, format!("version: 1\ngroups: {}", "- ".repeat(1000))),
        (Format::Yaml, format!("a:\n {}", "- ".repeat(100_000))),
    ] {
        let problems = read(text.as_bytes(), format).unwrap_err();
        let known = problems
            .iter()
            .any(|p| p.message.contains("more than 32 deep") || p.message.contains("not YAML"));
        assert!(known, "{}", problems[0]);
    }
}

#[test]
fn too_many_values_are_refused_with_the_limit() {
    for (format, text) in [
        (Format::Yaml, format!("[{}]", "a,".repeat(300_000))),
        (Format::Json, format!("[{}1]", "1,".repeat(300_000))),
        (Format::Yaml, "- a\n".repeat(300_000)),
    ] {
        let problems = read(text.as_bytes(), format).unwrap_err();
        assert!(problems[0].message.contains("more than 200000 values"), "{}", problems[0]);
    }
}

#[test]
fn thousands_of_wrong_entries_cost_no_more_than_they_weigh() {
    let head = "owner: o, tier: 1, strategy: pilot_light, home_region: us-east-1, recovery_regions: [us-west-2], objectives: {rto: 1h, rpo: 1h}, approval_policy: p";
    let each = |depends: &dyn Fn(usize) -> String| {
        let all: String = (0..8_000)
            .map(|n| format!("  - {{name: a{n}, {head}, depends_on: [{}]}}\n", depends(n)))
            .collect();
        format!("version: 1\napplications:\n{all}")
    };
    let began = Instant::now();
    // A chain of eight thousand whose end closes the circle, and one where nothing named exists.
    let circle = read(each(&|n| format!("a{}", (n + 1) % 8_000)).as_bytes(), Format::Yaml).unwrap_err();
    assert!(circle[0].message.contains("in a circle"), "{}", circle[0]);
    let strangers = read(each(&|n| format!("b{n}, c{n}")).as_bytes(), Format::Yaml).unwrap();
    let found = holdfast_inventory::check(&strangers, &holdfast_domain::Inventory::default());
    assert_eq!(found.len(), MOST_PROBLEMS);
    let long: String = (0..150_000).map(|n| format!("x{n}, ")).collect();
    assert!(
        read(
            format!("version: 1\napplications: [{{name: a, depends_on: [{long}]}}]").as_bytes(),
            Format::Yaml
        )
        .is_err()
    );
    let keys: String = (0..60_000).map(|n| format!("x{n}: 1\n")).collect();
    assert!(read(format!("version: 1\n{keys}").as_bytes(), Format::Yaml).is_err());
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
}

const PIECES: &[&str] = &[
    "version: 1\n",
    "accounts:\n",
    "applications:\n",
    "groups:\n",
    "regions:\n",
    "approval_policies:\n",
    "  - ",
    "name: ",
    "kind: ",
    "ecs_service",
    "per_region:",
    "\n",
    "      ",
    "us-east-1: ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    ": ",
    "\"",
    "'",
    "&a ",
    "*a",
    "!t ",
    "- ",
    "? ",
    "| ",
    "> ",
    "#",
    "---",
    "...",
    "\t",
    "\r\n",
    "1",
    "-5m",
    "null",
    "~",
    "🚢",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\\",
    "\\u12",
    "%YAML 1.2\n",
    "<<: ",
    "\0",
    "true",
    "\"version\": 1",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, Format::Yaml);
        let _ = read(&bytes, Format::Json);
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,200}") {
        let _ = read(text.as_bytes(), Format::Yaml);
        let _ = read(text.as_bytes(), Format::Json);
    }

    #[test]
    fn pieces_of_files_in_any_order_never_panic(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
        let text = pieces.concat();
        for format in [Format::Yaml, Format::Json] {
            if let Ok(inventory) = read(text.as_bytes(), format) {
                prop_assert_eq!(read(holdfast_inventory::write_yaml(&inventory).as_bytes(), Format::Yaml), Ok(inventory));
            }
        }
    }

    #[test]
    fn the_demonstration_with_one_damage_never_panics(at in 0_usize..15_000, piece in proptest::sample::select(PIECES), cut in 0_usize..40) {
        let demo = include_str!("../../../sim/demo/inventory.yaml");
        let at = at % demo.len();
        let mut bytes = demo.as_bytes().to_vec();
        bytes.splice(at..(at + cut).min(demo.len()), piece.bytes());
        if let Err(problems) = read(&bytes, Format::Yaml) {
            prop_assert!(problems.iter().all(|p| !p.message.is_empty() && !p.way_out.is_empty()));
        }
    }
}

//! How fast an exported log is verified: `cargo run --profile dist -p holdfast-audit --example bench -- 10000000`. The
//! goal is ten million in thirty seconds on two cores, and half a million a second and core; a miss is a failure. The
//! file is made first, in the system's folder for temporary files, and removed at the end. Seconds depend on the machine;
//! entries a second and core are what to compare.

use holdfast_audit::bundle::{Line, Verifier, verify};
use holdfast_audit::{Checkpoint, Entry, Frontier, Keyring, SigningKey};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::time::Instant;

/// Ten million in thirty seconds.
const A_SECOND: f64 = 10_000_000.0 / 30.0;
const A_SECOND_AND_CORE: f64 = 500_000.0;
const ROUNDS: usize = 3;

/// As many entries as the sequencer places at once.
const BATCH: u64 = 5_000;

fn main() -> io::Result<()> {
    let count: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let key = SigningKey::of("holdfast-audit-bench", &[7; 32]).map_err(io::Error::other)?;
    let path = std::env::temp_dir().join(format!("holdfast-audit-bench-{}", std::process::id()));
    let began = Instant::now();
    write(&path, count, &key)?;
    let size = std::fs::metadata(&path)?.len();
    println!("made     {count} entries, {} MB, in {:.1} s", size / 1_000_000, began.elapsed().as_secs_f64());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let verified = rates(&path, &key, cores);
    std::fs::remove_file(&path)?;
    let rates = verified?;
    let a_core = rates.iter().map(|rate| rate / cores as f64).collect();
    let met = judge("entries a second", rates, A_SECOND)
        & judge("entries a second and core", a_core, A_SECOND_AND_CORE);
    if met { Ok(()) } else { Err(io::Error::other("a goal was missed")) }
}

/// Entries a second, in rounds.
fn rates(path: &std::path::Path, key: &SigningKey, threads: usize) -> io::Result<Vec<f64>> {
    let round = |_| {
        let began = Instant::now();
        let outcome = verify(File::open(path)?, Verifier::new(Keyring::of(key.public())), threads);
        let seconds = began.elapsed().as_secs_f64();
        let report = outcome.map_err(io::Error::other)?;
        println!("verified {} entries on {threads} cores in {seconds:.1} s", report.entries);
        Ok(report.entries as f64 / seconds)
    };
    (0..ROUNDS).map(round).collect()
}

fn judge(what: &str, mut rates: Vec<f64>, goal: f64) -> bool {
    rates.sort_by(f64::total_cmp);
    let (low, median, high) = (rates[0], rates[rates.len() / 2], rates[rates.len() - 1]);
    let verdict = if median >= goal { "met" } else { "MISSED" };
    println!(
        "{what}: median {median:.0} ({low:.0} to {high:.0}) of {ROUNDS} rounds; goal at least {goal:.0}: {verdict}"
    );
    median >= goal
}

fn write(path: &std::path::Path, count: u64, key: &SigningKey) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let origin = key.public().name().to_owned();
    let begin = Line { holdfast_audit_log: Some(1), origin: Some(origin.as_str().into()), ..Line::default() };
    line(&mut file, &begin)?;
    let mut frontier = Frontier::default();
    for n in 0..count {
        // As long as entries of steps are.
        let text = format!(
            r#"{{"id":{n},"at":"2026-11-26T16:00:00.{:06}Z","action":"run.step_succeeded","actor_kind":"system","actor":"worker-0198a7","person":null,"token":null,"subject_kind":"run","subject":"019b04c2-7d1e-7c3a-9f00-3a1be0c4d8e7","application":"shop","outcome":"done","code":null,"reason":null,"detail":"{{\"epoch\": {n}, \"steps\": [\"switch-orders\"], \"events\": [\"step_succeeded\"], \"on_behalf_of\": \"operator@example.com\"}}","request_id":null,"salt":"{n:032x}"}}"#,
            n % 1_000_000
        );
        let entry: Entry<'_> = serde_json::from_str(&text).map_err(io::Error::other)?;
        let hash = entry.leaf_hash().map_err(io::Error::other)?;
        frontier.append(hash, |_, _| {});
        let leaf = hex::encode(hash);
        line(
            &mut file,
            &Line { index: Some(n), leaf: Some(leaf.into()), entry: Some(entry), ..Line::default() },
        )?;
        if (n + 1) % BATCH == 0 || n + 1 == count {
            let checkpoint =
                Checkpoint { origin: origin.clone(), size: n + 1, root: frontier.root(), at: "now".into() };
            let note = key.sign(&checkpoint.text());
            line(&mut file, &Line { checkpoint: Some(note.into()), ..Line::default() })?;
        }
    }
    line(&mut file, &Line { end: Some(count), ..Line::default() })?;
    file.flush()
}

fn line(file: &mut impl io::Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *file, line).map_err(io::Error::other)?;
    file.write_all(b"\n")
}

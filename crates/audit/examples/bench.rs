//! How fast an exported log is verified: `cargo run --profile dist -p holdfast-audit --example bench -- 10000000`. The
//! file is made first, in the system's folder for temporary files, and removed at the end. Seconds depend on the machine;
//! entries a second and core are what to compare.

use holdfast_audit::bundle::{Line, Verifier, verify};
use holdfast_audit::{Checkpoint, Entry, Frontier, Keyring, SigningKey};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::time::Instant;

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
    for threads in [1, std::thread::available_parallelism().map_or(1, std::num::NonZero::get)] {
        let began = Instant::now();
        let file = BufReader::with_capacity(1 << 20, File::open(&path)?);
        let outcome = verify(file, Verifier::new(Keyring::of(key.public())), threads);
        let seconds = began.elapsed().as_secs_f64();
        let report = outcome.map_err(io::Error::other)?;
        let rate = report.entries as f64 / seconds;
        println!(
            "verified {} entries on {threads} cores in {seconds:.1} s: {rate:.0} a second, {:.0} a core",
            report.entries,
            rate / threads as f64
        );
    }
    std::fs::remove_file(&path)
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

//! The same durable steps as the benchmark's own, by the `dbos` crate: so many workflows of so many steps that do nothing, with so
//! many under way at once. Prints the seconds that the steps took and the processor time of this process.
//!
//!   holdfast-dbos-peer DATABASE_URL WORKFLOWS STEPS AT_ONCE

use dbos::{Config, DBOS, step};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

async fn steps(count: u32) -> dbos::Result<u32> {
    for number in 0..count {
        step("no-op", || async move { dbos::Result::Ok(number) }).await?;
    }
    Ok(count)
}

/// User and system time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = |at: usize| after_name.split(' ').nth(at).and_then(|text| text.parse::<f64>().ok());
    (ticks(11).unwrap_or(f64::NAN) + ticks(12).unwrap_or(f64::NAN)) / 100.0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, workflows, count, at_once] = words.as_slice() else {
        return Err("holdfast-dbos-peer DATABASE_URL WORKFLOWS STEPS AT_ONCE".into());
    };
    let (workflows, count, at_once): (u32, u32, u32) = (workflows.parse()?, count.parse()?, at_once.parse()?);
    let dbos = DBOS::new(Config { app_version: Some("1".into()), ..Config::new("bench", url) });
    let steps = Arc::new(dbos.register_workflow("steps", steps)?);
    dbos.launch().await?;
    // What the first one prepares is not counted.
    steps.run(count).await?;
    let left = Arc::new(AtomicU32::new(workflows));
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let lanes: Vec<_> = (0..at_once)
        .map(|_| {
            let (steps, left) = (steps.clone(), left.clone());
            tokio::spawn(async move {
                while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                    steps.run(count).await?;
                }
                Ok::<(), dbos::Error>(())
            })
        })
        .collect();
    for lane in lanes {
        lane.await??;
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!("{{\"seconds\": {seconds}, \"cpu_seconds\": {cpu}}}");
    dbos.shutdown().await;
    Ok(())
}

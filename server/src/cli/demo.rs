//! The commands that run an invented world.

use super::{
    Outcome,
    arguments::demo::{Demo, Sim},
    log,
};
use crate::{demo, simulator};
use anyhow::Context as _;

pub async fn demo(arguments: Demo) -> Outcome {
    let log_file = arguments.data.join("holdfast.log");
    log::to_file(&log_file).with_context(|| format!("{} cannot be written", log_file.display()))?;
    Ok(demo::run(demo::Options {
        listen: arguments.listen,
        data: arguments.data,
        simulator_listen: arguments.sim_listen,
        speed: arguments.speed,
    })
    .await?)
}

pub async fn sim(arguments: Sim) -> Outcome {
    log::to_stderr("warn");
    Ok(simulator::run(arguments.listen, arguments.data, arguments.speed).await?)
}

// The server is killed at many moments of a run and started again: the run ends as if nothing had happened, and the
// simulator, which outlives nothing here but its own state on disk, saw no effect twice. When a run is over and there are
// kills left, the application is moved back, and so on.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { once } from "node:events";
import { after, test } from "node:test";
import { start } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const KILLS = Number(process.env.HOLDFAST_KILLS ?? 10);
let demo;
after(async () => {
  await demo?.stop();
  if (demo) await rm(demo.data, { recursive: true, force: true, maxRetries: 5 });
});

async function kill() {
  demo.process.kill("SIGKILL");
  if (demo.process.exitCode === null && demo.process.signalCode === null) await once(demo.process, "exit");
  demo = await start([], { data: demo.data });
}

test(`kill -9 at ${KILLS} moments of runs: they complete, and nothing took effect twice`, { timeout: 600_000 + KILLS * 10_000 }, async () => {
  demo = await start([], { data: undefined });
  let kills = 0;
  for (let intent = "failover"; kills < KILLS; intent = intent === "failover" ? "failback" : "failover") {
    kills += await killedThrough(intent, KILLS - kills);
  }
});

/** One run, with at most so many kills; how many there were. */
async function killedThrough(intent, most) {
  const operatorOf = async () => client(demo.url).as(demo.person("operator"));
  let operator = await operatorOf();
  const run = expect(await operator.request({ application: "shop", intent, mode: "planned" }), 201).body;
  const approver = await client(demo.url).as(demo.person("approver"));
  expect(await approver.approve(run), 200, 201);

  const takenOver = async () => {
    const events = await operator.call("GET", `/runs/${run.id}/events`, { headers: { accept: "application/json" } });
    return events.body.filter((event) => event.kind === "taken_over").length;
  };
  let seen = 0;
  let kills = 0;
  // How often it had been taken when the last kill came: never, if that came between the approval and a worker.
  let taken = 0;
  let state;
  while (kills < most && state !== "completed") {
    // The next moment is the journal having moved on by a few entries, wherever in a step that is.
    await until(
      async () => {
        const now = await operator.get(`/runs/${run.id}`);
        state = now.state;
        if (["completed", "needs_person"].includes(state)) return true;
        if (now.seq <= seen) return false;
        seen = now.seq;
        return true;
      },
      { within: 120_000, every: 10, what: "the run to move on" },
    );
    assert.notEqual(state, "needs_person");
    if (state !== "completed") {
      taken = await takenOver();
      await kill();
      kills += 1;
      operator = await operatorOf();
    }
  }
  const done = await operator.reaches(run.id, ["completed"], 180_000);
  const ledger = await (await simulator(demo)).ledger();
  assert.deepEqual(duplicates(ledger), []);
  const calls = done.steps.filter((step) => step.call).length;
  assert.equal(effects(ledger, run).length, calls, "each call of the plan took effect exactly once");
  assert.ok((await takenOver()) > taken, "the timeline shows who took over");
  return kills;
}

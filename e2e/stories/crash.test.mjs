// The server is killed at ten different moments of a run and started again: the run ends as if nothing had happened, and
// the simulator, which outlives nothing here but its own state on disk, saw no effect twice.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { once } from "node:events";
import { after, test } from "node:test";
import { start } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const KILLS = 10;
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

test(`kill -9 at ${KILLS} moments of a run: it completes, and nothing took effect twice`, { timeout: 600_000 }, async () => {
  demo = await start([], { data: undefined });
  const operatorOf = async () => client(demo.url).as(demo.person("operator"));
  const approverOf = async () => client(demo.url).as(demo.person("approver"));
  let operator = await operatorOf();
  const asked = { application: "shop", intent: "failover", mode: "planned" };
  const run = expect(await operator.request(asked), 201).body;
  expect(await (await approverOf()).approve(run), 200, 201);

  let seen = 0;
  let kills = 0;
  const moments = [];
  while (kills < KILLS) {
    // The next moment is the journal having moved on by a few entries, wherever in a step that is.
    let state;
    await until(
      async () => {
        const now = await operator.get(`/runs/${run.id}`);
        state = now.state;
        if (["completed", "needs_person"].includes(state)) return true;
        if (now.seq <= seen) return false;
        seen = now.seq;
        moments.push(now.now);
        return true;
      },
      { within: 120_000, every: 10, what: "the run to move on" },
    );
    if (state === "completed") break;
    assert.notEqual(state, "needs_person");
    await kill();
    kills += 1;
    operator = await operatorOf();
  }
  const done = await operator.reaches(run.id, ["completed"], 180_000);
  assert.ok(kills >= KILLS, `only ${kills} kills before the run was over: ${moments.join(" | ")}`);
  const ledger = await (await simulator(demo)).ledger();
  assert.deepEqual(duplicates(ledger), []);
  const calls = done.steps.filter((step) => step.call).length;
  assert.equal(effects(ledger, run).length, calls, "each call of the plan took effect exactly once");
  const events = await operator.call("GET", `/runs/${run.id}/events`, { headers: { accept: "application/json" } });
  assert.ok(events.body.filter((event) => event.kind === "taken_over").length > 1, "the timeline shows who took over");
});

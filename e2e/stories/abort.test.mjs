// A planned move that is taken back: the operator sees what will be undone, aborts the run on its own page with scripts off,
// and everything stands as it stood before, by calls in the run's and that person's name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, everyLook, noProblems, picture, reload } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

test("a planned failover is aborted after its first call, and what it did is taken back", { timeout: 240_000 }, async () => {
  const sim = await simulator(demo);
  const operator = await client(demo.url).as(demo.person("operator"));
  const approver = await client(demo.url).as(demo.person("approver"));
  const asked = { application: "shop", intent: "failover", mode: "planned", to_region: "eu-central-1" };
  const run = expect(await operator.request(asked), 201).body;
  const scaled = run.steps.find((step) => step.action === "ecs:UpdateService");
  assert.ok(scaled.undo.possible, "each step says whether it can be taken back");
  expect(await approver.approve(run), 200, 201);
  await until(
    async () => (await operator.get(`/runs/${run.id}`)).steps.some((step) => step.call && step.answers.length > 0),
    { every: 20, what: "the first call" },
  );
  // So that nothing more is done, however long the reading takes.
  expect(await operator.call("POST", `/runs/${run.id}/pause`, { body: { reason: "it is read first" } }), 200);
  const seen = await chrome.open(`${demo.url}/runs/${run.id}/abort`, { as: demo.person("operator") });
  await accessible(seen);
  noProblems(seen);
  await seen.context().close();

  const page = await chrome.open(`${demo.url}/runs/${run.id}`, { as: demo.person("operator"), scripts: false });
  await page.getByRole("link", { name: /^Abort/ }).click();
  await page.waitForURL(/\/abort$/);
  assert.match(await page.locator(".card-plan").innerText(), /Take back: Scale web/);
  await picture(page, "abort");
  const press = async () => {
    const loaded = page.waitForEvent("load");
    await page.getByRole("button", { name: /^Abort: take back/ }).click();
    await loaded;
  };
  await page.locator("#abort-reason").fill("the new Region is slower");
  await press();
  assert.match(await page.locator(".flash[role=status]").innerText(), /is taken back/);
  const done = await operator.reaches(run.id, "rolled_back", 120_000);
  assert.ok(done.steps.some((step) => step.state === "undone"), "what was taken back is shown as undone");
  const calls = effects(await sim.ledger(), run).filter((line) => line.operation === "UpdateService");
  assert.equal(calls.length, 2, "raised once, taken back once");
  await reload(page);
  assert.match(await page.locator(".now-box").innerText(), /Taken back/);
  noProblems(page);
  await page.context().close();
  await everyLook(chrome, `${demo.url}/runs/${run.id}`, "rolled-back", { as: demo.person("operator") });
  assert.deepEqual(duplicates(await sim.ledger()), []);
});

// The night on which a planned move gets stuck: the Region being left goes dark, the operator escalates the run on its own
// page, with scripts off, and it completes as an emergency without doing anything again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, noProblems, picture, reload } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

test("a planned failover that hangs is escalated, and completes as an emergency", { timeout: 240_000 }, async () => {
  const sim = await simulator(demo);
  const operator = await client(demo.url).as(demo.person("operator"));
  const approver = await client(demo.url).as(demo.person("approver"));
  const asked = { application: "shop", intent: "failover", mode: "planned", to_region: "eu-central-1" };
  const run = expect(await operator.request(asked), 201).body;
  assert.ok(run.if_escalated.steps.some((step) => step.action === "rds:FailoverGlobalCluster"), "what it may become is told");

  const review = await chrome.open(`${demo.url}/runs/${run.id}`, { as: demo.person("approver"), scripts: false });
  await review.locator(".card-if-escalated summary").first().click();
  assert.match(await review.locator(".card-if-escalated").innerText(), /Emergency: Fail orders over/);
  noProblems(review);
  await review.context().close();

  expect(await approver.approve(run), 200, 201);
  await until(
    async () => (await operator.get(`/runs/${run.id}`)).steps.some((step) => step.call && step.answers.length > 0),
    { every: 20, what: "the first call" },
  );
  await sim.dark("us-east-1", true);
  try {
    await until(
      async () => (await operator.get(`/runs/${run.id}`)).steps.some((step) => /cannot be seen|not known/.test(step.note ?? "")),
      { within: 60_000, what: "the run to stand still" },
    );
    const seen = await chrome.open(`${demo.url}/runs/${run.id}/escalate`, { as: demo.person("operator") });
    await accessible(seen);
    noProblems(seen);
    await seen.context().close();
    const page = await chrome.open(`${demo.url}/runs/${run.id}`, { as: demo.person("operator"), scripts: false });
    await page.getByRole("link", { name: /^Escalate to an emergency/ }).click();
    await page.waitForURL(/\/escalate$/);
    assert.match(await page.locator(".card-plan").innerText(), /Emergency: Fail orders over/);
    await picture(page, "escalate");
    const press = async () => {
      const loaded = page.waitForEvent("load");
      await page.getByRole("button", { name: /^Escalate: move shop/ }).click();
      await loaded;
    };
    await page.locator("#escalate-reason").fill("us-east-1 does not answer");
    await page.locator("#escalate-confirm").fill("shap");
    await press();
    assert.match(await page.locator(".flash[role=alert]").innerText(), /Type the application's name/);
    assert.equal(await page.locator("#escalate-reason").inputValue(), "us-east-1 does not answer", "what was typed is gone");
    await page.locator("#escalate-confirm").fill("shop");
    await press();
    assert.match(await page.locator(".flash[role=status]").innerText(), /goes on as an emergency/);
    assert.match(await page.locator(".now-box").innerText(), /An emergency since/);
    const done = await operator.reaches(run.id, "completed", 120_000);
    assert.equal(done.mode, "emergency");
    const moved = effects(await sim.ledger(), run).filter((line) => /^(Failover|Switchover)GlobalCluster$/.test(line.operation));
    assert.equal(moved.length, 1, "the store is moved once, by the plan or by the emergency");
    await reload(page);
    await picture(page, "escalated-ended");
    noProblems(page);
    await page.context().close();
  } finally {
    await sim.dark("us-east-1", false);
  }
  assert.deepEqual(duplicates(await sim.ledger()), []);
});

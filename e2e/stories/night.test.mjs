// The night from end to end, in a browser, with scripts on and off: a planned failover is refused its switchover, the operator
// escalates it and it completes; later it is failed back under a commit window, and somebody says that it stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, noProblems, picture, reload } from "../lib/browser.mjs";
import { press, unfold } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

const rest = (role) => client(demo.url).as(demo.person(role));
const runOf = (page) => page.url().split("/").pop();

/** Asked for on the application's page and approved by somebody else on theirs; gives the operator's page, on the run. */
async function askedAndApproved(words, { scripts, within }) {
  const operator = await chrome.open(`${demo.url}/applications/shop`, { as: demo.person("operator"), scripts });
  await until(
    async () => {
      await reload(operator);
      return (await operator.getByRole("link", { name: words }).count()) > 0;
    },
    { within: 120_000, every: 500, what: `${words} to be offered` },
  );
  await operator.getByRole("link", { name: words }).first().click();
  await operator.waitForURL(/\/runs\/new/);
  if (within) {
    await operator.getByRole("link", { name: within }).click();
    await operator.waitForURL(/commit=/);
  }
  await operator.locator("#reason").fill("the story of a night");
  await operator.getByRole("button", { name: /^Ask to / }).click();
  await operator.waitForURL(/\/runs\/[0-9a-f-]+$/);
  const approver = await chrome.open(`${demo.url}/runs/${runOf(operator)}`, { as: demo.person("approver"), scripts });
  await approver.getByRole("button", { name: /^Approve/ }).click();
  await approver.waitForLoadState();
  noProblems(approver);
  await approver.context().close();
  return operator;
}

/** Without a hand on it the page says so. */
async function says(page, what, within = 120_000) {
  const box = () => page.locator(".now-box").innerText({ timeout: 1_000 }).catch(() => "");
  await until(async () => what.test(await box()), { within, every: 250, what: `the page to say ${what}` });
}

for (const scripts of [false, true]) {
  const suffix = `with scripts ${scripts ? "on" : "off"}`;
  test(`a failed planned run is escalated and completes, and is failed back and committed, ${suffix}`, { timeout: 420_000 }, async () => {
    const sim = await simulator(demo);
    const api = await rest("operator");
    await sim.fault({ service: "rds", operation: "SwitchoverGlobalCluster", kind: "deny" });
    let page;
    let id;
    try {
      page = await askedAndApproved(/Fail over shop to eu-central-1/, { scripts });
      id = runOf(page);
      await says(page, /switch[\s\S]*AWS refused it/i);
      await picture(page, `night-failed-scripts-${scripts ? "on" : "off"}`);
      await page.goto(`${demo.url}/runs/${id}/escalate`);
      await page.locator("#escalate-reason").fill("AWS refuses the switchover, and customers wait");
      await page.locator("#escalate-confirm").fill("shop");
      assert.match(await press(page, /^Escalate: move shop/), /goes on as an emergency/);
      const done = await api.reaches(id, ["completed", "completed_with_exceptions"], 120_000);
      assert.equal(done.mode, "emergency");
      await says(page, /completed/i);
      await picture(page, `night-escalated-scripts-${scripts ? "on" : "off"}`);
      const moved = effects(await sim.ledger(), { id }).filter((line) => line.service === "rds");
      assert.deepEqual(moved.map((line) => line.operation), ["FailoverGlobalCluster"], "the store is moved once");
      noProblems(page);
      await page.context().close();
    } finally {
      await sim.clearFaults();
    }

    const back = await askedAndApproved(/Fail back shop to us-east-1/, { scripts, within: /committed in 1 h/ });
    const way = runOf(back);
    await api.reaches(way, "awaiting_commit", 180_000);
    await says(back, /Without a commit it is taken back in/);
    assert.match(await press(back, /^Commit: shop stays/), /stays/);
    const home = await api.reaches(way, ["completed", "completed_with_exceptions"], 180_000);
    assert.equal(home.intent, "failback");
    assert.match(home.commit.by, /operator/);
    await says(back, /completed/i);
    await picture(back, `night-home-scripts-${scripts ? "on" : "off"}`);
    noProblems(back);
    await back.context().close();
    await until(async () => (await api.get("/applications/shop/status")).recovery_state === "steady", {
      within: 120_000,
      every: 250,
      what: "shop to be steady at home",
    });
    assert.deepEqual(duplicates(await sim.ledger()), []);
  });
}

test("one step is escalated alone by the select, and the others go on as planned", { timeout: 300_000 }, async () => {
  const sim = await simulator(demo);
  const api = await rest("operator");
  await sim.fault({ service: "rds", operation: "SwitchoverGlobalCluster", kind: "deny" });
  try {
    const page = await askedAndApproved(/Fail over shop to eu-central-1/, { scripts: false });
    const id = runOf(page);
    await says(page, /AWS refused it/i);
    await page.goto(`${demo.url}/runs/${id}/escalate`);
    const options = await page.locator("#escalate-step option").allInnerTexts();
    assert.equal(options[0], "All that is left of the run");
    assert.ok(options.some((text) => /^Only switch-orders: Emergency: Fail orders over/.test(text)), options.join("; "));
    await page.locator("#escalate-step").selectOption("switch-orders");
    await page.locator("#escalate-reason").fill("only the store cannot wait");
    await page.locator("#escalate-confirm").fill("shap");
    assert.match(await press(page, /^Escalate: move shop/, { refused: true }), /Type the application's name/);
    assert.equal(await page.locator("#escalate-step").inputValue(), "switch-orders", "what was chosen is gone");
    await page.locator("#escalate-confirm").fill("shop");
    await press(page, /^Escalate: move shop/);
    const done = await api.reaches(id, ["completed", "completed_with_exceptions"], 120_000);
    assert.deepEqual(done.escalated.steps, ["emergency-switch-orders"]);
    const states = Object.fromEntries(done.steps.map((step) => [step.id, step.state]));
    assert.deepEqual(
      [states["switch-orders"], states["emergency-switch-orders"], states["route-front-door"]],
      ["skipped", "succeeded", "succeeded"],
    );
    assert.ok(!("emergency-route-front-door" in states), "the rest is the plan's");
    await page.goto(`${demo.url}/runs/${id}`);
    assert.match(await page.locator(".now-box").innerText(), /completed/i);
    await unfold(page, "Emergency: Fail orders over");
    noProblems(page);
    await page.context().close();
  } finally {
    await sim.clearFaults();
  }
  expect(await api.call("GET", "/applications/shop/status"), 200);
  assert.deepEqual(duplicates(await sim.ledger()), []);
});

// Rehearsals: one application is drilled beside production and AWS's ledger shows nothing of production touched; then it
// is drilled live, there and back, on one approval.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, everyLook, noProblems, reload } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

const review = (application, from, to, more = "") =>
  `${demo.url}/applications/${application}/runs/new?intent=drill&mode=planned&from=${from}&to=${to}${more}`;

test("an isolated drill restores beside production, and takes away what it made, with scripts off", { timeout: 240_000 }, async () => {
  const operator = await client(demo.url).as(demo.person("operator"));
  const approver = await client(demo.url).as(demo.person("approver"));
  const sim = await simulator(demo);
  const url = review("documents", "eu-west-1", "eu-central-1");
  await everyLook(chrome, url, "review-drill", { as: demo.person("operator") });
  const page = await chrome.open(url, { as: demo.person("operator"), scripts: false });
  assert.match(await page.locator(".card-plan").innerText(), /Delete documents-drill-[0-9a-f]{8}, which this drill restored/);
  await page.locator("#reason").fill("the yearly rehearsal");
  await page.getByRole("button", { name: /^Ask to drill documents/ }).click();
  await page.waitForURL(/\/runs\/[^/]+$/);
  assert.match(await page.locator("main").innerText(), /isolated drill/);
  const id = page.url().split("/").pop();
  noProblems(page);
  const run = await operator.get(`/runs/${id}`);
  assert.deepEqual([run.intent, run.drill], ["drill", "isolated"]);
  expect(await approver.approve(run), 200, 201);
  await operator.reaches(id, ["completed"]);
  const done = effects(await sim.ledger(), run).map((line) => [line.operation, line.region]);
  assert.deepEqual(done.filter(([operation]) => /Restore|Delete/.test(operation)), [
    ["StartRestoreJob", "eu-central-1"],
    ["DeleteDBInstance", "eu-central-1"],
  ]);
  assert.ok(done.every(([, region]) => region === "eu-central-1"), "nothing is touched where it serves");
  const left = (await sim.world()).databases.filter((one) => /-drill-/.test(JSON.stringify(one)));
  assert.deepEqual(left, [], "what was restored is gone");
  await reload(page);
  assert.match(await page.locator("main").innerText(), /moves nothing/);
  await page.context().close();
  await everyLook(chrome, `${demo.url}/runs/${id}`, "drill-isolated", { as: demo.person("operator") });

  const { rows } = await operator.get("/compliance");
  const row = rows.find((one) => one.application === "documents");
  assert.equal(row.rto, "unknown", "an isolated drill proves no recovery time");
  assert.equal(row.proved_by ?? null, null);
  assert.equal(row.evidence.find((one) => one.evidence === "isolated_drill").completed, 1);
  const compliance = await chrome.open(`${demo.url}/compliance`, { as: demo.person("viewer") });
  assert.match(await compliance.locator("main").innerText(), /traffic and promotion not proved/);
  await accessible(compliance);
  await compliance.context().close();
});

test("a live drill goes there and comes back on one approval, when somebody ends it", { timeout: 300_000 }, async () => {
  const operator = await client(demo.url).as(demo.person("operator"));
  const approver = await client(demo.url).as(demo.person("approver"));
  const sim = await simulator(demo);
  await everyLook(chrome, review("shop", "us-east-1", "eu-central-1", "&drill=live"), "review-drill-live", { as: demo.person("operator") });
  const asked = { application: "shop", intent: "drill", drill: "live", drill_minutes: 600, mode: "planned", reason: "rehearsal" };
  const run = expect(await operator.request(asked), 201).body;
  assert.deepEqual([run.intent, run.drill, run.drill_leg], ["drill", "live", "there"]);
  assert.ok(run.notes.some((note) => /way back is asked for by itself/.test(note)), run.notes.join("\n"));
  expect(await approver.approve(run), 200, 201);
  const there = await operator.reaches(run.id, ["completed"]);
  assert.ok(there.live_drill.ends_at, "it says when the way back begins");

  const page = await chrome.open(`${demo.url}/runs/${run.id}`, { as: demo.person("operator"), scripts: false });
  let back;
  await until(
    async () => {
      await reload(page);
      const button = page.getByRole("button", { name: /^End the drill now/ });
      if ((await button.count()) > 0) await Promise.all([page.waitForEvent("load"), button.click()]);
      back = (await operator.get(`/runs/${run.id}`)).live_drill.other;
      return back;
    },
    { every: 2_000, within: 120_000, what: "the way back to be taken" },
  );
  await page.context().close();
  const home = await operator.reaches(back.id, ["completed"]);
  assert.deepEqual([home.drill, home.drill_leg, home.reviews.length], ["live", "back", 1]);
  assert.equal(home.live_drill.other.id, run.id);
  await everyLook(chrome, `${demo.url}/runs/${run.id}`, "drill-live", { as: demo.person("operator") });
  await until(async () => (await operator.get("/applications/shop/status")).serving.regions.join() === "us-east-1", {
    within: 60_000,
    what: "shop to be seen serving from home",
  });
  assert.deepEqual(duplicates(await sim.ledger()), []);
  const { rows } = await operator.get("/compliance");
  const row = rows.find((one) => one.application === "shop");
  assert.equal(row.proved_by, "live_drill");
  assert.equal(row.evidence.find((one) => one.evidence === "real_run").runs, 0);
});

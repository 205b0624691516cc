// What comes after an emergency: the Region that was left answers again and still works, the application's page offers to fence it
// again, and a planned run does that with scripts off and moves nothing. And what an emergency takes the place of: a request that
// nobody has approved yet, by a run of its own and by an evacuation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, noProblems, picture, reload } from "../lib/browser.mjs";
import { push } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration({ arguments: ["--speed", "30"] });
const chrome = browser();

const rest = (role) => client(demo.url).as(demo.person(role));
const refresh = (api, name) => api.call("POST", `/applications/${name}/refresh`);

/** As many people as the run's policy asks for, each once. */
async function approved(run) {
  for (const as of demo.people.filter(({ roles }) => roles.includes("approver"))) {
    const api = await client(demo.url).as(as);
    const now = await api.get(`/runs/${run.id}`);
    if (now.state !== "awaiting_approval") return;
    await api.approve(run);
  }
  const last = await (await rest("operator")).get(`/runs/${run.id}`);
  assert.notEqual(last.state, "awaiting_approval", JSON.stringify(last.tally));
}

test("a Region that comes back after an emergency is fenced again from the application's page", { timeout: 360_000 }, async () => {
  const [sim, api] = [await simulator(demo), await rest("operator")];
  const name = "fulfilment";
  await sim.dark("eu-west-1", true);
  let emergency;
  try {
    await until(
      async () => {
        await refresh(api, name);
        const status = await api.get(`/applications/${name}/status`);
        return status.resources.flatMap((one) => one.regions).some((one) => one.region === "eu-west-1" && one.state === "unknown");
      },
      { within: 60_000, every: 500, what: "the dark Region to be seen as such" },
    );
    const asked = { application: name, intent: "failover", mode: "emergency", from_region: "eu-west-1", to_region: "eu-central-1" };
    const preview = (await api.get(`/applications/${name}/plans`)).items.find((one) => one.mode === "emergency" && one.to_region === "eu-central-1");
    const overrides = (preview?.plan?.overrides_needed ?? []).map((one) => one.guard);
    emergency = expect(await api.request({ ...asked, overrides }), 201).body;
    await approved(emergency);
    await api.reaches(emergency.id, ["completed", "completed_with_exceptions"], 180_000);
  } finally {
    await sim.dark("eu-west-1", false);
  }

  const page = await chrome.open(`${demo.url}/applications/${name}`, { as: demo.person("operator"), scripts: false });
  const words = /Fence eu-west-1 again, and hold fulfilment out of it/;
  await until(
    async () => {
      await refresh(api, name);
      await reload(page);
      return (await page.getByRole("link", { name: words }).count()) > 0;
    },
    { within: 90_000, every: 500, what: "fencing again to be offered" },
  );
  assert.match(await page.locator(".card-findings").innerText(), /eu-west-1 was left and can be seen again/);
  await picture(page, "fence-again-offered");
  await page.getByRole("link", { name: words }).click();
  await page.waitForURL(/\/runs\/new/);
  assert.match(await page.locator(".card-notes").innerText(), /already: nothing is moved/);
  await picture(page, "fence-again-review");
  const seen = await chrome.open(page.url(), { as: demo.person("operator") });
  await accessible(seen);
  noProblems(seen);
  await seen.context().close();
  await page.locator("#reason").fill("it has come back, and its events run beside ours");
  await page.getByRole("button", { name: /^Ask to / }).click();
  await page.waitForURL(/\/runs\/[0-9a-f-]+$/);
  const again = await api.get(`/runs/${page.url().split("/").pop()}`);
  await approved(again);
  const done = await api.reaches(again.id, ["completed"], 120_000);
  const changed = effects(await sim.ledger(), done);
  assert.deepEqual(changed.map((line) => [line.operation, line.region]), [["UpdateEventSourceMapping", "eu-west-1"]]);
  await until(
    async () => {
      await refresh(api, name);
      await page.goto(`${demo.url}/applications/${name}`);
      return (await page.getByRole("link", { name: words }).count()) === 0;
    },
    { within: 60_000, every: 500, what: "it to be held out" },
  );
  assert.deepEqual(duplicates(await sim.ledger()), []);
  noProblems(page);
  await page.context().close();
});

test("an emergency takes the place of a request that nobody has approved, and says so on both pages", { timeout: 180_000 }, async () => {
  const api = await rest("operator");
  const planned = expect(await api.request({ application: "shop", intent: "failover", mode: "planned" }), 201).body;
  const page = await chrome.open(`${demo.url}/applications/shop/runs/new?intent=failover&to=eu-central-1&mode=emergency`, {
    as: demo.person("operator"),
    scripts: false,
  });
  assert.match(await page.locator(".card-notes").innerText(), new RegExp(`Takes the place of run ${planned.id} of shop`));
  await page.locator("#reason").fill("us-east-1 is failing, this cannot wait");
  for (const box of await page.locator("form input[type=checkbox]").all()) await box.check();
  await page.getByRole("button", { name: /^Ask to / }).click();
  await page.waitForURL(/\/runs\/[0-9a-f-]+$/);
  const emergency = page.url().split("/").pop();
  assert.match(await page.locator(".card-notes").innerText(), new RegExp(`Takes the place of run ${planned.id}`));
  await page.goto(`${demo.url}/runs/${planned.id}`);
  assert.match(await page.locator("main").innerText(), new RegExp(`cancelled[\\s\\S]*superseded by the emergency ${emergency}`, "i"));
  const entries = JSON.stringify((await api.get("/audit?limit=50")).items);
  assert.ok(entries.includes("run.supersede"), "the audit log has it");
  // What waits for approval as an emergency gives way to nobody who is not more urgent.
  const late = await api.request({ application: "shop", intent: "failover", mode: "planned" });
  assert.deepEqual([late.status, late.body.code, late.body.blocked_by], [409, "run_active", emergency]);
  expect(await api.call("POST", `/runs/${emergency}/cancel`, { body: { reason: "only to see what it takes the place of" } }), 200);
  noProblems(page);
  await page.context().close();
});

test("a part of an emergency evacuation takes the place of a request, and the lot names it before and after", { timeout: 240_000 }, async () => {
  const api = await rest("operator");
  const planned = expect(await api.request({ application: "shop", intent: "failover", mode: "planned" }), 201).body;
  const page = await chrome.open(`${demo.url}/regions/us-east-1/evacuate?mode=emergency`, {
    as: demo.person("operator"),
    scripts: false,
  });
  const row = page.locator(".card-waves tr", { hasText: "shop" }).first();
  assert.match(await row.innerText(), /Takes the place of a run that waits for approval/);
  assert.ok((await row.getByRole("link", { name: "a run that waits for approval" }).getAttribute("href")).endsWith(planned.id));
  await picture(page, "evacuate-takes-place");
  // On a busy machine something is observed anew before the form is sent: it is then refused, and shown again.
  const review = page.url();
  await until(
    async () => {
      await page.goto(review);
      await page.locator("#reason").fill("us-east-1 is failing");
      await push(page, "Ask to evacuate us-east-1");
      return /\/evacuations\/[0-9a-f-]+$/.test(page.url());
    },
    { within: 60_000, what: "the request to be taken" },
  );
  assert.equal((await api.get(`/runs/${planned.id}`)).state, "cancelled");
  const lot = page.url().split("/").pop();
  const { waves } = await api.get(`/evacuations/${lot}`);
  const part = waves.flat().find((run) => run.application === "shop");
  await page.goto(`${demo.url}/runs/${part.id}`);
  assert.match(await page.locator(".card-notes").innerText(), new RegExp(`Takes the place of run ${planned.id}`));
  await api.call("POST", `/evacuations/${lot}/cancel`, { body: { reason: "only to see what it takes the place of" } });
  assert.equal((await api.get(`/evacuations/${lot}`)).state, "cancelled");
  noProblems(page);
  await page.context().close();
});

test("an evacuated application is brought home by one request, scripts off", { timeout: 420_000 }, async () => {
  const [sim, api] = [await simulator(demo), await rest("operator")];
  const page = await chrome.open(`${demo.url}/regions`, { as: demo.person("operator"), scripts: false });
  await page.getByRole("link", { name: "Bring home to eu-west-1" }).click();
  await page.waitForURL(/direction=home/);
  await until(
    async () => {
      await refresh(api, "fulfilment");
      await reload(page);
      return /fulfilment[\s\S]*failback to eu-west-1/.test(await page.locator(".card-waves").innerText());
    },
    { within: 180_000, every: 1_000, what: "fulfilment to be ready to come home" },
  );
  await picture(page, "bring-home-preview");
  const seen = await chrome.open(page.url(), { as: demo.person("operator") });
  await accessible(seen);
  noProblems(seen);
  await seen.context().close();
  await page.getByRole("link", { name: /committed in 1 h/ }).click();
  await page.waitForURL(/commit=3600/);
  assert.equal(await page.locator("input[name=direction]").getAttribute("value"), "home");
  await page.getByRole("link", { name: "Parts stay as they are moved" }).click();
  await page.locator("#reason").fill("the Region is well again");
  await page.getByRole("button", { name: "Ask to bring applications home to eu-west-1" }).click();
  await page.waitForURL(/\/evacuations\/[0-9a-f-]+$/);
  assert.match(await page.locator("h1").innerText(), /Return home to eu-west-1/);
  const lot = page.url().split("/").pop();
  const { plan_digest } = await api.get(`/evacuations/${lot}`);
  for (const as of demo.people.filter(({ roles }) => roles.includes("approver"))) {
    const other = await client(demo.url).as(as);
    if ((await other.get(`/evacuations/${lot}`)).state !== "awaiting_approval") break;
    await other.call("POST", `/evacuations/${lot}/reviews`, { body: { decision: "approve", plan_digest, comment: "read" } });
  }
  await until(async () => /completed/.test((await api.get(`/evacuations/${lot}`)).state), {
    within: 240_000,
    every: 250,
    what: "the lot to be home",
  });
  await page.goto(`${demo.url}/evacuations/${lot}`);
  assert.match(await page.locator(".now-box").innerText(), /completed/i);
  await picture(page, "bring-home-ended");
  assert.deepEqual(duplicates(await sim.ledger()), []);
  noProblems(page);
  await page.context().close();
});

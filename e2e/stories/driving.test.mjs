// A run under a person's hands, by plain forms with scripts off: a refused step is tried again or left out with a reason,
// the run is held and let go on, an approver denies, and one takes an approval back. What each page then says, what the
// simulator saw, and how the pages of a run that waits for a person look.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems, reload } from "../lib/browser.mjs";
import { press, unfold } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

const rest = (role) => client(demo.url).as(demo.person(role));
const open = (as, path) => chrome.open(demo.url + path, { as, scripts: false });
const member = (group) => demo.people.find(({ groups }) => groups.includes(group));
const step = (run, id) => run.steps.find((one) => one.id === id);
const eventsOf = async (api, run) =>
  (await api.call("GET", `/runs/${run.id}/events`, { headers: { accept: "application/json" } })).body;

async function asked(application) {
  return expect(await (await rest("operator")).request({ application, intent: "failover", mode: "planned" }), 201).body;
}

async function approved(application) {
  const run = await asked(application);
  expect(await (await rest("approver")).approve(run), 200, 201);
  return run;
}

/** Waits until the step asks a person, for the `times`th time; gives the run. */
async function parked(api, run, id, times = 1) {
  let now;
  await until(
    async () => {
      now = await api.get(`/runs/${run.id}`);
      const events = await eventsOf(api, run);
      return now.state === "needs_person" && events.filter((e) => e.kind === "step_parked" && e.step === id).length === times;
    },
    { within: 90_000, every: 100, what: `${id} to ask a person` },
  );
  return now;
}

/** AWS refuses every call of this operation, as a missing permission does. */
async function denying(service, operation, during) {
  const sim = await simulator(demo);
  await sim.fault({ service, operation, kind: "deny" });
  try {
    await during(sim);
  } finally {
    await sim.clearFaults();
  }
}

async function leave(...pages) {
  for (const page of pages) {
    noProblems(page);
    await page.context().close();
  }
}

test("a refused step says what AWS said and asks; it is tried again in vain, then with the fault mended", { timeout: 240_000 }, async () => {
  const [api, id] = [await rest("operator"), "open-edge-eu-central-1"];
  let run;
  await denying("globalaccelerator", "UpdateEndpointGroup", async (sim) => {
    run = await approved("shop");
    await parked(api, run, id);
    const page = await open(demo.person("operator"), `/runs/${run.id}`);
    const told = /Open edge in eu-central-1: needs a person: AWS refused it: .*not authorized.*\n\s*Give the act role the missing permission/s;
    assert.match(await page.locator(".now-box").innerText(), told);
    assert.match(await page.title(), /needs/i);
    assert.match(await press(page, `Retry step ${id}`), /open-edge-eu-central-1 is tried again/);
    const again = await parked(api, run, id, 2);
    assert.equal(step(again, id).attempt, 2);
    await reload(page);
    assert.match(await page.locator(".now-box").innerText(), told);
    assert.match(await page.locator(`#d-step-${id}`).innerText(), /attempt 2/);
    await everyLook(chrome, page.url(), "run-needs-person", { as: demo.person("operator") });
    assert.deepEqual(effects(await sim.ledger(), run).filter((line) => line.service === "globalaccelerator"), []);

    // A viewer sees the same and is offered nothing.
    const viewer = await open(demo.person("viewer"), `/runs/${run.id}`);
    assert.match(await viewer.locator(".now-box").innerText(), told);
    assert.equal(await viewer.getByRole("button", { name: /Retry|Skip/ }).count(), 0);

    await sim.clearFaults();
    assert.match(await press(page, `Retry step ${id}`), /is tried again/);
    await leave(page, viewer);
  });
  const done = await api.reaches(run.id, ["completed"]);
  assert.deepEqual(step(done, id).answers.length, 1);
  const retries = (await eventsOf(api, run)).filter((event) => event.kind === "step_retried");
  assert.deepEqual(retries.map((event) => event.person), Array(2).fill(demo.person("operator").email));
  assert.deepEqual(duplicates(await (await simulator(demo)).ledger()), []);
  await everyLook(chrome, `${demo.url}/runs/${run.id}`, "run-completed", { as: demo.person("operator") });

  await until(async () => (await api.get("/applications/shop/status")).recovery_state === "ready_to_fail_back", {
    within: 60_000,
    every: 250,
    what: "shop to be ready to fail back",
  });
  const back = `${demo.url}/applications/shop/runs/new?intent=failback&to=us-east-1&mode=planned`;
  await everyLook(chrome, back, "review-failback", {
    as: demo.person("operator"),
    visit: (page) => page.getByRole("button", { name: /^Ask to fail back shop/ }).waitFor(),
  });
});

test("a step is left out with a reason, and the run says at its end that it has an exception", { timeout: 240_000 }, async () => {
  const [api, id] = [await rest("operator"), "switch-sessions"];
  await denying("elasticache", "FailoverGlobalReplicationGroup", async (sim) => {
    const run = await approved("catalog");
    await parked(api, run, id);
    const page = await open(demo.person("operator"), `/runs/${run.id}`);
    await unfold(page, `Skip step ${id}…`);
    // What a browser would ask for, the server asks for too.
    await page.locator(`#skip-${id}-reason`).evaluate((field) => field.removeAttribute("required"));
    assert.match(await press(page, `Skip step ${id} for good`, { refused: true }), /Say why/);
    assert.equal((await api.get(`/runs/${run.id}`)).state, "needs_person");
    await unfold(page, `Skip step ${id}…`);
    await page.locator(`#skip-${id}-reason`).fill("sessions may start anew in the other Region");
    assert.match(await press(page, `Skip step ${id} for good`), /switch-sessions is skipped/);
    // What was left out shows at the end: the store is not where the run meant to leave it, and that may be left so too.
    const unmoved = await until(
      async () => {
        const last = step(await api.get(`/runs/${run.id}`), "confirm-protected");
        return /the writer of sessions is not in eu-central-1/.test(last.note ?? "") && last;
      },
      { within: 90_000, every: 100, what: "the last step to miss the writer of sessions" },
    );
    assert.equal(unmoved.may_skip, true);
    const reason = "sessions are not protected until they have been moved";
    expect(await api.call("POST", `/runs/${run.id}/steps/confirm-protected/skip`, { body: { reason } }), 200);
    const done = await api.reaches(run.id, ["completed_with_exceptions"]);
    assert.deepEqual([step(done, id).state, step(done, id).skipped.by], ["skipped", demo.person("operator").email]);
    await reload(page);
    assert.match(await page.locator(".now-box").innerText(), /exception/i);
    await page.locator(`#d-step-${id} > summary`).click();
    assert.match(await page.locator(`#d-step-${id}`).innerText(), /Skipped by operator@example\.com\s*: sessions may start anew/);
    const { items } = await api.get("/audit?limit=200");
    assert.ok(JSON.stringify(items).includes("sessions may start anew"), "the audit log has the reason");
    assert.ok(!effects(await sim.ledger(), run).some((line) => line.service === "elasticache"));
    await leave(page);
  });
});

test("a run that is paused ends what is under way and begins nothing more, until somebody resumes it", { timeout: 240_000 }, async () => {
  const api = await rest("operator");
  const run = await approved("website");
  const page = await open(demo.person("operator"), `/runs/${run.id}`);
  assert.match(await press(page, "Pause after the running steps"), /pauses once its running steps have ended/);
  const underWay = (now) => now.steps.filter((one) => ["running", "waiting", "unknown"].includes(one.state));
  const held = await until(
    async () => {
      const now = await api.get(`/runs/${run.id}`);
      return now.state === "paused" && underWay(now).length === 0 && now;
    },
    { within: 60_000, what: "the running steps to end" },
  );
  assert.ok(held.steps.some((one) => one.state === "pending"), "nothing was left to hold back");
  await everyLook(chrome, page.url(), "run-paused", { as: demo.person("operator") });
  // Two more sweeps of the whole world: time enough for a worker to begin what it should not.
  for (let sweep = 0; sweep < 2; sweep += 1) await lookedAtAgain(api, "website");
  const still = await api.get(`/runs/${run.id}`);
  assert.deepEqual([still.state, still.seq], ["paused", held.seq]);
  await page.goto(`${demo.url}/runs/${run.id}`);
  assert.match(await page.locator(".now-box").innerText(), /paused/i);
  assert.match(await press(page, "Resume the run of website"), /The run goes on/);
  await api.reaches(run.id, ["completed"]);
  const events = await eventsOf(api, run);
  const kinds = events.map((event) => event.kind);
  const between = events.slice(kinds.indexOf("paused"), kinds.indexOf("resumed"));
  assert.ok(!between.some((event) => event.kind === "step_started"), JSON.stringify(between));
  await leave(page);
});

test("one approver denies with a reason: the request is over, whoever asked reads why, and the application is free", { timeout: 120_000 }, async () => {
  const run = await asked("tickets");
  const page = await open(demo.person("approver"), `/runs/${run.id}`);
  await unfold(page, "Deny this request…");
  await page.locator("#deny-comment").fill("the sale opens in an hour");
  assert.match(await press(page, /^Deny: /), /You denied the request/);
  const mine = await open(demo.person("operator"), `/runs/${run.id}`);
  assert.match(await mine.locator("main").innerText(), /denied[\s\S]*the sale opens in an hour/i);
  const api = await rest("operator");
  assert.equal((await api.get(`/runs/${run.id}`)).state, "denied");
  expect(await (await rest("approver")).approve(run), 409);
  const next = await asked("tickets");
  expect(await api.call("POST", `/runs/${next.id}/cancel`, { body: { reason: "only to see that it is free" } }), 200);
  assert.deepEqual(effects(await (await simulator(demo)).ledger(), run), []);
  await leave(page, mine);
});

test("an approval that is taken back does not count: the other one alone starts nothing", { timeout: 120_000 }, async () => {
  const [api, run] = [await rest("operator"), await asked("billing")];
  const [sre, owner] = [await open(member("sre"), `/runs/${run.id}`), await open(member("business-owners"), `/runs/${run.id}`)];
  assert.match(await press(sre, /^Approve: /), /You approved the request/);
  assert.match(await press(sre, "Withdraw my approval"), /Your approval is withdrawn/);
  assert.match(await press(owner, /^Approve: /), /You approved the request/);
  const now = await api.get(`/runs/${run.id}`);
  assert.equal(now.state, "awaiting_approval");
  assert.deepEqual(now.tally.rules.map((rule) => [rule.group, rule.given.length]), [["sre", 0], ["business-owners", 1]]);
  await sre.goto(`${demo.url}/runs/${run.id}`);
  assert.equal(await sre.getByRole("button", { name: /^Approve: / }).count(), 1, "they may approve again");
  assert.equal(await owner.getByRole("button", { name: "Withdraw my approval" }).count(), 1);
  expect(await api.call("POST", `/runs/${run.id}/cancel`, { body: { reason: "read" } }), 200);
  await leave(sre, owner);
});

/** Until every resource of the application has been looked at once more. */
async function lookedAtAgain(api, name) {
  const times = async () =>
    (await api.get(`/applications/${name}/status`)).resources.flatMap((one) => one.regions).map((one) => Date.parse(one.observed_at));
  const newest = Math.max(...(await times()));
  await until(async () => (await times()).every((at) => at > newest), { within: 60_000, every: 250, what: `${name} to be looked at again` });
}

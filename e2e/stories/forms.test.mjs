// Every form of the settings and safeguards, filled in and sent as a person does, with scripts off: what the page then
// says, and what REST says of the same thing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems } from "../lib/browser.mjs";
import { press, push, unfold } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

const open = (role, path) => chrome.open(demo.url + path, { as: demo.person(role), scripts: false });
const rest = (role) => client(demo.url).as(demo.person(role));
const close = async (page) => {
  noProblems(page);
  await page.context().close();
};

/** Fields by their ids, which are the form's name and the field's. */
async function fill(page, form, fields) {
  for (const [name, value] of Object.entries(fields)) await page.locator(`#${form}-${name}`).fill(value);
}

const runOf = (page) => new URL(page.url()).pathname.split("/").at(-1);

test("a dry run is asked for by its button, ends by itself and changes nothing", { timeout: 120_000 }, async () => {
  const page = await open("operator", "/applications/shop/runs/new?intent=failover&to=eu-central-1&mode=planned");
  await page.locator("#reason").fill("what would it do?");
  assert.match(await press(page, /^Dry run: /), /Asked for/);
  assert.match(await page.locator(".now-box").innerText(), /A dry run: it makes no changing call/);
  const run = await (await rest("operator")).reaches(runOf(page), "completed");
  assert.equal(run.dry_run, true);
  assert.deepEqual(effects(await (await simulator(demo)).ledger(), run), []);
  await close(page);
});

test("a freeze that is declared asks for an override by name, and is lifted again", { timeout: 120_000 }, async () => {
  const [admin, operator] = [await open("admin", "/safeguards"), await rest("operator")];
  const freeze = { application: "shop", reason: "the end of the quarter", ends_at: "2020-01-01T00:00:00Z" };
  await fill(admin, "declare-freeze", freeze);
  assert.match(await press(admin, "Declare the freeze", { refused: true }), /already over/);
  assert.equal(await admin.locator("#declare-freeze-reason").inputValue(), freeze.reason, "what was typed is gone");
  await fill(admin, "declare-freeze", { ends_at: new Date(Date.now() + 3_600_000).toISOString() });
  assert.match(await press(admin, "Declare the freeze"), /The freeze is declared/);
  assert.match(await admin.locator(".card-freezes").innerText(), /shop[\s\S]*holds[\s\S]*the end of the quarter/);
  const [declared, ...others] = (await operator.get("/freezes")).items;
  assert.deepEqual([declared.application, declared.reason, declared.holds, others.length], ["shop", freeze.reason, true, 0]);

  const page = await open("operator", "/applications/shop/runs/new?intent=failover&to=eu-central-1&mode=planned");
  await page.locator("#reason").fill("it cannot wait");
  assert.equal(await page.locator("#override_change_freeze").count(), 1, "it is not offered to be overridden");
  for (const box of await page.locator("input[id^=override_]").all()) await box.check();
  assert.match(await press(page, /^Ask to fail over shop/), /Asked for/);
  const run = await operator.get(`/runs/${runOf(page)}`);
  assert.equal(run.state, "awaiting_approval");
  assert.ok(run.overrides.includes("change_freeze"), run.overrides.join());
  const approver = await open("approver", `/runs/${run.id}`);
  assert.match(await approver.locator(".card-decide").innerText(), /accepts these by name: .*change_freeze/);
  expect(await operator.call("POST", `/runs/${run.id}/cancel`, { body: { reason: "read" } }), 200);

  assert.match(await press(admin, "Lift this freeze"), /The freeze is lifted/);
  assert.deepEqual((await operator.get("/freezes")).items, []);
  for (const one of [admin, page, approver]) await close(one);
});

test("automation is stopped with a reason that every page then tells, and goes on", async () => {
  const [page, api] = [await open("operator", "/safeguards"), await rest("viewer")];
  await fill(page, "switch-automation", { reason: "we look into an alarm" });
  assert.match(await press(page, "Stop all automation"), /All automation has stopped/);
  const off = await api.get("/automation");
  assert.deepEqual([off.on, off.reason, off.changed_by], [false, "we look into an alarm", demo.person("operator").email]);
  await page.goto(`${demo.url}/runs`);
  assert.match(await page.locator("main").innerText(), /Automation is off[\s\S]*we look into an alarm/);
  await page.goto(`${demo.url}/safeguards`);
  assert.match(await press(page, "Let automation go on"), /Automation goes on/);
  assert.equal((await api.get("/automation")).on, true);
  assert.doesNotMatch(await page.locator("main").innerText(), /Automation is off/);
  await close(page);
});

test("a run that was given up after it began is acknowledged by somebody", { timeout: 120_000 }, async () => {
  const [operator, approver] = [await rest("operator"), await rest("approver")];
  const run = expect(await operator.request({ application: "catalog", intent: "failover", mode: "planned" }), 201).body;
  expect(await approver.approve(run), 200, 201);
  const given = { body: { reason: "it was only a try" } };
  // Paused, it ends what is under way and stays where it is; going on, it may be over before it can be cancelled.
  expect(await operator.call("POST", `/runs/${run.id}/pause`, given), 200);
  await until(async () => (await operator.call("POST", `/runs/${run.id}/cancel`, given)).status === 200, {
    within: 60_000,
    what: "the run to be where it can be cancelled",
  });
  const page = await open("operator", `/runs/${run.id}`);
  assert.match(await press(page, "Acknowledge how it ended"), /You have acknowledged/);
  assert.equal((await operator.get(`/runs/${run.id}`)).acknowledged_by, demo.person("operator").email);
  assert.equal(await page.getByRole("button", { name: "Acknowledge how it ended" }).count(), 0);
  await close(page);
  await everyLook(chrome, `${demo.url}/runs/${run.id}`, "run-given-up", { as: demo.person("operator") });
});

test("people and groups are made, changed, shut out and let in again; a group keeps whom it does not show", async () => {
  const [page, api] = [await open("admin", "/people"), await rest("admin")];
  const email = "night@example.com";
  await fill(page, "add-person", { email, groups: "night-shift", password: "a long enough password" });
  assert.match(await press(page, "Add this person", { refused: true }), /at least one role/);
  assert.equal(await page.locator("#add-person-email").inputValue(), email);
  await page.locator("#add-person-role-approver").check();
  await fill(page, "add-person", { password: "a long enough password" });
  assert.match(await press(page, "Add this person"), /night@example\.com was added/);
  const { id, roles, groups } = await api.get(`/people/${email}`);
  assert.deepEqual([roles, groups], [["approver"], ["night-shift"]]);

  await unfold(page, `Change… ${email}`);
  await page.locator(`#person-${id}-role-operator`).check();
  assert.match(await press(page, `Change ${email}`), /was changed/);
  assert.deepEqual((await api.get(`/people/${email}`)).roles.toSorted(), ["approver", "operator"]);

  await unfold(page, `Change… ${email}`);
  assert.match(await press(page, `Disable: ${email}`), /cannot sign in any more/);
  expect(await client(demo.url).call("POST", "/session", { body: { email, password: "a long enough password" } }), 401);
  const other = demo.person("approver").email;
  await unfold(page, "Change… night-shift");
  await fill(page, "group-night-shift", { description: "whoever is awake", members: other });
  assert.match(await press(page, "Change night-shift"), /was changed/);
  const group = await api.get("/groups/night-shift");
  assert.deepEqual([group.description, group.members], ["whoever is awake", [other]]);
  await unfold(page, `Change… ${email}`);
  assert.match(await press(page, `Let in again: ${email}`), /may sign in again/);
  assert.deepEqual((await api.get("/groups/night-shift")).members, [other, email].toSorted());

  await fill(page, "add-group", { name: "day-shift", description: "office hours", members: email });
  assert.match(await press(page, "Add this group"), /The group day-shift was added/);
  assert.deepEqual(await api.get("/groups/day-shift"), { name: "day-shift", description: "office hours", members: [email] });
  await close(page);
});

test("a policy is made, changed and removed; one that cannot be read comes back as it was typed", async () => {
  const [page, api] = [await open("admin", "/policies"), await rest("admin")];
  await fill(page, "add-policy", { name: "two-of-us", rules: "approvers: 2", expires_after: "soon" });
  await press(page, "Add this policy", { refused: true });
  assert.equal(await page.locator("#add-policy-expires_after").inputValue(), "soon");
  await fill(page, "add-policy", { expires_after: "30m" });
  assert.match(await press(page, "Add this policy"), /two-of-us was added/);
  await unfold(page, "Change… two-of-us");
  await fill(page, "policy-two-of-us", { rules: "approvers: 1, sre: 1" });
  assert.match(await press(page, "Change two-of-us"), /two-of-us was changed/);
  const { rules, expires_after_seconds } = await api.get("/policies/two-of-us");
  assert.deepEqual(
    [rules, expires_after_seconds],
    [[{ group: "approvers", approvals: 1 }, { group: "sre", approvals: 1 }], 1_800],
  );
  await unfold(page, "Change… two-of-us");
  assert.match(await press(page, "Remove two-of-us"), /two-of-us was removed/);
  expect(await api.call("GET", "/policies/two-of-us"), 404);
  await unfold(page, "Change… one-approver");
  assert.match(await press(page, "Remove one-approver", { refused: true }), /stands under/);
  await close(page);
});

test("a token is shown once, does what its scopes say, and nothing once it is revoked", async () => {
  const page = await open("operator", "/tokens");
  await fill(page, "add-token", { name: "night-watch", days: "1" });
  await page.locator("#add-token-runs-read").check();
  await push(page, "Make this token");
  const secret = await page.locator("code.secret").innerText();
  assert.match(secret, /^hf_[0-9a-f]{64}$/);
  const token = client(demo.url).with(secret);
  await token.get("/runs");
  expect(await token.call("GET", "/inventory"), 403);
  await page.goto(`${demo.url}/tokens`);
  assert.equal(await page.locator("code.secret").count(), 0, "it is shown again");
  assert.match(await press(page, "Revoke night-watch"), /revoked/);
  expect(await token.call("GET", "/runs"), 401);
  await close(page);
});

test("a webhook's secret is made by an admin and shown once", { timeout: 120_000 }, async () => {
  const api = await rest("admin");
  const inventory = await api.get("/inventory", { headers: { accept: "application/json" } });
  const steps = [{ name: "tell-them", kind: "webhook", before: "move_traffic", url: "https://hooks.example.com/regions" }];
  inventory.plans = [...(inventory.plans ?? []), { application: "website", steps }];
  expect(await api.call("PUT", "/inventory", { body: inventory }), 200);

  const page = await open("admin", "/applications/website");
  await page.getByRole("link", { name: "Signing secret of tell-them" }).click();
  await page.waitForURL(/\/webhooks\/tell-them\/secret$/);
  const secrets = [];
  for (const words of ["Make a new secret for tell-them", "Make another secret for tell-them"]) {
    const loaded = page.waitForEvent("load");
    await page.getByRole("button", { name: words }).click();
    await loaded;
    secrets.push(await page.locator("code.secret").innerText());
  }
  for (const secret of secrets) assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.notEqual(secrets[0], secrets[1]);
  const where = page.url();
  await page.goto(where);
  assert.equal(await page.locator("code.secret").count(), 0, "it is shown again");
  const { items } = await api.get("/audit?action=webhook.new_secret");
  assert.equal(items.length, 2);
  assert.ok(!JSON.stringify(items).includes("whsec_"), "the log holds a secret");
  const operator = await open("operator", new URL(where).pathname);
  assert.equal(await operator.getByRole("button", { name: /secret/ }).count(), 0);
  for (const one of [page, operator]) await close(one);
  await everyLook(chrome, where, "webhook", { as: demo.person("admin") });
});

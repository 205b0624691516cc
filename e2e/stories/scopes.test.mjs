// Roles over some applications only: given on the page of people, and what the pages, REST and the command line then show and
// refuse. With scripts on and off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems } from "../lib/browser.mjs";
import { press, unfold } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";

const demo = demonstration();
const chrome = browser();
const payments = { email: "payments@example.com", password: "a long enough password" };

const close = async (page) => {
  noProblems(page);
  await page.context().close();
};

test("an admin gives somebody a role over one team's applications on the page of people", async () => {
  const page = await chrome.open(`${demo.url}/people`, { as: demo.person("admin"), scripts: false });
  const form = (name) => page.locator(`#add-person-${name}`);
  await form("email").fill(payments.email);
  await form("scoped_roles").fill("operator:owner=payments");
  await form("password").fill(payments.password);
  assert.match(await press(page, "Add this person", { refused: true }), /application, tier, team, environment/);
  assert.equal(await form("scoped_roles").inputValue(), "operator:owner=payments", "what was typed is gone");
  await form("scoped_roles").fill("operator:team=payments");
  await form("password").fill(payments.password);
  assert.match(await press(page, "Add this person"), /payments@example\.com was added/);
  const row = page.locator("tr", { hasText: payments.email }).first();
  assert.match(await row.innerText(), /operator:team=payments/);
  await close(page);
  // One that an admin gave is good for choosing one's own alone.
  const own = { present: payments.password, new: "their own long password" };
  expect(await (await client(demo.url).as(payments)).call("PUT", "/session/password", { body: own }), 200);
  payments.password = own.new;
});

for (const scripts of [true, false]) {
  test(`they see their team's applications, and the others are not there, scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await chrome.open(`${demo.url}/applications`, { as: payments, scripts });
    const list = await page.locator("main").innerText();
    assert.match(list, /shop/);
    assert.doesNotMatch(list, /billing|identity|website/);
    const first = await page.goto(`${demo.url}/`);
    assert.equal(first.status(), 200);
    assert.doesNotMatch(await page.locator("main").innerText(), /billing|identity|website/);
    assert.equal((await page.goto(`${demo.url}/applications/shop`)).status(), 200);
    await close(page);
  });
}

test("another team's application answers over REST as one that is not there, and a lot wants names", async () => {
  const api = await client(demo.url).as(payments);
  const answers = async (name) => {
    const { status, text } = await api.call("GET", `/applications/${name}`);
    return [status, text.replaceAll(name, "NAME")];
  };
  assert.deepEqual(await answers("billing"), await answers("bulling"));
  assert.equal((await answers("billing"))[0], 404);
  assert.deepEqual((await api.get("/applications")).items.map((one) => one.name), ["shop"]);
  const lot = { region: "us-east-1", mode: "planned", reason: "rehearsal" };
  const refused = await api.call("POST", "/evacuations", { body: lot, key: "scopes-lot" });
  assert.equal(refused.body.code, "out_of_scope");
  assert.match(refused.body.way_out, /Name the applications/);
  const freeze = await api.call("PUT", "/automation", { body: { on: false, reason: "to try it" } });
  assert.equal(freeze.body.code, "out_of_scope");
  assert.match(freeze.body.way_out, /^Ask /);
});

test("a token of theirs is limited further, and the page says to what", async () => {
  const page = await chrome.open(`${demo.url}/tokens`, { as: payments, scripts: false });
  await page.locator("#add-token-name").fill("pipeline");
  await page.locator("#add-token-within").fill("tier=4");
  await page.locator("#add-token-status-read").check();
  await page.getByRole("button", { name: "Make this token" }).click();
  const token = await page.locator("code.secret").innerText();
  assert.match(await page.locator(".card-tokens").innerText(), /within tier=4/);
  assert.deepEqual((await client(demo.url).with(token).get("/applications")).items, []);
  await close(page);
});

test("a role that is taken away ends the sessions that it was used in", async () => {
  const theirs = await client(demo.url).as(payments);
  const page = await chrome.open(`${demo.url}/people`, { as: demo.person("admin"), scripts: false });
  await unfold(page, `Change… ${payments.email}`);
  const { id } = await (await client(demo.url).as(demo.person("admin"))).get(`/people/${payments.email}`);
  assert.equal(await page.locator(`#person-${id}-scoped_roles`).inputValue(), "operator:team=payments");
  await page.locator(`#person-${id}-scoped_roles`).fill("viewer:application=shop");
  assert.match(await press(page, `Change ${payments.email}`), /was changed/);
  expect(await theirs.call("GET", "/session"), 401);
  await close(page);
  await everyLook(chrome, `${demo.url}/people`, "people-with-scopes", { as: demo.person("admin") });
});

// Passwords as people meet them, with scripts off: one's own is changed by the present one; one that an admin gave is good for
// choosing one's own; and an admin signs everybody out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems, signIn } from "../lib/browser.mjs";
import { press, push, unfold } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";

const demo = demonstration();
const chrome = browser();
const GIVEN = "a long enough password";
const OWN = "another long password";

const open = (path, as) => chrome.open(demo.url + path, { as, scripts: false });
const path = (page) => new URL(page.url()).pathname;
const close = async (...pages) => {
  for (const page of pages) {
    noProblems(page);
    await page.context().close();
  }
};

async function fill(page, present, next, again = next) {
  for (const [name, value] of Object.entries({ present, new: next, again })) await page.locator(`#change-password-${name}`).fill(value);
}

const CHANGE = "Change the password";

async function add(email) {
  const admin = await client(demo.url).as(demo.person("admin"));
  expect(await admin.call("POST", "/people", { body: { email, roles: ["viewer"], password: GIVEN } }), 201);
  return { email, password: GIVEN };
}

test("somebody changes their own password by the present one, and is signed out everywhere else", async () => {
  const operator = demo.person("operator");
  const [here, there] = [await open("/me", operator), await open("/runs", operator)];
  await fill(here, "not the present one", OWN);
  assert.match(await press(here, CHANGE, { refused: true }), /present password is not right/);
  await fill(here, operator.password, OWN, "something else");
  assert.match(await press(here, CHANGE, { refused: true }), /is not the new password/);
  await fill(here, operator.password, "Password!2345");
  assert.match(await press(here, CHANGE, { refused: true }), /guessed first[\s\S]*four words/);
  await fill(here, operator.password, OWN);
  assert.match(await press(here, CHANGE), /password is changed[\s\S]*1 ended/);
  await there.reload();
  assert.equal(path(there), "/sign-in", "the other browser is still signed in");
  const { email, password } = operator;
  expect(await client(demo.url).call("POST", "/session", { body: { email, password } }), 401);
  await signIn(there, `${demo.url}/runs`, { email, password: OWN });
  assert.equal(path(there), "/runs");
  const { items } = await (await client(demo.url).as({ email, password: OWN })).get("/audit?action=password.change");
  assert.deepEqual(items.map(({ outcome }) => outcome), ["done", "refused", "refused"], "what was mistyped twice was not asked");
  await close(here, there);
});

test("whom an admin gives a password chooses their own before anything else", async () => {
  const admin = await open("/people", demo.person("admin"));
  const email = "night@example.com";
  for (const [name, value] of Object.entries({ email, password: GIVEN })) await admin.locator(`#add-person-${name}`).fill(value);
  await admin.locator("#add-person-role-operator").check();
  assert.match(await press(admin, "Add this person"), /night@example\.com was added/);
  assert.match(await admin.locator("tr", { hasText: email }).innerText(), /to choose a password/);

  const page = await open("/applications", { email, password: GIVEN });
  assert.equal(path(page), "/me");
  await page.getByRole("heading", { name: "Choose a password of your own", level: 1 }).waitFor();
  await page.goto(`${demo.url}/runs`);
  assert.equal(path(page), "/me", "it does something else");
  const rest = await client(demo.url).as({ email, password: GIVEN });
  assert.equal(expect(await rest.call("GET", "/runs"), 403).body.code, "own_password_due");
  await fill(page, GIVEN, GIVEN);
  assert.match(await press(page, CHANGE, { refused: true }), /the password that you have/);
  await fill(page, GIVEN, "Holdfast-2026-night");
  assert.match(await press(page, CHANGE, { refused: true }), /known here/);
  await fill(page, GIVEN, OWN);
  assert.match(await press(page, CHANGE), /password is changed/);
  await page.goto(`${demo.url}/runs`);
  assert.equal(path(page), "/runs");
  await admin.reload();
  assert.match(await admin.locator("tr", { hasText: email }).innerText(), /active/);
  assert.doesNotMatch(await admin.locator("tr", { hasText: email }).innerText(), /to choose a password/);
  await close(page, admin);
});

test("the pages of passwords read well on every screen", { timeout: 120_000 }, async () => {
  await everyLook(chrome, `${demo.url}/me`, "me-own-password-due", { as: await add("late@example.com") });
  await everyLook(chrome, `${demo.url}/people`, "people-sign-out", {
    as: demo.person("admin"),
    visit: (page) => unfold(page, "End everybody's sessions…"),
  });
});

test("an admin signs everybody out at once, confirmed by a word", async () => {
  const [admin, viewer] = [await open("/people", demo.person("admin")), await open("/runs", demo.person("viewer"))];
  const confirm = admin.locator("#sign-everybody-out-confirm");
  await unfold(admin, "End everybody's sessions…");
  await confirm.fill("yes");
  assert.match(await press(admin, "Sign everybody out", { refused: true }), /is not `?everybody/);
  assert.equal(await confirm.inputValue(), "yes", "what was typed is gone");
  await confirm.fill("everybody");
  await push(admin, "Sign everybody out");
  assert.equal(path(admin), "/sign-in");
  await viewer.reload();
  assert.equal(path(viewer), "/sign-in", "somebody is still signed in");
  await close(admin, viewer);
});

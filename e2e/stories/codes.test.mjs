// The second factor as a person meets it, with scripts off: set up with an authenticator app, asked for at the next sign-in,
// good once, and replaced by a code to recover with when the app is not there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems } from "../lib/browser.mjs";
import { press, push } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { code } from "../lib/totp.mjs";

const demo = demonstration();
const chrome = browser();
let secret;
let recovery;

/** As far as the password leads. */
async function afterThePassword(page, { email, password }) {
  await page.goto(`${demo.url}/sign-in?next=%2Fruns`);
  await page.locator("input[type=email]").fill(email);
  await page.locator("input[type=password]").fill(password);
  await push(page, "Sign in to Holdfast");
}

async function give(page, typed) {
  await page.locator("#code").fill(typed);
  await push(page, "Sign in to Holdfast");
}

test("an authenticator app is set up with its first code; what is secret is shown once", async () => {
  const page = await chrome.open(`${demo.url}/me`, { as: demo.person("approver"), scripts: false });
  await push(page, "Set up an authenticator app");
  const [letters, uri] = await page.locator("code.secret").allInnerTexts();
  secret = letters.replace(/\s/g, "");
  assert.match(uri, new RegExp(`^otpauth://totp/Holdfast:.*secret=${secret}`));
  await page.goto(`${demo.url}/me`);
  assert.equal(await page.locator("code.secret").count(), 0, "it is shown again");
  await page.locator("#code").fill("000000");
  assert.match(await press(page, "Set the second factor up", { refused: true }), /not the code of now/);
  // The one before: this one's and the next are left for what follows.
  await page.locator("#code").fill(code(secret, -1));
  await push(page, "Set the second factor up");
  recovery = await page.locator("code.secret").allInnerTexts();
  assert.equal(recovery.length, 10);
  await page.getByRole("link", { name: "I have kept them" }).click();
  assert.match(await page.locator(".card-factor").innerText(), /set up[\s\S]*10 left/);
  noProblems(page);
  await page.context().close();
});

test("the next sign-in asks for a code, takes it once, and leads on to where the person was going", async () => {
  const page = await chrome.open(`${demo.url}/sign-in`, { scripts: false });
  await afterThePassword(page, demo.person("approver"));
  assert.equal(new URL(page.url()).pathname, "/sign-in/code");
  await page.goto(`${demo.url}/runs`);
  assert.equal(new URL(page.url()).pathname, "/sign-in", "the password alone let them in");
  await afterThePassword(page, demo.person("approver"));
  await give(page, "000000");
  assert.match(await page.locator("[role=alert]").innerText(), /not the one of now/);
  const good = code(secret);
  await give(page, good);
  assert.equal(new URL(page.url()).pathname, "/runs");

  const other = await chrome.open(`${demo.url}/sign-in`, { scripts: false });
  await afterThePassword(other, demo.person("approver"));
  await give(other, good);
  assert.equal(new URL(other.url()).pathname, "/sign-in/code", "a code worked twice");
  await give(other, recovery[0].toUpperCase());
  assert.equal(new URL(other.url()).pathname, "/runs");
  for (const one of [page, other]) {
    noProblems(one);
    await one.context().close();
  }
});

test("REST asks for the code too, and says so", async () => {
  const { email, password } = demo.person("approver");
  const rest = client(demo.url);
  const sign = (more) => rest.call("POST", "/session", { body: { email, password, ...more } });
  assert.equal(expect(await sign({}), 401).body.code, "code_needed");
  assert.equal(expect(await sign({ code: recovery[0] }), 401).body.code, "code_refused");
  expect(await sign({ code: recovery[1] }), 200);
  assert.equal((await rest.get("/session/factors")).recovery_codes_left, 8);
  const { items } = await rest.get("/audit?action=session.sign_in");
  assert.equal(items[0].detail.factor, "recovery_code");
  assert.ok(!JSON.stringify((await rest.get("/audit")).items).includes(secret), "the log holds the secret");
});

test("somebody sees where they are signed in, and ends it there", async () => {
  const [here, there] = [await chrome.open(`${demo.url}/me`, { as: demo.person("admin"), scripts: false }), await chrome.open(`${demo.url}/runs`, { as: demo.person("admin") })];
  await here.reload();
  assert.match(await here.locator(".card-sessions").innerText(), /this one/);
  assert.match(await press(here, "Sign out everywhere else"), /Signed out everywhere else: [1-9]/);
  await there.goto(`${demo.url}/runs`);
  assert.equal(new URL(there.url()).pathname, "/sign-in", "the other browser is still signed in");
  await push(here, "Sign out everywhere");
  assert.equal(new URL(here.url()).pathname, "/sign-in");
  await here.context().close();
  await there.context().close();
});

test("the pages of the second factor read well on every screen", { timeout: 180_000 }, async () => {
  await everyLook(chrome, `${demo.url}/me`, "me", { as: demo.person("operator") });
  await everyLook(chrome, `${demo.url}/prove`, "prove", { as: demo.person("operator") });
  await everyLook(chrome, `${demo.url}/sign-in`, "sign-in-code", { visit: (page) => afterThePassword(page, demo.person("approver")) });
  await everyLook(chrome, `${demo.url}/me`, "me-secret", {
    as: demo.person("viewer"),
    visit: (page) => push(page, /^(Set up an authenticator app|Begin again)/),
  });
});

// Break-glass with the identity provider stopped: somebody whom it let in can prove nothing any more; an operator with an account
// kept here opens it with a second factor, another with a sealed code; it is told on every page, starts a run on one person's word,
// and its review is closed by somebody else before compliance is what it was.
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, everyLook, noProblems } from "../lib/browser.mjs";
import { go, press, push } from "../lib/forms.mjs";
import { cast, dataFolder } from "../lib/holdfast.mjs";
import { postgres } from "../lib/postgres.mjs";
import { answers, binary, freePort, launch } from "../lib/process.mjs";
import { startProvider } from "../lib/provider.mjs";
import { client, expect } from "../lib/rest.mjs";
import { code } from "../lib/totp.mjs";
import { until } from "../lib/until.mjs";

const WITHIN_MS = 180_000;
const SECRET = "canary-of-the-client-0123456789";
const WHY = "us-east-1 burns and nobody answers";
const chrome = browser();
const running = [];
let folder, database, issuer, url, person, holdfast, provider;
let secret, glass, run, sealed;

before(
  async () => {
    folder = await dataFolder();
    database = await postgres(join(folder, "postgres"));
    running.push(database);
    const at = `http://127.0.0.1:${await freePort()}`;
    const sim = { name: `sim-${new URL(at).port}`, ready: () => answers(`${at}/_sim/world`), within: WITHIN_MS, what: "the simulator to answer" };
    running.push(await launch(binary, ["sim", "--listen", new URL(at).host, "--data", join(folder, "simulator")], sim));
    const [port, providers] = [await freePort(), await freePort()];
    url = `http://localhost:${port}`;
    issuer = `http://127.0.0.1:${providers}`;
    const redirect = `${url}/sign-in/provider/callback`;
    await writeFile(join(folder, "client.json"), JSON.stringify({ client: { client_id: "holdfast", client_secret: SECRET }, redirect }));
    await writeFile(join(folder, "client-secret"), `${SECRET}\n`, { mode: 0o600 });
    await writeFile(join(folder, "people.json"), JSON.stringify({ olivia: { email: "olivia@example.com", email_verified: true, groups: ["ops"] } }));
    const config = join(folder, "holdfast.toml");
    await writeFile(
      config,
      `[oidc]
issuer = "${issuer}"
client_id = "holdfast"
client_secret_file = "${join(folder, "client-secret")}"
name = "Example SSO"
scopes = ["email", "groups"]
allow_loopback = true

[[oidc.groups]]
claim = "ops"
roles = ["operator"]
groups = ["sre"]
`,
    );
    provider = await startProvider(issuer, folder, { within: WITHIN_MS });
    running.push(provider);
    const data = join(folder, "server");
    await mkdir(data);
    holdfast = await launch(binary, ["serve", "--demo", "--config", config, "--listen", `127.0.0.1:${port}`, "--data", data], {
      name: `serve-${port}`,
      env: { DATABASE_URL: database.lesser, HOLDFAST_MIGRATION_DATABASE_URL: database.owner, AWS_ENDPOINT_URL: at },
      ready: () => answers(`${url}/readyz`),
      within: WITHIN_MS,
      what: "the server to be ready",
    });
    running.push(holdfast);
    ({ person } = await cast(data));
  },
  { timeout: 4 * WITHIN_MS },
);
after(async () => {
  for (const one of running.reverse()) await one.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const here = (page) => new URL(page.url()).pathname;
const banner = (page) => page.locator(".break-glass[role=alert]");

/** Through the provider's own pages. */
async function atTheProvider(page, name) {
  await go(page, page.getByRole("link", { name: /Example SSO/ }));
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("any");
  await go(page, page.locator("[type=submit]"));
  if (page.url().startsWith(issuer)) await go(page, page.locator("[type=submit]"));
}

async function fill(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.locator(`#open-break-glass-${name}`).fill(value);
}

test("an admin makes a sealed code, which is shown once", async () => {
  const page = await chrome.open(`${url}/break-glass`, { as: person("admin"), scripts: false });
  await page.locator("#make-sealed-code-kept_at").fill("the safe in Dublin");
  await push(page, "Make a sealed code");
  sealed = await page.locator("code.secret").innerText();
  assert.match(sealed, /^([a-z0-9]{4}-){7}[a-z0-9]{4}$/);
  await page.goto(`${url}/break-glass`);
  assert.equal(await page.locator("code.secret").count(), 0, "it is shown again");
  assert.match(await page.locator(".card-sealed-codes").innerText(), /the safe in Dublin[\s\S]*good/);
  noProblems(page);
  await page.context().close();
});

test("with the provider stopped, whom it let in proves nothing any more", async () => {
  const page = await chrome.open(`${url}/sign-in?next=%2Fruns`, { scripts: false });
  await atTheProvider(page, "olivia");
  assert.equal(here(page), "/runs");
  await provider.stop();
  await database.sql(
    `UPDATE sessions SET data = jsonb_set(data, '{signed_in,proved_at}', to_jsonb('2020-01-01T00:00:00Z'::text))
     WHERE person = (SELECT id FROM people WHERE email = 'olivia@example.com')`,
  );
  await page.goto(`${url}/break-glass`);
  await fill(page, { reason: WHY });
  await push(page, "Break the glass");
  assert.equal(here(page), "/prove");
  await page.getByRole("link", { name: /Example SSO/ }).click();
  await until(() => page.url().startsWith("chrome-error:"), { within: 15_000, what: "the browser to say that nobody answers there" });
  await page.goto(`${url}/break-glass`);
  await fill(page, { reason: WHY });
  await push(page, "Break the glass");
  assert.equal(here(page), "/prove", "nothing was proved");
  await page.context().close();
});

test("an operator with an account kept here is asked for a second factor, and breaks the glass with it", async () => {
  const page = await chrome.open(`${url}/break-glass`, { as: person("operator"), scripts: false });
  await fill(page, { reason: WHY, incident: "INC-4712", minutes: "30" });
  assert.match(await press(page, "Break the glass", { refused: true }), /without a second factor/);
  assert.equal(await page.locator("#open-break-glass-reason").inputValue(), WHY, "what was typed is gone");
  await page.goto(`${url}/me`);
  await push(page, "Set up an authenticator app");
  secret = (await page.locator("code.secret").first().innerText()).replace(/\s/g, "");
  await page.goto(`${url}/me`);
  await page.locator("#code").fill(code(secret, -1));
  await push(page, "Set the second factor up");
  await page.goto(`${url}/break-glass`);
  await fill(page, { reason: WHY });
  await push(page, "Break the glass");
  assert.equal(here(page), "/prove", "the password alone is no strong factor");
  await page.locator("#password").fill(person("operator").password);
  await page.locator("#code").fill(code(secret));
  await push(page, "Prove who you are");
  assert.match(await press(page, "Break the glass", { refused: true }), /set up less than a day ago/);
  await database.sql("UPDATE totp_factors SET confirmed_at = confirmed_at - interval '2 days'");

  await page.goto(`${url}/break-glass`);
  await fill(page, { reason: WHY, incident: "INC-4712", minutes: "30" });
  assert.match(await press(page, "Break the glass"), /The glass is broken/);
  assert.match(await page.locator(".card-glass-now").innerText(), /Open: [\s\S]*nobody answers/);
  noProblems(page);
  await page.context().close();
});

for (const scripts of [true, false]) {
  test(`it is told on every page, to everybody, with scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await chrome.open(`${url}/`, { as: person("viewer"), scripts });
    for (const path of ["/", "/applications", "/applications/shop", "/runs", "/approvals", "/regions", "/compliance", "/audit", "/policies", "/tokens", "/system", "/me", "/nowhere"]) {
      await page.goto(url + path);
      const told = await banner(page).innerText();
      assert.match(told, /Break-glass is open/, path);
      assert.ok(told.includes(person("operator").email) && told.includes(WHY), `${path}: ${told}`);
    }
    await page.context().close();
  });
}

test("REST, the metrics and the audit log tell it too, and the log says who is to hear of it", async () => {
  const rest = await client(url).as(person("approver"));
  const state = await rest.get("/break_glass");
  [glass] = state.open;
  assert.deepEqual([state.open.length, glass.holder, glass.opened_with, glass.incident], [1, person("operator").email, "second_factor", "INC-4712"]);
  assert.ok(Date.parse(glass.expires_at) - Date.parse(glass.opened_at) === 30 * 60_000);
  const { items } = await rest.get("/audit?action=break_glass.open&outcome=done");
  assert.ok(items[0].detail.approvers.includes(person("approver").email), JSON.stringify(items[0]));
  const { sql } = database;
  assert.equal(await sql("SELECT count(*) FROM break_glasses"), "1");
});

test("a run starts on one person's word, goes to its end and is marked for ever", { timeout: 180_000 }, async () => {
  const page = await chrome.open(`${url}/sign-in`, { scripts: false });
  await page.goto(`${url}/sign-in?next=${encodeURIComponent("/applications/shop/runs/new?intent=failover&to=eu-central-1&mode=planned")}`);
  await page.locator("input[type=email]").fill(person("operator").email);
  await page.locator("input[type=password]").fill(person("operator").password);
  await push(page, "Sign in to Holdfast");
  await page.locator("#code").fill(code(secret, 1));
  await push(page, "Sign in to Holdfast");
  await go(page, page.getByRole("link", { name: /Under break-glass/ }));
  await page.locator("#reason").fill("the shop must move now");
  await push(page, /^Start now, without approvals/);
  assert.match(here(page), /^\/runs\//);
  assert.match(await page.locator("main").innerText(), /Started under break-glass/);
  const rest = await client(url).as(person("approver"));
  run = await rest.reaches(here(page).split("/").at(-1), ["completed"]);
  assert.equal(run.break_glass, glass.id);
  assert.deepEqual([run.reviews, run.tally.met], [[], false]);
  const events = await rest.get(`/runs/${run.id}/events`, { headers: { accept: "application/json" } });
  assert.deepEqual(events.slice(0, 3).map(({ kind }) => kind), ["requested", "break_glass", "started"]);
  noProblems(page);

  await page.goto(`${url}/break-glass/${glass.id}`);
  assert.match(await page.locator(".card-glass-review").innerText(), /due once this and what was started/);
  assert.match(await press(page, "End it now"), /has ended/);
  assert.equal(await banner(page).count(), 0, "it is told although it is over");
  assert.equal(await page.getByRole("button", { name: "Close the review" }).count(), 0, "its holder is offered the review");
  await page.goto(`${url}/applications/shop/runs/new?intent=failback&to=us-east-1&mode=planned`);
  assert.equal(await page.getByRole("link", { name: /Under break-glass/ }).count(), 0, "it is offered although it is over");
  await page.context().close();
});

test("compliance is not green until somebody else closes the review, and says so on the page, by REST and in the table", async () => {
  const rest = await client(url).as(person("approver"));
  const view = await rest.get("/compliance");
  const shop = view.rows.find(({ application }) => application === "shop");
  assert.deepEqual([view.green, view.break_glass_reviews_due.length, shop.break_glass_reviews_due], [false, 1, [glass.id]]);
  assert.ok(shop.rto !== "met" && shop.rpo !== "met", "what ran under break-glass is called met");
  const csv = await (await rest.call("GET", "/compliance", { headers: { accept: "text/csv" } })).text;
  assert.ok(csv.includes(glass.id));

  const page = await chrome.open(`${url}/compliance`, { as: person("approver"), scripts: false });
  assert.match(await page.locator("main").innerText(), /Break-glass reviews are due/);
  await go(page, page.locator(".callout").getByRole("link", { name: new RegExp(person("operator").email) }));
  assert.equal(here(page), `/break-glass/${glass.id}`);
  await page.locator("#review-break-glass-words").fill("Rightly: the pager had failed. It is mended.");
  assert.match(await press(page, "Close the review"), /The review is closed/);
  assert.match(await page.locator(".card-glass-review").innerText(), /the pager had failed/);
  const after = await rest.get("/compliance");
  assert.deepEqual(after.break_glass_reviews_due, []);
  assert.equal(after.rows.find(({ application }) => application === "shop").rto, "met", "what was measured counts again");
  const again = await rest.call("POST", `/break_glasses/${glass.id}/review`, { body: { words: "again" } });
  assert.equal(expect(again, 409).body.code, "review_closed");
  await page.context().close();
});

test("a sealed code breaks the glass once, for somebody else than who made it", async () => {
  const rest = await client(url).as(person("admin"));
  const open = (rest, code) => rest.call("POST", "/break_glasses", { body: { reason: WHY, sealed_code: code } });
  assert.equal(expect(await open(rest, sealed), 403).body.code, "sealed_code_refused", "its maker used it");
  const [given, own] = ["a long enough password", "another long password"];
  expect(await rest.call("POST", "/people", { body: { email: "night@example.com", roles: ["operator"], password: given } }), 201);
  const night = await client(url).as({ email: "night@example.com", password: given });
  expect(await night.call("PUT", "/session/password", { body: { present: given, new: own } }), 200);
  const opened = expect(await open(night, sealed.toUpperCase()), 201).body;
  assert.equal(opened.opened_with, "sealed_code");
  expect(await night.call("POST", `/break_glasses/${opened.id}/end`), 200);
  assert.equal(expect(await open(night, sealed), 403).body.code, "sealed_code_refused", "it worked twice");
  assert.ok(!holdfast.said().includes(sealed), "the server's log holds it");
  const rows = await database.sql("SELECT (SELECT json_agg(c)::text FROM sealed_codes c) || (SELECT json_agg(a)::text FROM audit_entries a)");
  assert.ok(!rows.includes(sealed) && !rows.includes(sealed.replaceAll("-", "")), "the database holds it");
});

test("the pages of break-glass read well on every screen", { timeout: 240_000 }, async () => {
  await everyLook(chrome, `${url}/break-glass`, "break-glass", { as: person("admin") });
  await everyLook(chrome, `${url}/break-glass/${glass.id}`, "break-glass-reviewed", { as: person("viewer") });
});

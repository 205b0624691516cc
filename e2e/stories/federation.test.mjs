// Signing in at an identity provider that nobody here wrote, in a browser: who one is, what one's groups are here, what changes when
// they do, how one proves it anew, who stays out; that signing out there ends what it began here; and that accounts kept here work while
// the provider is down.
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { browser, everyLook, signIn } from "../lib/browser.mjs";
import { go } from "../lib/forms.mjs";
import { cast, dataFolder } from "../lib/holdfast.mjs";
import { postgres } from "../lib/postgres.mjs";
import { answers, binary, freePort, launch } from "../lib/process.mjs";
import { startProvider } from "../lib/provider.mjs";
import { client, expect } from "../lib/rest.mjs";

const WITHIN_MS = 180_000;
const SECRET = "canary-of-the-client-0123456789";
const chrome = browser();
const running = [];
const people = {
  olivia: { email: "olivia@example.com", email_verified: true, groups: ["ops"] },
  mallory: { email: "admin@example.com", email_verified: true, groups: ["leads"] },
  nobody: { email: "nobody@example.com", email_verified: true, groups: ["marketing"] },
  unchecked: { email: "unchecked@example.com", email_verified: false, groups: ["ops"] },
};
let folder, database, issuer, url, person, holdfast;

const save = () => writeFile(join(folder, "people.json"), JSON.stringify(people));

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
    const farewell = { backchannel_logout_uri: `${url}/sign-in/provider/logout`, backchannel_logout_session_required: true };
    await writeFile(join(folder, "client.json"), JSON.stringify({ client: { client_id: "holdfast", client_secret: SECRET, ...farewell }, redirect }));
    await writeFile(join(folder, "client-secret"), `${SECRET}\n`, { mode: 0o600 });
    await save();
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

[[oidc.groups]]
claim = "leads"
roles = ["approver"]
groups = ["approvers"]
`,
    );
    const data = join(folder, "server");
    await mkdir(data);
    // The provider does not run yet: that it does not answer holds nothing up.
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

const toTheProvider = (page) => go(page, page.getByRole("link", { name: /Example SSO/ }));

/** Through the provider's own pages, from wherever the page stands at its door. */
async function atTheProvider(page, name) {
  if (await page.locator("input[name=login]").count()) {
    await page.locator("input[name=login]").fill(name);
    await page.locator("input[name=password]").fill("any");
    await go(page, page.locator("[type=submit]"));
  }
  // Asked once whether Holdfast may know.
  if (page.url().startsWith(issuer)) await go(page, page.locator("[type=submit]"));
}

async function arrives(name, { scripts = false, next = "/runs" } = {}) {
  const page = await chrome.open(`${url}/sign-in?next=${encodeURIComponent(next)}`, { scripts });
  await toTheProvider(page);
  await atTheProvider(page, name);
  return page;
}

const api = async (page, path) => (await page.request.get(`${url}/api/v1${path}`)).json();
const here = (page) => new URL(page.url()).pathname;

test("while the provider does not answer the page says so, and accounts kept here sign in", async () => {
  const page = await chrome.open(`${url}/sign-in`, { scripts: false });
  await toTheProvider(page);
  assert.equal(here(page), "/sign-in");
  assert.match(await page.locator("[role=alert]").innerText(), /does not answer[\s\S]*sign in by password/);
  await signIn(page, `${url}/sign-in`, person("operator"));
  assert.equal(here(page), "/");
  await page.context().close();
  running.push(await startProvider(issuer, folder, { within: WITHIN_MS }));
});

for (const scripts of [true, false]) {
  test(`somebody signs in at the provider and is who it says, with scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await arrives("olivia", { scripts });
    assert.equal(here(page), "/runs");
    const { email, roles, groups, identity_proved_at } = await api(page, "/session");
    assert.deepEqual([email, roles, groups], ["olivia@example.com", ["operator"], ["sre"]]);
    assert.ok(Date.now() - Date.parse(identity_proved_at) < 60_000, "signing in just now is no proof");
    await page.context().close();
  });
}

test("what their groups are is looked at anew with each sign-in, and what was lost ends what was open", async () => {
  const before = await arrives("olivia");
  people.olivia.groups = ["leads"];
  await save();
  const page = await arrives("olivia");
  const { roles, groups } = await api(page, "/session");
  assert.deepEqual([roles, groups], [["approver"], ["approvers"]]);
  assert.equal((await before.request.get(`${url}/api/v1/session`)).status(), 401, "the session of an operator goes on");
  people.olivia = { ...people.olivia, email: "new-name@example.com" };
  await save();
  const renamed = await arrives("olivia");
  assert.equal((await api(renamed, "/session")).email, "olivia@example.com", "another address made another person");
  for (const one of [before, page, renamed]) await one.context().close();
});

test("who has no group that counts, no verified address, or somebody's address here is told so and is nobody", async () => {
  for (const [name, words] of [
    ["nobody", /gives you a role/],
    ["unchecked", /verified/],
    ["mallory", /address/],
  ]) {
    const page = await arrives(name);
    assert.equal(here(page), "/sign-in", name);
    assert.match(await page.locator("[role=alert]").innerText(), words);
    assert.equal((await page.request.get(`${url}/api/v1/session`)).status(), 401, name);
    await page.context().close();
  }
});

test("whoever was let in by the provider proves anew there, and comes back to what they were doing", async () => {
  const page = await arrives("olivia", { next: "/tokens" });
  await database.sql(`UPDATE sessions SET data = jsonb_set(data, '{signed_in,proved_at}', to_jsonb('2020-01-01T00:00:00Z'::text))`);
  await page.locator("#add-token-name").fill("night-watch");
  await page.locator("#add-token-runs-read").check();
  await go(page, page.getByRole("button", { name: "Make this token" }));
  assert.equal(here(page), "/prove");
  await toTheProvider(page);
  assert.equal(await page.locator("input[name=login]").count(), 1, "the provider did not ask again");
  await atTheProvider(page, "olivia");
  assert.equal(here(page), "/tokens");
  assert.equal(await page.locator("#add-token-name").inputValue(), "night-watch");
  await page.getByRole("button", { name: "Make this token" }).click();
  await page.locator("code.secret").waitFor();
  await page.context().close();
});

test("whoever signs out at the provider is signed out here within a second, with what is open, and nobody else is", async () => {
  const [page, elsewhere] = [await arrives("olivia", { scripts: true }), await arrives("olivia")];
  const own = await client(url).as(person("operator"));
  // What the pages listen to, heard until it ends.
  const stream = page.evaluate(async () => {
    const reader = (await fetch("/live")).body.getReader();
    globalThis.listens = true;
    const read = async () => ((await reader.read()).done ? Date.now() : read());
    return read().catch(() => Date.now());
  });
  await page.waitForFunction(() => globalThis.listens);
  const door = await page.context().newPage();
  await door.goto(`${issuer}/session/end`);
  await go(door, door.locator("button[name=logout][value=yes]"));
  // The provider answers once it has told everybody who asked to be told.
  const told = Date.now();
  assert.equal((await page.request.get(`${url}/api/v1/session`)).status(), 401, "the session goes on");
  const ended = await Promise.race([stream, pause(5_000, Infinity)]);
  assert.ok(ended - told <= 1_000, `what was open ended ${ended - told} ms later`);
  await page.goto(`${url}/runs`);
  assert.equal(here(page), "/sign-in");
  assert.equal((await elsewhere.request.get(`${url}/api/v1/session`)).status(), 200, "another browser's session there goes on");
  expect(await own.call("GET", "/session"), 200);
  const entries = (await (await client(url).as(person("admin"))).get("/audit?limit=20")).items;
  assert.ok(entries.some((entry) => entry.action === "session.end_by_provider" && entry.outcome === "done"), "the audit log has it");
  for (const one of [page, elsewhere]) await one.context().close();
});

test("an answer that this browser does not wait for signs nobody in, and a used one does not twice", async () => {
  const stranger = await chrome.open(`${url}/sign-in/provider/callback?code=stolen&state=stolen`, { scripts: false });
  assert.equal(here(stranger), "/sign-in");
  assert.match(await stranger.locator("[role=alert]").innerText(), /Begin again/);
  const page = await chrome.open(`${url}/sign-in`, { scripts: false });
  let callback;
  page.on("request", (request) => {
    if (request.url().includes("/callback?")) callback = request.url();
  });
  await toTheProvider(page);
  await atTheProvider(page, "olivia");
  assert.ok(callback);
  await stranger.goto(callback);
  assert.equal(here(stranger), "/sign-in", "another browser came in by it");
  for (const one of [stranger, page]) await one.context().close();
});

test("who is shut out here stays out, whatever the provider says", async () => {
  const admin = await client(url).as(person("admin"));
  expect(await admin.call("PATCH", "/people/olivia@example.com", { body: { disabled: true } }), 200);
  const page = await arrives("olivia");
  assert.equal(here(page), "/sign-in");
  assert.match(await page.locator("[role=alert]").innerText(), /shut out/);
  await page.context().close();
});

test("the pages of signing in by a provider read well on every screen", { timeout: 120_000 }, () =>
  everyLook(chrome, `${url}/sign-in?refused=provider_unreachable`, "sign-in-provider"));

test("neither the log nor the database holds the client's secret", async () => {
  assert.ok(!holdfast.said().includes(SECRET));
  assert.ok(!(await database.sql("SELECT json_agg(s)::text || (SELECT json_agg(a)::text FROM audit_entries a) FROM sessions s")).includes(SECRET));
});

// Passkeys as a person meets them, with a virtual authenticator of the browser's own: registered, asked for at the next sign-in and
// again before a run is approved, refused when it was copied, taken away. Over a Postgres of somebody else's, where the story can
// make a sign-in old without waiting.
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, browser, noProblems, noSidewaysScrolling } from "../lib/browser.mjs";
import { press, push, unfold } from "../lib/forms.mjs";
import { cast, dataFolder } from "../lib/holdfast.mjs";
import { postgres } from "../lib/postgres.mjs";
import { answers, binary, freePort, launch } from "../lib/process.mjs";
import { client, expect } from "../lib/rest.mjs";

const WITHIN_MS = 180_000;
const NAME = "the blue one on my ring";
const chrome = browser();
const running = [];
let folder, database, url, person;
// The approver's browser, for the whole story: the virtual authenticator lives in its page.
let page, devtools, authenticatorId, recovery;

before(
  async () => {
    folder = await dataFolder();
    database = await postgres(join(folder, "postgres"));
    running.push(database);
    const at = `http://127.0.0.1:${await freePort()}`;
    running.push(
      await launch(binary, ["sim", "--listen", new URL(at).host, "--data", join(folder, "simulator")], {
        name: `sim-${new URL(at).port}`,
        ready: () => answers(`${at}/_sim/world`),
        within: WITHIN_MS,
        what: "the simulator to answer",
      }),
    );
    const port = await freePort();
    // A key belongs to a name: at 127.0.0.1 the browser asks none.
    url = `http://localhost:${port}`;
    const data = join(folder, "server");
    await mkdir(data);
    await writeFile(join(folder, "secrets.key"), `${"0123456789abcdef".repeat(4)}\n`);
    running.push(
      await launch(binary, ["serve", "--demo", "--listen", `127.0.0.1:${port}`, "--data", data], {
        name: `serve-${port}`,
        env: {
          DATABASE_URL: database.lesser,
          HOLDFAST_MIGRATION_DATABASE_URL: database.owner,
          HOLDFAST_SECRETS_KEY: join(folder, "secrets.key"),
          AWS_ENDPOINT_URL: at,
        },
        ready: () => answers(`${url}/readyz`),
        within: WITHIN_MS,
        what: "the server to be ready",
      }),
    );
    ({ person } = await cast(data));
  },
  { timeout: 3 * WITHIN_MS },
);
after(async () => {
  for (const one of running.reverse()) await one.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Every sign-in there is was long ago. */
const old = () =>
  database.sql(`UPDATE sessions SET data = jsonb_set(data, '{signed_in,proved_at}', to_jsonb('2020-01-01T00:00:00Z'::text))`);

const path = () => new URL(page.url()).pathname;

/** As far as the password leads. */
async function afterThePassword(on, { email, password }, next = "/runs") {
  await on.goto(`${url}/sign-in?next=${encodeURIComponent(next)}`);
  await on.locator("input[type=email]").fill(email);
  await on.locator("input[type=password]").fill(password);
  await push(on, "Sign in to Holdfast");
}

const keys = async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;

test("a key is registered, and the codes to recover with are shown once", async () => {
  page = await chrome.open(`${url}/me`, { as: person("approver") });
  devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable", { enableUI: false });
  ({ authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  }));
  await page.locator("#add-passkey-name").fill(NAME);
  await push(page, "Register a key");
  recovery = await page.locator("code.secret").allInnerTexts();
  assert.equal(recovery.length, 10);
  assert.equal((await keys()).length, 1);
  await page.getByRole("link", { name: "I have kept them" }).click();
  await page.waitForURL(`${url}/me`);
  assert.match(await page.locator(".card-passkeys").innerText(), new RegExp(NAME));
  assert.match(await page.locator(".card-factor").innerText(), /10 left/);
  assert.equal(await page.locator("code.secret").count(), 0, "the codes are shown again");
  await accessible(page);
  await noSidewaysScrolling(page);
  noProblems(page);
});

test("the next sign-in asks for the key, and the password alone is worth nothing", async () => {
  await page.context().clearCookies();
  await afterThePassword(page, person("approver"));
  assert.equal(path(), "/sign-in/code");
  await accessible(page);
  await push(page, "Use a passkey");
  assert.equal(path(), "/runs");
  noProblems(page);
});

test("an approver whose sign-in is old is asked to prove who they are, does it with the key, and the run starts", async () => {
  const operator = await client(url).as(person("operator"));
  const run = expect(await operator.request({ application: "shop", intent: "failover", mode: "planned" }), 201).body;
  await page.goto(`${url}/runs/${run.id}`);
  await page.locator("#approve-comment").fill("read, twice");
  await old();
  await push(page, /^Approve/);
  assert.equal(path(), "/prove");
  assert.equal((await operator.get(`/runs/${run.id}`)).reviews.length, 0, "it was approved on an old sign-in");
  await accessible(page);
  await push(page, "Prove it with a passkey");
  assert.equal(path(), `/runs/${run.id}`);
  assert.equal(await page.locator("#approve-comment").inputValue(), "read, twice");
  assert.match(await press(page, /^Approve/), /You approved/);
  const approved = await operator.reaches(run.id, ["running", "completed"]);
  assert.equal(approved.reviews[0].comment, "read, twice");
  const { items } = await operator.get("/audit?action=session.prove");
  assert.deepEqual(items[0].detail.with, ["passkey"]);
  assert.deepEqual(items[0].detail.for, { page: `/runs/${run.id}`, plan_digest: run.plan_digest });
  noProblems(page);
});

test("an answer is taken once: sent again it proves nothing", async () => {
  await page.goto(`${url}/prove?next=%2Fruns`);
  let sent;
  page.on("request", (request) => {
    if (request.method() === "POST" && new URL(request.url()).pathname === "/prove") sent = request.postData();
  });
  await push(page, "Prove it with a passkey");
  assert.equal(path(), "/runs");
  assert.match(sent, /passkey=/);
  const again = await page.evaluate(async (body) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return (await fetch("/prove", { method: "POST", headers, body })).url;
  }, sent);
  assert.equal(new URL(again).search, "?refused=challenge_gone&next=%2Fruns");
});

test("a copy of the key, which has signed less often, is refused and told of", async () => {
  const [key] = await keys();
  assert.ok(key.signCount > 1, "the key counts");
  await devtools.send("WebAuthn.removeCredential", { authenticatorId, credentialId: key.credentialId });
  await devtools.send("WebAuthn.addCredential", { authenticatorId, credential: { ...key, rpId: "localhost", signCount: 0 } });
  await page.goto(`${url}/prove?next=%2Fruns`);
  await push(page, "Prove it with a passkey");
  assert.equal(path(), "/prove");
  assert.match(await page.locator("[role=alert]").first().innerText(), /may be a copy of it/);
  const operator = await client(url).as(person("operator"));
  const { items } = await operator.get("/audit?action=session.prove&outcome=refused");
  assert.equal(items[0].code, "passkey_count_went_back");
  await devtools.send("WebAuthn.removeCredential", { authenticatorId, credentialId: key.credentialId });
  await devtools.send("WebAuthn.addCredential", { authenticatorId, credential: { ...key, rpId: "localhost", signCount: key.signCount + 10 } });
  await push(page, "Prove it with a passkey");
  assert.equal(path(), "/runs", "the key itself goes on");
});

test("a key that makes sure of nobody proves nothing, and the page says so", async () => {
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.goto(`${url}/prove?next=%2Fruns`);
  await page.getByRole("button", { name: "Prove it with a passkey" }).click();
  await page.locator("[data-said]").filter({ hasText: "The key was not used" }).waitFor();
  assert.equal(path(), "/prove");
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
});

test("with scripts off the pages say that a key needs them, and a code does instead", async () => {
  const plain = await chrome.open(`${url}/sign-in`, { scripts: false });
  await afterThePassword(plain, person("approver"), "/me");
  assert.equal(new URL(plain.url()).pathname, "/sign-in/code");
  assert.equal(await plain.getByRole("button", { name: "Use a passkey" }).isVisible(), false);
  assert.match(await plain.locator("main").innerText(), /scripts are off in this browser: use a code/);
  await plain.locator("#code").fill(recovery[0]);
  await push(plain, "Sign in to Holdfast");
  assert.equal(new URL(plain.url()).pathname, "/me");
  assert.match(await plain.locator(".card-passkeys").innerText(), /registered by a script/);
  await old();
  await plain.goto(`${url}/prove?next=%2Fruns`);
  assert.match(await plain.locator("main").innerText(), /use your password and a code/);
  await plain.locator("#password").fill(person("approver").password);
  await plain.locator("#code").fill(recovery[1]);
  await push(plain, "Prove who you are");
  assert.equal(new URL(plain.url()).pathname, "/runs");
  noProblems(plain);
  await plain.context().close();
});

test("a key is renamed on the page of one's own sign-in, with scripts off too", async () => {
  const plain = await chrome.open(`${url}/me`, { scripts: false, signedInBy: page });
  await old();
  await plain.goto(`${url}/prove?next=%2Fme`);
  await plain.locator("#password").fill(person("approver").password);
  await plain.locator("#code").fill(recovery[2]);
  await push(plain, "Prove who you are");
  await unfold(plain, `Change… ${NAME}`);
  await plain.getByLabel("Name of the key").first().fill("the one in the safe");
  assert.match(await press(plain, `Rename ${NAME}`), /called the one in the safe now/);
  await plain.context().close();
});

test("an admin takes a key away that was lost: from then on it signs nobody in", async () => {
  const admin = await chrome.open(`${url}/people`, { as: person("admin"), scripts: false });
  const { email } = person("approver");
  await unfold(admin, `Change… ${email}`);
  await admin.getByRole("link", { name: `Keys of ${email}` }).click();
  await admin.getByRole("heading", { name: `Keys of ${email}`, level: 1 }).waitFor();
  // axe needs scripts: a page of its own for the same address.
  const seen = await chrome.open(admin.url(), { signedInBy: admin });
  await accessible(seen);
  noProblems(seen);
  await seen.context().close();
  assert.match(await press(admin, "Take away the one in the safe"), /taken away/);
  noProblems(admin);
  await admin.context().close();
  await page.context().clearCookies();
  await afterThePassword(page, person("approver"));
  assert.equal(path(), "/runs", "the password is all there is again");
});

// What is not done on an old sign-in leads to a proof of who one is and back, with what was typed. Over a Postgres of somebody
// else's, where the story can make a sign-in old without waiting.
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, noProblems } from "../lib/browser.mjs";
import { press } from "../lib/forms.mjs";
import { cast, dataFolder } from "../lib/holdfast.mjs";
import { postgres } from "../lib/postgres.mjs";
import { answers, binary, freePort, launch } from "../lib/process.mjs";
import { client, expect } from "../lib/rest.mjs";

const WITHIN_MS = 180_000;
const chrome = browser();
const running = [];
let folder, database, url, person;

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

for (const scripts of [true, false]) {
  test(`a form that wants a fresh proof leads to it and back with what was typed, scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await chrome.open(`${url}/tokens`, { as: person("operator"), scripts });
    await page.locator("#add-token-name").fill("night-watch");
    await page.locator("#add-token-runs-read").check();
    await old();
    const push = async (name) => {
      const loaded = page.waitForEvent("load");
      await page.getByRole("button", { name }).click();
      await loaded;
    };
    await push("Make this token");
    assert.equal(new URL(page.url()).pathname, "/prove");
    await page.locator("#password").fill("not the password");
    await push("Prove who you are");
    assert.match(await page.locator("[role=alert]").innerText(), /not right/);
    await page.locator("#password").fill(person("operator").password);
    await push("Prove who you are");
    assert.equal(new URL(page.url()).pathname, "/tokens");
    assert.match(await page.locator(".flash[role=status]").innerText(), /Nothing was done yet/);
    assert.equal(await page.locator("#add-token-name").inputValue(), "night-watch");
    assert.ok(await page.locator("#add-token-runs-read").isChecked(), "what was ticked is gone");
    await push("Make this token");
    assert.match(await page.locator("code.secret").innerText(), /^hf_/);
    noProblems(page);
    await page.context().close();
  });
}

test("an approver whose sign-in is old approves after proving who they are, with their comment", async () => {
  const [operator, api] = [await client(url).as(person("operator")), await client(url).as(person("approver"))];
  const run = expect(await operator.request({ application: "shop", intent: "failover", mode: "planned" }), 201).body;
  const page = await chrome.open(`${url}/runs/${run.id}`, { as: person("approver"), scripts: false });
  await page.locator("#approve-comment").fill("read, twice");
  await old();
  const stale = await api.approve(run);
  assert.equal(expect(stale, 403).body.code, "fresh_identity_needed");
  assert.match(stale.body.way_out, /session\/proof/);
  let loaded = page.waitForEvent("load");
  await page.getByRole("button", { name: /^Approve/ }).click();
  await loaded;
  await page.locator("#password").fill(person("approver").password);
  loaded = page.waitForEvent("load");
  await page.getByRole("button", { name: "Prove who you are" }).click();
  await loaded;
  assert.equal(await page.locator("#approve-comment").inputValue(), "read, twice");
  assert.match(await press(page, /^Approve/), /You approved/);
  const reviewed = await operator.get(`/runs/${run.id}`);
  assert.equal(reviewed.reviews[0].comment, "read, twice");
  const { password } = person("approver");
  expect(await api.call("POST", "/session/proof", { body: { password } }), 200);
  noProblems(page);
});

// A server whose machine is three days ahead. Its database's clock and AWS's are right, and so is everything that it does: people sign in
// and approve, calls are signed so that AWS takes them. Every page says that the clock is wrong.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, noProblems } from "../lib/browser.mjs";
import { cast, dataFolder } from "../lib/holdfast.mjs";
import { postgres } from "../lib/postgres.mjs";
import { answers, binary, environment, freePort, launch } from "../lib/process.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, simulatorAt } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const WITHIN_MS = 180_000;
const { open } = browser();
let folder, sim, url, person;
const running = [];

/** Installed by `scripts/setup test`. */
function libfaketime() {
  const found = readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`);
  return found.find((file) => existsSync(file)) ?? assert.fail("libfaketime is not installed: scripts/setup test");
}

/** Runs `holdfast …` to its end. */
const command = (args, env = {}) =>
  new Promise((resolve, reject) => {
    execFile(binary, args, { env: environment(env), timeout: WITHIN_MS }, (error, stdout, stderr) =>
      error ? reject(new Error(`${args}: ${stderr}`)) : resolve(stdout),
    );
  });

before(
  async () => {
    folder = await dataFolder();
    const database = await postgres(join(folder, "postgres"));
    running.push(database);
    const at = await freePort();
    const aws = `http://127.0.0.1:${at}`;
    running.push(
      await launch(binary, ["sim", "--listen", `127.0.0.1:${at}`, "--data", join(folder, "simulator")], {
        name: `clocks-sim-${at}`,
        ready: () => answers(`${aws}/_sim/world`),
        within: WITHIN_MS,
        what: "the simulator to answer",
      }),
    );
    sim = simulatorAt(aws);
    await command(["audit", "new-key", "--to", join(folder, "audit.key")]);
    await command(["migrate"], { DATABASE_URL: database.lesser, HOLDFAST_MIGRATION_DATABASE_URL: database.owner });
    const port = await freePort();
    url = `http://localhost:${port}`;
    const data = join(folder, "server");
    await mkdir(data, { recursive: true });
    running.push(
      await launch(binary, ["serve", "--demo", "--listen", `127.0.0.1:${port}`, "--data", data], {
        name: `clocks-serve-${port}`,
        env: {
          LD_PRELOAD: libfaketime(),
          FAKETIME: "+3d",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
          DATABASE_URL: database.lesser,
          AWS_ENDPOINT_URL: aws,
          AWS_ACCESS_KEY_ID: "AKIDOFTHECONTROLROOM",
          AWS_SECRET_ACCESS_KEY: "any",
          HOLDFAST_AUDIT_KEY: join(folder, "audit.key"),
          HOLDFAST_AUDIT_CHECKPOINTS: join(folder, "checkpoints"),
          HOLDFAST_DNS_RESOLVER: new URL(aws).host,
          HOLDFAST_SWEEP_INTERVAL: "5s",
        },
        ready: () => answers(`${url}/readyz`),
        within: WITHIN_MS,
        what: "the server to be ready",
      }),
    );
    ({ person } = await cast(data));
  },
  { timeout: 2 * WITHIN_MS },
);
after(async () => {
  for (const one of running.reverse()) await one.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

for (const scripts of [true, false]) {
  test(`every page says that the clock is wrong and what to do, ${scripts ? "with" : "without"} scripts`, async () => {
    const page = await open(`${url}/`, { as: person("operator"), scripts });
    await until(
      async () => {
        await page.goto(`${url}/applications`);
        return (await page.getByRole("alert").filter({ hasText: "Two clocks are apart" }).count()) > 0;
      },
      { within: 60_000, every: 1_000, what: "the alarm" },
    );
    const banner = page.getByRole("alert").filter({ hasText: "Two clocks are apart" });
    assert.match(await banner.innerText(), /(2|3) days ahead of the database's\. Let NTP set the clock of its machine/);
    await banner.getByRole("link", { name: "System health" }).click();
    await page.waitForURL(/\/system$/);
    assert.match(await page.locator("main").innerText(), /apart[\s\S]*\+259\d{3}\.\d s/);
    noProblems(page);
  });
}

test("and everything works by the database's clock: a run is asked for, approved and done, each call once", { timeout: WITHIN_MS }, async () => {
  const operator = await client(url).as(person("operator"));
  const run = expect(await operator.request({ application: "shop", intent: "failover", mode: "planned" }), 201).body;
  expect(await (await client(url).as(person("approver"))).approve(run), 200, 201);
  await operator.reaches(run.id, ["completed"], WITHIN_MS);
  assert.deepEqual(duplicates(await sim.ledger()), []);
  const system = await operator.get("/system");
  assert.ok(system.clocks.some((clock) => clock.state === "bad" && clock.way_out));
});

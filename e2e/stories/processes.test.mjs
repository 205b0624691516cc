// Holdfast as it is deployed: a Postgres that somebody else runs, with an owner who migrates and a lesser role that serves;
// the simulator, the server and workers each a process of its own. What dies here is one of these alone: AWS goes on.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { between } from "../lib/between.mjs";
import { cast, dataFolder } from "../lib/holdfast.mjs";
import { postgres } from "../lib/postgres.mjs";
import { answers, binary, environment, freePort, launch } from "../lib/process.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulatorAt } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const WITHIN_MS = 180_000;
let folder, database, wire, sim, port, person, atWork;
const running = [];

before(
  async () => {
    folder = await dataFolder();
    database = await postgres(join(folder, "postgres"));
    running.push(database);
    const at = await freePort();
    const url = `http://127.0.0.1:${at}`;
    running.push(
      await launch(binary, ["sim", "--listen", `127.0.0.1:${at}`, "--data", join(folder, "simulator")], {
        name: `sim-${at}`,
        ready: () => answers(`${url}/_sim/world`),
        within: WITHIN_MS,
        what: "the simulator to answer",
      }),
    );
    sim = simulatorAt(url);
    wire = await between(url);
    running.push(wire);
    port = await freePort();
    await command(["audit", "new-key", "--to", join(folder, "audit.key")]);
  },
  { timeout: 2 * WITHIN_MS },
);
after(async () => {
  for (const one of running.reverse()) await one.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** The settings of every process: the database as the lesser role, and AWS as far as `wire` lets it through. */
const settings = () => ({
  DATABASE_URL: database.lesser,
  AWS_ENDPOINT_URL: wire.url,
  AWS_ACCESS_KEY_ID: "AKIDOFTHECONTROLROOM",
  AWS_SECRET_ACCESS_KEY: "any",
  HOLDFAST_AUDIT_KEY: join(folder, "audit.key"),
  HOLDFAST_AUDIT_CHECKPOINTS: join(folder, "checkpoints"),
  HOLDFAST_DNS_RESOLVER: new URL(sim.url).host,
  HOLDFAST_SWEEP_INTERVAL: "5s",
});

/** Runs `holdfast …` to its end. */
function command(args, env = {}) {
  return new Promise((resolve) => {
    execFile(binary, args, { env: environment(env), timeout: WITHIN_MS }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

const url = () => `http://localhost:${port}`;

async function serve(...more) {
  const data = join(folder, "server");
  await mkdir(data, { recursive: true });
  const server = await launch(binary, ["serve", "--listen", `127.0.0.1:${port}`, "--data", data, ...more], {
    name: `serve-${port}-${running.length}`,
    env: settings(),
    ready: () => answers(`${url()}/readyz`),
    within: WITHIN_MS,
    what: "the server to be ready",
  });
  running.push(server);
  ({ person } = await cast(data));
  return server;
}

async function worker(name) {
  const one = await launch(binary, ["worker", "--data", join(folder, name)], {
    name: `${name}-${port}`,
    env: settings(),
    ready: (said) => /A Holdfast worker runs/.test(said),
    within: WITHIN_MS,
    what: `${name} to run`,
  });
  running.push(one);
  return one;
}

async function killed({ process: child }) {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

const operator = () => client(url()).as(person("operator"));

async function started(intent) {
  const run = expect(await (await operator()).request({ application: "shop", intent, mode: "planned" }), 201).body;
  expect(await (await client(url()).as(person("approver"))).approve(run), 200, 201);
  return run;
}

const eventsOf = async (rest, run) =>
  (await rest.call("GET", `/runs/${run.id}/events`, { headers: { accept: "application/json" } })).body;

/** The run has ended well, and each of its calls took effect once, whoever made it. */
async function endedOnce(run) {
  const done = await (await operator()).reaches(run.id, ["completed"], WITHIN_MS);
  const ledger = await sim.ledger();
  assert.deepEqual(duplicates(ledger), []);
  assert.equal(effects(ledger, run).length, done.steps.filter((step) => step.call).length);
  return done;
}

test("a server on a database that nobody has migrated says what to do, and stops", { timeout: WITHIN_MS }, async () => {
  const refused = await command(["serve", "--listen", `127.0.0.1:${port}`, "--data", join(folder, "early")], settings());
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /DATABASE_URL: the database has not been migrated to this version/);
  assert.match(refused.stderr, /Run `holdfast migrate` with HOLDFAST_MIGRATION_DATABASE_URL set to the owner's URL/);
});

test("the owner migrates; the role that serves owns nothing and cannot migrate", { timeout: WITHIN_MS }, async () => {
  const alone = await command(["migrate"], { DATABASE_URL: database.lesser });
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /HOLDFAST_MIGRATION_DATABASE_URL/);
  const owners = { DATABASE_URL: database.lesser, HOLDFAST_MIGRATION_DATABASE_URL: database.owner };
  const migrated = await command(["migrate", "--output", "json"], owners);
  assert.equal(migrated.code, 0, migrated.stderr);
  assert.equal(JSON.parse(migrated.stdout).migrated, true);
  assert.equal(await database.sql("SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'public'"), "owner");
  assert.equal(await database.sql("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = 'lesser'"), "f");
  assert.equal((await command(["migrate"], owners)).code, 0, "it cannot be repeated");
});

test("the server dies whenever AWS has done its call and before it hears of it; each is seen, none made again", { timeout: 3 * WITHIN_MS }, async () => {
  let server = await serve("--demo");
  const calls = [/\.UpdateService$/, /^SwitchoverGlobalCluster$/, /^POST \/2013-04-01\/hostedzone\/\w+\/rrset/, /\.UpdateEndpointGroup$/];
  const left = new Map(calls.map((operation) => [operation, wire.swallow("answer", operation).then(() => operation)]));
  const run = await started("failover");
  let deaths = 0;
  // Steps that run side by side may both be without an answer when it dies.
  while (left.size > 0) {
    left.delete(await Promise.race(left.values()));
    await killed(server);
    deaths += 1;
    server = await serve("--demo");
  }
  await endedOnce(run);
  const events = await eventsOf(await operator(), run);
  assert.ok(events.filter((event) => event.kind === "taken_over").length >= deaths, "the timeline shows who took over");
  await server.stop();
});

test("one worker dies before its call reaches AWS; another takes over within seconds, and makes it", { timeout: 3 * WITHIN_MS }, async () => {
  const server = await serve("--no-worker");
  const first = await worker("first");
  await until(
    async () => (await (await operator()).get("/applications/shop/status")).recovery_state === "ready_to_fail_back",
    { within: WITHIN_MS, every: 500, what: "shop to be ready to fail back" },
  );
  const run = await started("failback");
  await wire.swallow("call", /^SwitchoverGlobalCluster$/);
  const second = await worker("second");
  const at = Date.now();
  await killed(first);
  const done = await endedOnce(run);
  assert.equal(done.to_region, "us-east-1");
  const taken = (await eventsOf(await operator(), run)).filter((event) => event.kind === "taken_over").at(-1);
  const after = Date.parse(taken.at) - at;
  assert.ok(after > 0 && after < 10_000, `taken over after ${after} ms`);
  atWork = { server, second };
});

/** Processes that are its children now, and what the kernel keeps of those that have ended: their page faults and their time. */
async function children(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const ofThread = (thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch((error) => {
    // Threads end; the first does not.
    if (thread === String(pid)) throw error;
    return "";
  });
  const now = (await Promise.all(threads.map(ofThread))).join(" ").trim();
  // The name before them may have spaces in it.
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ").at(-1).split(" ");
  return { now, ended: [fields[8], fields[10], fields[13], fields[14]].map(Number) };
}

test("what has signed people in, looked, run and taken over has started no process", { timeout: WITHIN_MS }, async () => {
  assert.notEqual((await children(process.pid)).now, "", "this story's own are not seen");
  for (const [name, one] of Object.entries(atWork)) {
    assert.deepEqual(await children(one.process.pid), { now: "", ended: [0, 0, 0, 0] }, name);
    await one.stop();
  }
});

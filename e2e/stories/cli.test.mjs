// The same job by the command line: a person's session approves, a token asks, the inventory goes out and back in.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { demonstration } from "../lib/holdfast.mjs";
import { binary } from "../lib/process.mjs";
import { client, expect } from "../lib/rest.mjs";

const demo = demonstration();
let home;
before(async () => (home = await mkdtemp(join(tmpdir(), "holdfast-cli-"))));
after(async () => rm(home, { recursive: true, force: true }));

/** Runs `holdfast …` as somebody with a home of their own; gives exit code and what was printed. */
function holdfast(args, { token, who = "operator", input } = {}) {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: join(home, who), HOLDFAST_URL: demo.url, NO_COLOR: "1" };
    if (token) env.HOLDFAST_TOKEN = token;
    const child = execFile(binary, args, { env, timeout: 120_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") return reject(error);
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
    child.stdin.end(input ?? "");
  });
}

function done(result) {
  assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  return result;
}

async function token(scopes) {
  const rest = await client(demo.url).as(demo.person("operator"));
  const made = expect(await rest.call("POST", "/tokens", { body: { name: "pipeline", scopes, days: 1 } }), 200, 201);
  assert.match(made.body.token, /^hf_/);
  return made.body.token;
}

test("a token asks for a run, a person's session approves it, and `run watch` sees it to its end", async () => {
  const asking = await token(["runs:read", "runs:request", "status:read"]);
  const asked = done(
    await holdfast(
      ["run", "start", "shop", "--intent", "failover", "--mode", "planned", "--reason", "by the command line", "--output", "json"],
      { token: asking },
    ),
  );
  const run = JSON.parse(asked.stdout);
  assert.equal(run.state, "awaiting_approval");

  const refused = await holdfast(["run", "approve", run.id], { token: asking });
  assert.notEqual(refused.code, 0, "a token approved");
  assert.match(refused.stderr + refused.stdout, /holdfast login/, "it says the way out");

  const approver = demo.person("approver");
  done(
    await holdfast(["login", "--email", approver.email, "--password-stdin"], {
      who: "approver",
      input: `${approver.password}\n`,
    }),
  );
  done(await holdfast(["run", "approve", run.id], { who: "approver" }));
  const watched = done(await holdfast(["run", "watch", run.id], { token: asking }));
  assert.match(watched.stdout, /Done/);
});

test("the inventory is exported, changes nothing when it is applied again, and a mistake is told with its line", async () => {
  const writing = await token(["inventory:read", "inventory:write"]);
  const file = join(home, "inventory.yaml");
  await writeFile(file, done(await holdfast(["export"], { token: writing })).stdout);
  done(await holdfast(["apply", file, "--dry-run"], { token: writing }));
  await writeFile(file, (await readFile(file, "utf8")).replace("rto: 15m", "rto: -15m"));
  const wrong = await holdfast(["apply", file], { token: writing });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout + wrong.stderr, /rto/);
});

test("wrong usage is exit code 2, and a token without the scope is exit code 1", async () => {
  assert.equal((await holdfast(["run", "frobnicate"])).code, 2);
  const reading = await token(["status:read"]);
  assert.equal((await holdfast(["export"], { token: reading })).code, 1);
});

test("the audit log is exported and verified offline; an edited line is named", async () => {
  const reading = await token(["audit:read"]);
  const rest = await client(demo.url).as(demo.person("operator"));
  const file = join(home, "audit.jsonl");
  done(await holdfast(["audit", "export", "--to", file], { token: reading }));
  const key = expect(await rest.call("GET", "/audit/keys"), 200).body.items[0].public_key;
  const verify = (path) => holdfast(["audit", "verify", path, "--public-key", key, "--output", "json"]);
  const whole = JSON.parse(done(await verify(file)).stdout);
  assert.equal(whole.verified, true);
  assert.ok(whole.report.entries > 3 && whole.report.witnesses === 1, JSON.stringify(whole));

  const lines = (await readFile(file, "utf8")).split("\n");
  const at = lines.findIndex((line) => line.startsWith('{"index":2,'));
  lines[at] = lines[at].replace('"outcome":"done"', '"outcome":"DONE"');
  const edited = join(home, "edited.jsonl");
  await writeFile(edited, lines.join("\n"));
  const refused = await verify(edited);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, /entry 2/);

  const entry = expect(await rest.call("GET", "/audit?limit=200"), 200).body.items.at(-1);
  const proof = expect(await rest.call("GET", `/audit/${entry.id}`), 200).body;
  assert.ok(proof.proof && proof.proof.checkpoint.note.includes("\u2014 holdfast-audit-"), JSON.stringify(proof));
});

test("what REST tells, commands tell: in tables for people, and as the same JSON for programs", async () => {
  const reading = await token(["status:read", "inventory:read", "audit:read", "runs:read"]);
  const rest = await client(demo.url).as(demo.person("operator"));
  const listed = done(await holdfast(["application", "list"], { token: reading })).stdout;
  const applications = expect(await rest.call("GET", "/applications"), 200).body.items;
  for (const { name } of applications) assert.match(listed, new RegExp(`^${name} `, "m"));
  const json = JSON.parse(done(await holdfast(["application", "list", "--json"], { token: reading })).stdout);
  assert.deepEqual(json.items.map(({ name }) => name), applications.map(({ name }) => name));
  for (const [command, told] of [
    ["account list", /222222222222/],
    ["region list", /eu-central-1 .*Frankfurt/],
    ["plan show shop", /planned fail(over|back) from (us-east|eu-central)-1 to/],
    ["compliance --csv", /^application,owner,tier,strategy,strategy_rto_band/],
    ["policy list", /one-approver/],
    ["now", /applications/],
    ["system", /audit log/],
  ]) {
    assert.match(done(await holdfast(command.split(" "), { token: reading })).stdout, told, command);
  }
});

test("what a person alone may do, a signed-in person does by commands, and a refusal stands in the audit log", async () => {
  for (const who of ["admin", "viewer"]) {
    const { email, password } = demo.person(who);
    done(await holdfast(["login", "--email", email, "--password-stdin"], { who, input: `${password}\n` }));
  }
  const declared = await holdfast(["region", "declare", "ap-southeast-1", "impaired", "--reason", "by the command line"], { who: "admin" });
  assert.match(done(declared).stdout, /impaired: by the command line/);
  done(await holdfast(["region", "declare", "ap-southeast-1", "normal"], { who: "admin" }));
  const freeze = ["freeze", "declare", "--reason", "a rehearsal", "--until", new Date(Date.now() + 600_000).toISOString(), "--application", "archive"];
  const made = JSON.parse(done(await holdfast([...freeze, "--json"], { who: "admin" })).stdout);
  done(await holdfast(["freeze", "lift", made.id], { who: "admin" }));

  const refused = await holdfast(["automation", "off", "--reason", "not mine to do"], { who: "viewer" });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the role operator or admin/);
  const entries = await holdfast(["audit", "list", "--outcome", "refused", "--action", "automation.off", "--json"], { who: "viewer" });
  const [entry] = JSON.parse(done(entries).stdout).items;
  assert.deepEqual([entry.actor, entry.code], [demo.person("viewer").email, "forbidden"]);
});

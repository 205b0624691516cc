// The whole API against its own document: schemathesis, which nobody here wrote, sends what the document allows and what it does
// not, as a program and as a person. No answer is a failure of the server, none has another shape than is written down, and
// nothing answers somebody who did not say who they are. HOLDFAST_FUZZ_EXAMPLES: cases of each operation beside those of its edges.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { demonstration } from "../lib/holdfast.mjs";
import { artefacts, cache } from "../lib/process.mjs";

const demo = demonstration();
const st = process.env.HOLDFAST_SCHEMATHESIS ?? join(cache, "venvs/schemathesis/bin/st");
const config = fileURLToPath(new URL("../schemathesis.toml", import.meta.url));
const examples = Number(process.env.HOLDFAST_FUZZ_EXAMPLES ?? 2);
const AT_MOST_MS = 180_000 + examples * 15_000;
// An open stream of events ends with its run, and not with an answer.
const NEVER_ENDS = ["get_events"];
// They would end the very session that asks.
const END_IT = ["delete_session", "delete_sessions", "post_sign_everybody_out"];

/** Signs in by REST; the cookie, as a browser would send it. */
async function session(who) {
  const answer = await fetch(`${demo.url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: demo.url },
    body: JSON.stringify({ email: who.email, password: who.password }),
  });
  assert.equal(answer.status, 200, await answer.text());
  return answer.headers.get("set-cookie").split(";")[0];
}

async function token(cookie) {
  const scopes = ["inventory:read", "inventory:write", "status:read", "runs:read", "runs:request", "audit:read"];
  const answer = await fetch(`${demo.url}/api/v1/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: demo.url, cookie },
    body: JSON.stringify({ name: "fuzz", scopes, days: 1 }),
  });
  assert.equal(answer.status, 201);
  return (await answer.json()).token;
}

/** One run, always of the same cases; the number of them. */
async function fuzz(name, seed, headers, without) {
  const args = ["--config-file", config, "run", `${demo.url}/api/v1/openapi.json`, "--url", demo.url];
  args.push(...headers.flatMap((header) => ["-H", header]));
  args.push(...without.flatMap((operation) => ["--exclude-operation-id", operation]));
  args.push("--checks", "all", "-n", String(examples), "--seed", String(seed), "--generation-database", "none");
  args.push("--no-shrink", "--continue-on-failure", "--request-timeout", "10", "--warnings", "off", "--no-color");
  const child = spawn(st, args, { stdio: ["ignore", "pipe", "pipe"], cwd: artefacts });
  const killer = setTimeout(() => child.kill("SIGKILL"), AT_MOST_MS);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (words) => (said += words));
  try {
    const [code, signal] = await once(child, "close");
    await writeFile(join(artefacts, `fuzz-${name}.log`), said);
    assert.equal(signal, null, `${name}: not done within ${AT_MOST_MS / 1000} s`);
    assert.equal(code, 0, `${name}:\n${said.slice(said.indexOf("FAILURES") - 40).slice(0, 20_000)}`);
  } finally {
    clearTimeout(killer);
  }
  return Number(said.match(/(\d+) generated/)?.[1] ?? 0);
}

test("what the document allows is answered as it says, what it does not is refused, and nothing is a failure", { timeout: AT_MOST_MS + 30_000 }, async (t) => {
  const admin = demo.person("admin");
  const program = await token(await session(admin));
  const person = await session(admin);
  const began = Date.now();
  // Both to their ends: the demonstration stops with this test, and the one still running would take that for a failure.
  const runs = await Promise.allSettled([
    fuzz("program", 7, [`Authorization: Bearer ${program}`], NEVER_ENDS),
    fuzz("person", 11, [`Cookie: ${person}`, `Origin: ${demo.url}`], [...NEVER_ENDS, ...END_IT]),
  ]);
  const failed = runs.flatMap(({ reason }) => (reason ? [reason.message] : []));
  assert.deepEqual(failed, [], failed.join("\n"));
  const cases = runs.map(({ value }) => value);
  t.diagnostic(`${cases.join(" + ")} cases in ${Math.round((Date.now() - began) / 1000)} s`);
  assert.ok(cases[0] + cases[1] >= 2_000, `only ${cases} cases`);

  const ready = await fetch(`${demo.url}/readyz`);
  assert.equal(ready.status, 200, "it is not well afterwards");
  assert.ok(!demo.said().includes("panicked"), "something panicked");
});

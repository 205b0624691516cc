// The inventory file from outside: the same bytes back, a difference before anything is stored, and a clear answer to nonsense.
import assert from "node:assert/strict";
import { test } from "node:test";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";

const demo = demonstration();
const yaml = "application/yaml";
const admin = () => client(demo.url).as(demo.person("admin"));

async function file(rest, type = yaml) {
  return expect(await rest.call("GET", "/inventory", { headers: { accept: type } }), 200).text;
}

for (const type of [yaml, "application/json"]) {
  test(`what is exported as ${type} changes nothing when it is sent back, and comes back to the byte`, async () => {
    const rest = await admin();
    const before = await file(rest, type);
    const put = expect(await rest.call("PUT", "/inventory", { body: before, type }), 200).body;
    assert.equal(put.changed, false, put.text);
    assert.equal(await file(rest, type), before);
  });
}

test("the demonstration has at least twelve applications over four strategies, five Regions and three accounts", async () => {
  const rest = await admin();
  const { applications, accounts } = JSON.parse(await file(rest, "application/json"));
  assert.ok(applications.length >= 12);
  assert.equal(new Set(applications.map((a) => a.strategy)).size, 4);
  assert.ok(accounts.length >= 3);
  assert.ok(new Set(applications.flatMap((a) => [a.home_region, ...a.recovery_regions])).size >= 5);
  assert.ok(applications.some((a) => a.strategy === "active_active" && a.recovery_regions.length === 2));
});

const edits = {
  "a typing error in a key": [/recovery_regions:/, "recovry_regions:", /recovery_regions/],
  "a negative RTO": [/rto: \w+/, "rto: -5m", /rto/],
  "an unknown Region": [/home_region: us-east-1/, "home_region: us-esat-1", /us-east-1/],
  "an unknown kind": [/kind: ecs_service/, "kind: ecs_servise", /ecs_service/],
  "an unquoted account id": [/id: "222222222222"/, "id: 222222222222", /quote/],
};

for (const [what, [find, replace, says]] of Object.entries(edits)) {
  test(`${what} is refused with its line and a way out, and nothing is stored`, async () => {
    const rest = await admin();
    const before = await file(rest);
    assert.match(before, find);
    const line = before.slice(0, before.search(find)).split("\n").length;
    const answer = await rest.call("PUT", "/inventory", { body: before.replace(find, replace), type: yaml });
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.headers.get("content-type"), /application\/problem\+json/);
    const problem = answer.body.fields.find((field) => says.test(`${field.message} ${field.way_out} ${field.path}`));
    assert.ok(problem, answer.text);
    // A key that is missing because it is misspelt is told at the entry too; the misspelling has its own line.
    assert.ok(answer.body.fields.some((field) => field.line === line), `line ${line}: ${answer.text}`);
    assert.equal(await file(rest), before);
  });
}

test("a duplicate name is refused", async () => {
  const rest = await admin();
  const before = await file(rest);
  const answer = await rest.call("PUT", "/inventory", { body: before.replace("name: shop\n", "name: billing\n"), type: yaml });
  assert.equal(answer.status, 422, answer.text);
  assert.match(answer.text, /billing/);
  assert.equal(await file(rest), before);
});

test("five megabytes of noise are refused quickly and clearly", async () => {
  const rest = await admin();
  const before = await file(rest);
  const noise = "x: {".repeat(1_250_000);
  const answer = await rest.call("PUT", "/inventory", { body: noise, type: yaml });
  assert.equal(answer.status, 413, answer.text.slice(0, 300));
  assert.ok(answer.body.way_out);
  const deep = await rest.call("PUT", "/inventory", { body: "[".repeat(100_000), type: yaml });
  assert.equal(deep.status, 422, deep.text.slice(0, 300));
  assert.equal(await file(rest), before);
});

test("an objective that the strategy cannot reach is stored, and said as a finding", async () => {
  const rest = await admin();
  const before = await file(rest);
  const objectives = /(name: shop\n(?:.*\n)*?\s*objectives: \{rto: )\w+/;
  const sent = before.replace(objectives, "$11s");
  const dry = expect(await rest.call("PUT", "/inventory?dry_run=true", { body: sent, type: yaml }), 200).body;
  assert.equal(dry.changed, true);
  assert.match(dry.text, /shop/);
  assert.equal(await file(rest), before, "a dry run stores nothing");
  const put = expect(await rest.call("PUT", "/inventory", { body: sent, type: yaml }), 200).body;
  assert.ok(put.findings.some((finding) => finding.includes("shop")), JSON.stringify(put.findings));
  const compliance = await rest.get("/compliance");
  assert.ok(compliance.rows.find((row) => row.application === "shop").gaps.length > 0);
  expect(await rest.call("PUT", "/inventory", { body: before, type: yaml }), 200);
  assert.equal(await file(rest), before);
});

test("entries that a section leaves out are kept unless pruning is asked for", async () => {
  const rest = await admin();
  const before = await file(rest);
  const groups = "version: 1\ngroups:\n  - name: approvers\n";
  const answer = await rest.call("PUT", "/inventory", { body: groups, type: yaml });
  assert.equal(answer.status, 422, answer.text);
  assert.match(answer.text, /prune/);
  assert.equal(await file(rest), before);
});

test("an operator may change applications but neither accounts nor policies", async () => {
  const rest = await client(demo.url).as(demo.person("operator"));
  const before = await file(rest);
  const answer = await rest.call("PUT", "/inventory", {
    body: before.replace("expires_after: 2h", "expires_after: 3h"),
    type: yaml,
  });
  assert.equal(answer.status, 403, answer.text);
  assert.equal(await file(rest), before);
});

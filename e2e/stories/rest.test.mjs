// The whole job by REST calls alone: shop fails over, somebody else approves, the simulator says what changed, and back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const failover = { application: "shop", intent: "failover", mode: "planned" };

async function people() {
  const operator = await client(demo.url).as(demo.person("operator"));
  const approver = await client(demo.url).as(demo.person("approver"));
  const viewer = await client(demo.url).as(demo.person("viewer"));
  return { operator, approver, viewer };
}

const serving = async (rest, name) => (await rest.get(`/applications/${name}/status`)).serving.regions;

async function moved(rest, name, region) {
  await until(async () => (await serving(rest, name)).join() === region, {
    within: 30_000,
    what: `${name} to be seen serving from ${region}`,
  });
}

test("shop fails over and back, approved by another person, measured and seen by the simulator", async () => {
  const { operator, approver, viewer } = await people();
  const sim = await simulator(demo);
  assert.deepEqual(await serving(operator, "shop"), ["us-east-1"]);

  const run = expect(await operator.request(failover), 201).body;
  assert.equal(run.state, "awaiting_approval");
  assert.equal(run.from_region, "us-east-1");
  assert.equal(run.to_region, "eu-central-1");

  const self = await operator.approve(run);
  assert.equal(self.status, 403, "the requester approved");
  const stranger = await viewer.approve(run);
  assert.equal(stranger.status, 403, "a viewer approved");
  const stale = await approver.approve({ ...run, plan_digest: "0".repeat(64) });
  assert.equal(stale.status, 409);
  assert.equal(stale.body.code, "stale_plan");
  assert.ok(stale.body.way_out.length > 0, "a refusal says its way out");

  expect(await approver.approve(run), 200, 201);
  const done = await operator.reaches(run.id, ["completed"]);
  assert.ok(done.steps.every((step) => step.state === "succeeded"), JSON.stringify(done.steps.map((s) => [s.id, s.state])));
  assert.ok(done.measured.rto.total_seconds > 0, "the RTO is measured");
  const lag = done.measured.stores.find((store) => store.store === "orders");
  assert.ok(lag.milliseconds >= 0 && lag.metric, "the RPO at the cut is measured, with its metric");
  const calls = done.steps.flatMap((step) => step.answers);
  assert.ok(calls.length >= 5 && calls.every((call) => call.request_id), "each call has its AWS request id");
  await moved(operator, "shop", "eu-central-1");

  const ledger = await sim.ledger();
  const changed = effects(ledger, run);
  const operations = new Set(changed.map((line) => line.operation));
  for (const operation of [
    "UpdateService",
    "SwitchoverGlobalCluster",
    "SubmitMultiRegionAccessPointRoutes",
    "UpdateEndpointGroup",
    "ChangeResourceRecordSets",
  ]) {
    assert.ok(operations.has(operation), `no ${operation} took effect: ${[...operations]}`);
  }
  for (const line of changed) {
    assert.ok(line.source_identity, "the person is the source identity");
    assert.ok(line.session_policy, "the session is narrowed");
    assert.match(line.user_agent, /holdfast-step\/\S+ holdfast-direction\/do holdfast-epoch\/\d+$/);
  }
  assert.deepEqual(duplicates(ledger), []);

  await until(
    async () => (await operator.get("/applications/shop/status")).recovery_state === "ready_to_fail_back",
    { within: 60_000, what: "shop to be ready to fail back" },
  );
  const back = expect(await operator.request({ application: "shop", intent: "failback", mode: "planned" }), 201).body;
  assert.equal(back.to_region, "us-east-1");
  expect(await approver.approve(back), 200, 201);
  await operator.reaches(back.id, ["completed"]);
  await moved(operator, "shop", "us-east-1");
  assert.deepEqual(duplicates(await sim.ledger()), []);

  const compliance = await operator.get("/compliance");
  const row = compliance.rows.find((r) => r.application === "shop");
  assert.equal(row.rto, "met");
  const never = compliance.rows.find((r) => r.runs_counted === 0);
  assert.equal(never.rto, "unknown", "what no run has measured is unknown, never green");
});

test("two simultaneous requests make one run, and the other is told which", async () => {
  const { operator } = await people();
  const body = { ...failover, application: "billing" };
  const answers = await Promise.all([operator.request(body), operator.request(body)]);
  const made = answers.filter((answer) => answer.status === 201);
  const refused = answers.filter((answer) => answer.status === 409);
  assert.equal(made.length, 1, answers.map((answer) => answer.text).join("\n"));
  assert.equal(refused.length, 1);
  assert.equal(refused[0].body.code, "run_active");
  assert.equal(refused[0].body.blocked_by, made[0].body.id);
  expect(await operator.call("POST", `/runs/${made[0].body.id}/cancel`, { body: { reason: "only to see who wins" } }), 200);
});

test("the same idempotency key gives the same run, and with another body it is refused", async () => {
  const { operator } = await people();
  const key = randomUUID();
  const body = { ...failover, application: "billing" };
  const first = expect(await operator.request(body, key), 201).body;
  const second = await operator.request(body, key);
  assert.equal(second.body.id, first.id);
  const other = await operator.request({ ...body, reason: "another" }, key);
  assert.equal(other.status, 409);
  assert.equal(other.body.code, "idempotency_key_reused");
  const without = await operator.call("POST", "/runs", { body });
  assert.equal(without.status, 400, "a request without a key is refused");
  expect(await operator.call("POST", `/runs/${first.id}/cancel`, { body: { reason: "done looking" } }), 200);
});

test("a dry run lists every call and makes none", async () => {
  const { operator } = await people();
  const sim = await simulator(demo);
  const run = expect(await operator.request({ ...failover, dry_run: true }), 201).body;
  const done = await operator.reaches(run.id, ["completed"]);
  assert.ok(done.steps.filter((step) => step.call).length >= 5, "the calls are listed");
  assert.ok(done.steps.every((step) => step.answers.length === 0));
  assert.deepEqual(effects(await sim.ledger(), run), []);
});

test("an emergency moves shop out of a dark Region, with the loss accepted by name", async () => {
  const { operator, approver } = await people();
  const sim = await simulator(demo);
  await sim.dark("us-east-1", true);
  try {
    await until(
      async () => {
        const status = await operator.get("/applications/shop/status");
        return status.resources.some((r) => r.regions.some((x) => x.region === "us-east-1" && x.state === "unknown" && x.reason));
      },
      { within: 60_000, what: "the dark Region to be shown as unknown" },
    );
    const asked = { application: "shop", intent: "failover", mode: "emergency", from_region: "us-east-1", to_region: "eu-central-1" };
    const run = expect(await operator.request(asked), 201).body;
    const cut = run.steps.find((step) => step.action === "rds:FailoverGlobalCluster");
    assert.ok(cut?.irreversible, "accepting data loss is shown as what cannot be undone");
    expect(await approver.approve(run), 200, 201);
    const data = await until(
      async () => {
        const now = await operator.get(`/runs/${run.id}`);
        return now.steps.find((step) => step.id === cut.id).state === "succeeded" && now;
      },
      { within: 90_000, what: "the store to be failed over" },
    );
    assert.equal(data.steps.find((step) => step.id === cut.id).answers.length, 1);
  } finally {
    await sim.dark("us-east-1", false);
  }
  assert.deepEqual(duplicates(await sim.ledger()), []);
});

test("two admins' edits of one version: the second is told; a repeated POST makes one person", async () => {
  const admin = await client(demo.url).as(demo.person("admin"));
  const headers = { "idempotency-key": `person-${Date.now()}` };
  const body = { email: `new-${Date.now()}@example.com`, roles: ["viewer"], password: "a long enough password" };
  const first = expect(await admin.call("POST", "/people", { body, headers }), 201);
  const again = expect(await admin.call("POST", "/people", { body, headers }), 201);
  assert.deepEqual(again.body, first.body);
  const other = await admin.call("POST", "/people", { body: { ...body, roles: ["admin"] }, headers });
  assert.equal(expect(other, 409).body.code, "idempotency_key_reused");

  const made = expect(
    await admin.call("POST", "/policies", { body: { name: "two-of-sre", rules: [{ group: "sre", approvals: 2 }], expires_after: "1h" } }),
    201,
  );
  const edit = { rules: [{ group: "sre", approvals: 1 }], expires_after: "1h" };
  const version = { "if-match": made.headers.get("etag") };
  expect(await admin.call("PUT", "/policies/two-of-sre", { body: edit, headers: version }), 200);
  const late = await admin.call("PUT", "/policies/two-of-sre", { body: { ...edit, expires_after: "2h" }, headers: version });
  assert.equal(expect(late, 412).body.code, "changed_meanwhile");
  expect(await admin.call("DELETE", "/policies/two-of-sre"), 204);
});

// Traffic by switches: an application on the data plane alone leaves a Region with every global control plane out;
// one that needs Route 53's control plane says so beforehand and stops there; origins and ARC's own plans move too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, effects, simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const globalPlanes = ["us-east-1", "us-west-2"];

async function people() {
  const operator = await client(demo.url).as(demo.person("operator"));
  // Signed in when needed: approving asks for fresh proof of identity.
  const approve = async (run) => expect(await (await client(demo.url).as(demo.person("approver"))).approve(run), 200, 201);
  return { operator, approve };
}

const status = (rest, name) => rest.get(`/applications/${name}/status`);

async function serves(rest, name, region) {
  await until(async () => (await status(rest, name)).serving.regions.join() === region, {
    within: 60_000,
    what: `${name} to be seen serving from ${region}`,
  });
}

async function readyToFailBack(rest, name) {
  await until(async () => (await status(rest, name)).recovery_state === "ready_to_fail_back", {
    within: 90_000,
    what: `${name} to be ready to fail back`,
  });
}

const step = (run, id) => run.steps.find((one) => one.id === id);

async function stepSucceeds(rest, run, id, within = 120_000) {
  let now;
  await until(
    async () => {
      now = await rest.get(`/runs/${run.id}`);
      const parked = now.steps.filter((one) => one.parked).map((one) => `${one.id}: ${one.parked.reason}`);
      assert.deepEqual(parked, []);
      return step(now, id).state === "succeeded";
    },
    { within, what: `${id} to succeed` },
  );
  return now;
}

test("an application on the data plane leaves a dark Region with every global control plane out, and comes back", async () => {
  const { operator, approve } = await people();
  const sim = await simulator(demo);
  await serves(operator, "tickets", "us-east-1");
  // Route 53 does not even tell what records there are; its name servers go on.
  await sim.fault({ service: "route53", kind: "error" });
  // Two of the cluster's five endpoints, and the one place that tells where the five are.
  for (const region of globalPlanes) {
    await sim.dark(region, true);
    await sim.controlPlaneDark(region, true);
  }
  try {
    const asked = { application: "tickets", intent: "failover", mode: "emergency", from_region: "us-east-1", to_region: "eu-central-1" };
    const run = expect(await operator.request(asked), 201).body;
    const planes = run.steps.filter((one) => one.call).map((one) => one.plane);
    assert.ok(planes.includes("arc-cluster@any-of-five"), planes.join());
    for (const plane of planes) assert.ok(!globalPlanes.some((region) => plane.endsWith(`@${region}`)), plane);
    assert.ok(!run.steps.some((one) => one.resource === "front-door"), "the records follow the controls");
    await approve(run);
    const now = await stepSucceeds(operator, run, "confirm-serving");
    const [answer] = step(now, "switch-switch").answers;
    assert.ok(!globalPlanes.includes(answer.region), "no dark endpoint took it");
    const controls = (await sim.world()).routing_controls.filter((one) => one.panel === "tickets");
    assert.deepEqual(controls.map((one) => [one.name, one.on]), [
      ["tickets-us-east-1", false],
      ["tickets-eu-central-1", true],
    ]);
    const done = effects(await sim.ledger(), run).map((line) => line.operation);
    assert.deepEqual(done.filter((operation) => operation === "UpdateRoutingControlStates").length, 1);
    assert.ok(!done.includes("ChangeResourceRecordSets"));
  } finally {
    await sim.clearFaults();
    for (const region of globalPlanes) {
      await sim.dark(region, false);
      await sim.controlPlaneDark(region, false);
    }
  }
  await serves(operator, "tickets", "eu-central-1");
  await readyToFailBack(operator, "tickets");
  // A lag that is not measured yet asks for an override by name; the story waits until it is.
  let asked;
  await until(
    async () => {
      asked = await operator.request({ application: "tickets", intent: "failback", mode: "planned" });
      return asked.status !== 409;
    },
    { within: 60_000, what: "the lag of seats at home to be measured again" },
  );
  const back = expect(asked, 201).body;
  await approve(back);
  await operator.reaches(back.id, ["completed"]);
  await serves(operator, "tickets", "us-east-1");
  assert.deepEqual(duplicates(await sim.ledger()), []);
});

test("a plan that edits records is flagged beforehand and stops at that step with a clear sentence", async () => {
  const { operator, approve } = await people();
  const sim = await simulator(demo);
  await sim.controlPlaneDark("us-east-1", true);
  try {
    const asked = { application: "catalog", intent: "failover", mode: "emergency", from_region: "us-east-1", to_region: "eu-central-1" };
    // Nobody answers for its need of one Region's control plane: it is named, and blocks nothing.
    assert.equal(expect(await operator.request(asked), 409).body.code, "override_needed");
    asked.overrides = ["plane_lint"];
    const run = expect(await operator.request(asked), 201).body;
    assert.ok(run.notes.some((note) => note.includes("route53@us-east-1") && note.includes("control plane in one Region")), run.notes.join("\n"));
    await approve(run);
    let now;
    await until(
      async () => {
        now = await operator.get(`/runs/${run.id}`);
        return /ServiceUnavailable/.test(step(now, "route-front-door").note ?? "");
      },
      { within: 120_000, what: "the record step to say what it waits for" },
    );
    const stopped = step(now, "route-front-door");
    assert.match(stopped.note, /route53:ChangeResourceRecordSets in us-east-1/);
    assert.ok(["unknown", "waiting"].includes(stopped.state), stopped.state);
    assert.deepEqual(effects(await sim.ledger(), run).filter((line) => line.service === "route53"), []);
    assert.equal(now.steps.find((one) => one.irreversible).state, "succeeded", "no data waits for it");
    await sim.controlPlaneDark("us-east-1", false);
    await operator.reaches(run.id, ["completed"]);
  } finally {
    await sim.controlPlaneDark("us-east-1", false);
  }
});

test("a distribution and a Region switch plan move together, each followed to its end, and come back", async () => {
  const { operator, approve } = await people();
  const sim = await simulator(demo);
  await serves(operator, "website", "us-east-1");
  for (const [intent, region] of [
    ["failover", "eu-west-1"],
    ["failback", "us-east-1"],
  ]) {
    const run = expect(await operator.request({ application: "website", intent, mode: "planned" }), 201).body;
    assert.equal(run.to_region, region);
    await approve(run);
    const done = await operator.reaches(run.id, ["completed"]);
    assert.match(step(done, "execute-origins").note, /completed/);
    assert.match(step(done, "swap-cdn").note, /deployed/);
    await serves(operator, "website", region);
    const world = await sim.world();
    const plan = world.region_switch_plans.find((one) => one.name === "website");
    assert.deepEqual([plan.executions.at(-1).region, plan.executions.at(-1).state], [region, "completed"]);
    const [group] = world.distributions.find((one) => one.id === "E2WEBSITE0DEMO").origin_groups;
    assert.equal(group.members[0], region);
    if (intent === "failover") await readyToFailBack(operator, "website");
  }
  assert.deepEqual(duplicates(await sim.ledger()), []);
});

// What fails in one place delays no other: with one account denied, one whose role cannot be assumed at all and one Region
// dark, everything else goes on being seen as often as before, for as long as all of it lasts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const SWEEP_MS = 5_000;
/** What a busy machine takes longer, with another story beside this one; a look that waits for a dark Region takes more. */
const BUSY_MS = 2_500;
const denied = { name: "data-prod", id: "444444444444" };
const stranger = "strangers";
const dark = "eu-west-1";
/** Has resources in the dark Region and in others: its sweep may outlast an interval, and then its next one is left out. */
const sharing = "platform-prod";

/** Every look at every resource: where, in whose account, and what came of it. */
async function looks(rest) {
  const { items } = await rest.get("/applications");
  const all = await Promise.all(
    items.map(async ({ name }) => {
      const status = await rest.get(`/applications/${name}/status`);
      return status.resources.flatMap(({ name: resource, kind, account, regions }) =>
        regions.map((look) => ({ ...look, what: `${name}/${resource} in ${look.region}`, kind, account })),
      );
    }),
  );
  return all.flat();
}

/** An account that the inventory has and AWS knows nothing of. */
async function addStranger(admin) {
  const inventory = await admin.get("/inventory", { headers: { accept: "application/json" } });
  const role = (name) => `arn:aws:iam::555555555555:role/${name}`;
  inventory.accounts.push({ id: "555555555555", name: stranger, read_role_arn: role("holdfast-read"), act_role_arn: role("holdfast-act"), external_id: "never-agreed" });
  const shop = inventory.applications.find(({ name }) => name === "shop");
  const web = shop.resources.find(({ name }) => name === "web");
  const { waivers, ...like } = shop;
  inventory.applications.push({ ...like, name: "foreign", resources: [{ ...web, account: stranger }] });
  expect(await admin.call("PUT", "/inventory", { body: inventory }), 200);
}

test("a denied account, one that cannot be entered and a dark Region delay none of the others", { timeout: 300_000 }, async () => {
  const admin = await client(demo.url).as(demo.person("admin"));
  const rest = await client(demo.url).as(demo.person("viewer"));
  const sim = await simulator(demo);
  await addStranger(admin);
  await sim.fault({ account: denied.id, kind: "deny" });
  await sim.dark(dark, true);
  try {
    const sick = ({ account, region }) => [denied.name, stranger].includes(account) || region === dark;
    const told = await until(
      async () => {
        const all = await looks(rest);
        const of = (which) => all.filter(which);
        const groups = [
          of((one) => one.account === denied.name),
          of((one) => one.account === stranger),
          // What is one thing of the world is seen from elsewhere; what a Region has is not.
          of((one) => one.region === dark && one.kind === "ecs_service" && one.account !== denied.name),
        ];
        return groups.every((group) => group.length > 0 && group.every((one) => one.state === "unknown" && one.reason)) && groups;
      },
      { within: 60_000, every: 250, what: "all three to be told as unknown, with their reasons" },
    );
    const [refused, unentered, unanswered] = told.map(([one]) => one.reason);
    assert.match(refused, /AccessDenied/);
    assert.match(unentered, /sts:AssumeRole .*AccessDenied/);
    assert.match(unanswered, /no answer/);

    // While all three last, six more sweeps of what is left.
    const well = new Map();
    for (let sweep = 0; sweep < 6; sweep += 1) {
      const seen = await until(
        async () => {
          const all = (await looks(rest)).filter((one) => !sick(one) && one.state === "known");
          const moved = (one) => Date.parse(one.observed_at) > (well.get(one.what) ?? 0);
          return all.length > 0 && all.every(moved) && all;
        },
        { within: 60_000, every: 250, what: "every healthy look to be made again" },
      );
      for (const one of seen) {
        const at = Date.parse(one.observed_at);
        const before = well.get(one.what);
        const longest = (one.account === sharing ? 3 : 2) * SWEEP_MS + BUSY_MS;
        if (before) assert.ok(at - before <= longest, `${one.what}: not seen for ${at - before} ms`);
        well.set(one.what, at);
      }
      if (sweep > 0) assert.equal(seen.length, well.size, "something that was well is not seen any more");
    }
    assert.ok(well.size >= 30, `only ${well.size} healthy looks`);
    assert.ok(new Set([...well.keys()].map((what) => what.split(" in ")[1])).size >= 4, "the other four Regions are among them");
  } finally {
    await sim.clearFaults();
    await sim.dark(dark, false);
  }
  await until(async () => (await looks(rest)).every((one) => one.account === stranger || one.state === "known" || one.kind === "cloudformation_stack"), {
    within: 60_000,
    every: 250,
    what: "everything to be seen again",
  });
});

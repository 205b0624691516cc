// The story that the product is for, in a browser, with scripts on and off: an operator fails shop over, somebody else
// approves, the timeline runs to its end, the simulator's read-back has changed; then it is failed back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, noProblems, picture, reload } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { simulator } from "../lib/simulator.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

/** What the simulator says of shop in each Region. */
async function shop(sim) {
  const world = await sim.world();
  const orders = world.global_clusters.find((cluster) => cluster.id === "orders");
  const weights = world.record_sets.filter((record) => record.name.startsWith("shop.example.com"));
  const services = world.ecs_services.filter((service) => service.cluster === "shop" && service.service === "web");
  assert.ok(weights.length >= 2 && services.length >= 2, "the simulator shows shop's records and services");
  return {
    writer: orders.writer,
    weight: (region) => weights.find((record) => record.set_identifier.includes(region)).weight,
    desired: (region) => services.find((service) => service.region === region).desired,
  };
}

/** Asks for the move as the operator and approves it as the approver; gives both pages, the operator's on the run. */
async function askedAndApproved(words, { scripts }) {
  const operator = await chrome.open(`${demo.url}/applications/shop`, { as: demo.person("operator"), scripts });
  await operator.getByRole("link", { name: words }).click();
  await operator.locator("#reason").fill("the story of a failover");
  await operator.getByRole("button", { name: /^Ask to / }).click();
  await operator.waitForURL(/\/runs\/[0-9a-f-]+$/);
  assert.equal(await operator.getByRole("button", { name: /^Approve/ }).count(), 0, "the requester is offered to approve");

  const approver = await chrome.open(`${demo.url}/approvals`, { as: demo.person("approver"), scripts });
  await approver.getByRole("link", { name: /Review shop/ }).click();
  await picture(approver, `approve-scripts-${scripts ? "on" : "off"}`);
  await approver.getByRole("button", { name: /^Approve/ }).click();
  await approver.waitForLoadState();
  return { operator, approver };
}

/** Without a hand on it the operator's page comes to say that the run has ended: in its title, and in its words. */
async function seenToEnd(operator, name) {
  // A page that refreshes itself is between two documents now and then.
  const quiet = (answer) => answer.catch(() => "");
  const title = () => quiet(operator.title());
  const box = () => quiet(operator.locator(".now-box").innerText({ timeout: 1_000 }));
  await until(async () => /completed|needs/i.test(await title()), { within: 90_000, what: "the title to say that the run has ended" });
  assert.match(await title(), /completed/i);
  await until(async () => /completed/i.test(await box()), { what: "the page to say so too" });
  await picture(operator, name);
}

for (const scripts of [true, false]) {
  const suffix = `with scripts ${scripts ? "on" : "off"}`;
  test(`an operator fails shop over and back, another person approves, ${suffix}`, { timeout: 300_000 }, async () => {
    const sim = await simulator(demo);
    const before = await shop(sim);
    assert.equal(before.writer, "us-east-1");
    assert.ok(before.weight("us-east-1") > 0 && before.weight("eu-central-1") === 0);

    const there = await askedAndApproved(/Fail over shop to eu-central-1/, { scripts });
    if (scripts) {
      // While it runs: the pictures of a live page, and what axe says of it.
      await until(async () => /of/.test(await there.operator.title()), { what: "the title to tell the progress" });
      await picture(there.operator, "run-live");
      await accessible(there.operator);
    }
    await seenToEnd(there.operator, `run-ended-scripts-${scripts ? "on" : "off"}`);
    const moved = await shop(sim);
    assert.equal(moved.writer, "eu-central-1");
    assert.ok(moved.weight("eu-central-1") > 0 && moved.weight("us-east-1") === 0, "the weights have moved");
    assert.ok(moved.desired("eu-central-1") >= 6, "capacity was raised");
    for (const page of [there.operator, there.approver]) {
      noProblems(page);
      await page.context().close();
    }

    const operator = await chrome.open(`${demo.url}/applications/shop`, { as: demo.person("operator"), scripts });
    await until(
      async () => {
        await reload(operator);
        return (await operator.getByRole("link", { name: /Fail back shop to us-east-1/ }).count()) > 0;
      },
      { within: 60_000, every: 500, what: "shop to be ready to fail back" },
    );
    await operator.context().close();
    const back = await askedAndApproved(/Fail back shop to us-east-1/, { scripts });
    await seenToEnd(back.operator, `failback-ended-scripts-${scripts ? "on" : "off"}`);
    const home = await shop(sim);
    assert.equal(home.writer, "us-east-1");
    assert.equal(home.weight("us-east-1"), before.weight("us-east-1"), "the weight is what it was before");
    assert.equal(home.weight("eu-central-1"), before.weight("eu-central-1"));
    assert.equal(home.desired("eu-central-1"), before.desired("eu-central-1"), "the standby is as small as before");
    for (const page of [back.operator, back.approver]) {
      noProblems(page);
      await page.context().close();
    }
  });
}

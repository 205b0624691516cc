// A plan as a graph: on the review, on a run under way, on a kept plan; with scripts off, by keyboard, on a phone, in both
// themes, and never alone: the list of steps says the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, everyLook, noProblems, noSidewaysScrolling } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

const rest = (role) => client(demo.url).as(demo.person(role));
const review = "/applications/shop/runs/new?intent=failover&to=eu-central-1";

test("the graph of a plan has every step of the list, in stages, and leads to each by keyboard", { timeout: 180_000 }, async () => {
  const page = await chrome.open(demo.url + review, { as: demo.person("operator"), scripts: false });
  const graph = page.locator(".card-graph");
  const nodes = graph.locator("svg.graph a");
  const steps = await page.locator(".card-plan ol.plan > li").count();
  assert.ok(steps > 4);
  assert.equal(await nodes.count(), steps, "the list and the graph have the same steps");
  assert.match(await graph.locator("header").innerText(), new RegExp(`${steps} steps in \\d+ stages`));
  const label = await nodes.nth(1).locator("title").first().textContent();
  assert.match(label, /^Step 2, .+: .+, (changes AWS|only looks|waits).*, after /);
  const [first, second] = [await nodes.nth(0).boundingBox(), await nodes.nth(1).boundingBox()];
  assert.ok(second.y > first.y + first.height, "what waits stands below what it waits for");
  await nodes.nth(0).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.match(page.url(), /#p-/, "a node leads to its step");
  noProblems(page);
  await page.context().close();
  await everyLook(chrome, demo.url + review, "graph-review", { as: demo.person("operator") });
});

test("on a phone the graph scrolls in its own box, not the page", { timeout: 120_000 }, async () => {
  const page = await chrome.open(demo.url + review, { as: demo.person("operator"), size: "phone" });
  await noSidewaysScrolling(page);
  const box = page.locator(".card-graph .graph-box");
  const [inner, outer] = await box.evaluate((element) => [element.scrollWidth, element.clientWidth]);
  assert.ok(outer <= 360 && inner >= outer);
  await accessible(page);
  noProblems(page);
  await page.context().close();
});

for (const scripts of [true, false]) {
  const suffix = `with scripts ${scripts ? "on" : "off"}`;
  test(`on a run under way the graph tells the state of each step in words, ${suffix}`, { timeout: 240_000 }, async () => {
    const [operator, approver] = [await rest("operator"), await rest("approver")];
    const application = scripts ? "catalog" : "website";
    const run = expect(await operator.request({ application, intent: "failover", mode: "planned" }), 201).body;
    expect(await approver.approve(run), 200, 201);
    const page = await chrome.open(`${demo.url}/runs/${run.id}`, { as: demo.person("operator"), scripts });
    const words = () => page.locator(".card-graph").innerText({ timeout: 1_000 }).catch(() => "");
    await until(async () => /● done/.test(await words()), { within: 90_000, every: 100, what: "the graph to say that a step is done" });
    assert.match(await page.locator(".card-graph svg.graph").innerHTML(), /class="node good"/);
    noProblems(page);
    await page.context().close();
    await operator.reaches(run.id, ["completed", "completed_with_exceptions"], 150_000);
  });
}

test("both forms of a kept plan are drawn behind a fold", { timeout: 180_000 }, async () => {
  const operator = await rest("operator");
  const head = await until(
    async () => {
      const kept = await operator.get("/applications/shop/plans/kept");
      return kept.plans.find((plan) => plan.intent === "failover")?.newest;
    },
    { within: 60_000, what: "a plan of shop to be kept" },
  );
  const page = await chrome.open(`${demo.url}/applications/shop/plans/${head.version}`, {
    as: demo.person("operator"),
    scripts: false,
  });
  for (const key of ["planned", "emergency"]) {
    await page.locator(`#graph-${key} > summary`).click();
    assert.ok((await page.locator(`#graph-${key} svg.graph .node-box`).count()) > 2);
  }
  noProblems(page);
  await page.context().close();
});

// Every page, on both screens and in both themes: nothing for axe, nothing in the console, no sideways scrolling, and a
// first load that is small.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems, weight } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";

const demo = demonstration();
const chrome = browser();

const pages = {
  now: "/",
  applications: "/applications",
  application: "/applications/shop",
  "application-of-three": "/applications/feed",
  "application-unknown": "/applications/archive",
  plans: "/applications/shop/plans",
  review: "/applications/shop/runs/new?intent=failover&to=eu-central-1&mode=planned",
  "review-emergency": "/applications/shop/runs/new?intent=failover&to=eu-central-1&mode=emergency",
  runs: "/runs",
  approvals: "/approvals",
  accounts: "/accounts",
  regions: "/regions",
  region: "/regions/eu-central-1",
  compliance: "/compliance",
  audit: "/audit",
  policies: "/policies",
  tokens: "/tokens",
  safeguards: "/safeguards",
  "break-glass": "/break-glass",
  system: "/system",
  api: "/api",
};

for (const [name, path] of Object.entries(pages)) {
  test(`the page ${path}`, { timeout: 120_000 }, async () => {
    await everyLook(chrome, demo.url + path, name, { as: demo.person("operator") });
  });
}

for (const [name, path] of [["people", "/people"], ["policies-admin", "/policies"]]) {
  test(`the page ${path} of an admin`, { timeout: 120_000 }, async () => {
    await everyLook(chrome, demo.url + path, name, { as: demo.person("admin") });
  });
}

test("a run that waits for approval, for who asked and for who approves", { timeout: 120_000 }, async () => {
  const rest = await client(demo.url).as(demo.person("operator"));
  const asked = { application: "shop", intent: "failover", mode: "emergency" };
  const run = expect(await rest.request(asked), 201).body;
  for (const role of ["operator", "approver"]) {
    await everyLook(chrome, `${demo.url}/runs/${run.id}`, `run-awaiting-${role}`, { as: demo.person(role) });
  }
  expect(await rest.call("POST", `/runs/${run.id}/cancel`, { body: { reason: "looked at" } }), 200);
});

test("every move that an application of several Regions offers leads to its plan", async () => {
  const page = await chrome.open(`${demo.url}/applications/feed`, { as: demo.person("operator") });
  const moves = page.getByRole("link", { name: /^Fail over feed from \S+ to \S+…/ });
  const ways = await moves.evaluateAll((links) => links.map((link) => link.href));
  assert.equal(ways.length, 6, "out of each of three Regions, to each of the other two");
  for (const way of ways) {
    const response = await page.goto(way);
    assert.equal(response.status(), 200, way);
    assert.ok(await page.getByRole("button", { name: /^Ask to / }).isVisible(), way);
    // The other mode is of the same move.
    const from = new URL(way).searchParams.get("from");
    const emergency = page.getByRole("link", { name: /^Emergency/ });
    assert.equal(new URL(await emergency.evaluate((link) => link.href)).searchParams.get("from"), from);
  }
  noProblems(page);
});

test("what is not there says so with a true status, in the same house", async () => {
  const page = await chrome.open(`${demo.url}/`, { as: demo.person("viewer") });
  for (const path of ["/applications/no-such-thing", "/runs/0190a3f4-0000-7000-8000-000000000000", "/nowhere"]) {
    const response = await page.goto(demo.url + path);
    assert.equal(response.status(), 404, path);
    assert.equal(await page.locator("nav").count() > 0, true, `${path} lost its menu`);
  }
});

test("the first load of the first page is at most 400 kB, and it works by keyboard", async () => {
  const page = await chrome.open(`${demo.url}/`, { as: demo.person("operator") });
  const bytes = await weight(page, () => page.reload({ waitUntil: "load" }));
  assert.ok(bytes <= 400_000, `the first load is ${bytes} bytes`);
  // The page reads before its scripts are awake; the keys work from then on.
  await page.locator("html.js").waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.waitForURL(/\/applications$/);
  noProblems(page);
});

test("the simulator's page reads well too", async () => {
  const { simulator } = await import("../lib/simulator.mjs");
  await everyLook(chrome, `${(await simulator(demo)).url}/`, "simulator");
});

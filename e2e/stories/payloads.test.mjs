// What a browser would run, written wherever people and programs may write, and then every page that shows it, with scripts
// on: nothing of it runs, and the policy of the page is not even asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, noProblems } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();
const rest = (role) => client(demo.url).as(demo.person(role));

/** A sample of the grammar that `frontend/tests/payloads` goes through whole. */
const payloads = [
  "<script>hit()</script>",
  "\"><script>hit()</script>",
  "'><img src=x onerror=hit()>",
  "</title><svg/onload=hit()>",
  "</textarea><script>hit()</script>",
  "</script><script>hit()</script>",
  "--><details open ontoggle=hit()>",
  "<iframe srcdoc='<script>parent.hit()</script>'>",
  "<a href=javascript:hit()>press me</a>",
  "\" autofocus onfocus=\"hit()",
  "' onmouseover='hit()' style='position:fixed;inset:0",
  "javascript:hit()//",
  "<base href=//evil.example/>",
  "<meta http-equiv=refresh content='0;url=javascript:hit()'>",
  "&lt;script&gt;hit()&lt;/script&gt;",
  "</option></select><object data=javascript:hit()>",
];

/** Counts, before any script of a page runs, what ran and what the policy refused. */
async function watched(page) {
  const seen = [];
  await page.context().exposeBinding("hit", ({ page: where }) => seen.push(`ran on ${where.url()}`));
  await page.context().exposeBinding("refusedByPolicy", ({ page: where }, what) => seen.push(`${what} refused on ${where.url()}`));
  await page.context().addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
      globalThis.refusedByPolicy(`${violatedDirective} ${blockedURI} ${sample}`));
  });
  page.on("dialog", (dialog) => {
    seen.push(`a dialog on ${page.url()}`);
    dialog.dismiss();
  });
  return seen;
}

/** Into every field that takes words; gives the runs that were asked for. */
async function write() {
  const [admin, operator] = await Promise.all([rest("admin"), rest("operator")]);
  const inventory = await admin.get("/inventory", { headers: { accept: "application/json" } });
  const steps = payloads.map((says, n) => ({ name: `read-${n}`, kind: "wait_for_person", before: "move_traffic", says }));
  inventory.plans = [...(inventory.plans ?? []).filter(({ application }) => application !== "website"), { application: "website", steps }];
  expect(await admin.call("PUT", "/inventory", { body: inventory }), 200);
  const runs = [];
  for (const [n, text] of payloads.entries()) {
    const run = { application: "shop", intent: "failover", mode: "planned", dry_run: true, reason: text, incident: text };
    runs.push(expect(await operator.request(run), 201).body.id);
    expect(await operator.call("POST", "/tokens", { body: { name: `t${n} ${text}`.slice(0, 60), scopes: ["runs:read"], days: 1 } }), 201);
    const ends_at = new Date(Date.now() + 3_600_000).toISOString();
    expect(await admin.call("POST", "/freezes", { body: { application: "archive", reason: text, ends_at } }), 201, 200);
    // What is refused is written down too.
    await operator.call("POST", "/runs", { body: { application: text, reason: text }, key: `k${n}` });
    await operator.call("PATCH", "/regions/eu-central-1", { body: { declared: text } });
  }
  expect(await operator.call("PATCH", "/regions/eu-west-1", { body: { declared: "impaired", reason: payloads[1] } }), 200, 422);
  return runs;
}

test("what somebody writes is read and never run", { timeout: 420_000 }, async () => {
  const runs = await write();
  const encoded = (text) => encodeURIComponent(text);
  const paths = [
    "/", "/applications", "/applications/website", "/applications/website/plans", "/applications/shop", "/runs", "/approvals",
    "/applications/website/runs/new?intent=failover&to=eu-central-1&mode=planned", "/regions", "/regions/eu-west-1", "/tokens",
    "/safeguards", "/audit", "/compliance", "/accounts", "/policies", "/system", "/me", "/applications/archive",
    ...runs.map((id) => `/runs/${id}`),
    ...payloads.flatMap((text) => [`/audit?actor=${encoded(text)}`, `/runs?application=${encoded(text)}`, `/nothing/${encoded(text)}`]),
  ];
  const page = await chrome.open(`${demo.url}/`, { as: demo.person("operator") });
  const seen = await watched(page);
  let shown = 0;
  for (const path of paths) {
    await page.goto(demo.url + path);
    assert.equal(new URL(page.url()).host, new URL(demo.url).host, `${path} led away`);
    shown += Number((await page.locator("body").innerText()).includes("hit()"));
    // What a pointer and a key would set off.
    await page.mouse.move(200, 300);
    await page.keyboard.press("Tab");
  }
  assert.ok(shown >= 30, `the payloads are to be read on ${shown} of ${paths.length} pages`);
  const stranger = await chrome.open(`${demo.url}/sign-in`);
  const strangers = await watched(stranger);
  for (const text of payloads) await stranger.goto(`${demo.url}/sign-in?next=${encoded(text)}&refused=${encoded(text)}`);
  assert.deepEqual([...seen, ...strangers], []);
  noProblems(stranger);
  for (const one of [page, stranger]) await one.context().close();
});

test("what a page's policy refuses is reported to the server, which counts it and tells it without the page's query", async () => {
  const page = await chrome.open(`${demo.url}/runs?application=canary-of-a-query`, { as: demo.person("operator") });
  const reported = async () => {
    const text = await (await page.request.get(`${demo.url}/metrics`)).text();
    return Number(text.match(/^holdfast_policy_reports (\d+)$/m)[1]);
  };
  const before = await reported();
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "1";
    document.body.append(script);
  });
  await until(async () => (await reported()) > before, { within: 10_000, every: 100, what: "the report to be counted" });
  const told = demo.said().split("\n").filter((line) => line.includes("a browser kept a page from"));
  assert.match(told.at(-1), /page="?[^ ]*\/runs"? /);
  assert.ok(!demo.said().includes("canary-of-a-query"));
  await page.context().close();
});

test("the watch is one: what a page runs itself, and what its policy refuses, is seen", async () => {
  const page = await chrome.open(`${demo.url}/sign-in`);
  const seen = await watched(page);
  await page.goto(`${demo.url}/sign-in`);
  await page.evaluate(() => globalThis.hit());
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "hit()";
    document.body.append(script);
  });
  await until(async () => seen.some((what) => what.includes("refused on")), { within: 10_000, every: 50, what: "the refusal to be told" });
  assert.equal(seen.filter((what) => what.startsWith("ran on")).length, 1, seen.join());
  await page.context().close();
});

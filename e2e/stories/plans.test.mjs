// A kept plan is read, edited, compared and taken back, with scripts off, and a dry run does what it says; a failed lint is
// waived by name. By REST an edit of an older version is told of the newer one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, everyLook, noProblems, picture } from "../lib/browser.mjs";
import { press, unfold } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

const rest = (role) => client(demo.url).as(demo.person(role));

async function newest(of, application) {
  let head;
  await until(
    async () => {
      const kept = await of.get(`/applications/${application}/plans/kept`);
      head = kept.plans.find((plan) => plan.intent === "failover")?.newest;
      return Boolean(head);
    },
    { within: 60_000, what: `a plan of ${application} to be kept` },
  );
  return of.get(`/applications/${application}/plans/${head.version}`);
}

test("an operator edits a plan by its forms and compares the versions", { timeout: 180_000 }, async () => {
  const operator = await rest("operator");
  const first = await newest(operator, "shop");
  const page = await chrome.open(`${demo.url}/applications/shop`, { as: demo.person("operator"), scripts: false });
  await page.getByRole("link", { name: "Plans", exact: true }).click();
  await page.waitForURL(/\/applications\/shop\/plans$/);
  assert.match(await page.locator(".card-verified").innerText(), /needs rehearsal[\s\S]*No failover of it has completed/i);
  await picture(page, "plans");
  await page.goto(`${demo.url}/applications/shop/plans/${first.version}`);
  assert.match(await page.locator(".card-planned").innerText(), /switch-orders[\s\S]*route-front-door/);

  await unfold(page, "Change its time or tries");
  await page.locator("#plan-time-step").selectOption("switch-orders");
  await page.locator("#plan-time-number").fill("3");
  assert.match(await press(page, "Change it", { refused: true }), /between 10 seconds|10 seconds/);
  assert.equal(await page.locator("#plan-time-number").inputValue(), "3", "what was typed is gone");
  await page.locator("#plan-time-number").fill("1234");
  await page.locator("#plan-time-reason").fill("the story of an edit");
  assert.match(await press(page, "Change it"), /is the plan now/);
  assert.match(await page.locator(".card-edits").innerText(), /Switch-orders may take/);

  const edited = await newest(operator, "shop");
  assert.deepEqual([edited.cause, edited.made_by, edited.reason], ["edited", demo.person("operator").email, "the story of an edit"]);
  await page.getByRole("link", { name: `What changed since version ${first.version}` }).click();
  await page.waitForURL(/\/diff\?with=/);
  assert.match(await page.locator("main").innerText(), /timeout_seconds[\s\S]*1234/);
  await everyLook(chrome, page.url(), "plan-diff", { as: demo.person("operator") });
  await everyLook(chrome, `${demo.url}/applications/shop/plans/${edited.version}`, "plan", { as: demo.person("operator") });

  const preview = await operator.get("/applications/shop/plans");
  const planned = preview.items.find((one) => one.intent === "failover" && one.mode === "planned");
  assert.equal(planned.plan.steps.find((step) => step.id === "switch-orders").timeout_seconds, 1234);

  const late = {
    intent: "failover", from_region: first.from_region, to_region: first.to_region, expected_version: first.version, edits: [],
  };
  const refused = expect(await operator.call("POST", "/applications/shop/plans", { body: late }), 409).body;
  assert.deepEqual([refused.code, refused.blocked_by], ["newer_version", String(edited.version)]);
  const unsafe = {
    ...late,
    expected_version: edited.version,
    edits: [{ edit: { kind: "do_not_wait_for", step: "switch-orders", other: "record-lag" } }],
  };
  const no = expect(await operator.call("POST", "/applications/shop/plans", { body: unsafe }), 422).body;
  assert.equal(no.fields[0].path, "edits[0].edit.other");

  await page.goto(`${demo.url}/applications/shop/plans/${edited.version}`);
  assert.match(await press(page, "Take edit 1 back"), /is the plan now/);
  assert.equal((await newest(operator, "shop")).digest, first.digest, "without its edits it is the plan that it was");
  noProblems(page);
  await page.context().close();
});

test("a plane is waived in one's own name until a date, and the page says who answers for it", { timeout: 180_000 }, async () => {
  const operator = await rest("operator");
  await newest(operator, "identity");
  const page = await chrome.open(`${demo.url}/applications/identity/plans`, { as: demo.person("operator") });
  await accessible(page);
  assert.match(await page.locator(".card-evaluation").innerText(), /route53@us-east-1/);
  const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  for (const [field, value] of [["step", "front-door"], ["plane", "route53@us-east-1"], ["reason", "moved by hand later"], ["review_on", day]]) {
    await page.locator(`#waive-${field}`).fill(value);
  }
  assert.match(await press(page, "Waive it in my name"), /waived in your name/);
  const waivers = await page.locator(".card-waivers").innerText();
  assert.ok(waivers.includes(demo.person("operator").email) && waivers.includes(day), waivers);
  const kept = await operator.get("/applications/identity/plans/kept");
  assert.ok(!kept.evaluation.found.checks.some((check) => check.sentence.includes("route53@us-east-1")));
  noProblems(page);
  await page.context().close();
});

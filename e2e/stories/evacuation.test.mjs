// A Region is evacuated without scripts: the operator sees who moves in which order and who is left out, one approval
// starts the lot, and one page tells it to its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, noProblems, picture } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration({ arguments: ["--speed", "30"] });
const chrome = browser();

/** axe needs scripts: a page of its own for the same address. */
async function accessibleTo(as, page) {
  const seen = await chrome.open(page.url(), { as });
  await accessible(seen);
  noProblems(seen);
  await seen.context().close();
}

test("an operator evacuates a Region, other people approve the lot", { timeout: 300_000 }, async () => {
  const operator = await chrome.open(`${demo.url}/regions`, { as: demo.person("operator"), scripts: false });
  await operator.getByRole("link", { name: "Evacuate ap-southeast-1" }).click();
  await operator.waitForURL(/\/regions\/ap-southeast-1\/evacuate/);
  assert.match(await operator.locator(".card-waves").innerText(), /Wave 1[\s\S]*feed/);
  await picture(operator, "evacuate-preview");
  await accessibleTo(demo.person("operator"), operator);
  await operator.locator("#reason").fill("the story of an evacuation");
  await operator.getByRole("button", { name: "Ask to evacuate ap-southeast-1" }).click();
  await operator.waitForURL(/\/evacuations\/[0-9a-f-]+$/);
  assert.equal(await operator.getByRole("button", { name: /^Approve/ }).count(), 0, "the requester is offered to approve");

  // Three applications under two policies: three people in all, each reviewing the lot once.
  const approvers = [];
  for (const email of ["approver@example.com", "sre@example.com", "business-owner@example.com"]) {
    const as = demo.people.find((person) => person.email === email);
    const approver = await chrome.open(`${demo.url}/approvals`, { as, scripts: false });
    await approver.getByRole("link", { name: "Review: evacuate ap-southeast-1" }).click();
    if (approvers.length === 0) {
      await picture(approver, "evacuation-awaiting");
      await accessibleTo(as, approver);
    }
    // One after the other: what two decide in the same moment, one of them decides again.
    const answered = approver.waitForEvent("load");
    await approver.getByRole("button", { name: "Approve: evacuate ap-southeast-1" }).click();
    await answered;
    assert.equal(await approver.locator(".flash[role=alert]").count(), 0);
    approvers.push(approver);
  }

  const quiet = (answer) => answer.catch(() => "");
  const box = () => quiet(operator.locator(".now-box").innerText({ timeout: 1_000 }));
  await until(async () => /under way/i.test(await box()), { within: 30_000, what: "the page to say that it is under way" });
  await picture(operator, "evacuation-running");
  await until(async () => /completed|stopped/i.test(await box()), { within: 150_000, what: "the page to say that it is over" });
  assert.match(await box(), /completed/i);
  await picture(operator, "evacuation-ended");
  for (const page of [operator, ...approvers]) {
    noProblems(page);
    await page.context().close();
  }
});

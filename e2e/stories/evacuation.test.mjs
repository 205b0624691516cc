// A Region is evacuated without scripts: the operator sees who moves in which order and who is left out, one approval
// starts the lot, and one page tells it to its end. What is moved stays by a word for all that wait for it, given with scripts off and on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, noProblems, picture, reload } from "../lib/browser.mjs";
import { press, unfold } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client } from "../lib/rest.mjs";
import { duplicates, simulator } from "../lib/simulator.mjs";
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

/** One word for all that wait; gives what the page says came of it. */
async function committed(page) {
  await reload(page);
  await unfold(page, /Commit the .*wait/);
  return press(page, /^Commit the/);
}

test("an operator evacuates a Region, other people approve the lot, and what is moved stays by one word for all", { timeout: 300_000 }, async () => {
  const operator = await chrome.open(`${demo.url}/regions`, { as: demo.person("operator"), scripts: false });
  await operator.getByRole("link", { name: "Evacuate ap-southeast-1" }).click();
  await operator.waitForURL(/\/regions\/ap-southeast-1\/evacuate/);
  assert.match(await operator.locator(".card-waves").innerText(), /Wave 1[\s\S]*feed/);
  await picture(operator, "evacuate-preview");
  await accessibleTo(demo.person("operator"), operator);
  await operator.getByRole("link", { name: "Each taken back unless committed in 10 min" }).click();
  await operator.waitForURL(/commit=600/);
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

  // A wave waits until what came before it is committed: the first word is given with scripts off, the next with scripts on.
  const api = await client(demo.url).as(demo.person("operator"));
  const live = await chrome.open(operator.url(), { as: demo.person("operator") });
  const lot = operator.url().split("/").pop();
  const words = [];
  await until(
    async () => {
      const { state, waves } = await api.get(`/evacuations/${lot}`);
      const now = (wanted) => waves.flat().filter((run) => wanted.includes(run.state));
      const waiting = now(["awaiting_commit"]);
      if (waiting.length > 0 && now(["running", "undoing"]).length === 0) {
        const page = words.length % 2 === 0 ? operator : live;
        if (words.length === 0) await picture(operator, "evacuation-awaits-commit");
        const said = await committed(page);
        for (const run of waiting) assert.ok(said.includes(run.application), `${run.application} is not in: ${said}`);
        words.push(said);
      }
      return /completed|stopped/.test(state);
    },
    { within: 200_000, every: 250, what: "the lot to be over", stopOn: () => words.length > 6 },
  );
  assert.ok(words.length >= 2, `a word with scripts off and one with scripts on: ${words.join("; ")}`);
  for (const part of (await api.get(`/evacuations/${lot}`)).waves.flat()) {
    const { commit } = await api.get(`/runs/${part.id}`);
    if (commit) assert.match(commit.by, /operator/, part.application);
  }
  assert.deepEqual(duplicates(await (await simulator(demo)).ledger()), []);
  await until(async () => /completed|stopped/i.test(await box()), { within: 30_000, what: "the page to say that it is over" });
  assert.match(await box(), /completed/i);
  await picture(operator, "evacuation-ended");
  for (const page of [operator, live, ...approvers]) {
    noProblems(page);
    await page.context().close();
  }
});

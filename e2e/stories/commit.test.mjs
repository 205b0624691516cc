// A move that must be committed: the operator asks for a window on the review page, scripts off, and says in time that what
// was moved stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, everyLook, noProblems, reload } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { duplicates, simulator } from "../lib/simulator.mjs";

const demo = demonstration();
const chrome = browser();

test("a move with a commit window waits for a person, and stays once it is committed", { timeout: 240_000 }, async () => {
  const sim = await simulator(demo);
  const operator = await client(demo.url).as(demo.person("operator"));
  const approver = await client(demo.url).as(demo.person("approver"));
  const review = await chrome.open(`${demo.url}/applications/shop/runs/new?intent=failover&to=eu-central-1`, {
    as: demo.person("operator"),
    scripts: false,
  });
  await review.getByRole("link", { name: /Taken back unless committed in 10 min/ }).click();
  await review.waitForURL(/commit=600/);
  assert.equal(await review.locator("input[name=commit]").getAttribute("value"), "600");
  await everyLook(chrome, review.url(), "commit-window", { as: demo.person("operator") });
  await review.locator("#reason").fill("a rehearsal with a way back");
  await review.getByRole("button", { name: /^Ask to/ }).click();
  await review.waitForURL(/\/runs\/[^/]+$/);
  const run = await operator.get(`/runs/${review.url().split("/").pop()}`);
  assert.equal(run.commit.within_seconds, 600);
  expect(await approver.approve(run), 200, 201);
  await operator.reaches(run.id, "awaiting_commit", 120_000);
  const seen = await chrome.open(`${demo.url}/runs/${run.id}`, { as: demo.person("operator") });
  await accessible(seen);
  noProblems(seen);
  await seen.context().close();
  await reload(review);
  assert.match(await review.locator(".now-box").innerText(), /Without a commit it is taken back in/);
  await review.getByRole("button", { name: /^Commit: shop stays/ }).click();
  assert.match(await review.locator(".flash[role=status]").innerText(), /stays/);
  const done = await operator.reaches(run.id, "completed", 120_000);
  assert.match(done.commit.by, /operator/);
  noProblems(review);
  await review.context().close();
  assert.deepEqual(duplicates(await sim.ledger()), []);
});

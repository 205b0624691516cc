// A stranger is led to the sign-in page, and each role gets in from there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems, weight } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";

const demo = demonstration();
const chrome = browser();

test("a stranger is led to a sign-in page that is styled, small and accessible", async () => {
  const page = await chrome.open(demo.url);
  assert.notEqual(new URL(page.url()).pathname, "/", "the front page was shown to a stranger");
  assert.equal(await page.locator("input[type=password]").count(), 1);
  const family = await page.locator("body").evaluate((body) => getComputedStyle(body).fontFamily);
  assert.doesNotMatch(family, /^"?Times/, "the page has no style");
  const bytes = await weight(page, () => page.reload({ waitUntil: "networkidle" }));
  assert.ok(bytes <= 400_000, `the first load is ${bytes} bytes`);
  noProblems(page);
});

test("the sign-in page reads well on every screen, in light and in dark", () =>
  everyLook(chrome, `${demo.url}/`, "sign-in"));

for (const scripts of [true, false]) {
  test(`every role signs in with scripts ${scripts ? "on" : "off"}`, async () => {
    for (const role of ["viewer", "operator", "approver", "admin"]) {
      const page = await chrome.open(`${demo.url}/`, { as: demo.person(role), scripts });
      assert.equal(new URL(page.url()).pathname, "/", `${role} is not on the front page`);
      noProblems(page);
      await page.context().close();
    }
  });
}

test("a wrong password is refused on the page, in words", async () => {
  const page = await chrome.open(`${demo.url}/`, { scripts: false });
  await page.locator("input[type=email]").fill(demo.person("viewer").email);
  await page.locator("input[type=password]").fill("not the password");
  await page.locator("form:has(input[type=password]) [type=submit]").click();
  assert.equal(await page.locator("input[type=password]").count(), 1, "it let a wrong password in");
  assert.ok(await page.locator("[role=alert]").first().isVisible(), "it does not say why");
});

test("the page of a failed sign-in reads well on every screen", { timeout: 120_000 }, () =>
  everyLook(chrome, `${demo.url}/`, "sign-in-failed", {
    visit: async (page) => {
      await page.locator("input[type=email]").fill(demo.person("viewer").email);
      await page.locator("input[type=password]").fill("not the password");
      await page.locator("form:has(input[type=password]) [type=submit]").click();
      await page.locator("[role=alert]").first().waitFor();
    },
  }));

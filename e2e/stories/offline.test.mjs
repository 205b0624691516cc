// What there would be to act with where no server is: the page Break-glass says aloud that there is nothing as long as nobody has a
// code, and a password alone makes none. The command that carries a plan out alone has its own tests, with the built binary.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, noProblems } from "../lib/browser.mjs";
import { press } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client } from "../lib/rest.mjs";

const chrome = browser();
const demo = demonstration();

for (const scripts of [true, false]) {
  test(`that nothing could be carried out without a server is said, with scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await chrome.open(`${demo.url}/break-glass`, { as: demo.person("operator"), scripts });
    const card = page.locator(".card-offline-bundle");
    assert.match(await card.innerText(), /Nothing fresh could be carried out without a server[\s\S]*Nobody has an offline code/);
    assert.equal(await card.getByRole("link", { name: "Take a copy" }).count(), 0);
    assert.match(await press(page, "Make my offline code", { refused: true }), /without a second factor/);
    noProblems(page);
    await page.context().close();
  });
}

test("whoever may start nothing is offered no code, and REST and the metrics say the same", async () => {
  const page = await chrome.open(`${demo.url}/break-glass`, { as: demo.person("viewer"), scripts: false });
  assert.equal(await page.getByRole("button", { name: "Make my offline code" }).count(), 0);
  await page.goto(`${demo.url}/metrics`);
  assert.match(await page.locator("body").innerText(), /^holdfast_bundle_stale 1$/m);
  await page.context().close();
  const rest = await client(demo.url).as(demo.person("viewer"));
  const bundle = await rest.get("/bundle");
  assert.equal(bundle.stale, true);
  assert.match(bundle.problems.join(" "), /Nobody has an offline code[\s\S]*set HOLDFAST_BUNDLES/);
});

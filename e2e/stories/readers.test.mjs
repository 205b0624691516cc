// What is read rather than driven: compliance on paper, what a page says that cannot be shown, and what the terminal says of
// who can sign in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, browser, everyLook, noProblems, picture } from "../lib/browser.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";
import { until } from "../lib/until.mjs";

const demo = demonstration();
const chrome = browser();

test("the terminal says where it is and who can sign in with what, and each of them can", { timeout: 120_000 }, async () => {
  const said = await until(() => demo.said().includes("Ctrl-C stops all of it") && demo.said(), { what: "the welcome" });
  assert.match(said, new RegExp(`^  ${demo.url}$`, "m"));
  for (const { email, password, roles, groups } of demo.people) {
    const line = said.split("\n").find((one) => one.includes(` ${email} `)) ?? "";
    for (const word of [password, ...roles, ...groups]) assert.ok(line.includes(word), `of ${email} it says: ${line}`);
    expect(await client(demo.url).call("POST", "/session", { body: { email, password } }), 200);
  }
  assert.deepEqual(["viewer", "operator", "approver", "admin"].filter((role) => !new RegExp(`  ${role}\\b`).test(said)), []);
});

test("compliance prints whole, in words, and without what only a screen needs", { timeout: 120_000 }, async () => {
  const page = await chrome.open(`${demo.url}/compliance`, { as: demo.person("viewer"), theme: "dark" });
  await page.emulateMedia({ media: "print" });
  // An A4 sheet between its margins.
  await page.setViewportSize({ width: 718, height: 1047 });
  for (const hidden of [".side", ".strip", ".foot", "main .verbs", ".skip"]) {
    for (const one of await page.locator(hidden).all()) assert.equal(await one.isVisible(), false, `${hidden} is printed`);
  }
  const { rows } = await (await client(demo.url).as(demo.person("viewer"))).get("/compliance");
  assert.ok(rows.length >= 12);
  const printed = page.locator("main table tbody tr");
  assert.equal(await printed.count(), rows.length);
  const sheet = await page.evaluate(() => document.documentElement.scrollWidth);
  for (const row of rows) {
    const line = printed.filter({ has: page.getByRole("link", { name: row.application, exact: true }) });
    const words = await line.innerText();
    // What a colour or a bar says stands in words beside it: black ink is enough.
    for (const [name, standing, worst] of [["RTO", row.rto, row.rto_worst_seconds], ["RPO", row.rpo, row.rpo_worst_ms]]) {
      const word = standing === "unknown" && worst === null ? "never measured" : standing;
      assert.ok(words.toLowerCase().includes(word), `${row.application}, ${name} ${standing}: ${words}`);
    }
    for (const gap of row.gaps) assert.ok(words.includes(gap), `${row.application}: ${words}`);
    const box = await line.boundingBox();
    assert.ok(box.width > 0 && box.x + box.width <= sheet, `${row.application} is cut off`);
  }
  const cut = await page.locator("main *").evaluateAll((all) =>
    all
      .filter((one) => !one.closest(".sr, svg") && one.scrollWidth > one.clientWidth + 1)
      .filter((one) => ["auto", "scroll", "hidden"].includes(getComputedStyle(one).overflowX) && one.clientWidth > 1)
      .map((one) => `${one.tagName}.${one.className}`),
  );
  assert.deepEqual(cut, [], "paper does not scroll");
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
  await picture(page, "compliance-on-paper");
  await accessible(page);
  noProblems(page);
  const [leaf] = (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type \/Pages[\s\S]*?\/Count \d+/) ?? [];
  assert.match(leaf ?? "", /\/Count [1-5]$/, "more than five sheets for eighteen applications");
});

for (const [name, path, status] of [
  ["not-there", "/applications/no-such-thing", 404],
  ["not-allowed", "/people", 403],
]) {
  test(`the page that answers ${status} to ${path}`, { timeout: 120_000 }, async () => {
    const page = await chrome.open(`${demo.url}/`, { as: demo.person("viewer") });
    const response = await page.goto(demo.url + path);
    assert.equal(response.status(), status);
    const words = await page.locator("main").innerText();
    assert.match(words, new RegExp(`${status} · \\w+`));
    assert.ok(await page.getByRole("link", { name: "Go to Now" }).isVisible(), "it leads nowhere");
    await everyLook(chrome, page.url(), name, { as: demo.person("viewer") });
  });
}

// Who is on call: a rotation typed in with scripts off, a duty taken over, and where people look for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, everyLook, noProblems } from "../lib/browser.mjs";
import { press } from "../lib/forms.mjs";
import { demonstration } from "../lib/holdfast.mjs";
import { client, expect } from "../lib/rest.mjs";

const demo = demonstration();
const chrome = browser();
const card = (page) => page.locator(".card-on-call").innerText();

async function rotate(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.locator(`#on-call-rotation-${name}`).fill(value);
}

for (const scripts of [false, true]) {
  const how = scripts ? "on" : "off";
  test(`a rotation is kept, taken over, given back and removed with scripts ${how}`, { timeout: 120_000 }, async () => {
    const [first, second] = [demo.person("approver").email, demo.people.find(({ email }) => email.startsWith("second-approver")).email];
    const page = await chrome.open(`${demo.url}/on-call`, { as: demo.person("operator"), scripts });
    assert.match(await card(page), /No team has a schedule/);
    const rotation = { team: "approvers", people: `${first}, ${second}`, turn_days: "7", starts_on: "2026-01-05", hand_over: "09:00", time_zone: "Mars/Olympus" };
    await rotate(page, rotation);
    assert.match(await press(page, "Keep this rotation", { refused: true }), /no time zone/);
    assert.equal(await page.locator("#on-call-rotation-people").inputValue(), rotation.people, "what was typed is gone");
    await rotate(page, { time_zone: "Europe/Berlin" });
    assert.match(await press(page, "Keep this rotation"), /approvers takes turns/);
    assert.match(await card(page), /each week at 09:00 in Europe\/Berlin/);

    const until = new Date(Date.now() + 3_600_000).toISOString();
    for (const [name, value] of Object.entries({ team: "approvers", person: second, until })) {
      await page.locator(`#on-call-override-${name}`).fill(value);
    }
    assert.match(await press(page, "Take it over"), /taken over/);
    assert.match(await card(page), new RegExp(`${second}[\\s\\S]*in place of whose turn it is`));
    await page.goto(`${demo.url}/applications/shop/runs/new?intent=failover&to=eu-central-1&mode=planned`);
    assert.match(await page.locator(".card-approvers").innerText(), new RegExp(`On call now[\\s\\S]*approvers[\\s\\S]*${second}`));

    await page.goto(`${demo.url}/on-call`);
    assert.match(await press(page, `End it for ${second}`), /its holder's again/);
    assert.match(await press(page, "Remove the schedule of approvers"), /all of it hears at once/);
    noProblems(page);
    await page.context().close();
  });
}

test("where a calendar is read is sealed, and that it cannot be read is said", { timeout: 120_000 }, async () => {
  const rest = await client(demo.url).as(demo.person("approver"));
  const put = { calendar_url: "https://calendar.invalid/canary-of-a-calendar.ics" };
  const kept = expect(await rest.call("PUT", "/on_call/approvers", { body: put }), 200).body;
  assert.deepEqual([kept.state, kept.calendar.leads_to], ["unknown", "calendar.invalid"]);
  const page = await chrome.open(`${demo.url}/on-call`, { as: demo.person("viewer"), scripts: false });
  assert.match(await card(page), /not known\s+everybody hears at once/);
  assert.ok(!(await page.content()).includes("canary"), "the address is shown");
  assert.equal(await page.getByRole("button", { name: "Keep this rotation" }).count(), 0, "a viewer is offered to change it");
  await page.context().close();
  const viewer = await client(demo.url).as(demo.person("viewer"));
  assert.equal((await viewer.call("DELETE", "/on_call/approvers")).status, 403);
});

test("the page of who is on call reads well on every screen", { timeout: 120_000 }, async () => {
  await everyLook(chrome, `${demo.url}/on-call`, "on-call", { as: demo.person("admin") });
});

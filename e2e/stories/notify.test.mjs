// A sleeping approver hears of it: by e-mail, signed webhook, Slack and PagerDuty, to receivers that nobody here wrote; what became
// of each message stands on the request; whoever does not answer is told again.
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, everyLook, noProblems } from "../lib/browser.mjs";
import { press, push } from "../lib/forms.mjs";
import { cast, dataFolder } from "../lib/holdfast.mjs";
import { postgres } from "../lib/postgres.mjs";
import { answers, binary, freePort, launch } from "../lib/process.mjs";
import { MAIL_USER, mailServer, verified, webReceiver } from "../lib/receivers.mjs";
import { client, expect } from "../lib/rest.mjs";
import { until } from "../lib/until.mjs";

const WITHIN_MS = 180_000;
const KEY = "0123456789abcdef0123456789abcdef";
const chrome = browser();
const running = [];
let folder, database, mail, web, url, person, run, secret;

before(
  async () => {
    folder = await dataFolder();
    database = await postgres(join(folder, "postgres"));
    running.push(database);
    mail = await mailServer();
    web = await webReceiver();
    running.push(mail, web);
    const at = `http://127.0.0.1:${await freePort()}`;
    const sim = { name: `sim-${new URL(at).port}`, ready: () => answers(`${at}/_sim/world`), within: WITHIN_MS, what: "the simulator to answer" };
    running.push(await launch(binary, ["sim", "--listen", new URL(at).host, "--data", join(folder, "simulator")], sim));
    const port = await freePort();
    url = `http://localhost:${port}`;
    const data = join(folder, "server");
    await mkdir(data);
    const holdfast = await launch(binary, ["serve", "--demo", "--listen", `127.0.0.1:${port}`, "--data", data], {
      name: `serve-${port}`,
      env: {
        DATABASE_URL: database.lesser,
        HOLDFAST_MIGRATION_DATABASE_URL: database.owner,
        AWS_ENDPOINT_URL: at,
        HOLDFAST_SMTP_URL: mail.url,
        HOLDFAST_SMTP_FROM: "Holdfast <holdfast@example.com>",
        HOLDFAST_PAGERDUTY_URL: `${web.url}/pagerduty`,
        HOLDFAST_TELL_AGAIN_AFTER: "5s",
      },
      ready: () => answers(`${url}/readyz`),
      within: WITHIN_MS,
      what: "the server to be ready",
    });
    running.push(holdfast);
    ({ person } = await cast(data));
  },
  { timeout: 4 * WITHIN_MS },
);
after(async () => {
  for (const one of running.reverse()) await one.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function add(page, kind, name, to) {
  await page.locator("#add-channel-kind").selectOption(kind);
  await page.locator("#add-channel-name").fill(name);
  await page.locator("#add-channel-to").fill(to);
}

test("an approver says with scripts off how they are reached, and what is secret of it is shown once", async () => {
  const page = await chrome.open(`${url}/me`, { as: person("approver"), scripts: false });
  await page.getByRole("link", { name: "How you are told" }).click();
  assert.match(await page.locator(".card-channels").innerText(), /not told of anything/);
  await add(page, "email", "work", "");
  assert.match(await press(page, "Add this channel"), /told by work/);
  await add(page, "slack", "team", `${web.url}/slack/canary-path`);
  assert.match(await press(page, "Add this channel"), /told by team/);
  await add(page, "pagerduty", "phone", "too short");
  assert.match(await press(page, "Add this channel", { refused: true }), /32 letters and digits/);
  assert.equal(await page.locator("#add-channel-name").inputValue(), "phone");
  assert.equal(await page.locator("#add-channel-to").inputValue(), "", "a secret came back");
  await page.locator("#add-channel-to").fill(KEY);
  assert.match(await press(page, "Add this channel"), /told by phone/);
  await add(page, "webhook", "desk", `${web.url}/webhook`);
  await push(page, "Add this channel");
  secret = await page.locator("code.secret").innerText();
  assert.match(secret, /^whsec_/);
  await page.goto(`${url}/me/channels`);
  const shown = await page.content();
  for (const hidden of [secret, "canary-path", KEY]) assert.ok(!shown.includes(hidden), `${hidden} is shown`);
  noProblems(page);
  await page.context().close();
});

test("each channel is tried with a button, and the page tells what became of it", async () => {
  const page = await chrome.open(`${url}/me/channels`, { as: person("approver"), scripts: false });
  web.fail(1);
  for (const name of ["work", "team", "phone", "desk"]) {
    assert.match(await press(page, `Send a test to ${name}`), /on its way/);
  }
  await until(() => mail.mails.length === 1 && web.of("/slack/canary-path").length > 0, { what: "the tests to arrive", within: 30_000 });
  const rows = page.locator(".card-channels tbody tr");
  await until(
    async () => {
      await page.reload();
      return (await rows.filter({ hasText: "delivered" }).count()) === 4;
    },
    { what: "every channel to have delivered, one of them at its second try", within: 60_000, every: 500 },
  );
  const [first] = mail.mails;
  assert.deepEqual([first.from, first.to], ["holdfast@example.com", [person("approver").email]]);
  assert.match(first.text, /Subject: \[Holdfast\] This channel works/);
  noProblems(page);
  await page.context().close();
});

test("a request that waits for somebody reaches them at once by every channel, and says so on its page", async () => {
  const [mails, calls] = [mail.mails.length, web.heard.length];
  const operator = await client(url).as(person("operator"));
  const asked = { application: "shop", intent: "failover", mode: "planned" };
  run = expect(await operator.request(asked), 201).body;
  await until(() => mail.mails.length > mails && web.heard.length >= calls + 3, { what: "everything to arrive", within: 10_000 });
  const letter = mail.mails.at(mails);
  assert.ok(letter.text.replace(/=\r\n/g, "").includes(`${url}/runs/${run.id}`), letter.text);
  const hook = web.of("/webhook").at(-1);
  const said = verified(secret, hook);
  assert.deepEqual([said.type, said.data.matter, said.data.run], ["holdfast.notice", "approval_wanted", run.id]);
  assert.throws(() => verified(secret, { ...hook, body: hook.body.replace("shop", "shoq") }), "a forged message is taken");
  const page_ = JSON.parse(web.of("/pagerduty").at(-1).body);
  assert.deepEqual([page_.event_action, page_.routing_key, page_.payload.severity], ["trigger", KEY, "critical"]);
  const page = await chrome.open(`${url}/runs/${run.id}`, { as: person("operator"), scripts: false });
  await until(
    async () => {
      await page.reload();
      return /delivered[\s\S]*delivered[\s\S]*delivered[\s\S]*delivered/.test(await page.locator(".card-told").innerText());
    },
    { what: "the page to tell of four deliveries", every: 500 },
  );
  assert.match(await page.locator(".card-told").innerText(), /PagerDuty phone[\s\S]*asked to approve/);
  noProblems(page);
  await page.context().close();
});

test("who does not answer is told again, until somebody decides; then the pager falls silent and the requester hears", async () => {
  const operator = await client(url).as(person("operator"));
  const told = async () => (await operator.get(`/runs/${run.id}/notices`)).items;
  await until(async () => (await told()).some(({ round, state }) => round === 2 && state === "delivered"), {
    what: "a second round",
    within: 30_000,
    every: 250,
  });
  assert.ok((await told()).some(({ matter, state }) => matter === "unanswered" && state === "no_channel"), "the admin has no channel, which is told");
  const approver = await client(url).as(person("approver"));
  expect(await approver.call("POST", `/runs/${run.id}/reviews`, { body: { decision: "deny", plan_digest: run.plan_digest, comment: "not tonight" } }), 200, 201);
  const resolved = () => web.of("/pagerduty").map(({ body }) => JSON.parse(body)).find(({ event_action }) => event_action === "resolve");
  await until(() => resolved(), { what: "the pager to fall silent", within: 15_000 });
  assert.equal(resolved().dedup_key, `holdfast:run:${run.id}`);
  assert.ok((await told()).some(({ matter, person: who }) => matter === "denied" && who === person("operator").email));
});

test("nothing that is secret of a channel lies in the database, in an answer or in the log", async () => {
  const approver = await client(url).as(person("approver"));
  const texts = {
    "the channels": JSON.stringify(await approver.get("/channels")),
    "who was told": JSON.stringify(await approver.get(`/runs/${run.id}/notices`)),
    "the audit log": JSON.stringify(await approver.get("/audit?limit=500")),
    "the database": JSON.stringify(await database.sql("SELECT (SELECT json_agg(c) FROM channels c), (SELECT json_agg(d) FROM deliveries d)")),
  };
  for (const [where, text] of Object.entries(texts)) {
    for (const hidden of [secret, "canary-path", KEY, MAIL_USER.pass]) assert.ok(!text.includes(hidden), `${hidden} in ${where}`);
  }
});

test("the pages are good to look at, and a channel that is removed is told nothing any more", async () => {
  await everyLook(chrome, `${url}/me/channels`, "channels", { as: person("approver") });
  await everyLook(chrome, `${url}/runs/${run.id}`, "run-told", { as: person("operator") });
  const page = await chrome.open(`${url}/me/channels`, { as: person("approver") });
  for (const name of ["work", "team", "phone", "desk"]) {
    assert.match(await press(page, `Remove ${name}`), /removed/);
  }
  const heard = web.heard.length;
  const operator = await client(url).as(person("operator"));
  const again = expect(await operator.request({ application: "shop", intent: "failover", mode: "planned" }), 201).body;
  await until(async () => (await operator.get(`/runs/${again.id}/notices`)).items.some(({ state }) => state === "no_channel"), { what: "it to be told to nobody" });
  assert.equal(web.heard.length, heard);
  noProblems(page);
  await page.context().close();
});

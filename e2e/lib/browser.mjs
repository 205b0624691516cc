// Chromium for the stories: Debian's own, one process per file of stories, a fresh context per page. Every page
// is watched from the start, so that `noProblems` can say what went wrong behind a page that looks right.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { artefacts } from "./process.mjs";

export const sizes = { wide: { width: 1440, height: 900 }, phone: { width: 360, height: 780 } };
export const themes = ["light", "dark"];

// The build of it that draws no windows lays out, styles and runs as the other does, for a quarter of the work.
const executablePath = process.env.HOLDFAST_CHROMIUM ?? ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find(existsSync);
const flags = [
  "--no-sandbox", // root has none, and the pages are our own
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const problems = new WeakMap();

/**
 * A browser for the tests of the calling file. `open(url, …)` gives a page in a context of its own:
 * `{size: "wide"|"phone", theme: "light"|"dark", scripts: true, as: person, cookies: from another page}`.
 */
export function browser() {
  let launched;
  after(async () => (await launched)?.close());
  const open = async (url, { size = "wide", theme = "light", scripts = true, as, signedInBy } = {}) => {
    // At first use: where a demonstration does not start, no `after` runs, and a browser would be left over.
    launched ??= chromium.launch({ executablePath, args: flags });
    const context = await (await launched).newContext({
      viewport: sizes[size],
      isMobile: size === "phone",
      hasTouch: size === "phone",
      colorScheme: theme,
      reducedMotion: "reduce",
      javaScriptEnabled: scripts,
      locale: "en-GB",
      timezoneId: "UTC",
      storageState: await signedInBy?.context().storageState(),
    });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    watch(page);
    if (as) await signIn(page, new URL("/", url).href, as);
    const response = await page.goto(url);
    if (response) assert.ok(response.status() < 500, `${url} answered ${response.status()}`);
    return page;
  };
  return { open };
}

/** Signs the person in by the form that `/` leads to, as a person does. Works with scripts off. */
export async function signIn(page, url, { email, password }) {
  await page.goto(url);
  await page.locator("input[type=email]").fill(email);
  await page.locator("input[type=password]").fill(password);
  await Promise.all([
    page.waitForURL((to) => !to.pathname.startsWith("/sign-in")),
    page.locator("form:has(input[type=password]) [type=submit]").click(),
  ]);
  assert.equal(await page.locator("form[action='/sign-in']").count(), 0, `${email} could not sign in`);
}

/** Loads the page anew. With scripts off, one of a run that goes on does so by itself, which may break this off. */
export async function reload(page) {
  for (let tries = 1; ; tries++) {
    try {
      return await page.reload();
    } catch (error) {
      if (tries === 5 || !/ERR_ABORTED|interrupted by another/.test(error.message)) throw error;
    }
  }
}

function watch(page) {
  const seen = [];
  // A document that is refused on purpose is the story's to judge; the browser's console tells of it all the same.
  const refused = new Set();
  const ofDocument = (message) => message.text().startsWith("Failed to load resource") && refused.has(message.location().url);
  problems.set(page, seen);
  page.on("pageerror", (error) => seen.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !ofDocument(message)) seen.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    // Leaving a page ends its live stream, and that is no failure.
    const reason = request.failure()?.errorText;
    if (reason !== "net::ERR_ABORTED") seen.push(`request failed: ${request.url()}: ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && response.request().isNavigationRequest()) refused.add(response.url());
    if (response.status() >= 500) seen.push(`${response.status()}: ${response.url()}`);
  });
}

/** No script error, no console error or warning (a refused style or script among them), no 5xx since it opened. */
export function noProblems(page) {
  assert.deepEqual(problems.get(page), [], `problems behind ${page.url()}`);
}

/**
 * WCAG 2.2 A and AA by axe, on the page as it is. Evaluated by the debugger's protocol: a script element would be
 * refused by the Content-Security-Policy, which is part of what is tested.
 */
export async function accessible(page) {
  await examined(page, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]);
}

/** What other colours can change of it. */
async function inContrast(page) {
  await examined(page, ["color-contrast", "link-in-text-block"]);
}

async function examined(page, runOnly) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(await readFile(axeFile, "utf8"));
  const violations = await page.evaluate(async (runOnly) => {
    const result = await globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] });
    return result.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target).join(" | ")}`);
  }, runOnly);
  assert.deepEqual(violations, [], `axe on ${page.url()}`);
}

/** By the width that the screen has, which a page that is wider would stretch on a phone; tables scroll by themselves. */
export async function noSidewaysScrolling(page) {
  const { width } = page.viewportSize();
  const [whole, seen] = await page.evaluate(() => {
    const page = document.scrollingElement;
    return [page.scrollWidth, page.clientWidth];
  });
  assert.ok(seen <= width && whole <= seen, `${page.url()} is ${whole} px wide, of which ${seen} are seen, on a screen of ${width}`);
}

/** A picture of the whole page into the folder of artefacts; gives its path. */
export async function picture(page, name) {
  const path = join(artefacts, "pictures", `${name}.png`);
  await mkdir(join(artefacts, "pictures"), { recursive: true });
  await page.screenshot({ path, fullPage: true });
  return path;
}

/**
 * `visit(page)` for wide and phone; then axe, and no problems; and light and dark a picture `NAME-SIZE-THEME`. Colours follow the
 * style sheets alone, so that the same page serves for both.
 */
export async function everyLook({ open }, url, name, { visit = async () => {}, as, ...options } = {}) {
  // Signed in once: a password's hash is meant to take its time.
  const door = as && (await open(new URL("/sign-in", url).href, { as }));
  for (const size of Object.keys(sizes)) {
    const page = await open(url, { ...options, size, signedInBy: door });
    await visit(page);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      await picture(page, `${name}-${size}-${theme}`);
      await (theme === themes[0] ? accessible(page) : inContrast(page));
    }
    await noSidewaysScrolling(page);
    noProblems(page);
    await page.context().close();
  }
  await door?.context().close();
}

/** Bytes on the wire, bodies and headers, of everything that `action` makes the page load. */
export async function weight(page, action) {
  const devtools = await page.context().newCDPSession(page);
  let bytes = 0;
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await action();
  await devtools.detach();
  return bytes;
}

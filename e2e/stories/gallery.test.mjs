// Every state of every page, rendered without a server (`frontend/examples/gallery`): nothing for axe, no sideways scrolling. The
// screen and the theme change from page to page, so that each state is seen once and every look comes up with many states; the
// pages that people meet in a running Holdfast are seen in every look (`pages.test.mjs`).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { accessible, browser, noSidewaysScrolling, sizes, themes } from "../lib/browser.mjs";
import { binary } from "../lib/process.mjs";

const kinds = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript" };
const looks = Object.keys(sizes).flatMap((size) => themes.map((theme) => ({ size, theme })));
const chrome = browser();
let folder, server, url;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-gallery-"));
  const gallery = join(dirname(binary), "examples", "gallery");
  await promisify(execFile)(gallery, [folder]).catch((error) => {
    throw new Error(`${gallery} does not render the gallery; \`scripts/test build\` makes it: ${error.message}`);
  });
  server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    try {
      const body = await readFile(join(folder, path));
      response.writeHead(200, { "content-type": kinds[extname(path)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(async () => {
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

test("every state of every page, one look each", { timeout: 300_000 }, async () => {
  const states = (await readdir(folder)).filter((name) => name.endsWith(".html") && name !== "index.html").sort();
  assert.ok(states.length > 50, `only ${states.length} states`);
  for (const [turn, look] of looks.entries()) {
    const mine = states.filter((_, at) => at % looks.length === turn);
    const page = await chrome.open(`${url}/${mine[0]}`, look);
    for (const state of mine) {
      const response = await page.goto(`${url}/${state}`);
      assert.equal(response.status(), 200, state);
      await accessible(page);
      await noSidewaysScrolling(page);
    }
    await page.context().close();
  }
});

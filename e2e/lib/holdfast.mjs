// A demonstration of its own for a file of stories: the built binary on a free port with an empty data folder,
// stopped and removed afterwards. What the stories know of it is what a user knows: a URL and people.json.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "./until.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const binary = process.env.HOLDFAST_BINARY ?? join(root, "target/release/holdfast");
const cache = process.env.HOLDFAST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "holdfast");

/** Pictures and logs, outside the checkout. */
export const artefacts = process.env.HOLDFAST_ARTEFACTS ?? join(cache, "e2e");

/** Postgres is initialised and the first sweep made before it is ready: seconds, but not on a busy machine. */
const READY_WITHIN_MS = 180_000;
const STOPPED_WITHIN_MS = 30_000;

/**
 * Starts a demonstration before the tests of the calling file and stops it after them. The returned object is
 * filled in by then: `url`, `people`, `person(role)`, `data`, `log()`.
 */
export function demonstration({ arguments: more = [] } = {}) {
  const demo = {};
  before(async () => Object.assign(demo, await start(more)), { timeout: READY_WITHIN_MS + STOPPED_WITHIN_MS });
  after(async () => demo.stop?.(), { timeout: 2 * STOPPED_WITHIN_MS });
  return demo;
}

/** For stories that start and kill it themselves; `data` takes up an earlier one's folder. */
export async function start(more = [], { data: given } = {}) {
  const data = given ?? (await mkdtemp(join(tmpdir(), "holdfast-e2e-")));
  // Postgres runs as another user where the tests run as root, and must reach its folder.
  await chmod(data, 0o755);
  const port = await freePort();
  await mkdir(artefacts, { recursive: true });
  const logFile = join(artefacts, `holdfast-${port}.log`);
  const log = createWriteStream(logFile);
  const child = spawn(binary, ["demo", "--listen", `127.0.0.1:${port}`, "--data", data, ...more], {
    stdio: ["ignore", "pipe", "pipe"],
    env: environment(),
  });
  let gone;
  child.once("error", (error) => (gone = `could not be started: ${error.message}`));
  child.once("exit", (code, signal) => (gone ??= `ended with ${signal ?? `exit code ${code}`}`));
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });

  const url = `http://localhost:${port}`;
  const tail = async () => (await readFile(logFile, "utf8")).split("\n").slice(-40).join("\n");
  const stop = async ({ signal = "SIGTERM", keepData = given !== undefined } = {}) => {
    if (gone === undefined) {
      child.kill(signal);
      const killer = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN_MS);
      await once(child, "exit");
      clearTimeout(killer);
    }
    log.end();
    if (!keepData) await rm(data, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await until(
      async () => {
        assert.equal(gone, undefined, `holdfast ${gone}`);
        return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok;
      },
      { within: READY_WITHIN_MS, what: `${url}/readyz to answer`, stopOn: () => gone !== undefined },
    );
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\nThe end of ${logFile}:\n${await tail()}`, { cause: error });
  }
  const people = JSON.parse(await readFile(join(data, "people.json"), "utf8"));
  const person = (role) => {
    const found = people.find(({ roles }) => roles.includes(role));
    assert.ok(found, `people.json has nobody with the role ${role}`);
    return found;
  };
  return { url, data, people, person, log: tail, stop, process: child };
}

/** Nothing of the caller's own configuration reaches it. */
function environment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^(HOLDFAST_|DATABASE_URL|PG|AWS_)/.test(name));
  return Object.fromEntries(kept);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

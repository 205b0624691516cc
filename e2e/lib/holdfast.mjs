// A demonstration of its own for a file of stories: the built binary on a free port with an empty data folder,
// stopped and removed afterwards. What the stories know of it is what a user knows: a URL and people.json.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { answers, binary, freePort, launch, STOPPED_WITHIN_MS } from "./process.mjs";

/** Postgres is initialised and the first sweep made before it is ready: seconds, but not on a busy machine. */
export const READY_WITHIN_MS = 180_000;

/**
 * Starts a demonstration before the tests of the calling file and stops it after them. The returned object is
 * filled in by then: `url`, `people`, `person(role)`, `data`, `said()`, `log()`.
 */
export function demonstration({ arguments: more = [] } = {}) {
  const demo = {};
  before(async () => Object.assign(demo, await start(more)), { timeout: READY_WITHIN_MS + STOPPED_WITHIN_MS });
  after(async () => demo.stop?.(), { timeout: 2 * STOPPED_WITHIN_MS });
  return demo;
}

/** For stories that start and kill it themselves; `data` takes up an earlier one's folder. */
export async function start(more = [], { data: given } = {}) {
  const data = given ?? (await dataFolder());
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const clear = () => rm(data, { recursive: true, force: true, maxRetries: 5 });
  let running;
  try {
    running = await launch(binary, ["demo", "--listen", `127.0.0.1:${port}`, "--data", data, ...more], {
      name: `holdfast-${port}`,
      ready: () => answers(`${url}/readyz`),
      within: READY_WITHIN_MS,
      what: `${url}/readyz to answer`,
    });
  } catch (error) {
    if (given === undefined) await clear();
    throw error;
  }
  const stop = async ({ signal, keepData = given !== undefined } = {}) => {
    await running.stop({ signal });
    if (!keepData) await clear();
  };
  return { url, ...(await cast(data)), data, said: running.said, log: running.log, stop, process: running.process };
}

/**
 * A folder that another user can enter: Postgres runs as one where the tests run as root. In memory where there is room, since
 * each story makes a cluster of a thousand files.
 */
export async function dataFolder() {
  const { bavail, bsize } = await statfs("/dev/shm").catch(() => ({ bavail: 0, bsize: 0 }));
  const data = await mkdtemp(join(bavail * bsize > 4 * 2 ** 30 ? "/dev/shm" : tmpdir(), "holdfast-e2e-"));
  await chmod(data, 0o755);
  return data;
}

/** Who can sign in to the demonstration of a data folder: `people`, and `person(role)`. */
export async function cast(data) {
  const people = JSON.parse(await readFile(join(data, "people.json"), "utf8"));
  const person = (role) => {
    const found = people.find(({ roles }) => roles.includes(role));
    assert.ok(found, `people.json has nobody with the role ${role}`);
    return found;
  };
  return { people, person };
}

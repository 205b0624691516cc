// Programs under a story's hand: each in an environment of its own, what it says kept in a log, and ended for sure.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const binary = process.env.HOLDFAST_BINARY ?? join(root, "target/release/holdfast");
export const cache = process.env.HOLDFAST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "holdfast");

/** Pictures and logs, outside the checkout. */
export const artefacts = process.env.HOLDFAST_ARTEFACTS ?? join(cache, "e2e");

export const STOPPED_WITHIN_MS = 30_000;

/**
 * Starts a program and waits until `ready(what it said)` answers something truthy. `name` is its log's; `options` are spawn's.
 * Gives `{process, log(), stop({signal})}`; one that ends before it is ready fails with the end of what it said.
 */
export async function launch(program, args, { name, env = {}, ready, within, what, ...options }) {
  await mkdir(artefacts, { recursive: true });
  const logFile = join(artefacts, `${name}.log`);
  const log = createWriteStream(logFile);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: environment(env), ...options });
  let gone;
  child.once("error", (error) => (gone = `could not be started: ${error.message}`));
  child.once("exit", (code, signal) => (gone ??= `ended with ${signal ?? `exit code ${code}`}`));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(log, { end: false });
    stream.on("data", (words) => (said += words));
  }

  const tail = async () => (await readFile(logFile, "utf8")).split("\n").slice(-40).join("\n");
  const stop = async ({ signal = "SIGTERM" } = {}) => {
    if (gone === undefined) {
      child.kill(signal);
      const killer = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN_MS);
      await once(child, "exit");
      clearTimeout(killer);
    }
    log.end();
  };
  try {
    await until(
      async () => {
        assert.equal(gone, undefined, `${program} ${gone}`);
        return ready(said);
      },
      { within, what, stopOn: () => gone !== undefined },
    );
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\nThe end of ${logFile}:\n${await tail()}`, { cause: error });
  }
  return { process: child, said: () => said, log: tail, stop };
}

/** Nothing of the caller's own configuration reaches it; what a story sets does. */
export function environment(set = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(HOLDFAST_|DATABASE_URL|PG|AWS_)/.test(name));
  return { ...Object.fromEntries(kept), ...set };
}

/** Whether something answers well there by now; for `ready`. */
export const answers = async (url) => (await fetch(url).catch(() => undefined))?.ok;

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

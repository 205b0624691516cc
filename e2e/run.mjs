// Runs stories, several at once, each a process of its own: `node e2e/run.mjs [WORDS FOR node --test] FILES`. Much of a story is
// waiting for the simulated AWS, so that there are twice as many lanes as processors (HOLDFAST_STORY_LANES sets another number). The one
// that took longest the last time is begun first, so that none is left to run alone at the end; what a story says is printed whole, when it is over.
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { artefacts } from "./lib/process.mjs";

/** More would need the memory of a large machine. */
const MOST_LANES = 6;

const words = process.argv.slice(2);
const files = words.filter((word) => word.endsWith(".test.mjs"));
const more = words.filter((word) => !word.endsWith(".test.mjs"));
const lanes = Number(process.env.HOLDFAST_STORY_LANES ?? Math.min(2 * availableParallelism(), MOST_LANES));
const name = (file) => basename(file, ".test.mjs");
const took = join(artefacts, "durations.json");

if (files.length === 0 || !Number.isInteger(lanes) || lanes < 1) {
  console.error("run.mjs: needs files named *.test.mjs, and HOLDFAST_STORY_LANES to be a number from 1 on, if it is set.");
  process.exit(2);
}

/** Seconds by story, of the last run that got so far; a first run has none. */
async function durations() {
  try {
    return JSON.parse(await readFile(took, "utf8"));
  } catch {
    return {};
  }
}

function run(file) {
  return new Promise((resolve) => {
    const said = [];
    const story = spawn(process.execPath, ["--test", "--test-reporter=spec", ...more, file], { stdio: ["ignore", "pipe", "pipe"] });
    story.stdout.on("data", (text) => said.push(text));
    story.stderr.on("data", (text) => said.push(text));
    story.on("error", (error) => resolve({ passed: false, said: String(error) }));
    story.on("close", (code) => resolve({ passed: code === 0, said: Buffer.concat(said).toString() }));
  });
}

const last = await durations();
// One that was never timed may be the longest: a day.
const expected = (file) => last[name(file)] ?? 86_400;
const waiting = files.toSorted((a, b) => expected(b) - expected(a));
const failed = [];
let over = 0;

async function lane() {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const began = Date.now();
    const { passed, said } = await run(file);
    const seconds = (Date.now() - began) / 1000;
    over += 1;
    console.log(`${said.trimEnd()}\n${passed ? "passed" : "FAILED"} ${name(file)} in ${seconds.toFixed(1)} s (${over} of ${files.length})\n`);
    if (passed) last[name(file)] = seconds;
    else failed.push(name(file));
  }
}

await Promise.all(Array.from({ length: Math.min(lanes, files.length) }, lane));
await mkdir(artefacts, { recursive: true });
await writeFile(took, JSON.stringify(last, null, 1));
console.log(failed.length === 0 ? `All ${files.length} stories passed.` : `Failed: ${failed.join(", ")}.`);
process.exit(failed.length === 0 ? 0 : 1);

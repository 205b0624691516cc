// The simulator's own word: what really changed, and by whose call. It judges Holdfast from outside.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Of a demonstration: where its simulator listens stands in its data folder. */
export async function simulator({ data }) {
  return simulatorAt(JSON.parse(await readFile(join(data, "simulator.json"), "utf8")).url);
}

/** One that was started by itself. */
export function simulatorAt(url) {
  const get = async (path) => {
    const response = await fetch(url + path);
    assert.equal(response.status, 200, `${path} answered ${response.status}`);
    return response.text();
  };
  const send = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    assert.ok(response.ok, `${method} ${path} answered ${response.status}: ${await response.text()}`);
  };
  return {
    url,
    world: async () => JSON.parse(await get("/_sim/world")),
    ledger: async () =>
      (await get("/_sim/ledger"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    dark: (region, dark) => send("PATCH", `/_sim/regions/${region}`, { dark }),
    controlPlaneDark: (region, dark) => send("PATCH", `/_sim/regions/${region}`, { control_plane_dark: dark }),
    fault: (fault) => send("POST", "/_sim/faults", fault),
    clearFaults: () => send("DELETE", "/_sim/faults"),
  };
}

/** Calls that changed something in the name of a run's step. */
export function effects(ledger, run) {
  return ledger.filter((line) => line.changing && line.effect === "changed" && line.session_name === run.id);
}

/** A second `changed` with the same run, step, direction, operation, Region and body is a second effect. */
export function duplicates(ledger) {
  const seen = new Map();
  for (const line of ledger.filter((line) => line.changing && line.effect === "changed")) {
    const agent = String(line.user_agent ?? "");
    const step = /holdfast-step\/(\S+)/.exec(agent)?.[1];
    if (!step) continue;
    const direction = /holdfast-direction\/(\S+)/.exec(agent)?.[1];
    const key = JSON.stringify([line.session_name, step, direction, line.operation, line.region, line.body]);
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return [...seen].filter(([, count]) => count > 1).map(([key]) => key);
}

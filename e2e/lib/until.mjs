// Waiting for a condition rather than for a time.
import { setTimeout as pause } from "node:timers/promises";

/**
 * Asks `condition` until it answers something truthy, and returns that. What it throws counts as "not yet" and is
 * named in the end, unless `stopOn` says that there is nothing left to wait for.
 */
export async function until(condition, { within = 10_000, every = 50, what = "a condition", stopOn = () => false } = {}) {
  const end = performance.now() + within;
  let last;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer;
    } catch (error) {
      last = error;
      if (stopOn()) throw error;
    }
    if (performance.now() >= end) throw new Error(`waited ${within} ms for ${what}`, { cause: last });
    await pause(every);
  }
}

// Holdfast as automation uses it: REST calls alone, by a person's session or by a token.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { until } from "./until.mjs";

/** A client with a session of its own; `as(person)` signs in. Answers are `{status, body, headers}`. */
export function client(url) {
  let cookie;
  let bearer;
  const call = async (method, path, { body, headers = {}, key, type = "application/json" } = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      redirect: "manual",
      headers: {
        // What a browser of ours would say; a cookie without it is refused.
        ...(cookie ? { cookie, origin: url } : {}),
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        ...(body === undefined ? {} : { "content-type": type }),
        ...(key ? { "idempotency-key": key } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get("content-type") ?? "");
    const set = response.headers.getSetCookie().find((line) => line.startsWith("__Host-holdfast="));
    if (set) cookie = set.split(";")[0];
    return { status: response.status, headers: response.headers, text, body: json && text ? JSON.parse(text) : undefined };
  };
  const rest = {
    call,
    get: async (path, options) => expect(await call("GET", path, options), 200).body,
    async as({ email, password }) {
      expect(await call("POST", "/session", { body: { email, password } }), 200, 201, 204);
      return rest;
    },
    with(token) {
      bearer = token;
      return rest;
    },
    /** Asks for a run; gives the whole answer, whatever it is. */
    request: (body, key = randomUUID()) => call("POST", "/runs", { body: { reason: "rehearsal of the story", ...body }, key }),
    approve: (run) =>
      call("POST", `/runs/${run.id}/reviews`, { body: { decision: "approve", plan_digest: run.plan_digest, comment: "read" } }),
    /** Waits until the run is in one of these states; fails at once where it needs a person. */
    async reaches(id, states, within = 90_000) {
      const wanted = [states].flat();
      let run;
      await until(
        async () => {
          run = await rest.get(`/runs/${id}`);
          if (wanted.includes(run.state)) return true;
          const parked = run.steps.filter((step) => step.parked).map((step) => `${step.id}: ${step.parked.reason}`);
          assert.notEqual(run.state, "needs_person", `the run needs a person: ${parked.join("; ")}`);
          return false;
        },
        { within, every: 100, what: `run ${id} to be ${wanted}`, stopOn: () => run?.state === "needs_person" },
      );
      return run;
    },
  };
  return rest;
}

export function expect(answer, ...statuses) {
  assert.ok(statuses.includes(answer.status), `answered ${answer.status}, not ${statuses}: ${answer.text.slice(0, 2000)}`);
  return answer;
}

// What stands between Holdfast and its AWS: hands on every call as it is, and on demand swallows one: before AWS hears
// of it, or its answer, when AWS has done it.
import { once } from "node:events";
import { Agent, createServer, request as ask } from "node:http";

/** `{url, swallow(what, operation), stop()}` before the AWS that listens at `target`. */
export async function between(target) {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const orders = [];

  /** The call as it came: what it names as its host is signed. */
  const forward = (incoming, body) =>
    new Promise((resolve, reject) => {
      const { method, url: path, rawHeaders: headers } = incoming;
      const outgoing = ask({ hostname, port, agent, method, path, headers, setHost: false }, async (answer) => {
        resolve({ status: answer.statusCode, headers: answer.rawHeaders, body: Buffer.concat(await answer.toArray()) });
      });
      outgoing.once("error", reject);
      outgoing.end(body);
    });

  const server = createServer(async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray());
    const fitting = orders.findIndex((order) => order.operation.test(operation(incoming, body)));
    const [mine] = fitting < 0 ? [] : orders.splice(fitting, 1);
    // Nobody hears any more of it; the connection ends with whoever waits.
    if (mine?.what === "call") return mine.swallowed();
    try {
      const answer = await forward(incoming, body);
      if (mine) return mine.swallowed();
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      response.destroy();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Of the next call whose operation fits, swallows the `call` or the `answer`; resolves when that has happened. */
    swallow: (what, operation) => new Promise((swallowed) => orders.push({ what, operation, swallowed })),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}

/** As AWS's protocols name it: by a header, by the first field of a form, else by method and path. */
function operation({ method, url, headers }, body) {
  return headers["x-amz-target"] ?? /^Action=(\w+)/.exec(body.toString("utf8", 0, 200))?.[1] ?? `${method} ${url}`;
}

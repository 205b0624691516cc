// Receivers that nobody here wrote, on loopback: a mail server (npm `smtp-server`), and what webhooks' receivers use to tell a
// good message from a forged one (npm `standardwebhooks`). What was heard is kept.
import { once } from "node:events";
import { createServer } from "node:http";
import { SMTPServer } from "smtp-server";
import { Webhook } from "standardwebhooks";

export const MAIL_USER = { user: "holdfast", pass: "canary-of-the-mail-server" };

/** `url` for `HOLDFAST_SMTP_URL`, and the `mails` that came: `{from, to, text}`. */
export async function mailServer() {
  const mails = [];
  const server = new SMTPServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _, done) =>
      username === MAIL_USER.user && password === MAIL_USER.pass ? done(null, { user: username }) : done(new Error("not right")),
    onData(stream, { envelope }, done) {
      const chunks = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        mails.push({ from: envelope.mailFrom.address, to: envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const { port } = server.server.address();
  return {
    url: `smtp://${MAIL_USER.user}:${MAIL_USER.pass}@127.0.0.1:${port}`,
    mails,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Takes every POST; `heard` has path, headers and body. `fail(n)`: the next n are answered with 503. */
export async function webReceiver() {
  const heard = [];
  let failing = 0;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      heard.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(failing-- > 0 ? 503 : 202).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, heard, fail: (times) => (failing = times), of: (path) => heard.filter((one) => one.path === path), stop };
}

/** What was said, where the signature holds; throws where it does not. */
export const verified = (secret, { headers, body }) => new Webhook(secret).verify(body, headers);

// An identity provider that nobody here wrote (npm `oidc-provider`), as a process of its own: `node provider-process.mjs PORT FOLDER`.
// Its people are in FOLDER/people.json, read anew for each sign-in: `{name: {email, email_verified, groups}}`. Its own pages take any password.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Provider from "oidc-provider";

const [port, folder] = process.argv.slice(2);
const { client, redirect } = JSON.parse(await readFile(join(folder, "client.json"), "utf8"));
const people = async () => JSON.parse(await readFile(join(folder, "people.json"), "utf8"));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ ...client, redirect_uris: [redirect], grant_types: ["authorization_code"], response_types: ["code"] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  cookies: { keys: ["of the story alone"] },
  pkce: { required: () => true },
  features: { backchannelLogout: { enabled: true } },
  // By itself it calls no address of this machine, and Holdfast is there.
  fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
  async findAccount(_, id) {
    const person = (await people())[id];
    return person && { accountId: id, claims: async () => ({ sub: id, ...person }) };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("The provider listens"));

// An identity provider that nobody here wrote, as a program under a story's hand.
import { fileURLToPath } from "node:url";
import { answers, launch } from "./process.mjs";

const script = fileURLToPath(new URL("provider-process.mjs", import.meta.url));

/** At that address on loopback; whom and whose client it knows stands in the folder. As `launch` gives it. */
export function startProvider(issuer, folder, { within }) {
  const { port } = new URL(issuer);
  return launch(process.execPath, [script, port, folder], {
    name: `provider-${port}`,
    ready: () => answers(`${issuer}/.well-known/openid-configuration`),
    within,
    what: "the provider to answer",
  });
}

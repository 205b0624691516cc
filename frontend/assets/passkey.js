// Has a key (WebAuthn) answer what this server asks, and sends the answer with the form that wants it. Forms that want one are
// hidden until this runs, since nothing else can ask a key.
const asking = {
  create: (options) => navigator.credentials.create({ publicKey: options }),
  get: (options) => navigator.credentials.get({ publicKey: options }),
};

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** The options as the browser takes them: what JSON has as text is bytes. */
function options(asked) {
  const known = (keys) => keys?.map((key) => ({ ...key, id: bytes(key.id) }));
  return {
    ...asked,
    challenge: bytes(asked.challenge),
    ...(asked.user && { user: { ...asked.user, id: bytes(asked.user.id) } }),
    ...(asked.excludeCredentials && { excludeCredentials: known(asked.excludeCredentials) }),
    ...(asked.allowCredentials && { allowCredentials: known(asked.allowCredentials) }),
  };
}

/** The answer as JSON, as `PublicKeyCredential.toJSON()` has it where there is one. */
function answer({ id, rawId, type, response }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const there = parts.filter((name) => name in response).map((name) => [name, response[name] && text(response[name])]);
  return {
    id,
    rawId: text(rawId),
    type,
    response: { ...Object.fromEntries(there), ...(response.getTransports && { transports: response.getTransports() }) },
  };
}

/** In words, what went wrong between browser and key. */
function words(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The key was not used: it was put away, or it took too long. Try again.";
    case "InvalidStateError":
      return "This key is registered already.";
    case "SecurityError":
      return "The browser asks no key at this address. Open Holdfast at the address that your administrator gave it.";
    case "NotSupportedError":
      return "This key cannot do what is asked of it.";
    default:
      return error.message || "The key could not be asked.";
  }
}

async function challenge({ challenge: path, page }) {
  const body = page === undefined ? {} : { body: JSON.stringify({ page }), headers: { "content-type": "application/json" } };
  const response = await fetch(path, { method: "POST", ...body });
  const said = await response.json();
  if (response.ok) return said.public_key;
  if (said.code === "fresh_identity_needed") {
    location.assign(`/prove?next=${encodeURIComponent(location.pathname)}`);
    return undefined;
  }
  throw new Error(`${said.detail} ${said.way_out}`);
}

/** A key belongs to a name: a browser asks none at a number, nor where others could read along. */
const possible = () => globalThis.PublicKeyCredential && isSecureContext && !/^[\d.]+$|^\[/.test(location.hostname);

function ready(form) {
  const button = form.querySelector("button");
  const said = form.querySelector("[data-said]");
  const say = (what) => {
    said.textContent = what;
    said.hidden = what === "";
  };
  form.hidden = false;
  if (!possible()) {
    button.disabled = true;
    say("This browser asks no keys at this address: it takes https and a name, or http://localhost on this machine.");
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    say("");
    try {
      const asked = await challenge(form.dataset);
      if (asked === undefined) return;
      form.elements.passkey.value = JSON.stringify(answer(await asking[form.dataset.passkey](options(asked))));
      form.submit();
    } catch (error) {
      say(words(error));
      button.disabled = false;
    }
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) ready(form);

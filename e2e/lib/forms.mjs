// The plain forms of the pages, filled in and sent as a person does with scripts off.

/** Presses what leads to another page, and waits until that is there. */
export async function go(page, locator) {
  const loaded = page.waitForEvent("load");
  await locator.click();
  await loaded;
}

/** A button whose answer is a page of its own. */
export const push = (page, name) => go(page, page.getByRole("button", { name }));

/** Presses the button and waits for the page that answers; gives what it says came of the form. */
export async function press(page, name, { refused = false } = {}) {
  await push(page, name);
  return page.locator(refused ? ".flash[role=alert]" : ".flash[role=status]").innerText();
}

/** Opens the part that is folded under these words. */
export const unfold = (page, words) => page.locator("summary", { hasText: words }).click();

// The plain forms of the pages, filled in and sent as a person does with scripts off.

/** Presses the button and waits for the page that answers; gives what it says came of the form. */
export async function press(page, name, { refused = false } = {}) {
  const loaded = page.waitForEvent("load");
  await page.getByRole("button", { name }).click();
  await loaded;
  return page.locator(refused ? ".flash[role=alert]" : ".flash[role=status]").innerText();
}

/** Opens the part that is folded under these words. */
export const unfold = (page, words) => page.locator("summary", { hasText: words }).click();

// Fetches the browser's module and hands it the islands of this page, one by one, by their names.
const { module: base } = document.querySelector("script[data-module]").dataset;
const holdfast = await import(`${base}.js`);
await holdfast.default({ module_or_path: `${base}.wasm` });
holdfast.hydrate();
for (const island of document.querySelectorAll("leptos-island")) {
  holdfast[island.dataset.component]?.(island);
}

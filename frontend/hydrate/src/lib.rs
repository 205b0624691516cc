//! The module that the browser loads: it wakes the islands and holds nothing else.

/// Called by `load.js` once the module is there, before the islands are handed over one by one.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // Names the crate, so that its islands are linked in.
    use holdfast_frontend as _;
    leptos::mount::hydrate_islands();
}

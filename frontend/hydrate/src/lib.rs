//! The module that the browser loads: it wakes the islands and holds nothing else. Empty on any other target.

#![cfg(target_arch = "wasm32")]

// Not named otherwise, and the islands are reached through its exports.
use holdfast_frontend as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the loader in the page, before it hands each island its element.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}

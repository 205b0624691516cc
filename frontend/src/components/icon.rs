//! Icons: symbols of one sprite, `assets/icons.svg`. Always beside a word, so hidden from assistive technology.

use crate::screen::Assets;
use leptos::prelude::*;

/// A symbol of the sprite at the size of the text beside it.
#[must_use]
pub fn icon(name: &str) -> AnyView {
    sized(name, 16)
}

#[must_use]
pub fn sized(name: &str, pixels: u16) -> AnyView {
    let sprite = use_context::<Assets>().map(|a| a.get("icons.svg")).unwrap_or_default();
    let href = format!("{sprite}#{name}");
    view! {
        <svg class="i" width=pixels height=pixels viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <use_ href=href />
        </svg>
    }
    .into_any()
}

//! The pages. Feature `ssr`: pure functions from the door's views to HTML, rendered by the server. Feature
//! `hydrate`: only the islands, the few parts that live on in the browser. No page fetches, decides or stores
//! anything; every change is a form that the server answers.

pub mod islands;
pub mod words;

#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod format;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod screen;

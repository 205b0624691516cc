//! The few parts of a page that live on in the browser. Each takes plain texts; nothing works only through them.
//! On the server they render what stands before the module arrives, and what stays where it never does.

mod desk;
mod live;

pub use desk::{Desk, DeskProps};
pub use live::{Live, LiveProps};

#[cfg(feature = "hydrate")]
mod clock;
#[cfg(feature = "hydrate")]
mod dom;
#[cfg(feature = "hydrate")]
mod keys;
#[cfg(feature = "hydrate")]
mod notice;
#[cfg(feature = "hydrate")]
mod patch;
#[cfg(feature = "hydrate")]
mod stream;
#[cfg(feature = "hydrate")]
mod theme;

//! The tools of the house.
fn main() {}

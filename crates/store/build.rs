//! The migrations are compiled in; a new file must make the compiler look again.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}

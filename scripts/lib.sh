# Sourced by the other scripts, never run: where things lie and how to speak. Sets no state outside the shell.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools.env
source "$ROOT/scripts/tools.env"

export HOLDFAST_CACHE=${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOLDFAST_CACHE/target}
export PATH="$HOLDFAST_CACHE/bin:$PATH"
RUST_CHANNEL=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml")
WASM_TARGET=wasm32-unknown-unknown

say() { printf '   %s\n' "$*"; }

elapsed() {
  local seconds=$1
  if ((seconds < 60)); then printf '%ds' "$seconds"; else printf '%dm %02ds' $((seconds / 60)) $((seconds % 60)); fi
}

# A phase's header, with the time since the script began.
header() { printf '\n== %s  (at %s)\n' "$*" "$(elapsed "$SECONDS")"; }

# The last words of a script that cannot go on: what is wrong, and the way out.
stop() {
  printf '\nStopped: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '         %s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Cargo takes what another checkout left in the shared folder for this one's where the sources are older; its tests would
# look for their files there. Ours are built anew, the dependencies are kept.
forget_other_checkouts() {
  local mark=$CARGO_TARGET_DIR/checkout
  [[ $(cat "$mark" 2>/dev/null) != "$ROOT" ]] || return 0
  rm -rf "$CARGO_TARGET_DIR"/release/.fingerprint/{holdfast,xtask}*
  mkdir -p "$CARGO_TARGET_DIR"
  printf '%s\n' "$ROOT" >"$mark"
}

# The Rust that rust-toolchain.toml names. Where it cannot be fetched but an installed toolchain of another name
# has the same version, that one serves.
find_rust() {
  forget_other_checkouts
  have cargo || [[ ! -x $HOME/.cargo/bin/cargo ]] || export PATH="$HOME/.cargo/bin:$PATH"
  have cargo || stop "Rust is not installed." "Install it with rustup (https://rustup.rs), open a new shell, and repeat."
  if (cd "$ROOT" && rustc --version >/dev/null 2>&1); then return; fi
  have rustup || stop "this Rust cannot build Holdfast: $RUST_CHANNEL is needed." "Install rustup (https://rustup.rs) and repeat."
  say "Rust $RUST_CHANNEL: installing by rustup"
  if timeout 600 rustup toolchain install "$RUST_CHANNEL" --profile minimal --component rustfmt,clippy; then return; fi
  local name
  for name in $(rustup toolchain list | sed 's/ .*//'); do
    if [[ $(rustup run "$name" rustc --version 2>/dev/null) == "rustc $RUST_CHANNEL "* ]]; then
      say "Rust $RUST_CHANNEL: rustup cannot fetch it, but the installed toolchain $name is that version"
      export RUSTUP_TOOLCHAIN=$name
      return
    fi
  done
  stop "Rust $RUST_CHANNEL is not installed and rustup cannot fetch it." \
    "With a network: rustup toolchain install $RUST_CHANNEL"
}

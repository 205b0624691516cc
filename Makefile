# The two commands that matter are `make run` and `make test`; `make` alone lists them all.
# The work is done by scripts/, which say what they do.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench chaos setup page map sbom advisories

help: ## This list
	@printf 'Holdfast. Commands:\n\n'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@printf '\nBuilds are kept in ~/.cache/holdfast (HOLDFAST_CACHE=DIR moves them).\n'

run: ## Install what is missing, build, and start the demonstration on http://localhost:8080
	@exec scripts/run

test: ## Install what is missing, and run every gate and every test, unit to browser
	@exec scripts/test

check: ## The static gates: formatting, lints, licences and sources of dependencies
	@exec scripts/test check

fmt: ## Format the Rust sources
	@cargo fmt --all

bench: ## The benchmarks, each beside what one would write by hand
	@exec scripts/later bench

chaos: ## The long fault runs
	@exec scripts/later chaos

setup: ## Only install what `make test` needs
	@exec scripts/setup test

page: ## Only build what the browser loads
	@source scripts/lib.sh && cargo xtask page

advisories: ## Look up known weaknesses of what is built in (needs a network)
	@exec scripts/advisories

sbom: ## Write what is built into the binary to sbom.json (CycloneDX)
	@source scripts/lib.sh && cargo xtask sbom > sbom.json

map: ## Draw the world map anew (frontend/src/components/land.rs)
	@source scripts/lib.sh && cargo xtask map

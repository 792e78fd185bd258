# What can be made here; `make` alone lists it. Needs Python 3.11 to 3.13, git and make.

SHELL := /bin/sh
BIN := .venv/bin
STAMP := .venv/installed
PEERS := .venv/peers
FILLING := .venv/filling
INSTALL = $(BIN)/python -I -m pip install --quiet --quiet --disable-pip-version-check --no-user --constraint constraints.txt
KNOWN := (3, 11) <= sys.version_info[:2] <= (3, 13)
FITS := import sys, venv, ensurepip; sys.exit(not $(KNOWN))
OURS := import os, sys, mwm; sys.exit(not $(KNOWN) or not os.path.samefile(mwm.__path__[0], "mwm"))

# The first interpreter that runs (a pyenv shim may exist and fail), is of a known version and can
# make environments. Another: `rm -rf .venv; make env PYTHON=...`.
CANDIDATES := python3.13 python3.12 python3.11 python3
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -I -c '$(FITS)' >/dev/null 2>&1 && echo $(p))))

# An environment knows its Python and its folder: if that Python went away, or the checkout was moved
# or copied, it is made anew. With -I nothing comes from this folder, PYTHONPATH or the user's site.
ifneq ($(shell $(BIN)/python -I -c '$(OURS)' >/dev/null 2>&1 && echo ours),ours)
.PHONY: $(STAMP)
endif

# Pip's settings on where packages come from stay; those on what to install, and where, do not.
SOURCES := INDEX_URL EXTRA_INDEX_URL NO_INDEX FIND_LINKS TRUSTED_HOST CERT CLIENT_CERT PROXY TIMEOUT \
	DEFAULT_TIMEOUT RETRIES CACHE_DIR NO_CACHE_DIR CONFIG_FILE KEYRING_PROVIDER ONLY_BINARY NO_BINARY
unexport $(filter-out $(SOURCES:%=PIP_%),$(filter PIP_%,$(.VARIABLES))) PYTHONPATH PYTHONHOME

.PHONY: help env repro control studies live check test slow smoke clusters docs bench torture lint format clean repository
.DEFAULT_GOAL := help

help:  ## list what can be made
	@sed -n 's/^\([a-z][a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "make %-8s %s\n", $$1, $$2 }'

env: $(STAMP)  ## make the environment in .venv, at the versions of constraints.txt
	@echo "env: .venv is up to date ($$($(BIN)/python -V))"

$(STAMP): pyproject.toml constraints.txt
	@'$(PYTHON)' -I -c '$(FITS)' 2>/dev/null || { echo "error: PYTHON='$(PYTHON)': expected a Python 3.11, 3.12 or 3.13 with venv, found none that runs; install one (Debian: python3 python3-venv), or name it: make env PYTHON=/path/to/python3" >&2; exit 2; }
	@[ "$$(cat $(FILLING) 2>/dev/null)" = "$$PPID" ] || ! kill -0 "$$(cat $(FILLING) 2>/dev/null)" 2>/dev/null || { echo "error: .venv: expected to fill it alone, found that another make (process $$(cat $(FILLING))) fills it; wait until that has ended (or, if it is no make, remove $(FILLING)), then run this again" >&2; exit 2; }
	@$(BIN)/python -I -c '$(OURS)' 2>/dev/null || { echo "env: making .venv with $$('$(PYTHON)' -V)"; rm -rf .venv; \
	mkdir .venv; echo $$PPID > $(FILLING); '$(PYTHON)' -m venv .venv; }
	@echo $$PPID > $(FILLING)
	@echo "env: installing mwm and its tools at the versions of constraints.txt (minutes the first time; torch is large)"
	@$(INSTALL) --editable '.[dev]'
	@rm -f $(FILLING) && touch $@

# DVC needs Git: the repository around this folder, or one of its own if there is none, or it is ignored there.
repository:
	@[ -e .git ] || if said=$$(LC_ALL=C git rev-parse --git-dir 2>&1); then ! git check-ignore --quiet .; else \
	case $$said in *"not a git repository"*) false;; *) echo "error: $$said" >&2; exit 2;; esac; fi || \
	{ echo "git init, which DVC needs"; git init --quiet; }

repro: $(STAMP) repository  ## run the pipeline: all stages whose code, data or params changed
	@echo "repro: mwm repro report; then open report/index.html"
	@$(BIN)/python -m mwm repro report

control: $(STAMP) repository  ## learn to play in the original, and play in every world (an hour)
	@echo "control: mwm repro pretrained playground; then open report/control.html"
	@$(BIN)/python -m mwm repro pretrained playground

studies: $(STAMP) repository  ## run other seeds, and independent inputs (hours; each part that ran is kept), and tabulate
	@echo "studies: mwm repro variants, then mwm repro in results/; then open results/index.html"
	@$(BIN)/python -m mwm repro variants
	@cd results && "$(CURDIR)/$(BIN)/python" -m mwm repro

live: $(STAMP)  ## a page of what runs now, with curves, films and the time left; it reloads itself
	@$(BIN)/python -m mwm live

check: $(STAMP) repository  ## check that dvc.lock, code, params and present files agree
	@echo "check: mwm check, also in results/ (all that is stale, and why)"
	@code=0; for project in . results; do (cd $$project && "$(CURDIR)/$(BIN)/python" -m mwm check) || code=$$?; done; exit $$code

test: $(STAMP) repository  ## run the tests that take seconds
	@echo "test: pytest, about 5 minutes on two cores (the slow ones: make slow)"
	@$(BIN)/python -m pytest -n logical --dist loadfile

slow: $(STAMP) repository  ## run the tests that take minutes: real pipelines, real training
	@echo "slow: pytest -m slow, a line for each test"
	@$(BIN)/python -m pytest -m slow -v

smoke: $(STAMP) repository  ## run the pipeline at its smallest, twice, in temporary copies; compare the bytes
	@echo "smoke: profiles/smoke.yaml in two temporary copies; the report goes to build/smoke"
	@$(BIN)/python tests/smoke.py --keep build/smoke

clusters: $(STAMP) repository  ## the pipeline at its smallest, here and on local clusters of Ray and (if installed) Slurm
	@echo "clusters: dvc repro here, and meanwhile mwm repro --on ray and --on slurm, each of two nodes on this machine"
	@$(BIN)/python tests/elsewhere.py --keep build/smoke

docs: $(STAMP)  ## build the site in build/site: docs, the library's reference, report, playground
	@echo "docs: python docs/site/build.py build/site; then open build/site/index.html"
	@$(BIN)/python docs/site/build.py build/site

bench: $(PEERS) repository  ## measure every step against what bounds it and what others do (six to eight minutes, idle cores)
	@echo "bench: python -m bench; all figures go to build/bench.json"
	@$(BIN)/python -m bench

$(PEERS): $(STAMP)
	@echo "bench: installing what we compare with"
	@$(INSTALL) --editable '.[bench]'
	@touch $@

torture: $(STAMP) repository  ## kill stages and DVC at random, 60 times, in a temporary copy; compare the bytes
	@echo "torture: smoke profile, SIGKILL, SIGTERM, SIGINT; then full and read-only folders"
	@$(BIN)/python tests/torture.py

lint: $(STAMP)  ## check format, lint and types
	@echo "lint: ruff format --check, ruff check, mypy"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

format: $(STAMP)  ## format the code and repair what lint can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## remove what tools leave behind; data, runs and the environment stay
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# Torgpuls: `make` alone prints what there is. Nothing here needs more than Python 3.11 and a C compiler
# to begin with; what else a target needs it installs, says so, and does not install twice.

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3))
PACKAGES = firmware host_tools provisioning simulator boards
SET_UP = PYTHONPATH=build/path $(PYTHON) -m torgpuls.simulator.toolchain
BIN = .venv/bin

.PHONY: help demo test lint lock clean setup setup-dev path check-python
.DEFAULT_GOAL := help

help: ## Print the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | column -t -s @

setup: path ## Make .venv with what Torgpuls needs to run
	@$(SET_UP).environment run

setup-dev: path
	@$(SET_UP).environment dev

lock: setup-dev ## Renew both lock files from pyproject.toml (needs the network)
	@$(SET_UP).lock

clean: ## Remove everything that was built here (caches under ~/.cache/torgpuls stay)
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The top-level folders under the names that they have when installed (DESIGN.md, "Folders").
path: check-python
	@mkdir -p build/path/torgpuls
	@for folder in $(PACKAGES); do ln -sfn ../../../$$folder build/path/torgpuls/$$folder; done

check-python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "set-up: Python 3.11 or newer is needed; install it, or name it: make PYTHON=..." >&2; exit 2; }

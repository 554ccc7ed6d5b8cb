# Torgpuls: `make` alone prints what there is. Nothing here needs more than Python 3.11 and a C
# compiler to begin with; what else a target needs it installs, says so, and installs once.

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3))
PACKAGES = firmware host_tools provisioning simulator boards
TOOLCHAIN = PYTHONPATH=build/path $(PYTHON) -m torgpuls.simulator.toolchain
BIN = .venv/bin
C_FILES = $(wildcard firmware/*/*.[ch] simulator/*/*.[ch] tests/*/*.[ch] bench/*.[ch] boards/*/*.h)
# module.c and port_esp32.c need other headers; their builds (micropython, tests/sniffer) warn as strictly.
STRICT_C = $(filter-out %/module.c %/port_esp32.c,$(wildcard firmware/*/*.c simulator/*/*.c))
STRICT = -std=c11 -O2 -Wall -Wextra -Wconversion -Werror

.DEFAULT_GOAL := help
.PHONY: help demo test lint test-python micropython micropython-% lock clean setup setup-dev path python

help: ## Print the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1@\2/p' Makefile | awk -F @ '{ printf "%-20s%s\n", $$1, $$2 }'

demo: setup ## Watch captures become counts: store, three nodes, a live table (a minute)
	@$(BIN)/torgpuls demo

test: setup-test ## Everything: lint, all tests, the node on three MicroPythons
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory -j2 micropython
	@$(MAKE) --no-print-directory test-python

lint: setup-dev ## Formatting, types and warnings of Python and C
	@$(BIN)/ruff format --check --quiet . || { echo "lint: run: $(BIN)/ruff format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	@for file in $(STRICT_C); do $(CC) $(STRICT) -S -o /dev/null $$file || exit 1; done
	@$(BIN)/pytest -q tests/test_imports.py tests/test_repository.py
	@echo "lint: clean"

test-python: setup-dev ## The tests alone (those on MicroPython as far as it is built)
	@$(BIN)/pytest -q -n 2 --dist worksteal

micropython: micropython-unix micropython-qemu micropython-wasm ## Build the three MicroPythons

micropython-%: setup-dev
	@$(BIN)/python -m torgpuls.simulator.toolchain $*

setup: path ## Make .venv with what Torgpuls needs to run
	@$(TOOLCHAIN).environment run

setup-dev: path
	@$(TOOLCHAIN).environment dev

setup-test: path
	@$(TOOLCHAIN).packages
	@$(TOOLCHAIN).environment dev

lock: path ## Renew both lock files from pyproject.toml (needs the network)
	@$(TOOLCHAIN).lock

clean: ## Remove what was built here (the caches in ~/.cache/torgpuls stay)
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The top-level folders under the names that they have when installed (DESIGN.md, "Folders").
path: python
	@mkdir -p build/path/torgpuls
	@for folder in $(PACKAGES); do ln -sfn ../../../$$folder build/path/torgpuls/$$folder; done

python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "set-up: Python 3.11 or newer is needed; install it or name it: make PYTHON=..." >&2; exit 2; }

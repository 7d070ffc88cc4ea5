# Everything runs in .venv, which each target sets up for itself: exact versions from constraints.txt,
# installed again only when pyproject.toml or constraints.txt change.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Set these on the command line: make test PYTEST_ARGS="-k window -x"
PYTHON ?=
PYTEST_ARGS ?=
DEMO_ARGS ?=
DETECTOR_ARGS ?=
NOTEBOOKS ?= notebooks

# -qq: errors only; pip's advice about indexes and versions is not about this project.
PIP := $(BIN)/python -m pip -qq --no-input
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: help demo test lint notebooks detector bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## train a detector on the laboratory data and let it raise alerts
	@$(BIN)/python -m sweepml.cli.demo $(DEMO_ARGS)

test: lint ## every check; PYTEST_ARGS goes to pytest, whose summary comes last
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(STAMP) ## style, formatting, types, direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

notebooks: $(STAMP) ## run every notebook from top to bottom; NOTEBOOKS picks some
	@$(BIN)/python -m pytest --nbmake --nbmake-timeout=1200 $(PYTEST_ARGS) $(NOTEBOOKS)

detector: $(STAMP) ## train the detector that comes with the package, on published captures besides; minutes
	@$(BIN)/python -m sweepml.cli.default_detector $(DETECTOR_ARGS)

bench: $(STAMP) ## measure the kernel next to Polars, DuckDB and pandas, on an otherwise idle machine
	@$(BIN)/python -m benchmarks.kernel $(BENCH_ARGS)

clean: ## remove caches and built packages; .venv and outputs/ stay
	@rm -rf dist build .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    found=; \
	    for candidate in $(or $(PYTHON),python3.11 python3); do \
	        if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	            found=$$candidate; break; \
	        fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "error: sweepml needs Python 3.11 or newer, and none of these is one:" \
	            "$(or $(PYTHON),python3.11 python3). Install it, or name it: make PYTHON=/path/to/python3.11" >&2; \
	        exit 1; \
	    fi; \
	    echo "setting up $(VENV) with $$("$$found" --version), a few minutes the first time" >&2; \
	    if "$$found" -c 'import ensurepip' 2>/dev/null; then \
	        "$$found" -m venv --clear $(VENV); \
	    else \
	        : "a Debian Python without python3-venv has no ensurepip, but its pip can install one elsewhere"; \
	        "$$found" -m venv --clear --without-pip $(VENV); \
	        "$$found" -m pip -qq --python $(BIN)/python install -c constraints.txt pip; \
	    fi; \
	fi
	@# Build isolation would fetch the newest hatchling, pinned or not: install the pinned one and build with that.
	@$(PIP) install -c constraints.txt pip hatchling editables
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[all,dev]'
	@touch $@

# polyarch: everything is made in .venv; `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One worker more than processors: tests wait for registries and engines as well.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint types imports check generate bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.demo ## build examples/hello for eight platforms and publish it to three registries on loopback
	cd examples/hello && PATH="$(CURDIR)/$(BIN):$$PATH" polyarch publish --sandbox

test: $(VENV)/.dev ## install the real parts that tests need (Debian packages when it may), run all tests
	$(BIN)/python -m tests.lab setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not long"

test-all: $(VENV)/.dev ## the same with the long forms of tests
	$(BIN)/python -m tests.lab setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: $(VENV)/.dev ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## types
	$(BIN)/mypy

imports: $(VENV)/.dev ## rooms import downward only
	$(BIN)/lint-imports --no-cache

check: lint types imports ## lint, types and imports

generate: $(VENV)/.dev ## write the JSON Schema and the reference pages anew
	$(BIN)/python -m scripts.generate

bench: $(VENV)/.dev $(VENV)/.demo ## figures, as ratios side by side; ROWS="--quick distance" for one row's short form
	$(BIN)/python -m benchmarks $(ROWS)

clean: ## remove what was made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

$(VENV)/.made:
	PYTHON="$(PYTHON)" scripts/make-venv $(VENV)
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable . --group demo
	@touch $@

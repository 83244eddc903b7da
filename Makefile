# Two commands for a newcomer: `make demo` and `make test`. `make help` lists the rest.
# Needs python3 >= 3.11, make and a package index that pip can reach. Everything is installed into .venv.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
PYTHON_PULP4 ?= python3.12
PULP4 := .venv-pulp4
CASE ?= configs/chesterfield-2007

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
unexport PYTHONPATH PYTHONHOME

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

# A stamp says which set of packages .venv holds, for which pins.
PINS := pyproject.toml constraints.txt
CORE := $(VENV)/.installed-core
DEV := $(VENV)/.installed-dev
BENCH := $(VENV)/.installed-bench
INSTALL := $(BIN)/python -m pip install --quiet --quiet --constraint constraints.txt --editable

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-quick test-pulp4 lint format bench verify constraints wheel clean

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*## ' Makefile | sed -e 's/:.*## /\t/' | expand -t 13

demo: $(CORE) ## install, run the first worked case and say what was chosen and where the report lies
	@$(BIN)/sharesim run $(CASE)

test: $(DEV) ## install with the test tools, then run the whole suite
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-quick: $(DEV) ## the suite without the slow, browser and office tests
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) -m 'not slow and not browser and not office' $(PYTEST_ARGS)

test-pulp4: $(PULP4)/.installed ## the choice tests on PuLP 4, in an environment of its own (PYTHON_PULP4: Python 3.12 or newer)
	@$(PULP4)/bin/python -c 'import pulp, sys; sys.exit(0 if pulp.__version__.startswith("4.") else f"PuLP 4 was expected: got {pulp.__version__}.")'
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PULP4)/bin/python -m pytest -n $(JOBS) --ignore tests/architecture -k 'choice or solver' $(PYTEST_ARGS)

lint: $(DEV) ## ruff's rules over everything
	@$(BIN)/python -m ruff check .

format: $(DEV) ## let ruff mend what it can
	@$(BIN)/python -m ruff check --fix .

bench: $(BENCH) ## run every benchmark
	@$(BIN)/python -m benchmarks

verify: $(DEV) ## run the long checks and date their figures in docs/verification.md
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.verify

constraints: ## work the pins in constraints.txt out anew, for each Python 3.11 to 3.13 on this machine
	@$(PYTHON) .ci/constraints.py

wheel: $(DEV) ## build the wheel and the source archive into dist/
	@$(BIN)/python -m hatchling build

clean: ## remove the environments, caches and build results (runs/ is kept)
	@rm -rf $(VENV) $(PULP4) build dist .pytest_cache .ruff_cache .hypothesis .nox
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One clear line where the machine lacks something, before anything is made.
define CHECK_PYTHON
command -v "$(PYTHON)" >/dev/null 2>&1 || { \
  echo "make: Python was not found: got no command '$(PYTHON)'; allowed Python 3.11 or newer. Install it, or name one: make demo PYTHON=python3.12."; exit 1; }; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  echo "make: Python is too old: got $$("$(PYTHON)" --version 2>&1); allowed 3.11 or newer. Install it, or name one: make demo PYTHON=python3.12."; exit 1; }; \
"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
  echo "make: Python cannot make virtual environments: got no module venv or ensurepip. On Debian or Ubuntu: sudo apt install python3-venv, then the same command again."; exit 1; }
endef

# Made anew when missing, and when the Python that it was made with is gone or too old.
$(CORE) $(DEV) $(BENCH): $(PINS)
	@"$(BIN)/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  $(CHECK_PYTHON); \
	  echo "Making $(VENV) with $$("$(PYTHON)" --version) ..."; "$(PYTHON)" -m venv --clear $(VENV); }
	@echo "Installing sharesim$(EXTRAS) into $(VENV), as pinned in constraints.txt; the first time takes a minute or two ..."
	@$(INSTALL) '.$(EXTRAS)'
	@touch $@

$(DEV): EXTRAS := [dev,cluster]
$(BENCH): EXTRAS := [dev,bench,cluster]

$(PULP4)/.installed: $(PINS)
	@echo "Installing sharesim[dev,cluster] into $(PULP4) ..."
	@"$(PYTHON_PULP4)" -m venv --clear $(PULP4)
	@$(PULP4)/bin/python -m pip install --quiet --quiet --constraint constraints.txt --editable '.[dev,cluster]'
	@touch $@

# Everything here works on a fresh machine with Python 3.11 or newer and make, as root or not.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: setup demo serve test prove check format bench curve reach openapi docs clean

setup: .venv/.ready

.venv/.ready: requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "make: Python 3.11 or newer is needed; name it with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/careplan demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

serve: setup
	$(BIN)/careplan serve

test: setup
	$(BIN)/python -m pytest

prove: setup
	$(BIN)/python -m pytest -n 2 tests/prove_nonleak.py

check: setup
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/ruff check src tests bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

format: setup
	$(BIN)/ruff format src tests bench examples
	$(BIN)/ruff check --fix src tests bench examples

bench: setup
	$(BIN)/python -m bench

curve: setup
	$(BIN)/python -m bench.curve --picture docs/growth.svg

openapi: setup
	$(BIN)/careplan openapi > openapi/careplan.yaml

reach: setup
	$(BIN)/python -m bench.reach

docs: setup
	$(BIN)/careplan terminology docs > docs/mapping.md

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .hypothesis

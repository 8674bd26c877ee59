# make demo | test | check | build | mutants | bench | setup | clean.  TORCH_INDEX=<url> takes torch from another package index.
PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup demo test test-all check mutants bench build clean
setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "needs Python 3.11 or newer with venv: install python3 and python3-venv (or set PYTHON=...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[nbgrader,otter,solutions]' --group dev
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/autograder demo

test: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

test-all: $(STAMP)
	$(BIN)/python -m pytest -q -n 2

check: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/autograder build --check

mutants: $(STAMP)
	@mkdir -p -m 700 dist
	@$(BIN)/python tests/mutation.py > dist/mutants.md || { tail -n 1 dist/mutants.md; exit 1; }
	@tail -n 1 dist/mutants.md

bench: $(STAMP)
	$(BIN)/python tests/bench_sandbox.py

build: $(STAMP)
	$(BIN)/autograder build

clean:
	rm -rf .venv dist demo results

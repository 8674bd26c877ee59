# make demo | test | check | coverage | coverage-all | build | docs | mutants | fuzz | bench | bench-many | pictures | forgery | setup | lock | clean.  TORCH_INDEX=<url> takes torch from there.
PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup demo test test-all check coverage coverage-all mutants fuzz bench bench-many pictures forgery build docs lock clean
setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt $(wildcard .ci/locks/*)
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "needs Python 3.11 or newer with venv: install python3 and python3-venv (or set PYTHON=...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sh .ci/locks/install.sh $(BIN)/python $(TORCH_INDEX)
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/autograder demo

test: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow"

test-all: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup

check: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pylint --score=n autograder
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/autograder build --check
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/build.py

# Branches of what decides over points, by the tests that are about it.
coverage: $(STAMP)
	$(BIN)/coverage run -m pytest -q -m "not slow" tests/test_judge.py tests/test_score.py tests/test_read.py tests/test_wire.py tests/test_downloads.py tests/test_decisions.py tests/test_late.py
	$(BIN)/coverage report

# All branches of the engine, by all quick tests (20 minutes); docs/coverage.md says why what is left is.
coverage-all: $(STAMP)
	$(BIN)/coverage run --rcfile tests/coverage.ini -m pytest -q -n 2 --dist loadgroup -m "not slow"
	$(BIN)/coverage combine -q --rcfile tests/coverage.ini
	$(BIN)/coverage report --rcfile tests/coverage.ini

mutants: $(STAMP)
	@mkdir -p -m 700 dist
	@$(BIN)/python tests/mutation.py > dist/mutants.md || { tail -n 1 dist/mutants.md; exit 1; }
	@tail -n 1 dist/mutants.md

fuzz: $(STAMP)
	@seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')); echo "seed $$seed"; \
	  EXAMPLES=$(or $(EXAMPLES),5000) nice $(BIN)/python -m pytest -q --timeout 0 \
	  --hypothesis-seed $$seed tests/test_fuzz.py

bench: $(STAMP)
	$(BIN)/python tests/bench.py $(ROUNDS)

bench-many: $(STAMP)
	$(BIN)/python tests/bench_many.py $(COUNT)

pictures: $(STAMP)
	PYTHONPATH=tests $(BIN)/python tests/pictures.py

forgery: $(STAMP)
	$(BIN)/python tests/forgery.py

build: $(STAMP)
	$(BIN)/autograder build

docs: $(STAMP)
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/build.py

lock:
	$(PYTHON) .ci/locks/make.py $(if $(UPGRADE),--upgrade)

clean:
	rm -rf .venv dist demo results

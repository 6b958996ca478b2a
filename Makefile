# Everything a fresh machine needs: `make demo` and `make test`.
# On Windows without make, the README gives the same commands for pip.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-fast style quality clean

demo: $(READY)  ## find the characters in the picture of the README, offline, with the bundled weights
	$(BIN)/animeseg segment docs/pictures/demo.jpg --out demo-out --overwrite \
	    --output cutout --output mask --output characters --output overlay --output json
	@echo "Done: look into demo-out/"

test: $(READY) quality  ## everything: style, types, all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "not alone"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m alone

test-fast: $(READY)  ## only the tests that take moments
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not alone"

quality: $(READY)  ## linter, formatter and type checker, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

style: $(READY)  ## mend what the linter and the formatter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis

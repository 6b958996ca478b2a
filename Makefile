# Everything a fresh machine needs: `make demo` and `make test`.
# On Windows without make, the README gives the same commands for pip.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-fast test-browser browser-env style quality models clean

demo: $(READY)  ## find the characters in the picture of the README, offline, with the bundled weights
	$(BIN)/animeseg segment docs/pictures/demo.jpg --out demo-out --overwrite \
	    --output cutout --output mask --output characters --output overlay --output json
	@echo "Done: look into demo-out/"

test: $(READY) quality  ## everything: style, types, all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "not alone and not browser"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m alone
	$(MAKE) test-browser

test-fast: $(READY)  ## only the tests that take moments
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not alone and not browser"

test-browser: browser-env  ## the pages in a real browser, with gradio 3.41 and with gradio 4.40
	@# On a busy machine a browser may be late: what fails is tried once more, by itself.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser -rs tests/browser \
	    || OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser -rs --last-failed tests/browser

browser-env: $(READY)  ## the two environments that test-browser needs
	$(BIN)/python tests/browser/environments.py

quality: $(READY)  ## linter, formatter and type checker, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

style: $(READY)  ## mend what the linter and the formatter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The bundled models from nothing but a pack of characters and backgrounds, COCO weights and time:
#   make models PACK=pack COCO=yolov8n-seg.pt
# PACK is a folder with a manifest.json (docs/training.md); one without characters will do, for
# figures are drawn. BENCH, a folder as the benchmarks take it, puts measurements on the cards.
PACK ?= ../shared/data/train_pack
COCO ?= ../shared/weights/yolov8n-seg.pt
BENCH ?=
BUILD ?= build/models
PICTURES ?= 12000
SEED ?= 6
WORKERS ?= 2
TRAIN ?=
HELD_OUT := taisei_cirno renpy_lucy renpy_lecturehall plasma_Coast plasma_Cluster \
    mate_mate_nature_GreenMeadow renpy_washington
COMPOSED := $(BUILD)/composed-$(SEED)
PYTHON_ONE := OMP_NUM_THREADS=1 $(BIN)/python

models: $(BUILD)/character-n/card.json $(BUILD)/face-n/card.json  ## the bundled models, trained

$(COMPOSED)/.ready: | $(READY)
	$(PYTHON_ONE) -m animeseg.data.compose --pack $(PACK) --out $(COMPOSED) --count $(PICTURES) \
	    --seed $(SEED) --workers $(WORKERS) --held-out $(HELD_OUT)
	touch $@

$(BUILD)/%-n/model.safetensors: $(COMPOSED)/.ready
	$(PYTHON_ONE) -m animeseg.train.$* --coco $(COCO) --data $(COMPOSED) --out $(@D) $(TRAIN)

$(BUILD)/character-n/card.json: $(BUILD)/character-n/model.safetensors
	$(if $(BENCH),$(PYTHON_ONE) benchmarks/quality.py --data $(BENCH) --refine none \
	    --model $< --out $(@D)/measured.json)
	$(PYTHON_ONE) -m animeseg.train.card $(@D) $(if $(BENCH),--measured $(@D)/measured.json \
	    --with "python benchmarks/quality.py --data BENCH --refine none")

$(BUILD)/face-n/card.json: $(BUILD)/face-n/model.safetensors
	$(if $(BENCH),$(PYTHON_ONE) benchmarks/faces.py --data $(BENCH) \
	    --model $< --out $(@D)/measured.json)
	$(PYTHON_ONE) -m animeseg.train.card $(@D) $(if $(BENCH),--measured $(@D)/measured.json \
	    --with "python benchmarks/faces.py --data BENCH")

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) .venv-g3 .venv-g4 demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis

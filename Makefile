# `make demo` and `make test` need Python 3.10 or newer with pip, and make; the rest they install
# into $(VENV). Nothing outside this folder is changed. Once it is installed the demo is offline.

PYTHON ?= python3
VENV ?= .venv
PYTEST_WORKERS ?= 2
PYTEST_ARGS ?=
PEERS_ARGS ?=

BIN = $(VENV)/bin
TENSORFLOW = build/tensorflow
# What `tests/convert/recorded_conversions.json` was recorded with.
TENSORFLOW_VERSION = 'tensorflow==2.21.*' 'tf-keras==2.21.*'
INSTALL = $(BIN)/python -m pip install --quiet -c constraints.txt
DEMO = $(VENV)/.installed-demo
DEV = $(VENV)/.installed-dev

# A user's pip settings must not send packages elsewhere.
export PIP_USER = 0
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-convert test-ecosystem test-tensorflow lint format docs fuzz bench analysis bench-peers schema probe constraints clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 18
	@echo
	@echo 'Variables: PYTHON=$(PYTHON) VENV=$(VENV) PYTEST_WORKERS=$(PYTEST_WORKERS) PYTEST_ARGS=$(PYTEST_ARGS) PEERS_ARGS=$(PEERS_ARGS)'

demo: $(DEMO) ## check the example models, then show the reference models
	$(BIN)/python examples/build.py
	@sh scripts/demo.sh $(BIN)/tflint check examples
	@echo
	@sh scripts/demo.sh $(BIN)/tflint bench --runs 200 --no-operators

test: lint ## lint, then run every test; PYTEST_ARGS='-k arena' for some
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) $(PYTEST_ARGS)

test-ecosystem: $(DEV) ## hold tflint against real projects; installs them from the package index
	$(BIN)/python scripts/ecosystem.py install
	TFLITE_LINT_ECOSYSTEM=1 $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup tests/ecosystem $(PYTEST_ARGS)

test-convert: $(TENSORFLOW)/.installed ## convert, reconvert and train networks with TensorFlow; installs it
	$(TENSORFLOW)/bin/python -m pytest -n $(PYTEST_WORKERS) -m 'not thorough' \
		tests/convert tests/cli/test_convert.py tests/cli/test_reconvert.py \
		tests/cli/test_train.py tests/reference_models $(PYTEST_ARGS)

test-tensorflow: $(TENSORFLOW)/.installed ## all that is held against TensorFlow; installs it
	$(TENSORFLOW)/bin/python -m pytest -n $(PYTEST_WORKERS) \
		tests/convert tests/cli/test_convert.py tests/cli/test_reconvert.py \
		tests/cli/test_train.py tests/reference_models tests/keras tests/archive tests/fix/source/test_against_tensorflow.py \
		tests/rules/test_keras_against_tensorflow.py tests/rules/test_conversions_against_tensorflow.py \
		tests/rules/test_quantization_mode.py $(PYTEST_ARGS)

lint: $(DEV) ## ruff, mypy, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(DEV) ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV) ## generate the pages about rules, targets and commands, and the reference models' cards
	$(BIN)/python scripts/generate_docs.py
	$(BIN)/python scripts/generate_cards.py

fuzz: $(DEV) ## feed damaged models to the reader
	$(BIN)/python scripts/fuzz_reader.py --runs 100000

bench: $(DEV) ## measure the speed of checks, arenas, repairs and conversions, and how exact timings are
	$(BIN)/python -m benchmarks.check_speed
	$(BIN)/python -m benchmarks.check_scale
	$(BIN)/python -m benchmarks.source_speed
	$(BIN)/python -m benchmarks.arena_scale
	$(BIN)/python -m benchmarks.fix_speed
	$(BIN)/python -m benchmarks.convert_speed
	$(BIN)/python -m benchmarks.bench_overhead
	$(BIN)/python -m benchmarks.operator_times
	$(BIN)/python -m benchmarks.bench_comparison

analysis: $(DEV) ## measure the reference models and the original's; writes reference_models/analysis
	$(BIN)/python scripts/measure_reference_models.py

bench-peers: $(DEV) ## measure other tools beside `tflint check`; installs them from the package index
	$(BIN)/python -m benchmarks.peers $(PEERS_ARGS)

schema: $(DEV) ## generate the tables of the .tflite schema
	$(BIN)/python scripts/generate_schema.py

probe: $(DEV) ## ask the runtimes what they support
	$(BIN)/python scripts/probe_runtimes.py

constraints: ## resolve constraints.txt anew; needs python3.10 to python3.13
	$(PYTHON) scripts/update_constraints.py

clean: ## remove the environment, caches and build outputs
	@if [ -e $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi
	rm -rf build dist examples/models .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@sh scripts/make_venv.sh '$(PYTHON)' '$(VENV)'
	@touch $@

# LiteRT has wheels for few systems: without it the demo times nothing, and shows what is recorded.
$(DEMO): $(VENV)/.created pyproject.toml constraints.txt
	@echo 'installing tflint and LiteRT into $(VENV)'
	@$(INSTALL) -e '.[report]' || { echo 'without LiteRT, then'; $(INSTALL) -e .; }
	@touch $@

$(DEV): $(VENV)/.created pyproject.toml constraints.txt
	@echo 'installing tflint and the development tools into $(VENV), this takes a minute or two'
	@$(INSTALL) -e '.[dev]'
	@touch $(DEMO) $@

$(TENSORFLOW)/.installed: pyproject.toml
	@sh scripts/make_venv.sh '$(PYTHON)' '$(TENSORFLOW)'
	@echo 'installing TensorFlow into $(TENSORFLOW), this takes a minute or two'
	@$(TENSORFLOW)/bin/python -m pip install --quiet -e '.[dev,convert]' $(TENSORFLOW_VERSION)
	@touch $@

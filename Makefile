# Everything runs in an environment of its own, made once and remade where pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.base
DEV := $(VENV)/.dev

.PHONY: demo test lint lock bench

# The versions and hashes of requirements.lock: what using isthmus needs.
$(BASE): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "isthmus needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps -e .
	touch $@

# The same versions, and what its tests, lint and all extras need.
$(DEV): $(BASE) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

demo: $(BASE)  ## the whole job on bundled synthetic data, with a report
	$(BIN)/isthmus demo

# Two at a time, each with a Neo4j of its own; a file's tests share what they set up, long files first.
test: $(DEV)  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(DEV)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate pyproject.toml
lock:  ## newest versions that pyproject.toml allows; needs uv
	$(COMPILE) --upgrade -o requirements.lock
	$(COMPILE) --upgrade -c requirements.lock --extra dev --extra py2neo -o requirements-dev.lock

DATASETS ?= ../shared/data/tables
bench: $(DEV)  ## accuracy on the folder DATASETS, and speed; hours, goes on where it stopped
	$(BIN)/python benchmarks/accuracy.py $(DATASETS) -o benchmarks/accuracy
	$(BIN)/isthmus evaluate cold-start $(DATASETS)/food_kitchen --model transfer --through-graph -o benchmarks/through_graph
	$(BIN)/python benchmarks/shared/page.py benchmarks/through_graph.md
	$(BIN)/isthmus evaluate temporal $(DATASETS)/rt_critics -o benchmarks/temporal
	$(BIN)/python benchmarks/shared/page.py benchmarks/temporal.md
	$(BIN)/python benchmarks/texts_and_likes.py $(DATASETS)/rt_critics
	-$(BIN)/isthmus encoder finetune $(DATASETS)/food_kitchen --name food_kitchen
	$(BIN)/python benchmarks/titles.py $(DATASETS)/food_kitchen food_kitchen
	$(BIN)/python benchmarks/item_cold_start.py $(DATASETS)/food_kitchen
	$(BIN)/python benchmarks/ablation.py $(DATASETS)
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/domains.py
	$(BIN)/python benchmarks/feedback.py
	$(BIN)/python benchmarks/encode.py
	$(BIN)/python benchmarks/encoder.py
	$(BIN)/python benchmarks/objectives.py $(DATASETS)
	$(BIN)/python benchmarks/bulk.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/contention.py
	$(BIN)/python benchmarks/soak.py
	$(BIN)/python benchmarks/backups.py
	$(BIN)/python benchmarks/hostile_events.py
	$(BIN)/python benchmarks/disk_full.py
	$(BIN)/python benchmarks/fuzz.py
	$(BIN)/python benchmarks/texts.py $(DATASETS)/zh_reviews/labelled_texts.csv.gz
	$(BIN)/isthmus demo
	$(BIN)/python benchmarks/answers.py
	$(BIN)/python benchmarks/answers.py --sentences benchmarks/contrasts.csv -o benchmarks/contrasts
	$(BIN)/python benchmarks/posts.py
	$(BIN)/python benchmarks/explain.py

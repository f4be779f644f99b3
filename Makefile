# Everything runs in an environment of its own, made once and remade where pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint bench

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "isthmus needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[dev,py2neo]'
	touch $@

demo: $(STAMP)  ## the whole job on bundled synthetic data, with a report
	$(BIN)/isthmus demo

# Two at a time, each with a Neo4j of its own; a file's tests share what they set up, long files first.
test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

DATASETS ?= ../shared/data/tables
bench: $(STAMP)  ## accuracy on the folder DATASETS, and speed; hours, goes on where it stopped
	$(BIN)/python benchmarks/accuracy.py $(DATASETS) -o benchmarks/accuracy
	$(BIN)/isthmus evaluate cold-start $(DATASETS)/food_kitchen --model transfer --through-graph -o benchmarks/through_graph
	$(BIN)/python benchmarks/shared/page.py benchmarks/through_graph.md
	$(BIN)/isthmus evaluate temporal $(DATASETS)/rt_critics -o benchmarks/temporal
	$(BIN)/python benchmarks/shared/page.py benchmarks/temporal.md
	$(BIN)/python benchmarks/candidates.py $(DATASETS)/food_kitchen
	$(BIN)/python benchmarks/texts_and_likes.py $(DATASETS)/rt_critics
	-$(BIN)/isthmus encoder finetune $(DATASETS)/food_kitchen --name food_kitchen
	$(BIN)/python benchmarks/titles.py $(DATASETS)/food_kitchen food_kitchen
	$(BIN)/python benchmarks/item_cold_start.py $(DATASETS)/food_kitchen
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/feedback.py
	$(BIN)/python benchmarks/encode.py
	$(BIN)/python benchmarks/encoder.py
	$(BIN)/python benchmarks/objectives.py $(DATASETS)
	$(BIN)/python benchmarks/bulk.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/contention.py
	$(BIN)/python benchmarks/soak.py
	$(BIN)/python benchmarks/texts.py $(DATASETS)/zh_reviews/labelled_texts.csv.gz
	$(BIN)/isthmus demo
	$(BIN)/python benchmarks/answers.py
	$(BIN)/python benchmarks/posts.py

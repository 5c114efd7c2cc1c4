# Everything that a developer or CI runs. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
MIN_RATINGS ?= 50
PROTOS := $(wildcard protos/movierec/v1/*.proto)
# The commit that a change to the contract is held against.
BREAKING_AGAINST ?= main

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "movierec needs Python 3.11 or later, and " + sys.executable + " is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The services and the client, as locked; what `make demo` needs.
$(VENV)/services.stamp: $(VENV)/python.stamp requirements/services.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/services.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The same and the tools; what `make test` and `make lint` need.
$(VENV)/dev.stamp: $(VENV)/services.stamp requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: install
install: $(VENV)/dev.stamp ## set up .venv with everything, as locked

.PHONY: demo
demo: $(VENV)/services.stamp ## train and recommend, end to end (DATA=DIR, MIN_RATINGS=N)
	@$(BIN)/python deploy/demo.py --min-ratings $(MIN_RATINGS) $(if $(DATA),--data '$(DATA)')

.PHONY: test
test: $(VENV)/dev.stamp ## run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: e2e
e2e: $(VENV)/dev.stamp ## test the images and the compose deployment, on the engine that is there
	$(BIN)/python -m pytest tests/e2e/compose -m engine

.PHONY: bench
bench: $(VENV)/dev.stamp ## measure speed and memory, into bench/results
	$(BIN)/python -m bench

.PHONY: lint
lint: $(VENV)/dev.stamp ## style, types, layers, contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint protos
	@if git cat-file -e $(BREAKING_AGAINST):protos/buf.yaml 2>/dev/null; then \
	  $(BIN)/buf breaking protos --against ".git#ref=$(BREAKING_AGAINST),subdir=protos"; \
	else \
	  echo "buf breaking: there is no contract at $(BREAKING_AGAINST) to hold this one against"; \
	fi

.PHONY: proto
proto: $(VENV)/dev.stamp ## generate movierec.v1 from the .proto files
	rm -f protos/movierec/v1/*_pb2*.py protos/movierec/v1/*_pb2*.pyi
	PATH="$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I protos \
	  --python_out=protos --grpc_python_out=protos --mypy_out=protos --mypy_grpc_out=protos $(PROTOS)

.PHONY: settings-page
settings-page: $(VENV)/dev.stamp ## write SETTINGS.md from the classes
	$(BIN)/python deploy/settings_page.py

.PHONY: docs-pictures
docs-pictures: $(VENV)/dev.stamp ## draw the README's pictures anew, from the sample
	$(BIN)/python deploy/pictures.py

.PHONY: lock
lock: $(VENV)/dev.stamp ## lock the dependencies anew, with hashes
	$(BIN)/python deploy/lock.py

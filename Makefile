# `make help` lists what there is.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run test nightly lint docs corpus bench packages pictures lock clean

# The parts for editors need Node.js 20 or newer and npm; everything else is done without them.
NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1 && echo yes)
CLIENT := $(wildcard client/vscode/package-lock.json)

PYTHON_READY := .venv/.ready
BENCH_READY := .bench/.ready
CLIENT_READY := $(if $(and $(NODE),$(CLIENT)),client/vscode/node_modules/.ready)

# More arguments for pytest: make test ARGS="-k suppression"
ARGS :=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(PYTHON_READY) $(CLIENT_READY) ## Create .venv with the product and all that development needs
ifeq ($(NODE),)
	@echo "No Node.js 20+ with npm here: the VS Code client and the editor tests are left out."
endif

$(PYTHON_READY): requirements/dev.txt pyproject.toml tools/setup.sh
	@PYTHON='$(PYTHON)' tools/setup.sh
	@touch $@

client/vscode/node_modules/.ready: client/vscode/package-lock.json
	@echo "Installing the VS Code client's packages."
	@cd client/vscode && npm ci --no-audit --no-fund
	@touch $@

run: setup ## Show the findings on examples/, then open examples/ in an editor with the extension
	@.venv/bin/idiomatic check examples --output-format full || [ $$? -eq 1 ]
ifneq ($(NODE),)
	@tools/editor/open.sh examples
endif

test: setup ## Run all tests, the editor ones included
	@status=0; \
	.venv/bin/python -m pytest -n auto -m 'not editor and not corpus and not nightly' $(ARGS) || status=$$?; \
	if [ -z '$(NODE)' ]; then \
	    echo "Left out: the tests in a real editor (they need Node.js 20+ and npm)."; \
	elif [ -d tests/editor ]; then \
	    { tools/editor/install.sh >/dev/null && .venv/bin/python -m pytest -n 2 --dist worksteal tests/editor -m editor $(ARGS); } || status=$$?; \
	fi; \
	exit $$status

nightly: setup ## Run the tests that take minutes: long random edits, memory over many edits
	.venv/bin/python -m pytest -m nightly $(ARGS)

lint: setup ## Check the format, the style and the types of everything, with our own findings too; build the docs
	@status=0; \
	show() { echo "$$@"; "$$@" || status=1; }; \
	show .venv/bin/ruff check; \
	show .venv/bin/ruff format --check; \
	show .venv/bin/mypy; \
	show .venv/bin/idiomatic check server tests tools; \
	show .venv/bin/python -m tools.docs; \
	if [ -n '$(CLIENT_READY)' ]; then show npm --prefix client/vscode run check; fi; \
	exit $$status

docs: setup ## Build the documentation as a site, in build/docs
	.venv/bin/python -m tools.docs

corpus: setup ## Fix eight well-known projects and see that their own tests still pass (slow, downloads)
	.venv/bin/python tools/corpus.py $(ARGS)

bench: setup $(BENCH_READY) ## Measure speed and memory beside other tools; a part: ARGS="edit --rounds 1"
	.venv/bin/python -m tools.bench $(ARGS)

.bench/.ready: requirements/bench.txt | $(PYTHON_READY)
	@echo "Installing what else is compared with."
	@{ .venv/bin/python -m venv --clear .bench && \
	    .bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< && touch $@; } \
	    || echo "It could not be installed, and is left out."

packages: setup ## Build the VS Code extension for each platform, from any machine, into client/vscode/dist
	@PYTHON="$$PWD/.venv/bin/python" npm run --silent --prefix client/vscode package -- --all --if-stale

pictures: setup ## Take the pictures of the extension's page again, in a real editor
	@tools/editor/install.sh >/dev/null && .venv/bin/python -m pytest tests/editor -m editor -k pictures
	@mkdir -p client/vscode/images
	@for name in hover fixes template; do cp "tests/editor/artifacts/pictures/$$name.png" client/vscode/images/; done

lock: $(PYTHON_READY) ## Lock the dependencies again; ARGS=--upgrade takes newer versions
	.venv/bin/python tools/lock.py $(ARGS)

clean: ## Remove everything that was built or downloaded
	rm -rf .venv .bench build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf client/vscode/node_modules client/vscode/dist client/vscode/bundled/libs client/vscode/*.vsix
	rm -rf tests/editor/artifacts tests/editor/node_modules tests/editor/.lock
	find server tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

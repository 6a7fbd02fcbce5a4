# `make decks` builds the decks, `make test` passes the tests; both set up what they need in .venv.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help decks check preview test fuzz lint types layers browser pictures release verify changes site format lock audit reference docs licences dist clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

decks: $(VENV)/run.stamp ## build the decks into build/
	$(BIN)/deckgen build

check: $(VENV)/run.stamp ## report every finding in the sources
	$(BIN)/deckgen check $(CHECK)

preview: $(VENV)/run.stamp ## show every card as a page in build/preview/
	$(BIN)/deckgen preview

test: $(VENV)/dev.stamp lint types layers browser ## lint, type-check and test
	$(BIN)/python -m pytest -n logical --dist loadfile

fuzz: $(VENV)/dev.stamp ## random input for every reader: make fuzz SECONDS=900 TARGET=lock (of these: tests/fuzz.py)
	$(BIN)/python tests/fuzz.py $(or $(SECONDS),600) $(TARGET)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

layers: $(VENV)/dev.stamp
	$(BIN)/lint-imports

browser: $(VENV)/dev.stamp
	$(BIN)/python tests/setup_browser.py

pictures: browser ## take the README's pictures of cards anew
	$(BIN)/python tests/take_pictures.py

release: $(VENV)/dev.stamp ## write and verify a release: make release VERSION=1.2.0; without VERSION it proposes one
	$(BIN)/deckgen release $(VERSION)
	$(if $(VERSION),$(BIN)/deckgen verify build/release/v$(VERSION:v%=%))

verify: $(VENV)/dev.stamp ## verify a release folder or a package: make verify FOLDER=build/release/v1.2.0
	$(BIN)/deckgen verify $(FOLDER)

changes: $(VENV)/run.stamp ## list the cards that HEAD changes, as Markdown: make changes BASE=origin/main
	@scripts/changes.sh $(BIN)/deckgen $(BASE)

site: $(VENV)/run.stamp ## put a release's download page and the preview into build/site/: make site VERSION=1.2.0
	DECKGEN=$(BIN)/deckgen scripts/site.sh build/site build/release/v$(VERSION:v%=%)

format: $(VENV)/dev.stamp ## put the code into the common format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/dev.stamp ## pin the dependencies anew
	$(BIN)/pip-compile $(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(BIN)/pip-compile $(COMPILE) --extra dev --output-file requirements/dev.txt pyproject.toml
	$(BIN)/pip-compile $(COMPILE) --output-file requirements/audit.txt requirements/audit.in
COMPILE := --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

audit: $(VENV)/pip.stamp ## ask whether a pinned package has a known weakness (needs the network)
	$(PIP) install --require-hashes --requirement requirements/audit.txt
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements/run.txt --requirement requirements/dev.txt

reference: $(VENV)/dev.stamp ## write the pages of the documentation that the code knows
	$(BIN)/python scripts/reference.py

docs: $(VENV)/dev.stamp ## the documentation as a site in build/docs/
	$(BIN)/python -m mkdocs build --strict --quiet --site-dir build/docs

licences: $(VENV)/run.stamp ## list the licences of what is needed
	$(BIN)/python scripts/licences.py > docs/licences.md

dist: $(VENV)/dev.stamp ## wheel and sdist in dist/
	$(BIN)/python -m hatchling build -d dist

clean: ## remove what was made
	rm -rf $(VENV) .cache build/*.apkg build/*.json build/partial build/preview build/release build/site

$(VENV)/pip.stamp:
	@test -n "$(PYTHON)" || { echo "deckgen needs Python 3.11 or newer; install it or run: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "this Python has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/run.stamp: $(VENV)/pip.stamp requirements/run.txt pyproject.toml
	$(PIP) install --require-hashes --requirement requirements/run.txt
	$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

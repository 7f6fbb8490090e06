# `make help` lists what there is to do. Every target works in a fresh clone with Python 3.11 or newer.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 7860
# The first Python of this machine that is new enough; PYTHON=/path/to/python3.12 picks another.
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
  $(shell $(name) -c 'import sys; print("$(name)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
PY := .venv/bin/python
FONT := /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf
# Where Debian's libtcmalloc-minimal4 is installed, it is used: torch frees and maps big blocks at every step.
FAST := $(addprefix LD_PRELOAD=,$(firstword $(wildcard /usr/lib/*/libtcmalloc_minimal.so.4 /usr/lib*/libtcmalloc_minimal.so.4)))

# Tests run in two processes, each with a thread, a server and a browser of its own: most of them wait.
# Each begins with one half, so that what files share is made once, and helps the other when it is done.
APART := OMP_NUM_THREADS=1
PARALLEL := --numprocesses 2 --dist worksteal

# $(call debian,packages,what for): install Debian packages where this user may, else say what to do.
debian = { echo "Installing $(1): $(2) it."; \
  root=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); \
  $$root apt-get update -qq && $$root apt-get install -y -qq --no-install-recommends $(1) >/dev/null; } || \
  { echo "Could not install $(1), and $(2) it. Try: sudo apt-get install $(1)" >&2; exit 1; }

.PHONY: help icons setup run test test-fast lint bench train space space-check clean browser readers font

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.run ## make the environment in .venv

run: setup ## serve the page on 127.0.0.1:7860 (another port: make run PORT=8000)
	@echo "otgen: http://127.0.0.1:$(PORT)"
	@$(FAST) PORT=$(PORT) $(PY) app.py

test: .venv/.dev browser readers ## run the tests, a real browser's among them (fewer: make test ARGS="-k cutouts")
	$(FAST) $(APART) $(PY) -m pytest $(PARALLEL) $(ARGS)

test-fast: .venv/.dev readers ## run the tests that need no browser and little time
	$(FAST) $(APART) $(PY) -m pytest $(PARALLEL) -m "not slow" $(ARGS)

lint: .venv/.dev ## check style and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

bench: .venv/.dev ## measure speed, as tables of ratios (fewer: make bench ARGS="cutouts sinkhorn")
	@$(FAST) $(PY) -m bench $(ARGS)

train: .venv/.dev font icons ## train the shipped models from nothing (hours on a CPU; goes on where it stopped)
	$(FAST) $(PY) -m otgen.training all
	$(FAST) $(PY) -m otgen.training.mini train $(ARGS)

# The drawings that the storybook's networks are trained on, from npm; see NOTICES.md.
icons: $(foreach set,noto twemoji fluent-emoji-flat,runs/storybook/icons/$(set)/icons.json) ## fetch what the storybook is trained on

runs/storybook/icons/%/icons.json:
	@mkdir -p $(@D)
	cd $(@D) && tar -xzf "$$(npm pack --silent @iconify-json/$*)" --strip-components=1 package/icons.json

space: .venv/.run ## publish the last commit as a Space: make space SPACE=user/name (only show it: DRY=1)
	@[ -n "$(SPACE)" ] || { echo "Say which Space: make space SPACE=user/name" >&2; exit 2; }
	@$(PY) scripts/publish.py $(SPACE) $(if $(DRY),--dry-run) $(if $(HARDWARE),--hardware $(HARDWARE))

space-check: ## build an environment as a Space does, start the page in it and paint (6 GB)
	@$(PYTHON) scripts/space_check.py $(if $(TORCH),--torch $(TORCH))

clean: ## remove the environment and caches; results/ and runs/ stay
	rm -rf .venv .cache .pytest_cache .ruff_cache artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# scripts/setup.py makes .venv, one process at a time, and writes a stamp when all is installed. The
# stamps are newer than what they were made from, so a second run installs nothing.
$(PY):
	@[ -n "$(PYTHON)" ] || { echo "otgen needs Python 3.11 or newer. Try: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

.venv/.run: requirements.txt scripts/setup.py | $(PY)
	@$(PYTHON) scripts/setup.py

.venv/.dev: requirements-dev.txt .venv/.run
	@$(PYTHON) scripts/setup.py dev

browser:
	@{ command -v chromium-headless-shell || command -v chromium; } >/dev/null || \
	  $(call debian,chromium-headless-shell,the tests of the page need)

# Of pictures' texts: what otgen writes into a PNG is read as others read it.
readers:
	@{ command -v identify && command -v exiftool; } >/dev/null || \
	  $(call debian,imagemagick libimage-exiftool-perl,the tests of pictures need)

font:
	@[ -f $(FONT) ] || $(call debian,fonts-noto-color-emoji,the mini world is drawn with)

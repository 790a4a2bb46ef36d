# `make` lists what there is. Needs Python 3.11 or newer with pip; everything else lands in .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
PINNED := -qq -c constraints.txt

DEMO  := demo
PAIRS := gpt-oss-120b:solar-open-100b glm-4.5-air:solar-open-100b

# $(call need,a program of these,package,what it is called): makes sure that one is there, as root on Debian; anyone
# else is shown the one line to run, and it fails. The package lists are fetched only when the first attempt finds none
# that serve.
define need
{ there() { for name in $(1); do command -v $$name >/dev/null && return; done; return 1; }; \
there || { \
    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
        echo "Installing $(3)"; export DEBIAN_FRONTEND=noninteractive; \
        { apt-get install -y $(2) || { apt-get update && apt-get install -y $(2); }; } >/dev/null 2>&1; \
    fi; \
    there || { echo "$(3) is missing; run: sudo apt-get install -y $(2)" >&2; false; }; \
}; }
endef
NEED_DOT     = $(call need,dot,graphviz,Graphviz)
NEED_BROWSER = $(call need,chromium chromium-browser google-chrome google-chrome-stable,chromium,Chromium)

.DEFAULT_GOAL := help
.PHONY: help demo test bench clean
.DELETE_ON_ERROR:

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed  ## compare two published pairs offline, with a picture, a web page and a JSON report of each
	@$(NEED_DOT) || echo "Going on without the pictures."
	@mkdir -p $(DEMO) && rm -f $(DEMO)/*.json $(DEMO)/*.html $(DEMO)/*.svg
	@set -e; export HF_HUB_OFFLINE=1 ARCHDIFF_CACHE=$(VENV)/cache; \
	for pair in $(PAIRS); do \
	    old=$${pair%%:*} new=$${pair##*:}; file=$(DEMO)/$${old}_$${new}; \
	    set -- --output $$file.json --output $$file.html; \
	    if command -v dot >/dev/null; then set -- "$$@" --output $$file.svg; fi; \
	    printf '\n$$ archdiff diff %s %s\n\n' $$old $$new; \
	    $(BIN)/archdiff diff $$old $$new "$$@"; \
	done
	@printf '\nWritten:\n'; ls $(DEMO)/*.json $(DEMO)/*.html $(DEMO)/*.svg 2>/dev/null | sed 's/^/  /'

test: $(VENV)/installed-dev  ## run every check: lint, format, types, layers, tests
	@$(NEED_DOT)
	@$(NEED_BROWSER)
	@echo "ruff check";          $(BIN)/ruff check --quiet
	@echo "ruff format --check"; $(BIN)/ruff format --check --quiet
	@echo "mypy";                $(BIN)/mypy
	@echo "lint-imports";        $(BIN)/lint-imports --no-logo
	@echo "pytest";              $(BIN)/pytest -q -n auto

bench: $(VENV)/installed-dev  ## print the benchmark ratios (ARCHDIFF_CORPUS: configs, ARCHDIFF_BENCH: floor program)
	@$(BIN)/python -m tests.benchmarks

clean:  ## remove everything that make and the checks have made
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The second form is for systems that ship Python without ensurepip.
$(BIN)/python:
	@echo "Creating $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run: make PYTHON=...")'
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 || { \
	    $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $@ install -qq pip; }

# A stamp is newer than what it was installed from, so a second make installs nothing.
$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing archdiff into $(VENV)"
	@$(PIP) install $(PINNED) -e .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing archdiff and its development tools into $(VENV)"
	@$(PIP) install $(PINNED) -e '.[dev]'
	@touch $(VENV)/installed $@

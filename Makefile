# One gate, the same words for a person and for CI. Needs git, make and Python 3.11+ with venv.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
SAY := printf '\033[2m%s\033[0m\n'

# The first interpreter that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for one in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$one" && break; done)

# uv only where it really runs: a shim without a version behind it is found, too.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)
export UV_PYTHON_DOWNLOADS := never
# It trusts what the machine trusts, as pip does; the second name is what older ones read.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1

# pyright comes inside its wheel and runs on the Node of another wheel: nothing is fetched.
export PYRIGHT_PYTHON_GLOBAL_NODE := 0
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help up test check mypy pyright floors bench sheet assets lock clean

help: ## list the words
	@printf 'make <word>\n\n'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| while IFS='|' read -r word meaning; do printf '  %-8s %s\n' "$$word" "$$meaning"; done

up: $(STAMP) assets ## set everything up and run the product; Ctrl-C stops it
	@exec $(BIN)/stoa up

test: $(STAMP) assets ## run all tests, on real PostgreSQL and Valkey, in a real browser where there is one
	@$(SAY) 'Running the tests'
	@$(BIN)/python -m pytest -n 2

check: $(STAMP) ## lint, formatting, types and the floors between packages
	@$(SAY) 'ruff: rules'
	@$(BIN)/ruff check
	@$(SAY) 'ruff: formatting'
	@$(BIN)/ruff format --check
	@$(MAKE) --no-print-directory --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) pyright mypy floors

mypy pyright floors: $(STAMP)
	@$(SAY) '$@'
	@$(BIN)/$(if $(filter floors,$@),lint-imports,$@)

bench: $(STAMP) assets ## print the table of figures
	@exec $(BIN)/stoa bench

sheet: $(STAMP) assets ## contact sheets of every page over the demo, and what is wrong with each
	@exec $(BIN)/stoa sheet

assets: $(STAMP) ## build fonts, styles and scripts where their sources changed
	@$(BIN)/python -m stoa.cli assets

lock: $(STAMP) ## resolve the libraries again and write both lock files (needs uv)
	@test -n "$(UV)" || { echo 'make lock needs uv'; exit 1; }
	@$(SAY) 'Resolving the Python libraries'
	@uv pip compile pyproject.toml -q --group dev --universal --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-annotate --no-header -o requirements.lock
	@$(SAY) 'Resolving the front-end packages'
	@$(BIN)/python -m stoa.cli.npm lock

clean: ## remove what can be made again; the data stays
	@rm -rf $(VENV) node_modules themes/*/static/built build dist
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find platform tenants migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name one with PYTHON=...'; exit 1; }
ifneq ($(UV),)
	@$(SAY) 'Installing the libraries into $(VENV) with uv: about half a minute the first time'
	@uv venv -q --allow-existing --python $(PYTHON) $(VENV)
	@uv pip sync -q --python $(BIN)/python --require-hashes requirements.lock
	@uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --editable .
else
	@$(SAY) 'Installing the libraries into $(VENV) with pip: some three minutes the first time'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) \
		|| { echo 'Python lacks venv; on Debian: apt-get install python3-venv'; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@

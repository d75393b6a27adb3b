# The commands of Bigimage. `make` alone lists them. Python 3.11 or newer is all that has to be there.

.DEFAULT_GOAL := help
.PHONY: help run cloud test proof fuzz bench judge check format vendor lock migrate clean \
	check-style check-format check-types check-security check-templates check-scripts check-house

# Where Python is told to keep no bytecode, each of the many processes of a test run would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

ifndef PYTHON
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
endif
VENV := .venv/bin
SETUP = $(if $(PYTHON),$(PYTHON) -m scripts.setup,@echo "Python 3.11 or newer is needed and was not found.\
	Install it (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python3" >&2; exit 1;)

# `make test ARGS="tests/unit -k exif"` runs a part; WORKERS=0 runs in one process. Three keep two cores busy: tests
# wait for servers and browsers.
ARGS ?=
WORKERS ?= 3
# How far the long sweeps of `make proof` go. They wait for much of their time, so more of them run at once.
N ?= 200
PYTEST = $(VENV)/python -m pytest -n $(WORKERS) --no-loadscope-reorder

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

run: ## start Bigimage on this machine (another port: make run PORT=8001)
	@$(SETUP) run
	@exec $(VENV)/python -m photos.serve

cloud: ## start both tiers on this machine, as on AWS, with stand-ins for its services; keeps nothing
	@$(SETUP) test
	@$(VENV)/python -m tests.servers.cloud

test: ## run the tests, with real servers where they can be installed
	@$(SETUP) test
	@$(PYTEST) --dist loadfile -m "not proof" $(ARGS)

proof: ## run the long sweeps, write docs/proofs.md (how far: make proof N=1000)
	@$(SETUP) test
	@BIGIMAGE_PROOF_N=$(N) $(PYTEST) --dist loadgroup -m proof $(if $(CI)$(ARGS),,--proofs-page=docs/proofs.md) $(ARGS)

bench: ## measure beside named peers, write docs/performance.md (shorter, without writing: make bench QUICK=1)
	@$(SETUP) bench
	@$(VENV)/python -m bench $(if $(QUICK),--quick,--write) $(ARGS)

# `make fuzz MINUTES=600` looks longer.
MINUTES ?= 60

fuzz: ## look for inputs that make something stumble (how long: make fuzz MINUTES=600)
	@$(SETUP) test
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --require-hashes -r requirements-fuzz.txt || \
		echo "atheris has no wheel for this Python: inputs are changed at random, not guided by coverage."
	@nice $(VENV)/python -m tests.fuzz --minutes $(MINUTES)

judge: ## show the recogniser pictures of known content, write docs/recognition.md
	@$(SETUP) test
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --require-hashes -r requirements-judge.txt
	@$(VENV)/python -m bench.labels $(ARGS)

# Two at a time; the output of each stays together where make can do that (4.0 and newer).
SIDE_BY_SIDE = --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync)

check: ## look for mistakes without running: style, types, security, architecture, secrets
	@$(SETUP) check
	@$(MAKE) --no-print-directory --keep-going $(SIDE_BY_SIDE) check-types check-style check-format check-security \
		check-templates check-scripts check-house

format: ## put Python files into shape and mend what can be mended safely
	@$(SETUP) check
	@$(VENV)/ruff check --quiet --fix --exit-zero .
	@$(VENV)/ruff format .

check-style:
	@echo "ruff: style and likely bugs"
	@$(VENV)/ruff check --quiet .

check-format:
	@echo "ruff: format"
	@$(VENV)/ruff format --quiet --check --diff .

check-types:
	@echo "mypy: types"
	@$(VENV)/mypy --no-error-summary

check-security:
	@echo "bandit: security"
	@$(VENV)/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive photos application.py

check-templates:
	@echo "djlint: templates"
	@$(VENV)/djlint --quiet --lint templates

check-scripts:
	@echo "eslint: scripts"
	@$(VENV)/node node_modules/eslint/bin/eslint.js --max-warnings 0 static/js scripts

check-house:
	@echo "pytest: architecture, secrets, repository"
	@$(VENV)/python -m pytest -q --no-header tests/test_architecture.py tests/test_secrets.py tests/test_repository.py

vendor: ## fetch third-party browser files into static/vendor
	@$(SETUP) vendor

migrate: ## bring the database up to date (make run does this by itself)
	@$(SETUP) packages
	@$(VENV)/flask migrate

lock: ## pin the newest allowed versions of all packages, with hashes
	@$(SETUP) check
	@for name in requirements requirements-recognition requirements-traces requirements-dev requirements-fuzz requirements-bench requirements-judge \
		scripts/setup/uv scripts/setup/node; do \
		echo "$$name.txt"; \
		$(VENV)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-header --no-emit-index-url $$name.in -o $$name.txt || exit 1; done
	@echo package-lock.json
	@PATH="$(CURDIR)/$(VENV):$$PATH" npm update --package-lock-only --loglevel=error

clean: ## remove everything that was installed or built; photos and settings stay
	rm -rf .venv node_modules static/vendor static/vendor.new .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

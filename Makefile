# One door for people. `make help` lists what there is.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
COMPANIES ?= 300
DOSSIERS ?= 20
SEED ?= 1

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## install what the service needs (system packages as root, .venv, front-end assets)
	@setup/install.sh run

run: setup ## start everything for trying it out: database, sandbox, samples, service
	@$(PYTHON) -m setup.run

test: ## install what the tests need and run all of them
	@setup/install.sh test
	@setup/test.sh

lint: ## ruff, mypy, djlint, bandit
	@setup/install.sh test
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy . && \
	  .venv/bin/djlint views --lint --quiet && .venv/bin/bandit -q -ll -c pyproject.toml -r eqicha.py conf store adapters handlers views

bench: ## measure against limits taken in the same run
	@setup/install.sh test
	@$(PYTHON) -m bench

sample: setup ## fill the trial database (COMPANIES=300 DOSSIERS=20 SEED=1)
	@$(PYTHON) -m setup.trial eqicha.py sample --companies $(COMPANIES) --dossiers $(DOSSIERS) --seed $(SEED)

import: setup ## take an intake package into the trial database (PATH_TO=folder or zip)
	@$(PYTHON) -m setup.trial eqicha.py import "$(PATH_TO)"

check: setup ## examine settings, database, seal and adapters of the trial set
	@$(PYTHON) -m setup.trial eqicha.py check

faults: ## every counterpart with every fault, as a table (kept in docs/faults.md)
	@setup/install.sh test
	@$(PYTHON) -m setup.faults

soak: ## every counterpart dead for a minute in turn, the service killed meanwhile, orders going on
	@setup/install.sh test
	@EQICHA_TEST_DEAD_SECONDS=60 $(PYTHON) -m pytest tests/crash/test_dying.py

pictures: ## make the README's pictures anew from the browser journeys
	@setup/install.sh test
	@$(PYTHON) -m setup.pictures

lock: ## resolve requirements.in and requirements-dev.in anew
	@setup/lock.sh

clean: ## remove the trial database, keys and caches under var/
	@rm -rf var

.PHONY: help setup run test lint bench faults soak sample import check pictures lock clean

# Two commands: `make serve` and `make test`. Both work on a bare Debian 12 with Python 3.11 and do nothing twice.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install serve test bench lock clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: ## Make .venv (with .venv/bin/praxis) and build the front end
	@.ci/install runtime

serve: install ## Start Praxis with the demo enterprise; prints address and sign-ins
	@exec .venv/bin/praxis serve --demo

test: ## Check style, imports and behaviour
	@.ci/install test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

bench: ## Measure the engine
	@.ci/install test
	.venv/bin/python -m tests.benchmarks.engine

lock: ## Write the lock files anew (versions with hashes, no addresses)
	@.ci/install test
	compile=".venv/bin/uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11"; \
	$$compile -o requirements.lock; \
	$$compile --extra test -o requirements-test.lock; \
	$$compile --extra node -o requirements-node.lock
	cd webapp/frontend && npm install --package-lock-only --silent && node -e 'const fs = require("fs"), lock = JSON.parse(fs.readFileSync("package-lock.json")); for (const each of Object.values(lock.packages)) delete each.funding; fs.writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n")'

clean: ## Remove what can be made again (not the data in var)
	rm -rf .venv webapp/static/build webapp/frontend/node_modules

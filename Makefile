.DEFAULT_GOAL := help
UV ?= uv run

.PHONY: help setup demo up down check format test unit lock bench

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

setup: ## Install everything into .venv, and the commit hooks
	uv sync
	$(UV) pre-commit install

demo: ## Start everything, load the bundled creators, search, serve
	$(UV) creatorscope demo

up: ## Keep OpenSearch and Redis running between commands
	$(UV) creatorscope stack up

down: ## Stop them
	$(UV) creatorscope stack down

check: ## Format, lint, types, import contracts: what CI runs first
	$(UV) ruff format --check .
	$(UV) ruff check .
	$(UV) mypy
	$(UV) lint-imports

format: ## Format and fix what can be fixed
	$(UV) ruff format .
	$(UV) ruff check --fix .

test: ## All tests, against a real OpenSearch and Redis
	$(UV) pytest

unit: ## Unit and contract tests only: no engines, no sockets
	$(UV) pytest tests/unit tests/contract

lock: ## Write requirements.lock again after a change of dependencies
	uv export --quiet --no-emit-project --no-dev --no-header --no-annotate --format requirements-txt --output-file requirements.lock

bench: ## Measure the encoder (minutes)
	$(UV) python -m benchmarks.encoder speed

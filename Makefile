# Two commands: `make demo` and `make test`. On a machine with Docker neither installs anything into the system.

PYTHON ?= python3
BIN := .venv/bin
DEMO := .demo/demo

.PHONY: demo demo-down test unit template e2e soak lint bench bench-long rig rig-clean golden pictures constraints clean

demo: rig .venv/ready   ## scaffold a project, bring it up on https://localhost, check it
	@test -e $(DEMO)/compose.yaml || $(BIN)/stack new $(DEMO) --defaults
	$(BIN)/stack up $(DEMO)

demo-down: .venv/ready  ## take the demo away
	$(BIN)/stack down $(DEMO) --volumes --yes
	rm -rf .demo

test: rig lint unit template e2e  ## everything CI runs

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: .venv/ready
	$(BIN)/pytest tests/unit

template: rig .venv/ready .venv-lint/ready
	$(BIN)/pytest --numprocesses 2 --dist loadfile tests/template

e2e: rig .venv/ready .venv-lint/ready
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m "not alone and not long" tests/e2e
	$(BIN)/pytest -m alone tests/e2e

soak: rig .venv/ready  ## what is too long for CI
	$(BIN)/pytest -s tests/soak
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m long tests/e2e
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest --numprocesses 2 tests/template/test_values.py

bench: rig .venv/ready  ## figures, side by side, in less than 20 minutes: .bench/table.md, results.json, chart.svg
	$(BIN)/python -m tests.bench

bench-long: rig .venv/ready  ## and those that take longer: images, many projects, many workers
	$(BIN)/python -m tests.bench --long

rig:  ## an engine and images, on a machine that has none
	@$(PYTHON) -m tests.rig

rig-clean:
	$(PYTHON) -m tests.rig clean

.venv/ready: pyproject.toml tests/constraints.txt
	@$(PYTHON) -m tests.rig venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint tests/constraints.txt --editable . --group dev
	@touch $@

.venv-lint/ready: tests/rig/linters.py tests/rig/linters.txt $(wildcard tests/rig/dclint/*)
	@$(PYTHON) -m tests.rig linters
	@touch $@

golden: .venv/ready  ## take the default project, as it is rendered now, for what it has to be
	GOLDEN=write $(BIN)/pytest -q tests/template/test_combinations.py -k golden
	git add --force tests/template/golden  # its own .gitignore would keep its .env out

pictures: rig .venv/ready  ## take the README's pictures again, of a real run on https://localhost
	$(BIN)/python -m tests.pictures

constraints: .venv/ready  ## take the newest versions that the declared ranges allow
	$(BIN)/pip install --quiet --upgrade --upgrade-strategy eager --editable . --group dev
	$(BIN)/pip freeze --exclude-editable > tests/constraints.txt
	$(PYTHON) -m tests.rig linters renew

clean:
	rm -rf .venv .venv-lint .demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

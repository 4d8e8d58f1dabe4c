# Each target makes what it needs, in .venv, on a machine with nothing but Python >= 3.11 (.ci/venv).
# PYTHON=python3.13 chooses the interpreter.

PY := .venv/bin/python

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-deep ext test-compiled lint formatted linted typed layered check test-all autobahn fuzz mutants \
	bench bench-goals bench-check bench-micro format clean

# A test run of the compiled tree: its modules come first, and the checkout is not looked at.
COMPILED := WSKIT_EXPECT_BUILD=compiled PYTHONPATH=build/compiled PYTHONSAFEPATH=1
CONCERNED := tests/protocol tests/conn tests/server tests/client tests/fuzzing/test_cores.py \
	tests/testing/test_builds.py tests/test_build.py tests/test_buffers.py tests/test_outbound.py \
	tests/test_primitives.py tests/inspection/test_admission.py

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: venv-runtime ## a server, some clients and every frame between them, on a screen
	@$(PY) -m wskit inspect --demo

# Compiled once, and not by each of the many interpreters that tests start.
test test-deep test-compiled: export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/bytecode
test test-deep test-compiled: export PYTHONDONTWRITEBYTECODE :=

test: venv-dev ## the suite with its branch coverage: protocol 100 %, the rest >= 95 %
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest --numprocesses=auto --dist=worksteal
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report --include='wskit/protocol/*' --fail-under=100
	@$(PY) -m coverage report --omit='wskit/protocol/*' --fail-under=95

test-deep: venv-dev ## the tests of Hypothesis with forty times as many examples; no coverage
	@$(PY) -m pytest --numprocesses=auto --dist=worksteal --hypothesis-profile=deep -m hypothesis \
		--override-ini=faulthandler_timeout=1800

ext: venv-dev ## compile the hot modules into build/compiled; PYTHONPATH=build/compiled then uses them
	@$(PY) .ci/ext

test-compiled: ext ## the tests of what is compiled, on the compiled build
	@$(COMPILED) $(PY) -m pytest --override-ini='pythonpath=build/compiled . autobahn' \
		--numprocesses=auto --dist=worksteal $(CONCERNED)

lint: formatted linted typed layered ## the static checks: format, lint, types, layers

formatted: venv-dev
	@$(PY) -m ruff format --check --quiet || { echo 'not formatted: run make format'; exit 1; }

linted: venv-dev
	@$(PY) -m ruff check --quiet

typed: venv-dev
	@$(PY) -m mypy
	@cd bench && ../$(PY) -m mypy --config-file ../pyproject.toml .

layered: venv-dev
	@.venv/bin/lint-imports --no-logo

check: lint test test-compiled ## lint and test, both builds

test-all: ## the suite on every CPython >= 3.11 of this machine (PATH, pyenv)
	@.ci/test-all

autobahn: venv-runtime $(if $(filter compiled,$(BUILD)),ext) ## the real Autobahn Testsuite, both ways; CASES='1.*' BUILD=compiled
	@$(if $(filter compiled,$(BUILD)),PYTHONPATH=$(CURDIR)/build/compiled) $(PY) autobahn/run.py $(if $(CASES),--cases '$(CASES)')

fuzz: venv-dev ## fuzz wskit itself, MINUTES=7 for all seven targets; SEED=1
	@$(PY) -m wskit fuzz --self --minutes $(or $(MINUTES),7) --seed $(or $(SEED),0)

mutants: venv-dev ## plant twelve bugs, one at a time: is each of them found?
	@$(PY) -m tests.mutants.run $(PARTS)

bench: venv-runtime ## how fast, beside other libraries; QUICK=1, ONLY=echo100,idle, PEERS=, BUILD=pure
	@$(PY) bench/run.py $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') \
	  $(if $(PEERS),--peers '$(PEERS)') $(if $(BUILD),--build '$(BUILD)')

bench-goals: venv-runtime ## the goals of speed, measured: each holds or is missed
	@$(PY) bench/run.py --goals $(if $(QUICK),--quick)

bench-check: venv-dev ## instructions, system calls and memory beside bench/baseline.json; RECORD=1
	@$(PY) bench/check.py $(if $(RECORD),--record)

bench-micro: venv-dev ## the protocol core alone, in both builds (pytest-benchmark)
	@$(PY) bench/micro/timing.py

format: venv-dev ## format the sources and mend what can be mended
	@$(PY) -m ruff check --quiet --fix-only
	@$(PY) -m ruff format

clean: ## remove what these targets made
	@rm -rf .venv .venv-* build *.egg-info .coverage .coverage.* .hypothesis .*_cache bench/.mypy_cache
	@rm -rf autobahn/.suite autobahn/reports bench/.peers bench/build bench/results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv-%:
	@.ci/venv $*

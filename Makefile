PYTHON ?= python3
ARGS ?=
PROJECT = $(PYTHON) tools

.DEFAULT_GOAL := help
.PHONY: help run test soak check bench quality dev wheel format python

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: python ## build what changed and start the server; ARGS="--port 8443" goes to it
	@$(PROJECT)/run.py $(ARGS)

test: python ## run every test there is; ARGS="browser interop" runs some suites
	@$(PROJECT)/test.py $(ARGS)

soak: python ## simulated calls and fuzzing for long; ARGS="--seeds 100000 --inputs 10000000"
	@$(PROJECT)/soak.py $(ARGS)

check: python ## lint, format and type checks, all strict
	@$(PROJECT)/check.py $(ARGS)

bench: python ## run the benchmarks; ARGS goes to pytest
	@$(PROJECT)/bench.py $(ARGS)

quality: python ## calls through bad networks: docs/quality.md anew; ARGS names scenarios
	@$(PROJECT)/quality.py $(ARGS)

dev: python ## make .venv for development: editable install, debug extension, all tools
	@$(PROJECT)/dev.py

wheel: python ## build the wheel and the source archive into dist/
	@$(PROJECT)/dist.py

format: python ## rewrite all sources as the formatters want them
	@$(PROJECT)/check.py --fix

python:
	@command -v $(PYTHON) >/dev/null || { echo "error: Python >= 3.11 is needed, and there is no $(PYTHON) on PATH."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python >= 3.11 is needed, and $(PYTHON) is older: try make PYTHON=python3.12."; exit 1; }

# Two jobs for a new user: `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two numerical threads: more only fight over two cores.
export OMP_NUM_THREADS ?= 2

.PHONY: help setup demo test lint nightly bench figures linkage-figures pictures lock clean
help:
	@echo "make demo     set up, then run the main job on a made-up council (results in demo/out/)"
	@echo "make test     set up, then run every check and test"
	@echo "make lint     ruff, mypy and the floors"
	@echo "make nightly  the same simulations with ten times the runs"
	@echo "make bench    benchmarks, kept as JSON"
	@echo "make figures  measure every figure of the READMEs again (build/figures.md)"
	@echo "make linkage-figures  how good linkage is, on four data sets"
	@echo "make pictures make the README's pictures again from the demo (needs Chromium)"
	@echo "make lock     resolve requirements.lock again"

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "early_id needs Python 3.11 or newer: sudo apt-get install python3, or make PYTHON=python3.12 …"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing. Install it with: sudo apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; exit 2; }
	@echo "Setting up $(VENV) (about 2.5 GB; once) …"
	@echo "1 of 3: an environment of its own"
	@$(PYTHON) -m venv $(VENV)
	@echo "2 of 3: fetching and installing what requirements.lock names; minutes, and nothing is said meanwhile where no terminal watches"
	@if test -t 1; then quiet=; else quiet=--quiet; fi; $(BIN)/python -m pip install $$quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "3 of 3: early_id itself"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

setup: $(VENV)/.ready

demo: setup
	@$(BIN)/python -m early_id demo

lint: setup
	$(BIN)/ruff check src tests configs scripts
	$(BIN)/ruff format --check src tests configs scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

# Two halves side by side, one core each; within a half one process, or parallel workers would swallow the figures that tests print.
NIGHTLY := OMP_NUM_THREADS=1 EARLY_ID_RUN_FACTOR=10 $(BIN)/python -m pytest -q -s --durations=12 -p no:cacheprovider
nightly: setup
	@mkdir -p build
	@$(NIGHTLY) tests/property/test_features_twin.py tests/recovery/test_synth_calibration.py \
		tests/recovery/test_synth_draw.py tests/recovery/test_synth_scenarios.py tests/recovery/test_models_verdicts.py > build/nightly_first.txt 2>&1 & first=$$!; \
	$(NIGHTLY) tests/recovery/test_models_truth.py tests/recovery/test_features_leaks.py \
		tests/property/test_evidence_property.py tests/recovery/test_audit_evidence.py tests/recovery/test_audit_told_apart.py \
		tests/contract/test_store_safety.py tests/contract/test_no_row_is_told.py tests/unit/test_sources_hostile.py tests/contract/test_due.py \
		tests/property/test_sharing_classes.py tests/recovery/test_explain_swaps.py tests/property/test_publish_attack.py \
		tests/property/test_links_in_time.py tests/contract/test_spark.py::test_pairs_are_found_and_weighed_alike_on_spark \
		tests/contract/test_run_as_it_comes.py tests/notebooks/test_notebooks.py > build/nightly_second.txt 2>&1; second=$$?; \
	wait $$first; first=$$?; cat build/nightly_first.txt build/nightly_second.txt; test $$first = 0 -a $$second = 0

bench: setup
	$(BIN)/python -m pytest tests/benchmarks -q --benchmark-json=tests/benchmarks/latest.json --benchmark-columns=min,rounds

figures: setup
	$(BIN)/python -W ignore scripts/figures.py

linkage-figures: setup
	$(BIN)/python -W ignore scripts/linkage_figures.py

pictures: setup
	$(BIN)/python scripts/pictures.py

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra ebm --extra spark --extra postgres --extra mssql --extra notebooks --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache

# Each target works on a fresh clone with python3, make and a package index.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-torch lint bench torture differential same tables cli pictures cross cross-x86 growth recipes clean

demo: .venv/installed
	$(BIN)/noiseaug run sample_data demo_out --std 25/255 --seed 7
	@echo "Look at demo_out/ beside sample_data/, and at demo_out/manifest.jsonl for what was done to each file."

test: .venv/installed-test
	$(BIN)/python -m pytest

# The tests with the real PyTorch, in an environment of its own (3 GB; less where pip finds a build without CUDA).
test-torch: .venv-torch/installed
	.venv-torch/bin/python -m pytest tests/pytorch tests/docs/test_python.py

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict noiseaug

torture: .venv/installed-test
	PYTHONPATH=tests $(BIN)/python -m torture

# Compares what runs over thousands of files make with what independent readers see, and writes the figures into
# docs/reliability.md. Programs that encode or read some of them are named if they are missing.
differential: .venv/installed-test
	PYTHONPATH=tests $(BIN)/python -m differential --write

# Writes the tables of docs/formats-*.md anew, from what runs over files of every format show.
tables: .venv/installed-test
	PYTHONPATH=tests $(BIN)/python -m tools.formats_images
	PYTHONPATH=tests $(BIN)/python -m tools.formats_audio

# Writes docs/cli.md and the manual pages anew, from the commands themselves.
cli: .venv/installed-test
	$(BIN)/python -m tools.cli_pages

# Compares what runs write on several processors, which qemu-user plays, and writes docs/formats-processors.md. What
# aarch64 needs is downloaded once (120 MB), into .cross/. cross-x86 does a part, without downloads: do all outputs that
# should be the same come out the same on an old and on a new x86-64?
cross: .venv/installed-test
	PYTHONPATH=tests $(BIN)/python -m tools.cross --write

cross-x86: .venv/installed-test
	PYTHONPATH=tests $(BIN)/python -m tools.cross --x86

# Takes the pictures of docs/tutorial.md anew, from what its commands make; needs chromium and chromium-driver.
pictures: .venv/installed-test
	PYTHONPATH=tests $(BIN)/python -m tools.pictures

# Tells whether BEFORE, another checkout or a revision such as HEAD~3, prints and writes the same as this checkout.
same: .venv/installed-test
	$(BIN)/python -m tools.same_outputs $(BEFORE)

bench: .venv/installed-bench
	$(BIN)/python -m benchmarks --plot

# Runs the studies of docs/recipes in full, and writes their tables and plots anew.
recipes: .venv/installed-recipes
	for study in $$(grep -l "study.main" docs/recipes/*.py); do $(BIN)/python $$study --write || exit 1; done

growth: .venv/installed-bench
	$(BIN)/python -m benchmarks growth

clean:
	rm -rf .venv .venv-torch .cross demo_out build dist *.egg-info benchmarks/corpus
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/installed-%: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@ .venv/installed

.venv-torch/installed: pyproject.toml
	$(PYTHON) -m venv .venv-torch
	.venv-torch/bin/python -m pip install --quiet --editable '.[torch-test]'
	@touch $@

# See tests/support/readers/requirements.txt for why some come without what they need.
.venv/installed-test: .venv/bin/python pyproject.toml tests/support/readers/requirements.txt
	$(BIN)/python -m pip install --quiet --editable '.[test,readers]'
	$(BIN)/python -m pip install --quiet --no-deps --requirement tests/support/readers/requirements.txt
	@touch $@ .venv/installed

# The commands of the repository. Each installs what it needs into $(VENV), and system packages if it has the permission.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000

BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST = $(BIN)/python -m pytest
TWO = $(PYTEST) --timeout 600 --numprocesses 2 --dist loadfile
# A browser may hang on a busy machine. What fails runs once more, in processes of its own.
PAGE = TWICE() { "$$@" || { echo "again, what failed:"; "$$@" --last-failed --last-failed-no-failures none; }; }; TWICE $(TWO) tests/e2e
USUAL = not compose and not slow and not drill and not page
PACKAGES = $(wildcard services/*/pyproject.toml training/pyproject.toml) services/core/src/earthgan/VERSION constraints.txt

.PHONY: serve test test-page test-slow test-layouts lint bench bench-codes bench-series bench-web kernel bundle load capacity soak faults audit lock docs kubernetes compose-test wheels system-packages clean

serve: $(VENV)/.serving
	@exec $(BIN)/earthgan serve --host $(HOST) --port $(PORT)

# First, tests that measure. They wait more than they compute, so two run at a time, with nothing else beside them. Most of
# the others use one core, so two processes share them. The page in a browser comes last.
# With ARGS, one process runs all that they choose.
test: $(VENV)/.testing system-packages
ifeq ($(strip $(ARGS)),)
	failed=; $(TWO) --ignore tests/e2e -m "$(USUAL) and alone" || failed=1; \
	OMP_NUM_THREADS=1 $(TWO) --ignore tests/e2e -m "$(USUAL) and not alone" || failed=1; \
	$(PAGE) -m "$(USUAL)" && [ -z "$$failed" ]
else
	$(PYTEST) $(ARGS)
endif

# All that the page can do, in Chromium. `make test` looks at its main parts.
test-page: $(VENV)/.testing system-packages
	$(PAGE) -m page $(ARGS)

test-slow: $(VENV)/.testing system-packages
	$(PYTEST) -m slow $(ARGS)

# The nightly draw of layouts of other people's files; `make test` draws a hundred.
test-layouts: $(VENV)/.testing
	EARTHGAN_LAYOUT_DRAWS=2000 $(PYTEST) tests/integration/test_any_layout.py $(ARGS)

lint: $(VENV)/.testing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.testing
	PYTHONPATH=tests $(BIN)/python -m load.bench $(ARGS)

bench-codes: $(VENV)/.testing
	PYTHONPATH=tests $(BIN)/python -m load.codes

# What a large step costs `earthgan make`, beside reading it.
bench-series: $(VENV)/.testing
	PYTHONPATH=tests $(BIN)/python -m load.series $(ARGS)

# What the page costs in Chromium, beside the numbers to reach.
bench-web: $(VENV)/.testing system-packages
	PYTHONPATH=tests $(BIN)/python -m load.web_bench $(ARGS)

# The page's WebAssembly from its source, clients/kernel/kernel.wat. It is committed, so that pages need no build.
kernel:
	cd clients/kernel && npm ci --silent && node build.js >kernel-code.js && mv kernel-code.js ../web/surrogate/

# The built page from its modules, clients/web. It is committed, so that nobody needs Node.js to serve it.
bundle:
	cd clients/bundle && npm ci --silent && node build.js

load: $(VENV)/.testing
	PYTHONPATH=tests $(BIN)/python -m load.with_gateway $(ARGS)

# What requests cost here, and `earthgan capacity` beside runs of Locust: five minutes.
capacity: $(VENV)/.testing system-packages
	PYTHONPATH=tests $(BIN)/python -m load.capacity $(ARGS)

# Half load for half an hour: memory, descriptors and errors.
soak: $(VENV)/.testing system-packages
	PYTHONPATH=tests $(BIN)/python -m load.soak $(ARGS)

# Every fault that an operator may meet, at its number. It writes the table of docs/operations.md.
faults: $(VENV)/.testing system-packages
	PYTHONPATH=tests $(BIN)/python -m faults.run $(ARGS)

# What the images are made of: vulnerabilities, licences, a bill of materials, and bandit over our own code. The tools have an environment of
# their own, so that they cannot change what the tests see.
audit: $(VENV)/audit/.ready
	PYTHONPATH=tests $(VENV)/audit/bin/python -m audit.run

# What the gateway's image installs, with the digests of every archive: from the packages' own requirements and constraints.txt.
lock: $(VENV)/audit/.ready
	PYTHONPATH=tests $(VENV)/audit/bin/python -m audit.lock

# The documentation as a site, test-output/docs, from the plain files in docs/ and from docstrings. A link, an anchor or a name that leads
# nowhere fails.
docs: $(VENV)/docs/.ready
	$(VENV)/docs/bin/zensical build --strict --clean

# The manifests of Kubernetes, rendered by kustomize, against the schemas of the oldest and the newest cluster that they are meant for.
kubernetes: $(VENV)/audit/.ready
	@mkdir -p test-output
	@for folder in base own-surrogate; do \
	  kubectl kustomize deploy/kubernetes/$$folder >test-output/$$folder.yaml || exit 1; \
	  for version in 1.28 1.37; do \
	    $(VENV)/audit/bin/kubernetes-validate --strict --quiet --kubernetes-version $$version test-output/$$folder.yaml || exit 1; \
	    echo "$$folder is valid for Kubernetes $$version: $$(grep -c '^kind:' test-output/$$folder.yaml) objects"; \
	  done; \
	done

compose-test: $(VENV)/.testing
	tests/compose/with-docker.sh $(PYTEST) -m compose tests/compose $(ARGS)

# Old build folders are removed first. Otherwise a wheel would contain files that have been deleted from the sources.
wheels: | $(VENV)/bin/python
	rm -rf dist services/*/build training/build
	$(PIP) setuptools
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist services/core services/gateway ./training

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); tests/system-packages.sh python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.serving: $(PACKAGES) | $(VENV)/bin/python
	$(PIP) --editable 'services/core[onnx]' --editable services/gateway
	@touch $@

$(VENV)/.testing: $(PACKAGES) tests/requirements.txt | $(VENV)/bin/python
	$(PIP) --editable 'services/core[onnx,torch]' --editable 'services/gateway[notebook,otel,seed]' --editable 'training[codecs,xarray]' \
	  --requirement tests/requirements.txt
	@touch $@ $(VENV)/.serving

$(VENV)/audit/.ready: tests/audit/requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m venv --clear $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/audit/requirements.txt
	@touch $@

$(VENV)/docs/.ready: tests/docs/requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m venv --clear $(VENV)/docs
	$(VENV)/docs/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/docs/requirements.txt
	@touch $@

system-packages:
	@tests/system-packages.sh chromium chromium-headless-shell redis-server nginx-light

clean:
	rm -rf $(VENV) test-output dist services/*/build training/build

include reproduce.mk

# Every target sets up what it needs; `make` alone tells what there is.

PYTHON ?= python3
VENV := .venv
DATA ?= .kith
KILLS ?= 200
CALLERS ?= 1000
MINUTES ?= 10
TESTERS ?= 2
KITH := $(VENV)/bin/kith
KITH_IMAGE ?= kith:0.1.0
PYTHON_IMAGE ?= python:3.11-slim
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-clean test bench profile load crash-test check browser image test-containers test-pods drills

help: ## Tell the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## Make .venv with everything for development, and the kith command in it

demo: $(VENV)/.runtime ## Run a county's year on real servers, then serve its dashboard until Ctrl-C
	$(KITH) demo --data $(DATA)

demo-clean: $(VENV)/.runtime ## Delete what the demo made, to start over
	$(KITH) demo --data $(DATA) --clean

test: setup browser build/promtool build/subscribers/.installed ## Run every test, TESTERS=2 files at once
	$(VENV)/bin/python -m pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder

bench: setup build/bench-venv/.installed build/bench-emmett/.installed ## Measure Kith beside limits and rivals on the same servers; table, and build/bench.json
	$(VENV)/bin/python -m benchmarks $(BENCH)

profile: setup ## Tell where the Python of BENCH='judging --repetitions 1' spends its time
	$(VENV)/bin/python -m pyinstrument -m benchmarks $(BENCH)

load: setup build/bench-venv/.installed ## Let CALLERS=1000 people ask a county's system for MINUTES=10, and five times as many; build/load.json
	$(VENV)/bin/python -m benchmarks.load --callers $(CALLERS) --minutes $(MINUTES)

crash-test: setup ## Kill and break everything during the example's year: KILLS=200, SEED= repeats a run
	$(VENV)/bin/python -m tests.crash --kills $(KILLS) $(if $(SEED),--seed $(SEED))

image: build/wheelhouse/.filled ## Build the container image KITH_IMAGE on PYTHON_IMAGE, without network
	docker build --network none --quiet --tag $(KITH_IMAGE) --build-arg PYTHON_IMAGE=$(PYTHON_IMAGE) \
	  --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null)" --build-arg CREATED="$$(date -u +%Y-%m-%dT%H:%M:%SZ)" .
	docker image inspect --format '{{.Size}} bytes, {{.Id}}' $(KITH_IMAGE)

test-containers: setup container-engine image ## Run the tests that need a container engine, and others once more on servers in containers
	KITH_TEST_SERVERS=containers $(VENV)/bin/python -m pytest tests/integration tests/laws
	KITH_IMAGE=$(KITH_IMAGE) $(VENV)/bin/python -m pytest tests/containers

test-pods: setup container-engine image ## Start the pods of deploy/k8s/overlays/county by podman, from their own YAML, and work with them
	$(VENV)/bin/python -m tests.pods.podman
	KITH_IMAGE=$(KITH_IMAGE) $(VENV)/bin/python -m pytest tests/pods

drills: setup container-engine image ## Kill, cut off, fill and upgrade a whole stack while a county works on it: DRILLS= picks some; needs root
	KITH_IMAGE=$(KITH_IMAGE) $(VENV)/bin/python -m tests.drills $(DRILLS)

container-engine: setup # says what is missing, and has Compose 1.29 where the distribution still has it
	PYTHON_IMAGE=$(PYTHON_IMAGE) $(VENV)/bin/python -m tests.containers.engine
	@command -v docker-compose >/dev/null || { \
	  $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qq -y --no-install-recommends docker-compose; }

check: setup ## Lint, types, import contracts
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/hadolint --ignore DL3059 Dockerfile  # steps that may not become one shell line

# A fresh interpreter, the project's folder on its path (package = false: nothing is built), and the command.
$(VENV)/bin/kith:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -c 'import pathlib, sysconfig; \
	  pathlib.Path(sysconfig.get_path("purelib"), "kith.pth").write_text(str(pathlib.Path.cwd()) + "\n")'
	printf '#!/bin/sh\nexec "$$(dirname "$$(readlink -f "$$0")")/python" -P -m kith "$$@"\n' > $@
	chmod +x $@

$(VENV)/.runtime: $(VENV)/bin/kith requirements.lock
	$(INSTALL) -r requirements.lock
	touch $@

$(VENV)/.dev: $(VENV)/bin/kith requirements-dev.lock
	$(INSTALL) -r requirements-dev.lock
	touch $@ $(VENV)/.runtime

# The image is made of wheels whose hashes were checked here.
build/wheelhouse/.filled: requirements-image.lock $(VENV)/bin/kith
	rm -rf build/wheelhouse && mkdir -p build/wheelhouse
	$(VENV)/bin/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --no-deps \
	  --require-hashes --dest build/wheelhouse -r requirements-image.lock
	touch $@

# The alerts, once more inside the object that the Prometheus operator reads.
deploy/k8s/components/monitoring/rules.yaml: deploy/observability/rules.yaml
	sed -n '1,/^spec:/p' $@ > $@.new && sed 's/^./  &/' $< >> $@.new && mv $@.new $@

# The clients of examples/subscribers, as another system has them: nothing of Kith, and Node.js from a wheel.
build/subscribers/.installed: requirements-subscribers.lock $(wildcard examples/subscribers/node/package*.json)
	$(PYTHON) -m venv build/subscribers
	build/subscribers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-subscribers.lock
	cp examples/subscribers/node/package*.json build/subscribers/
	cd build/subscribers && PATH="$$PWD/bin:$$PATH" npm ci --silent --no-audit --no-fund
	touch $@

# What Kith is measured beside: a virtual environment and a folder of node modules of their own.
build/bench-venv/.installed: requirements-bench.lock
	$(PYTHON) -m venv build/bench-venv
	build/bench-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

build/bench-emmett/.installed: $(wildcard benchmarks/rivals/emmett/*)
	mkdir -p build/bench-emmett && cp benchmarks/rivals/emmett/* build/bench-emmett/
	if command -v npm >/dev/null; then cd build/bench-emmett && npm ci --silent --no-audit --no-fund; \
	  else rm build/bench-emmett/side.mjs; fi
	touch $@

browser: # tests/browser opens the dashboard in Debian's chromium
	@{ command -v chromium && dpkg -s fonts-noto-cjk; } >/dev/null 2>&1 || { \
	  $(AS_ROOT) apt-get update -qq && \
	  $(AS_ROOT) apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk; }

# Prometheus's rules are checked and tested with its own tool, taken out of Debian's package: no server is installed.
build/promtool:
	mkdir -p build/promtool-package
	if command -v promtool; then ln -s "$$(command -v promtool)" $@; else \
	  $(AS_ROOT) apt-get update -qq && cd build/promtool-package && \
	  { apt-get download -qq promtool 2>/dev/null || apt-get download -qq prometheus; } && \
	  dpkg --fsys-tarfile ./*.deb | tar -x --strip-components=3 -C .. ./usr/bin/promtool; fi
	rm -r build/promtool-package

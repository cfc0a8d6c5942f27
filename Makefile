# Claire de Binaire. `make` alone lists the commands. Needs make and Python 3.11 or newer; everything else is
# installed into .uv/ and .venv/ of this folder, and again only when pyproject.toml or uv.lock have changed.

PYTHON ?= python3
UV_VERSION := 0.13.9
PY := .venv/bin/python
READY := .venv/.ready

export UV_PYTHON_DOWNLOADS := never
# Where the machine keeps certificates of its own, such as a company's proxy's, they are to be trusted.
CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),--system-certs)
# An activated virtual environment of something else must not be used or changed.
unexport VIRTUAL_ENV
# Where it is set, each of the many processes of a system, and of a test run, compiles all of the code again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test smoke bench faults soak scenarios restarts proofs monitoring looks pictures messages lint format down ps exec backup restore restore-drill up containers-down containers

help: ## this list
	@echo "Claire de Binaire: a momentum paper-trading system for MEXC spot"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-16s %s\n", $$1, $$2 }'
	@echo
	@echo "  demo takes SEED=3 RATE=10 DATA=folder INTERVAL=5m QUOTE_ASSET=BTC VENUE=MEXC FRESH=1 MONITORING=1 SCALE=1; run the last six"

demo: $(READY) ## the whole system on a simulated exchange, in the browser within a minute
	@exec $(PY) -m cdb_site.local demo $(if $(SEED),--seed "$(SEED)") $(if $(RATE),--rate "$(RATE)") \
	    $(if $(DATA),--data "$(DATA)") $(MARKET_OPTIONS)

run: $(READY) ## the same on the real MEXC feed; paper trading
	@$(PY) backoffice/automation/check_env.py --local
	@exec $(PY) -m cdb_site.local run $(MARKET_OPTIONS)

MARKET_OPTIONS = $(if $(INTERVAL),--interval "$(INTERVAL)") $(if $(QUOTE_ASSET),--quote-asset "$(QUOTE_ASSET)") \
    $(if $(VENUE),--venue "$(VENUE)") $(if $(FRESH),--fresh) $(if $(MONITORING),--monitoring) $(if $(SCALE),--scale)

ps: $(READY) ## what of it runs
	@exec $(PY) -m cdb_site.local ps

exec: $(READY) ## a command inside what runs: make exec CMD="python manage.py audit_books"; of several: PROFILE=demo
	@exec $(PY) -m cdb_site.local exec $(if $(PROFILE),--profile "$(PROFILE)") -- $(CMD)

backup: $(READY) ## database and paper venue's journal into a new folder of backups/; TO=folder, PROFILE=demo
	@exec $(PY) -m cdb_site.local backup $(if $(PROFILE),--profile "$(PROFILE)") $(if $(TO),--to "$(TO)")

restore: $(READY) ## an instance from a backup: make restore FROM=backups/run-20260301T000000Z PROFILE=run
	@exec $(PY) -m cdb_site.local restore --from "$(FROM)" --profile "$(PROFILE)"

restore-drill: $(READY) ## dump the database, restore it beside the original, compare and audit it; PROFILE=demo
	@exec $(PY) -m cdb_site.local restore-drill $(if $(PROFILE),--profile "$(PROFILE)")

down: $(READY) ## stop what runs, also what a killed start left behind
	@exec $(PY) -m cdb_site.local down

up: ## all of it in containers, on the MEXC feed, from nothing to healthy; SIM=1 simulated, SCALE=1, TLS=1
	@$(OLD_ENOUGH)
	@exec $(PYTHON) backoffice/automation/containers.py up $(if $(SIM),--sim) $(if $(SCALE),--scale) $(if $(TLS),--tls)

containers-down: ## remove the containers that make up started; all data stays
	@$(OLD_ENOUGH)
	@exec $(PYTHON) backoffice/automation/containers.py down

test: $(READY) ## all tests, on servers of their own; ARGS="tests/unit -x" only those
ifdef ARGS
	@exec $(PY) -m pytest $(ARGS)
else
	@exec $(PY) -m pytest tests -n 3 --dist loadfile
endif

smoke: $(READY) ## the demo without a browser, until fills have arrived; takes DATA SPEED INTERVAL QUOTE_ASSET SEED
	@exec $(PY) -m proofs.smoke $(if $(DATA),--data "$(DATA)") $(if $(SPEED),--speed "$(SPEED)") \
	    $(if $(INTERVAL),--interval "$(INTERVAL)") $(if $(QUOTE_ASSET),--quote-asset "$(QUOTE_ASSET)") \
	    $(if $(SEED),--seed "$(SEED)")

bench: $(READY) ## latency and throughput of this machine; ARGS=--quick is one short rate, BASE=checkout compares
	@exec $(PY) -m benchmarks.bench $(if $(BASE),--base "$(BASE)") $(ARGS)

faults: $(READY) ## kill, freeze and restart everything, then check the books; SUITE=execution: an exchange that misbehaves
	@exec $(PY) -m $(if $(filter execution,$(SUITE)),proofs.venue_faults.run,proofs.faults.run) $(ARGS)

scenarios: $(READY) ## losses, silences, stops, limits and midnight on a running system; services die in the middle
	@exec $(PY) -m proofs.scenarios.run $(ARGS)

restarts: $(READY) ## the demo stopped and killed ten times with positions open; the account may change by its market alone
	@exec $(PY) -m proofs.restarts.run $(ARGS)

soak: $(READY) ## an hour of market time with a fault of the exchange every minute, then check the candles
	@exec $(PY) -m proofs.soak.run $(ARGS)

proofs: $(READY) ## hostile input by the hundred thousand, ten minutes of fuzzing, random portfolios, the API, the soak
	@.uv/bin/uv sync --quiet --frozen --inexact --group fuzz --no-build-package atheris $(CERTS) || \
	    echo "warning: the fuzzer could not be installed; its part is skipped"
	@exec $(PY) -m proofs.run $(ARGS)

containers: $(READY) ## the containers for real: build, start, trade, kill each, scale, stop; needs Docker, or Debian and root
	@exec $(PY) -m proofs.containers.run $(ARGS)

monitoring: $(READY) ## a real Prometheus beside the demo: every target, panel and rule
	@exec $(PY) -m proofs.monitoring $(ARGS)

looks: $(READY) ## every page in every width, colours and language, which make test samples; ARGS='--only trades'
	@exec $(PY) -m proofs.looks $(ARGS)

pictures: $(READY) ## screenshots of every page of the running demo into docs/img; ARGS="--to folder"
	@exec $(PY) -m proofs.pictures $(ARGS)

messages: $(READY) ## the words that pages say, collected for their German ones and compiled
	@ENV=demo $(PY) manage.py write_messages

ROOMS := cdb_site marketdata mexc_sim signals_app execution risk people replay notifications dashboard api backoffice celery_app.py manage.py

lint: $(READY) ## style, types, import directions, migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m bandit --quiet --configfile pyproject.toml --recursive $(ROOMS)
	ENV=demo $(PY) -m mypy
	.venv/bin/lint-imports
	ENV=demo $(PY) -W ignore:Got:RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PY) backoffice/automation/code_figures.py

format: $(READY) ## put the code into its standard form
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

OLD_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
    echo "error: $(PYTHON) is missing or older than 3.11. Install Python 3.11+, or name one: make PYTHON=python3.12"; exit 1; }

$(READY): pyproject.toml uv.lock
	@$(OLD_ENOUGH)
	@test -x .uv/bin/uv && .uv/bin/uv --version | grep -q " $(UV_VERSION)" || { \
	    echo "installing uv $(UV_VERSION) into .uv/"; rm -rf .uv; \
	    $(PYTHON) -m venv .uv || { rm -rf .uv; \
	        echo "error: this Python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }; \
	    .uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@test -x .venv/bin/python || .uv/bin/uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@.uv/bin/uv sync --frozen $(CERTS)
	@touch $(READY)

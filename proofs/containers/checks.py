"""What must hold while the simulated exchange is traded in containers. Each answers with a fact, or raises."""

from __future__ import annotations

import json
import re
import socket
import urllib.parse
from collections.abc import Callable

from backoffice.automation.grafana_dashboards import DASHBOARDS
from cdb_site.services import service
from proofs.containers.commands import output, run
from proofs.containers.project import DEMO, PROJECT, Project
from proofs.containers.promises import every, get
from proofs.rig.waiting import expect, pause, wait_for

PATIENCE_S = 300.0
FILLS = 5
REACH = """if True:
    import os, socket
    for host, port in ((os.environ["POSTGRES_HOST"], 5432), (os.environ["REDIS_HOST"], 6379), ("cdb_mexc_sim", 8010)):
        address = socket.gethostbyname(host)
        try: socket.create_connection((address, port), 5).close()
        except OSError as problem: print(f"{host} is {address}, {problem}", end=" ")"""
# The password stays inside.
TABLES = r"""PGPASSWORD="$(cat /run/secrets/postgres_owner_password)" \
psql -h localhost -U admin -d claire_de_binare -Atc '\dt'"""
OUTSIDE = """if True:
    import socket
    try: socket.create_connection(("1.1.1.1", 443), 3); print("reaches the internet")
    except OSError: pass"""


def own_books(project: Project) -> str:
    """The demo has a project name, and so volumes, of its own."""
    compose = ("env", "--unset=COMPOSE_PROJECT_NAME", "docker", "compose")
    told = [output(*compose, *options, "config", "--format", "json", cwd=project.folder) for options in ((), DEMO)]
    names = [json.loads(text)["name"] for text in told]
    expect(names[0] != names[1], f"both are {names[0]!r}")
    return " and ".join(names)


def all_there(project: Project) -> str:
    """Every container of the file runs, and the set-up ended with 0."""
    wanted = set(project.config) - {"cdb_migrate"} - set(project.without)
    missing = wanted - set(project.running())
    expect(not missing, f"missing: {sorted(missing)}")
    state = project.inspect("cdb_migrate")["State"]
    expect((state["ExitCode"], state["Running"]) == (0, False), f"cdb_migrate: {state['Status']} {state['ExitCode']}")
    images = {project.inspect(name)["Image"] for name in project.ours()}
    expect(len(images) == 1, f"{len(images)} images of one Dockerfile")
    return f"{len(wanted)} containers; all of ours of one image"


def asked_as_promised(project: Project) -> str:
    """Health checks are `curl -fsS http://localhost:PORT/health`, as anybody may type it."""
    inner = {name: service(name.removeprefix("cdb_")).port for name in project.serving()}
    asked = {name: f"curl -fsS http://localhost:{port}/health" for name, port in inner.items()}

    def complaint(name: str) -> str | None:
        check = " ".join(project.inspect(name)["Config"]["Healthcheck"]["Test"])
        return None if check == f"CMD {asked[name]}" else check

    every(asked, complaint)
    every(asked, lambda name: run("docker", "exec", name, *asked[name].split(), check=False).stderr.strip())
    return f"{len(asked)} services"


def answers_from_here(project: Project) -> str:
    """/health and /metrics answer on this machine's ports."""
    serving = project.serving()
    for path in ("/health", "/metrics"):
        for name, port in serving.items():
            if (name, path) != ("cdb_mexc_sim", "/metrics"):
                wait_for(lambda port=port, path=path: get(port, path)[0] == 200, f"{name}{path}", 60)  # type: ignore[misc]
    return ", ".join(f"{name} {port}" for name, port in serving.items())


def redis_is_closed(project: Project) -> str:
    """Redis answers PONG on 6380 to its administrator, refuses without a password, and lets a service empty nothing."""

    def talk(*lines: str) -> str:
        with socket.create_connection(("127.0.0.1", 6380), 5) as link:
            link.sendall("".join(f"{line}\r\n" for line in lines).encode())
            pause(0.5)
            return link.recv(200).decode()

    expect("PONG" in talk(f"AUTH admin {project.secret('redis_password')}", "PING"), "no PONG to the password")
    expect("NOAUTH" in talk("PING"), "answers without a password")
    expect("NOPERM" in talk(f"AUTH ws {project.secret('redis_ws')}", "FLUSHALL"), "a screener may empty it")
    return ""


def postgres_answers(project: Project) -> str:
    """PostgreSQL is ready, asks for its password over TCP, and lists the tables."""
    output("docker", "exec", "cdb_postgres", "pg_isready", "-h", "127.0.0.1", "-d", "claire_de_binare")
    tables = output("docker", "exec", "cdb_postgres", "sh", "-c", TABLES).splitlines()
    expect(len(tables) > 20, f"{len(tables)} tables")
    return f"{len(tables)} tables"


def names_lead_somewhere(project: Project) -> str:
    """Services reach PostgreSQL, Redis and the exchange under the names they are given."""
    every(project.ours(), lambda name: output("docker", "exec", name, "python", "-c", REACH))
    return ""


def isolated(project: Project) -> str:
    """Only the screeners, execution and the clock reach the internet."""
    may = {"cdb_ws", "cdb_rest", "cdb_execution", "cdb_signal_gen"}
    every(sorted(set(project.ours()) - may), lambda name: output("docker", "exec", name, "python", "-c", OUTSIDE))
    screener = output("docker", "exec", "cdb_ws", "python", "-c", OUTSIDE)
    return f"cdb_ws {screener}" if screener else "NOT SHOWN: nobody does here"


def folders_can_be_written(project: Project) -> str:
    """DATA_DIR can be written where something is kept in it."""

    def keeps(name: str) -> bool:
        item = project.inspect(name)
        kept = {mount["Destination"] for mount in item["Mounts"]} | set(item["HostConfig"]["Tmpfs"] or ())
        return "/var/lib/cdb" in kept

    keeping = [name for name in project.ours() if keeps(name)]
    touch = "touch /var/lib/cdb/.proof && rm /var/lib/cdb/.proof"
    every(keeping, lambda name: run("docker", "exec", name, "sh", "-c", touch, check=False).stderr.strip() or None)
    return ", ".join(keeping)


def trades(project: Project) -> str:
    """Signals become fills."""
    wait_for(lambda: project.fills >= FILLS, f"{FILLS} fills", PATIENCE_S)
    return ", ".join(f"{count} {name}s" for name, count in project.counts().items())


def audited(project: Project) -> str:
    """The clock beats: the books are audited by themselves, and by hand; the tasks are listed; nothing was given up."""
    wait_for(lambda: int(project.sql("SELECT count(*) FROM audit_run")) > 0, "an audit by the clock", 180)
    project.manage("rebuild_books", "--check")
    said = project.manage("audit_books").splitlines()[-1]
    tasks = project.compose("exec", "-T", "cdb_signal_gen", "celery", "-A", "celery_app", "inspect", "registered")
    expect("risk." in tasks, "no task of the risk manager is registered")
    expect(project.sql("SELECT count(*) FROM dead_letter") == "0", "dead letters")
    return said


def page_for_strangers(project: Project) -> str:
    """The dashboard sends a stranger to its login, with its style sheets."""
    page = get(8004, "/")[1]
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', page)
    expect("password" in page and sheets, "no login page")
    every(sheets, lambda path: None if get(8004, path)[0] == 200 else "missing")
    return f"{len(sheets)} style sheets"


def watched(project: Project) -> str:
    """Prometheus sees every target up, evaluates every rule, and every panel's query finds its metric."""

    def ask(path: str) -> dict[str, list[dict[str, object]]]:
        answer: dict[str, list[dict[str, object]]] = json.loads(get(9090, f"/api/v1/{path}")[1])["data"]
        return answer

    def down() -> list[str]:
        return [str(row["scrapeUrl"]) for row in ask("targets")["activeTargets"] if row["health"] != "up"]

    wait_for(lambda: get(9090, "/-/healthy")[0] == 200, "Prometheus", 60)
    wait_for(lambda: not down(), "every target to be up", 120)
    rules = [rule for group in ask("rules")["groups"] for rule in group["rules"]]  # type: ignore[attr-defined]
    every((rule["name"] for rule in rules if rule["health"] == "err"), lambda name: "cannot be evaluated")
    queries = [query for panels in DASHBOARDS.values() for panel in panels for query in panel.queries.values()]
    empty = [query for query in queries if not ask(f"query?query={urllib.parse.quote(query)}")["result"]]
    told = {"targets": len(ask("targets")["activeTargets"]), "rules": len(rules), "queries": len(queries)}
    return f"{told}, without data now: {len(empty)}"


def grafana(project: Project) -> str:
    """Grafana answers."""
    wait_for(lambda: get(3000, "/api/health")[0] == 200, "Grafana", 120)
    return ""


def logs_are_json(project: Project) -> str:
    """Every line that our containers log, the set-up's included, is a JSON object, and none holds a secret."""
    secrets = {path.name: path.read_text().strip() for path in (project.folder / "secrets").iterdir()}
    counted = 0

    def odd(name: str) -> str | None:
        nonlocal counted
        both = run("docker", "logs", name)
        lines = [line for line in (both.stdout + both.stderr).splitlines() if line.strip()]
        counted += len(lines)
        told = [secret for secret, word in secrets.items() if word and word in both.stdout + both.stderr]
        bad = [line for line in lines if not line.startswith("{")]
        return f"holds {told}" if told else f"{len(bad)} of {len(lines)}, such as {bad[0][:80]!r}" if bad else None

    every([*project.ours(), "cdb_migrate"], odd)
    return f"{counted} lines"


def hardened(project: Project) -> str:
    """No root, no capability, no new privileges, seccomp, read-only, limits, restart, this machine's address alone."""

    def soft(name: str) -> str:
        item = project.inspect(name)
        host = item["HostConfig"]
        status = dict(
            line.split(":\t", 1)
            for line in output("docker", "exec", name, "cat", "/proc/1/status").splitlines()
            if ":\t" in line
        )
        touched = run("docker", "exec", name, "sh", "-c", "touch /etc/proof", check=False).returncode == 0
        bound = [at["HostIp"] for ports in (host["PortBindings"] or {}).values() for at in ports]
        facts = {
            "user": status["Uid"].split()[0] != "0",
            "capabilities": int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0 and host["CapDrop"] == ["ALL"],
            "no-new-privileges": status["NoNewPrivs"].strip() == "1",
            "seccomp": status["Seccomp"].strip() == "2",
            "read-only": host["ReadonlyRootfs"] and not touched,
            "limits": host["Memory"] > 0 and host["PidsLimit"] > 0,
            "restart": host["RestartPolicy"]["Name"] == "unless-stopped",
            "loopback": set(bound) <= {"127.0.0.1"},
        }  # fmt: skip
        return ", ".join(fact for fact, holds in facts.items() if not holds)

    every(project.running(), soft)
    return f"{len(project.running())} containers"


def room_in_memory(project: Project) -> str:
    """Memory stays far below its limit."""
    form = "{{.Name}} {{.MemPerc}} {{.MemUsage}}"
    lines = output("docker", "stats", "--no-stream", "--format", form, *project.running()).splitlines()
    every(lines, lambda line: "above 80 %" if _percent(line) > 80 else None)
    return "most: " + max(lines, key=_percent)


def _percent(line: str) -> float:
    return float(line.split()[1].rstrip("%"))


def started_twice(project: Project) -> str:
    """A second `make up` changes nothing: the same containers go on."""
    before = {name: project.inspect(name)["State"]["StartedAt"] for name in project.running()}
    said = project.start("--sim")
    after = {name: project.inspect(name)["State"]["StartedAt"] for name in project.running()}
    expect(before == after, f"started again: {sorted(name for name in before if before[name] != after.get(name))}")
    expect("made" not in said, "secrets were made again")
    return ""


def other_market_refused(project: Project) -> str:
    """The real feed does not start beside the demo, and the books themselves refuse another market."""
    said = project.refused()
    expect(f"project {PROJECT}" in said and "containers-down" in said, said or "it started")
    words = ("run", "--rm", "-T", "--no-deps", "-e", "MARKET=MEXC", "cdb_migrate")
    done = run("docker", "compose", *project.env_file, *words, cwd=project.folder, check=False)
    expect(done.returncode == 1 and "MARKET=SIMULATED, and MARKET=MEXC is set" in done.stdout, done.stdout[-300:])
    return ""


CHECKS: tuple[Callable[[Project], str], ...] = (
    own_books, all_there, asked_as_promised, answers_from_here, redis_is_closed, postgres_answers, names_lead_somewhere,
    isolated, folders_can_be_written, trades, audited, page_for_strangers, watched, logs_are_json, hardened,
    room_in_memory, started_twice, other_market_refused,
)  # fmt: skip

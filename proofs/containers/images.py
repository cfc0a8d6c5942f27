"""The base images that the Dockerfiles and docker-compose.yml name: pulled, or stand-ins from Debian's packages.

A stand-in has the very tag that the files name and behaves as the official image where this project relies on it
(`standins/`). Debian has no Grafana, so its container is left out then. Stand-ins are made in a private engine alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from proofs.containers.commands import run
from proofs.containers.engine import KEYS, NEWER, Engine, mirror
from proofs.rig.waiting import Unmet, say

STANDINS = Path(__file__).parent / "standins"
NONE_FOR = "grafana/grafana"
PULL_S = 600.0
# Long enough for a registry to answer, short enough where there is none.
FIRST_PULL_S = 45.0


@dataclass(frozen=True, kw_only=True)
class Images:
    """Which images a run uses. `without`: services that cannot be had with them."""

    real: bool
    names: tuple[str, ...]
    without: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return "real" if self.real else "stand-ins from Debian packages"


def named(compose: str, *dockerfiles: str) -> list[str]:
    """Every image of others that these texts name, sorted."""
    services = yaml.safe_load(compose)["services"].values()
    built = {service["image"] for service in services if "build" in service}
    found = {service["image"] for service in services} - built
    for text in dockerfiles:
        stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?", text, re.MULTILINE)
        found |= {base for base, _ in stages} - {stage for _, stage in stages}
    return sorted(found)


def services_of(compose: str, image: str) -> tuple[str, ...]:
    """Services that run an image of this repository."""
    services = yaml.safe_load(compose)["services"]
    return tuple(name for name, service in services.items() if service["image"].partition(":")[0] == image)


def provide(engine: Engine, project: Path) -> Images:
    """Every base image, in this engine. Raises Unmet when they can neither be pulled nor made."""
    compose = (project / "docker-compose.yml").read_text()
    wanted = named(
        compose, *(path.read_text() for path in (project / "Dockerfile", project / "backoffice/tls/Dockerfile"))
    )
    if pulled(wanted):
        return Images(real=True, names=tuple(wanted))
    if not engine.private:
        raise Unmet("this engine has not all base images and cannot pull them; see `docker pull " + wanted[0] + "`")
    say("the base images cannot be pulled: stand-ins are made of Debian's packages")
    _make(engine, wanted)
    return Images(real=False, names=tuple(wanted), without=services_of(compose, NONE_FOR))


def pulled(wanted: list[str]) -> bool:
    """Whether this engine has them all now; the first that it cannot get ends the try."""
    patience_s = FIRST_PULL_S
    for image in wanted:
        if run("docker", "image", "inspect", image, check=False).returncode:
            try:
                if run("docker", "pull", "--quiet", image, check=False, timeout_s=patience_s).returncode:
                    return False
            except Unmet:
                return False
        patience_s = PULL_S
    return True


def _make(engine: Engine, wanted: list[str]) -> None:
    tags = {image.partition(":")[0]: image for image in wanted}
    suite = tags["python"].rpartition("-")[2]
    major = postgres_major(tags["postgres"])
    python = ("python3", "python3-pip", "python3-venv", "ca-certificates")
    # One root file system for all servers: most of it is the same.
    servers = ("redis-server", f"postgresql-{major}", "prometheus", "caddy", "libcap2-bin", "wget", "ca-certificates")
    bases = {"python": _root(engine, suite, python)}
    others = _root(engine, NEWER, servers)
    for name, image in tags.items():
        if name == NONE_FOR:
            # The tag must exist, or compose would try to pull it; no container is made of it.
            run("docker", "tag", others, image)
            continue
        base, short = bases.get(name, others), name.rpartition("/")[2]
        arguments = ("--build-arg", f"BASE={base}", "--build-arg", f"MAJOR={major}")
        run("docker", "build", "--quiet", *arguments, "--tag", image, str(STANDINS / short))
        say(f"stand-in of {image}")


def postgres_major(image: str) -> str:
    """`18` of postgres:18-bookworm."""
    found = re.match(r"[^:]+:(\d+)", image)
    if found is None:
        raise Unmet(f"{image} names no version of PostgreSQL")
    return found[1]


def _root(engine: Engine, suite: str, packages: tuple[str, ...]) -> str:
    """An image of a minimal Debian with these packages; its root file system is kept for the next time."""
    name = f"proof/{suite}-{'-'.join(packages[:2])}"
    file = engine.work / "cache" / f"{name.rpartition('/')[2]}.tar"
    if not file.exists():
        say(f"packages of Debian {suite} are fetched: {', '.join(packages)}")
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".new")
        no_cluster = (
            'mkdir -p "$1/etc/postgresql-common"; '
            'echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"'
        )
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale")]
        run(
            "mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", f"--include={','.join(packages)}",
            '--aptopt=Acquire::Check-Valid-Until "false"', *left_out, f"--essential-hook={no_cluster}",
            suite, str(half), f"deb [signed-by={KEYS}] {mirror()} {suite} main", timeout_s=1200,
        )  # fmt: skip
        half.rename(file)
    run("docker", "import", str(file), name)
    return name

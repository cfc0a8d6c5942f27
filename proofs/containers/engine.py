"""A Docker engine to build and run on: the one that answers, else a private one, which leaves nothing behind.

The private one needs Debian, root, and a kernel with overlay file system and namespaces. Its programs come from
Debian's packages of a newer release, unpacked into the work folder and not installed; what is installed, where they
are missing, are iptables, runc, mmdebstrap and iproute2. The work folder keeps packages and root file systems for the
next time; containers, images and network are removed, at the end or by the next run.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cdb_site.local.locks import FolderLock
from cdb_site.local.signals import undisturbed
from proofs.containers import network
from proofs.containers.commands import output, run
from proofs.rig.waiting import Unmet, say, wait_for

# The Debian release whose engine, PostgreSQL, Redis and Prometheus are as new as the compose file's tags.
NEWER = "forky"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "containerd", "tini-static")
TOOLS = {"iptables": "iptables", "runc": "runc", "mmdebstrap": "mmdebstrap", "ip": "iproute2"}
# Containers take 2 GB, their images 3.
ROOM_BYTES = 10 * 2**30
LEFT = ("data", "exec", "project", "docker.sock", "docker.pid", "forwarding")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """`private`: ours, with images that nobody else sees."""

    work: Path
    private: bool

    @property
    def version(self) -> str:
        return output("docker", "version", "--format", "{{.Server.Version}}")


@contextmanager
def engine(work: Path, *, prefer_private: bool = False) -> Iterator[Engine]:
    """The engine of this run; within the block `docker` of this process talks to it. Raises Unmet saying what lacks."""
    work.mkdir(parents=True, exist_ok=True)
    # One at a time on a machine: the network's names are the same in every work folder.
    lock = FolderLock(Path(tempfile.gettempdir()) / "claire-containers.lock")
    if not lock.acquire():
        raise Unmet("another run of this proof is under way on this machine; wait for it")
    try:
        if not prefer_private and _answers():
            yield Engine(work=work, private=False)
            return
        missing = what_is_missing()
        if missing:
            raise Unmet(missing)
        try:
            with undisturbed():
                clean(work)
            _install(work)
            _start(work)
            with network.inside():
                yield Engine(work=work, private=True)
        finally:
            with undisturbed():
                clean(work)
            say("the private engine and its network are gone")
    finally:
        lock.release()


def _answers() -> bool:
    with suppress(Unmet):
        return not any(run("docker", *words, check=False).returncode for words in (["info"], ["compose", "version"]))
    return False


def what_is_missing() -> str | None:
    """Why no private engine can be had here, and what would do instead; None when it can."""
    wanted = {
        "Debian's packages (apt-get)": shutil.which("apt-get") is not None and Path(KEYS).exists(),
        "root": os.geteuid() == 0,
        "an overlay file system in the kernel": "overlay" in Path("/proc/filesystems").read_text().split(),
        "network namespaces in the kernel": Path("/proc/self/ns/net").exists() and network.FORWARDING.exists(),
        "seccomp in the kernel": "Seccomp" in Path("/proc/self/status").read_text(),
    }
    missing = [name for name, there in wanted.items() if not there]
    if not missing:
        return None
    return (
        "no Docker engine with compose answers, and a private one cannot be had without "
        f"{', '.join(missing)}. Start Docker, or run this as root on Debian."
    )


def mirror() -> str:
    """Where this machine gets its packages."""
    found = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    return found[0] if found else "http://deb.debian.org/debian"


def newer(work: Path, *words: str, cwd: Path | None = None) -> None:
    """apt-get on the newer release: lists and files stay in the work folder, nothing is installed from it."""
    apt = work / "apt"
    options = {
        "Dir::Etc::sourcelist": apt / "newer.list", "Dir::Etc::sourceparts": "-", "Dir::State": apt / "state",
        "Dir::State::status": "/dev/null", "Dir::Cache": apt / "cache", "APT::Sandbox::User": "root",
        "Acquire::Check-Valid-Until": "false", "Dpkg::Use-Pty": "0",
    }  # fmt: skip
    given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    run("apt-get", *given, *words, cwd=cwd)


def _install(work: Path) -> None:
    wanted = [package for program, package in TOOLS.items() if shutil.which(program) is None]
    if wanted:
        say(f"installing {', '.join(wanted)}")
        run("apt-get", "update", "-qq")
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted)
    unpacked = work / "engine"
    if not (work / "engine.complete").exists():
        say(f"fetching a Docker engine of Debian {NEWER}")
        for folder in ("state/lists/partial", "cache/archives/partial", "debs"):
            (work / "apt" / folder).mkdir(parents=True, exist_ok=True)
        (work / "apt/newer.list").write_text(f"deb [signed-by={KEYS}] {mirror()} {NEWER} main\n")
        newer(work, "update", "-qq")
        newer(work, "download", "-qq", *PACKAGES, cwd=work / "apt/debs")
        for package in sorted((work / "apt/debs").glob("*.deb")):
            run("dpkg-deb", "-x", str(package), str(unpacked))
        (work / "engine.complete").touch()
    plugins = work / "docker-config/cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in (unpacked / "usr/libexec/docker/cli-plugins").glob("docker-*"):
        with suppress(FileExistsError):
            (plugins / plugin.name).symlink_to(plugin)
    os.environ |= {
        "PATH": f"{unpacked}/usr/bin:{unpacked}/usr/sbin:{os.environ['PATH']}",
        "DOCKER_HOST": f"unix://{work}/docker.sock",
        "DOCKER_CONFIG": str(work / "docker-config"),
    }


def _start(work: Path) -> None:
    with undisturbed():
        if available_bytes(Path("/proc/meminfo").read_text()) > ROOM_BYTES:
            # A hundred thousand files are written and deleted again: quicker where no disk has to follow.
            (work / "data").mkdir()
            run("mount", "-t", "tmpfs", "-o", "size=6g", "cdb-containers", str(work / "data"))
        network.create(work / "forwarding")
        with (work / "dockerd.log").open("w") as log, network.inside():
            subprocess.Popen(
                [
                    "dockerd", "--host", f"unix://{work}/docker.sock", "--data-root", str(work / "data"),
                    "--exec-root", str(work / "exec"), "--pidfile", str(work / "docker.pid"),
                    "--init-path", str(work / "engine/usr/bin/tini-static"),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
    wait_for(lambda: not run("docker", "info", check=False).returncode, f"the engine ({work}/dockerd.log)", 60)


def available_bytes(meminfo: str) -> int:
    """Memory that can be had without swapping, as /proc/meminfo tells it; 0 where it does not."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def clean(work: Path) -> None:
    """Everything of a private engine, of this run or of one that was killed; the cache stays."""
    _stop(work / "docker.pid")
    network.remove(work / "forwarding")
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    # A folder of the engine that is still mounted would be emptied through its mount.
    for path in sorted((path for path in mounts if path.startswith(f"{work}/")), reverse=True):
        run("umount", path, check=False)
    for name in LEFT:
        run("rm", "-rf", "--one-file-system", str(work / name), check=False)


def _stop(pid_file: Path) -> None:
    """End the engine whose process this file names, and the containers with it."""
    try:
        pid = int(pid_file.read_text())
        program = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return
    if program != "dockerd":
        return
    for how, patience_s in ((signal.SIGTERM, 40.0), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, how)
        until = time.monotonic() + patience_s
        while time.monotonic() < until and _runs(pid):
            time.sleep(0.1)
        if not _runs(pid):
            return


def _runs(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

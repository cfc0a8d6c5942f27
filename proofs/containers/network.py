"""A network namespace for a private engine: its ports, bridges and firewall rules meet nothing else on the machine.

What the engine needs from outside (package registries, during the build) goes through one pair of interfaces and one
rule of the firewall. `Namespace.remove` takes all of it away, also what an earlier, killed run left behind.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proofs.containers.commands import output, run

NAME = "cdb-containers"
OUTER, INNER = "cdbcont0", "cdbcont1"
HERE, THERE = "10.213.79.1", "10.213.79.2"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
CLONE_NEWNET = 0x40000000


def create(kept: Path) -> None:
    """Make the namespace with its way out; `kept` remembers whether this machine forwarded before."""
    run("ip", "netns", "add", NAME)
    run("ip", "link", "add", OUTER, "type", "veth", "peer", "name", INNER, "netns", NAME)
    run("ip", "addr", "add", f"{HERE}/30", "dev", OUTER)
    run("ip", "link", "set", OUTER, "up")
    run("ip", "-n", NAME, "addr", "add", f"{THERE}/30", "dev", INNER)
    for device in (INNER, "lo"):
        run("ip", "-n", NAME, "link", "set", device, "up")
    run("ip", "-n", NAME, "route", "add", "default", "via", HERE)
    kept.write_text(FORWARDING.read_text())
    FORWARDING.write_text("1\n")
    run("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", f"{THERE}/32", "-o", way_out(), "-j", "MASQUERADE")


def way_out() -> str:
    """The interface of the default route."""
    words = output("ip", "route", "show", "default").split()
    return words[words.index("dev") + 1] if "dev" in words else "eth0"


def remove(kept: Path) -> None:
    """Namespace, interfaces and rule; forwarding as it was. Nothing of it need be there."""
    for rule in rules_of(output("iptables", "-t", "nat", "-S", "POSTROUTING", check=False)):
        run("iptables", "-t", "nat", *rule, check=False)
    run("ip", "netns", "del", NAME, check=False)
    run("ip", "link", "del", OUTER, check=False)
    if kept.exists():
        FORWARDING.write_text(kept.read_text())
        kept.unlink()


def rules_of(listed: str) -> list[list[str]]:
    """The commands that delete our rules of those that `iptables -S` lists."""
    ours = [line.split() for line in listed.splitlines() if f"-s {THERE}/32 " in f"{line} "]
    return [["-D", *words[1:]] for words in ours if words[0] == "-A"]


@contextmanager
def inside() -> Iterator[None]:
    """This thread, and what it starts, is in the namespace; afterwards where it was."""
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        _enter(Path("/run/netns") / NAME)
        yield
    finally:
        _enter_descriptor(before)
        os.close(before)


def _enter(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _enter_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _enter_descriptor(descriptor: int) -> None:
    # os.setns came with Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "the network namespace cannot be entered")

"""Remakes the browser libraries the dashboard serves, from the npm registry and the lock file beside this script.

For developers only, when a version changes; set-up and run time need no Node. `python dashboard/vendor/remake.py`
installs exactly what package-lock.json says into a temporary folder, bundles Preact with its signals and htm into
one module, copies the charts, the font and axe (for tests), and writes `vendor.json` with versions and hashes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess  # noqa: S404 - a developer's tool that runs npm
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "static" / "dashboard"
TEST_VENDOR = HERE.parents[1] / "tests" / "ui" / "vendor"
ROOT = HERE.parents[1]

# (source package, path in it, destination folder, destination name)
COPIES = (
    (
        "lightweight-charts",
        "dist/lightweight-charts.standalone.production.mjs",
        STATIC / "vendor",
        "lightweight-charts.js",
    ),
    ("lightweight-charts", "LICENSE", STATIC / "vendor", "lightweight-charts.LICENSE.txt"),
    ("preact", "LICENSE", STATIC / "vendor", "preact.LICENSE.txt"),
    ("@preact/signals", "LICENSE", STATIC / "vendor", "preact-signals.LICENSE.txt"),
    ("htm", "LICENSE", STATIC / "vendor", "htm.LICENSE.txt"),
    ("@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2", STATIC / "fonts", "inter-latin.woff2"),
    (
        "@fontsource-variable/inter",
        "files/inter-latin-ext-wght-normal.woff2",
        STATIC / "fonts",
        "inter-latin-ext.woff2",
    ),
    ("@fontsource-variable/inter", "LICENSE", STATIC / "fonts", "inter.LICENSE.txt"),
    ("axe-core", "axe.min.js", TEST_VENDOR, "axe.min.js"),
    ("axe-core", "LICENSE", TEST_VENDOR, "axe.LICENSE.txt"),
)
BUNDLE = STATIC / "vendor" / "preact.js"
BUNDLE_SOURCES = ("preact", "@preact/signals", "@preact/signals-core", "htm")


def run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True)  # noqa: S603 - fixed commands


def install(folder: Path) -> Path:
    """node_modules holding what the lock file says."""
    for name in ("package.json", "package-lock.json", "preact_bundle.js"):
        shutil.copy(HERE / name, folder / name)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
    return folder / "node_modules"


def bundle(folder: Path) -> None:
    BUNDLE.parent.mkdir(parents=True, exist_ok=True)
    run(
        "node_modules/.bin/esbuild",
        "preact_bundle.js",
        "--bundle",
        "--minify",
        "--format=esm",
        "--target=es2022",
        f"--outfile={BUNDLE}",
        cwd=folder,
    )


def copy(modules: Path) -> None:
    for package, source, folder, name in COPIES:
        folder.mkdir(parents=True, exist_ok=True)
        content = (modules / package / source).read_bytes()
        if name.endswith(".js"):
            # Manifest storage looks for a source map that is named, and there is none to ship.
            content = b"\n".join(line for line in content.split(b"\n") if not line.startswith(b"//# sourceMappingURL"))
        (folder / name).write_bytes(content)


def describe(modules: Path) -> None:
    """Write vendor.json: per file its packages, their versions and licences, and the file's sha256."""
    files = [(BUNDLE, BUNDLE_SOURCES), *(((folder / name), (package,)) for package, _, folder, name in COPIES)]
    entries = []
    for path, packages in files:
        sources = []
        for package in packages:
            manifest = json.loads((modules / package / "package.json").read_text())
            sources.append({"package": package, "version": manifest["version"], "licence": manifest["license"]})
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entries.append({"file": path.relative_to(ROOT).as_posix(), "sha256": digest, "sources": sources})
    text = json.dumps({"files": sorted(entries, key=lambda entry: entry["file"])}, indent=1)
    (HERE / "vendor.json").write_text(text + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        modules = install(folder)
        bundle(folder)
        copy(modules)
        describe(modules)


if __name__ == "__main__":
    main()

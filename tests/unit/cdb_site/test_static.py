"""What is left out of the modules on their way to the browser: lines of comments, and nothing else."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from cdb_site.static import COMMENT_LINE, OWN_MODULES, ModuleManifestStorage, _WithoutComments

ROOT = Path(__file__).parents[3] / "dashboard" / "static"
MODULES = sorted((ROOT / OWN_MODULES).rglob("*.js"))


def test_a_module_is_served_without_its_lines_of_comments(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("// What it is.\nlet a = 1; // why\n  // how\nlet b = 'http://x';\n")

    served = _WithoutComments(FileSystemStorage(tmp_path)).open("one.js").read()

    assert served == b"let a = 1; // why\nlet b = 'http://x';\n"


@pytest.mark.parametrize("backwards", [False, True])
def test_names_are_right_in_whatever_order_the_disk_lists_the_modules(backwards: bool, tmp_path: Path) -> None:
    chain = [f"dashboard/js/{number:02}.js" for number in range(12)]
    for number, name in enumerate(chain):
        (tmp_path / "from" / name).parent.mkdir(parents=True, exist_ok=True)
        text = f'import {{ a }} from "./{number + 1:02}.js";\n' if name != chain[-1] else "export const a = 1;\n"
        (tmp_path / "from" / name).write_text(text)
    source = FileSystemStorage(tmp_path / "from")
    storage = ModuleManifestStorage(location=tmp_path / "to", base_url="/static/")
    for name in chain:
        with source.open(name) as file:
            storage.save(name, file)

    order = sorted(chain, reverse=backwards)
    outcome = list(storage.post_process({name: (source, name) for name in order}))

    assert not [problem for _, _, problem in outcome if isinstance(problem, Exception)]
    for name, following in itertools.pairwise(chain):
        served = (tmp_path / "to" / storage.stored_name(name)).read_text()
        assert Path(storage.stored_name(following)).name in served


def test_no_line_of_a_text_looks_like_a_comment() -> None:
    assert len(MODULES) > 40
    for module in MODULES:
        text = module.read_bytes()
        for line in COMMENT_LINE.finditer(text):
            assert text[: line.start()].count(b"`") % 2 == 0, f"{module}: {line.group()!r}"

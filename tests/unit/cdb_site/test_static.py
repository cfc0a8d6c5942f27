"""What is left out of the modules on their way to the browser: lines of comments, and nothing else."""

from __future__ import annotations

from pathlib import Path

from django.core.files.storage import FileSystemStorage

from cdb_site.static import COMMENT_LINE, OWN_MODULES, _WithoutComments

ROOT = Path(__file__).parents[3] / "dashboard" / "static"
MODULES = sorted((ROOT / OWN_MODULES).rglob("*.js"))


def test_a_module_is_served_without_its_lines_of_comments(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("// What it is.\nlet a = 1; // why\n  // how\nlet b = 'http://x';\n")

    served = _WithoutComments(FileSystemStorage(tmp_path)).open("one.js").read()

    assert served == b"let a = 1; // why\nlet b = 'http://x';\n"


def test_no_line_of_a_text_looks_like_a_comment() -> None:
    assert len(MODULES) > 40
    for module in MODULES:
        text = module.read_bytes()
        for line in COMMENT_LINE.finditer(text):
            assert text[: line.start()].count(b"`") % 2 == 0, f"{module}: {line.group()!r}"

"""Who reads German finds no English in the dialog of a halt; on the pages neither, which `test_every_page` looks at."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import StorageState, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.german import SAID, found_english
from tests.ui.kept_pages import KeptPages
from tests.ui.site import Site
from tests.ui.test_acts import operator  # noqa: F401  (a fixture)


def test_the_halt_dialog_is_german(kept_pages: KeptPages, marked_site: Site, operator: Any) -> None:  # noqa: F811
    state: StorageState = operator
    with kept_pages.page(marked_site.url, state, locale="de") as page:
        page.goto(f"{marked_site.url}/")
        page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)

        page.locator("#halt-button a[data-act=halt]").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Handel anhalten?")

        # Of the dialog alone: around it may stand what another person wrote, in the language it was written in.
        assert "\n".join(found_english(dialog.evaluate(SAID))) == ""


def test_english_is_found_where_it_is() -> None:
    assert found_english(["Übersicht", "Overview", "Nothing of the kind", "Trades", "FIL 3,6"]) == [
        "Nothing of the kind",
        "Overview",
    ]

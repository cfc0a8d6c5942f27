"""The pages of the admin in a browser: no fault, no violation of its policy, the way back to the dashboard."""

from __future__ import annotations

import re
from typing import Any

from tests.ui import chains
from tests.ui.kept_pages import KeptPages
from tests.ui.people import keys_of
from tests.ui.site import Site

PAGES = (
    "/admin/",
    "/admin/risk/limitversion/",
    "/admin/risk/limitversion/add/",
    "/admin/marketdata/instrument/",
    "/admin/marketdata/pause/add/",
    "/admin/execution/account/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/1/history/",
    "/admin/axes/accesslog/",
)


def test_the_admin_s_pages_say_no_error_and_lead_back(kept_pages: KeptPages, chain_site: Site) -> None:
    """`page` itself fails for whatever the console calls an error, a violation of the policy among them."""
    with kept_pages.page(chain_site.url, keys_of(chain_site, chains.OPERATOR), width=1280) as page:
        for address in PAGES:
            answer = page.goto(f"{chain_site.url}{address}")
            assert answer is not None and answer.status == 200, address
            assert "script-src 'self'" in answer.headers["content-security-policy"]
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.reload()
            assert page.get_attribute("html", "data-theme") == scheme
            assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Inter")
        for address in addresses_of_rows(page, chain_site.url):
            answer = page.request.get(address)
            assert answer.status == 200, address
        page.click("#site-name a >> nth=0")
        page.wait_for_selector("html[data-conn=live]")


def addresses_of_rows(page: Any, site: str) -> list[str]:
    """The first row of every list that has one, and its history."""
    page.goto(f"{site}/admin/")
    lists = page.eval_on_selector_all("#content-main th a", "links => links.map((link) => link.href)")
    found = []
    for address in lists:
        row = re.search(r'href="(/admin/[^"]+)/change/', page.request.get(address).text())
        found += [f"{site}{row[1]}/change/", f"{site}{row[1]}/history/"] if row else []
    assert any("/limitversion/" in address for address in found)
    return found

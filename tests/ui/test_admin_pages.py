"""The pages of the admin in a browser: no fault, no violation of its policy, the way back to the dashboard."""

from __future__ import annotations

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
        page.click("#site-name a >> nth=0")
        page.wait_for_selector("html[data-conn=live]")

"""Settings: a row of the person, in force on every page and in every browser from the first paint on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.kept_pages import KeptPages
from tests.ui.people import logged_in, somebody
from tests.ui.site import Site


@pytest.fixture
def person(site: Site) -> str:
    return somebody(site)


def settings(page: Page, site: Site) -> Page:
    page.goto(f"{site.url}/settings/")
    return page


def keep(page: Page) -> None:
    page.locator(".settings button[type=submit]").click()
    page.wait_for_load_state()


def chosen(page: Page, name: str) -> str:
    return page.locator(f"select[name={name}]").input_value()


def test_what_was_chosen_holds_in_another_browser_from_the_first_byte_on(
    kept_pages: KeptPages, marked_site: Site, person: str
) -> None:
    with logged_in(kept_pages, marked_site, person, color_scheme="dark") as page:
        settings(page, marked_site).select_option("select[name=theme]", "light")
        page.select_option("select[name=time_zone]", "Asia/Tokyo")
        page.uncheck("[name=keys]")
        keep(page)
        expect(page.locator("[role=status].kept")).to_have_count(1)

    with logged_in(kept_pages, marked_site, person, color_scheme="dark", java_script_enabled=False) as page:
        page.goto(f"{marked_site.url}/")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        settings(page, marked_site)
        assert chosen(page, "time_zone") == "Asia/Tokyo"
        expect(page.locator("[name=keys]")).not_to_be_checked()
        expect(page.locator("footer").first).to_contain_text("Asia/Tokyo")


def test_the_form_works_without_scripts_and_speaks_the_chosen_language(
    kept_pages: KeptPages, marked_site: Site, person: str
) -> None:
    with logged_in(kept_pages, marked_site, person, locale="en", java_script_enabled=False) as page:
        settings(page, marked_site).select_option("select[name=language]", "de")
        keep(page)

        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.goto(f"{marked_site.url}/")
        expect(page.locator("html")).to_have_attribute("lang", "de")


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_login_page_speaks_the_browser_s_language(browser: Browser, marked_site: Site, language: str) -> None:
    with browser.new_context(locale=language) as context:
        page = context.new_page()
        page.goto(f"{marked_site.url}/login/")

        expect(page.locator("html")).to_have_attribute("lang", language)


def test_numbers_and_times_follow_language_and_zone(kept_pages: KeptPages, marked_site: Site, person: str) -> None:
    with logged_in(kept_pages, marked_site, person, locale="de") as page:
        settings(page, marked_site).select_option("select[name=time_zone]", "Asia/Kathmandu")
        keep(page)
        told = page.evaluate(
            """async () => {
              const source = document.querySelector('script[src*="shell"]').src;
              const boot = JSON.parse(document.getElementById("boot").textContent);
              const { money, clockTime } = await import(source.replace(/shell\\.[^/]*$/, "format.js"));
              return [boot.time_zone, boot.language, money("1234.5"), clockTime("2026-01-01T00:00:00Z")];
            }"""
        )

        # Kathmandu is 5 h 45 min ahead of UTC.
        assert told == ["Asia/Kathmandu", "de", "1.234,50", "05:45:00"]


def test_the_menu_changes_the_theme_at_once_and_for_good(kept_pages: KeptPages, marked_site: Site, person: str) -> None:
    with logged_in(kept_pages, marked_site, person, color_scheme="dark") as page:
        page.goto(f"{marked_site.url}/")
        html = page.locator("html")
        expect(html).to_have_attribute("data-theme", "dark")

        page.locator("#user-menu summary").click()
        with page.expect_response("**/settings/choose/"):
            page.locator("#theme-choice [value=light]").click()
        expect(html).to_have_attribute("data-theme", "light")
        page.reload()

        expect(html).to_have_attribute("data-theme", "light")


def test_the_menu_changes_the_language_and_leads_back(kept_pages: KeptPages, marked_site: Site, person: str) -> None:
    with logged_in(kept_pages, marked_site, person, locale="en") as page:
        page.goto(f"{marked_site.url}/risk/?x=1")
        page.locator("#user-menu summary").click()
        page.locator("#language-choice [value=de]").click()
        page.wait_for_load_state()

        assert page.url == f"{marked_site.url}/risk/?x=1"
        expect(page.locator("html")).to_have_attribute("lang", "de")


def test_a_zone_that_is_none_changes_nothing_and_is_named(
    kept_pages: KeptPages, marked_site: Site, person: str
) -> None:
    with logged_in(kept_pages, marked_site, person, strict=False) as page:
        settings(page, marked_site)
        page.evaluate(
            """() => { const one = new Option("x", "Moon/<b>Sea</b>", true, true);
                       document.querySelector("[name=time_zone]").append(one); }"""
        )
        page.select_option("select[name=theme]", "light")
        keep(page)
        expect(page.locator(".settings [role=alert]")).to_have_count(1)
        expect(page.locator(".settings .badc")).to_contain_text("Moon/<b>Sea</b>")

        settings(page, marked_site)
        assert (chosen(page, "theme"), chosen(page, "time_zone")) == ("system", "")


def test_the_way_back_never_leaves_the_site(kept_pages: KeptPages, marked_site: Site, person: str) -> None:
    with logged_in(kept_pages, marked_site, person) as page:
        page.goto(f"{marked_site.url}/")
        page.evaluate(
            """() => { document.querySelector("#language-choice [name=next]").value = "https://evil.example/"; }"""
        )
        page.locator("#user-menu summary").click()
        page.locator("#language-choice [value=en]").click()
        page.wait_for_load_state()

        assert page.url == f"{marked_site.url}/settings/"


def test_reduced_motion_can_be_asked_for_here_alone(kept_pages: KeptPages, marked_site: Site, person: str) -> None:
    with logged_in(kept_pages, marked_site, person, reduced_motion="no-preference") as page:
        settings(page, marked_site).select_option("select[name=motion]", "always")
        keep(page)

        expect(page.locator("html")).to_have_attribute("data-motion", "always")
        assert page.evaluate("() => getComputedStyle(document.body).transitionProperty") == "none"

"""`manage.py dead_letters`: what was given up, why, and back on its topic."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cdb_site.bus.models import DeadLetter
from tests.integration.cdb_site.bus_fixtures import Gossip

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("dead_letters", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def letter(gossip: Gossip) -> DeadLetter:
    """A word whose handler has failed for good, and is mended now."""
    gossip.fail_on["bad"] = ValueError("bad taste")
    reader = gossip.reader()
    gossip.say("bad")
    reader.turn()
    gossip.fail_on.clear()
    return DeadLetter.objects.get()


def test_without_letters_it_says_so(gossip: Gossip) -> None:
    assert run() == "no dead letters\n"


def test_the_list_tells_state_topic_service_attempts_and_error(letter: DeadLetter) -> None:
    line = run()

    assert f"{letter.pk}  OPEN" in line
    assert "gossip → listener  after 5: ValueError: bad taste" in line


def test_a_letter_without_an_error_text_is_listed(gossip: Gossip) -> None:
    DeadLetter.objects.create(topic="gossip", group="listener", entry_id="1-0", body="", error="")

    assert "gossip → listener" in run()


def test_one_is_shown_as_it_came(letter: DeadLetter, gossip: Gossip) -> None:
    assert run("--show", str(letter.pk)).strip().encode() == gossip.sent()[0]


def test_showing_an_unknown_one_says_where_to_look() -> None:
    with pytest.raises(CommandError, match=r"no dead letter has id 999; run `manage\.py dead_letters --all`"):
        run("--show", "999")


@pytest.mark.parametrize("which", ["id", "all"])
def test_a_retried_letter_takes_effect_and_leaves_the_list(letter: DeadLetter, gossip: Gossip, which: str) -> None:
    said = run("--retry", str(letter.pk) if which == "id" else "all")
    gossip.reader().turn()

    letter.refresh_from_db()
    assert (said, gossip.words, letter.state) == ("1 put back\n", ["bad"], "RETRIED")
    assert letter.retried_at is not None
    assert run() == "no dead letters\n"
    assert "RETRIED" in run("--all")


def test_a_letter_is_put_back_once(letter: DeadLetter, gossip: Gossip) -> None:
    run("--retry", "all")

    assert run("--retry", "all") == "0 put back\n"


def test_retry_takes_numbers_or_all(letter: DeadLetter) -> None:
    with pytest.raises(CommandError, match="takes ids"):
        run("--retry", "everything")


def test_retrying_an_unknown_id_is_an_error(letter: DeadLetter) -> None:
    with pytest.raises(CommandError, match="999"):
        run("--retry", "999")

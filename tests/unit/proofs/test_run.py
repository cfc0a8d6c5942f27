"""What `make proofs` holds against the figures of a part."""

from __future__ import annotations

from proofs.run import failures


def test_a_part_that_found_nothing_wrong_has_no_failure() -> None:
    assert failures({"decoder_inputs": 600, "decoder_understood": 150, "decoder_uncaught": 0}) == []


def test_inputs_that_broke_something_are_a_failure() -> None:
    assert failures({"decoder_understood": 150, "decoder_uncaught": 2}) == ["2 decoder_uncaught"]


def test_inputs_of_which_none_was_understood_prove_nothing() -> None:
    found = failures({"answers_understood": 0, "answers_uncaught": 0})

    assert found == ["answers_understood is 0: the inputs prove nothing"]

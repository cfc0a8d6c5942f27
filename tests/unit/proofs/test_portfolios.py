"""The invariants of deciding, on a few hundred portfolios; `make proofs` takes ten thousand."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from proofs import portfolios as properties
from risk.decision.requests import Request
from risk.rules.decision_batch import DecisionBatch


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(properties.case())
def test_no_portfolio_limits_or_stream_breaks_the_invariants(case: tuple[DecisionBatch, list[Request]]) -> None:
    properties.decide_stream(*case)

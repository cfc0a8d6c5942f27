"""What can go wrong between us and the exchange, each naming the endpoint or channel and the exchange's own code."""

from __future__ import annotations


class MexcProblem(Exception):
    """Base of everything this client raises."""


class RequestRefused(MexcProblem):
    """The exchange answered with an error: asking again the same way will not help."""

    def __init__(self, endpoint: str, *, status: int, code: int | None, message: str) -> None:
        super().__init__(f"{endpoint}: refused with HTTP {status}, code {code}: {message}")
        self.endpoint, self.status, self.code, self.message = endpoint, status, code, message


class Unavailable(MexcProblem):
    """No usable answer after all attempts: network, timeout, 5xx or 429."""

    def __init__(self, endpoint: str, *, attempts: int, reason: str) -> None:
        super().__init__(f"{endpoint}: no answer after {attempts} attempts; last: {reason}")
        self.endpoint, self.attempts, self.reason = endpoint, attempts, reason


class BadAnswer(MexcProblem):
    """An answer whose content is not what the endpoint is documented to send."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"{endpoint}: {reason}")
        self.endpoint, self.reason = endpoint, reason


class BadFrame(MexcProblem):
    """A WebSocket frame that cannot be used. `reason` is a short label for the metric."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class LinkLost(MexcProblem):
    """A socket ended. `reason` is a short label for the metric."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason

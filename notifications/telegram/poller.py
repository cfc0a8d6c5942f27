"""Listens to the bot by long polling, and answers: a part of the clock, on which no trading waits.

Without TELEGRAM_TOKEN it does nothing. An update is confirmed with the next poll, when it has been answered: what a
crash leaves comes again, and acts once. One that cannot be answered is logged and confirmed: it holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from cdb_site import failures
from cdb_site.bus.runtime import Runtime
from notifications.telegram.answering import HEARD, answer
from notifications.telegram.bot_api import BotApi, BotProblem
from notifications.telegram.letters import Letter, letter_of

log = logging.getLogger(__name__)
TURN_S = 1.0
PAUSES_S = (2.0, 5.0, 15.0, 60.0)
WAIT_MOST_S = 300.0
ANSWER_WAIT_MOST_S = 5.0
SORRY = "Not done: the server could not answer. Its log names the cause."


class TelegramCommands:
    """Hosted by the signal generator."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        environment = runtime.environment
        self.api = BotApi(base_url=environment.TELEGRAM_API_URL, token=environment.TELEGRAM_TOKEN)
        self.offset: int | None = None
        self._failed = 0

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            self._turned()
            if not self.api.token:
                self.runtime.pause(TURN_S)
                continue
            with failures.waiting_for_servers("the listener to Telegram", lambda: self._rest(PAUSES_S[0])):
                self.turn()

    def turn(self) -> int:
        """Poll once and answer what came. Returns how many updates that were."""
        try:
            updates = asyncio.run(self._polled())
        except BotProblem as problem:
            self._unheard(problem)
            return 0
        self._failed = 0
        for update in updates:
            self._take(update)
        return len(updates)

    def _take(self, update: dict[str, Any]) -> None:
        """Answer one update, then let it be confirmed. A server of ours that is away leaves it to come again."""
        letter = letter_of(update)
        if letter is None:
            HEARD.labels("no_command").inc()
        else:
            self._say(letter, self._answer(letter))
        number = update.get("update_id")
        if isinstance(number, int):
            self.offset = max(self.offset or 0, number + 1)
        self._turned()

    def _answer(self, letter: Letter) -> str | None:
        try:
            return answer(letter, self.runtime.clock)
        except Exception as problem:
            if failures.meaning_of(problem) is not failures.Failure.WORK:
                raise
            HEARD.labels("failed").inc()
            log.exception("a command by Telegram failed: /%s", letter.command)
            return SORRY

    def _say(self, letter: Letter, text: str | None) -> None:
        """Once more after a short wait, if Telegram asks for one; an answer that does not arrive is lost."""
        if text is None:
            return
        for again in (True, False):
            try:
                asyncio.run(self._beside(self.api.say(letter.chat_id, text)))
                return
            except BotProblem as problem:
                log.warning("an answer by Telegram was not taken: %s", problem)
                if again:
                    self._rest(min(problem.wait_s, ANSWER_WAIT_MOST_S))

    async def _polled(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._beside(self.api.updates(self.offset))
        return found

    async def _beside(self, call: Any) -> Any:
        """Wait for a call while the loop is seen to turn; given up when the service is to stop."""
        task = asyncio.ensure_future(call)
        while not task.done():
            self._turned()
            await asyncio.wait({task}, timeout=TURN_S)
            if self.runtime.stopping.is_set() and not task.done():
                task.cancel()
                await asyncio.wait({task})
                raise BotProblem("stopping")
        return task.result()

    def _unheard(self, problem: BotProblem) -> None:
        if self.runtime.stopping.is_set():
            return
        pause_s = PAUSES_S[min(self._failed, len(PAUSES_S) - 1)]
        if self._failed < len(PAUSES_S):
            log.warning("Telegram is not heard: %s", problem)
        self._failed += 1
        self._rest(min(max(pause_s, problem.wait_s), WAIT_MOST_S))

    def _rest(self, seconds: float) -> None:
        until_s = self.runtime.clock.monotonic_s() + seconds
        while (left_s := until_s - self.runtime.clock.monotonic_s()) > 0:
            self._turned()
            if self.runtime.pause(min(left_s, TURN_S)):
                return

    def _turned(self) -> None:
        self.runtime.progress.turned("telegram")

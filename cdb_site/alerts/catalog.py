"""Every alert code: how bad it is, the sentence an operator reads, and what to do next, in English and German.

Parameters travel as exact values; a sentence asks for them in the unit people read: `{loss:FRACTION}` (see
`cdb_site.units`), its German twin (`_de`) for the same. An alert about one symbol begins with it, whether or not its
sentence names it.
"""

from __future__ import annotations

from cdb_site.alerts.kind import AlertKind
from cdb_site.alerts.replay_kinds import REPLAY_KINDS
from cdb_site.alerts.tape_kinds import TAPE_KINDS
from cdb_site.languages import twin
from cdb_site.own_reasons import own_reason
from cdb_site.units import Readable

BY_ITSELF = "Nothing, if it closes within a minute or two; else"
BY_ITSELF_DE = "Nichts, wenn er sich binnen ein, zwei Minuten schließt; sonst"

CATALOG: dict[str, AlertKind] = {
    "SYSTEM_DEAD_LETTER": AlertKind(
        level="CRITICAL",
        sentence="A message on {topic} for {service} was given up: {error}",
        sentence_de="Eine Nachricht auf {topic} für {service} wurde aufgegeben: {error}",
        next_step="`manage.py dead_letters` lists it with its error; mend the cause, then retry it there.",
        next_step_de="`manage.py dead_letters` nennt sie mit ihrem Fehler; die Ursache beheben, dann dort wiederholen.",
    ),
    "SYSTEM_LAG_PAST_CAP": AlertKind(
        level="CRITICAL",
        sentence="A consumer of {topic} lags past the stream's cap and is served from the database.",
        sentence_de="Ein Verbraucher von {topic} liegt weiter zurück, als der Stream reicht, und wird aus der"
        " Datenbank bedient.",
        next_step="`manage.py status` shows which service lags; see its log, start it again if it stands still.",
        next_step_de="`manage.py status` zeigt, welcher Dienst zurückliegt; sein Protokoll lesen, ihn neu starten,"
        " wenn er steht.",
    ),
    "SERVICE_DOWN": AlertKind(
        level="CRITICAL",
        sentence="{service} has not been heard for {age_s:SECONDS}.",
        sentence_de="{service} ist seit {age_s:SECONDS} nicht zu hören.",
        next_step=f"{BY_ITSELF} see its log; `make ps` or `docker compose ps` shows whether it runs.",
        next_step_de=f"{BY_ITSELF_DE} sein Protokoll ansehen; `make ps` oder `docker compose ps` zeigt, ob er läuft.",
    ),
    "AUDIT_MISSED": AlertKind(
        level="CRITICAL",
        sentence="The books have not been audited for {age_s:SECONDS}.",
        sentence_de="Die Bücher sind seit {age_s:SECONDS} nicht geprüft worden.",
        next_step="See the risk manager's log and `manage.py status`; `manage.py audit_books` audits at once.",
        next_step_de="Protokoll des Risikomanagers, `manage.py status` ansehen; `manage.py audit_books` prüft sofort.",
    ),
    "NOTIFICATION_FAILED": AlertKind(
        level="CRITICAL",
        sentence="The channel {channel} does not take notifications, the last {count} are given up: {error}",
        sentence_de="Der Kanal {channel} nimmt keine Benachrichtigungen an, die letzten {count} sind"
        " aufgegeben: {error}",
        next_step="Mend it under Notifications in the admin and test it there; closes with the next message it takes.",
        next_step_de="In der Verwaltung unter Benachrichtigungen richten und dort prüfen; schließt sich mit der"
        " nächsten Nachricht, die er annimmt.",
    ),
    "MODE_NOT_AS_ASKED": AlertKind(
        level="WARNING",
        sentence="Orders are {mode}, although EXECUTION_MODE asks for {asked}; missing: {missing}",
        sentence_de="Aufträge sind {mode}, obwohl EXECUTION_MODE {asked} verlangt; es fehlt: {missing}",
        next_step="docs/live_trading.md says what each key is and where it is turned; or ask for PAPER.",
        next_step_de="docs/live_trading.md sagt, was jeder Schlüssel ist und wo er gedreht wird; oder PAPER verlangen.",
    ),
    "VENUE_OUT_OF_REACH": AlertKind(
        level="CRITICAL",
        sentence="Bought with money, and execution cannot reach the exchange to sell it: {symbols}",
        sentence_de="Mit Geld gekauft, und die Ausführung erreicht die Börse nicht, um es zu verkaufen: {symbols}",
        next_step="Give execution MEXC_API_KEY and MEXC_API_SECRET again, or sell it at the exchange by hand.",
        next_step_de="Der Ausführung MEXC_API_KEY und MEXC_API_SECRET wieder geben, oder von Hand an der Börse"
        " verkaufen.",
    ),
    "RECONCILE_DIFFERS": AlertKind(
        level="CRITICAL",
        sentence="{venue} and the books differ in {count} assets: {first}",
        sentence_de="{venue} und die Bücher weichen in {count} Werten voneinander ab: {first}",
        next_step="`manage.py reconcile --last` shows both sides. Money paid in or out: `manage.py deposit` or"
        " `withdraw`; what is none of ours: `manage.py reconcile --accept ASSET --reason …`.",
        next_step_de="`manage.py reconcile --last` zeigt beide Seiten. Ein- oder ausgezahltes Geld: `manage.py deposit`"
        " oder `withdraw`; was nicht unser ist: `manage.py reconcile --accept ASSET --reason …`.",
    ),
    "RECONCILE_MISSED": AlertKind(
        level="WARNING",
        sentence="The books have not been compared with {venue} for ten minutes: {said}",
        sentence_de="Die Bücher sind seit zehn Minuten nicht mit {venue} verglichen worden: {said}",
        next_step=f"{BY_ITSELF} see execution's log; `manage.py reconcile` looks at once.",
        next_step_de=f"{BY_ITSELF_DE} das Protokoll der Ausführung ansehen; `manage.py reconcile` vergleicht sofort.",
    ),
    "EXTERNAL_ORDER": AlertKind(
        level="WARNING",
        sentence="{symbol}: an order that is none of ours is at the venue: {side} {quantity}, {venue_order_id}.",
        sentence_de="{symbol}: An der Börse steht eine Order, die nicht unsere ist: {side} {quantity},"
        " {venue_order_id}.",
        next_step="Find out who else uses the account's key. It is never adopted; what it moves shows as a difference.",
        next_step_de="Klären, wer den Schlüssel des Kontos noch benutzt. Sie wird nie übernommen; was sie bewegt,"
        " erscheint als Abweichung.",
        momentary=True,
    ),
    "TRADING_HALTED": AlertKind(
        level="CRITICAL",
        sentence="Trading is halted by {by}: {reason}",
        sentence_de="Der Handel ist angehalten von {by}: {reason}",
        next_step="Find the cause with `manage.py status`; when it is gone, `manage.py resume_trading --reason …`.",
        next_step_de="Mit `manage.py status` die Ursache finden; ist sie behoben,"
        " `manage.py resume_trading --reason …`.",
    ),
    "TRADING_REDUCING": AlertKind(
        level="WARNING",
        sentence="Only exits are allowed, set by {by}: {reason}",
        sentence_de="Nur Ausstiege sind erlaubt, gesetzt von {by}: {reason}",
        next_step="`manage.py status` lists the breakers that did it, and what each waits for.",
        next_step_de="`manage.py status` nennt die Sicherungen, die es taten, und worauf jede wartet.",
    ),
    "STOP_LOSS": AlertKind(
        level="WARNING",
        momentary=True,
        sentence="{symbol}: bid {bid:PRICE} reached the stop {stop:PRICE}; {quantity:PRICE} go to the venue for sale.",
        sentence_de="{symbol}: der Geldkurs {bid:PRICE} hat den Stop {stop:PRICE} erreicht; {quantity:PRICE} gehen zum"
        " Handelsplatz zum Verkauf.",
        next_step="Nothing; the symbol is not bought again during its cooldown. What it cost: `manage.py explain ID`.",
        next_step_de="Nichts; das Symbol wird in seiner Pause nicht wieder gekauft. Was es kostete:"
        " `manage.py explain ID`.",
    ),
    "ORDER_REJECTED": AlertKind(
        level="WARNING",
        momentary=True,
        sentence="{symbol}: the venue rejected the order: {reason_code}",
        sentence_de="{symbol}: der Handelsplatz hat den Auftrag zurückgewiesen: {reason_code}",
        next_step="One alone needs nothing; many open the breaker REJECT_RATE. The order: `manage.py explain ID`.",
        next_step_de="Bei einem einzelnen nichts; viele öffnen die Sicherung REJECT_RATE. Der Auftrag:"
        " `manage.py explain ID`.",
    ),
    "FILL_UNBOOKABLE": AlertKind(
        level="CRITICAL",
        sentence="{symbol}: the venue's answer #{number} cannot be booked and is in quarantine: {error}",
        sentence_de="{symbol}: die Antwort #{number} des Handelsplatzes lässt sich nicht buchen und ist in"
        " Quarantäne: {error}",
        next_step="`manage.py quarantine list` shows it; mend the cause, then `quarantine retry NUMBER`, or"
        " `dismiss` it.",
        next_step_de="`manage.py quarantine list` zeigt sie; die Ursache beheben, dann `quarantine retry NUMBER`,"
        " oder sie verwerfen (`dismiss`).",
    ),
    "ENTRIES_EXPIRED": AlertKind(
        level="WARNING",
        sentence="Approved entries waited past their deadline and were never sent: {count}.",
        sentence_de="Genehmigte Einstiege warteten über ihre Frist hinaus und wurden nie gesendet: {count}.",
        next_step="Execution was away, overloaded or without quotes: `manage.py status`. Nothing is bought late.",
        next_step_de="Die Ausführung war fort, überlastet oder ohne Quotierungen: `manage.py status`. Nichts wird"
        " verspätet gekauft.",
    ),
    "DAILY_LOSS": AlertKind(
        level="CRITICAL",
        sentence="Daily loss {loss:FRACTION} of {limit:FRACTION}: trading is halted, every position is to be sold."
        " Equity {equity:MONEY}.",
        sentence_de="Tagesverlust {loss:FRACTION} von {limit:FRACTION}: der Handel ist angehalten, jede Position"
        " wird verkauft. Eigenkapital {equity:MONEY}.",
        next_step="Watch `manage.py status` until the account is flat. Resuming is refused until the next UTC day.",
        next_step_de="`manage.py status` verfolgen, bis das Konto leer ist. Vor dem nächsten UTC-Tag wird die"
        " Wiederaufnahme verweigert.",
    ),
    "OPENING_WAITS": AlertKind(
        level="WARNING",
        sentence="The opening equity of {day} is provisional, {equity:MONEY}: {symbols} have no price of midnight yet."
        " What they lost since their last close sells nothing meanwhile.",
        sentence_de="Das Eröffnungskapital des {day} ist vorläufig, {equity:MONEY}: {symbols} haben noch keinen Preis"
        " von Mitternacht. Was sie seit ihrem letzten Schluss verloren, verkauft derweil nichts.",
        next_step=f"{BY_ITSELF} see the REST screener's log: the last candle before 00:00 UTC is missing.",
        next_step_de=f"{BY_ITSELF_DE} das Protokoll des REST-Screeners ansehen: die letzte Kerze vor 00:00 UTC fehlt.",
    ),
    "OPENING_ESTIMATED": AlertKind(
        level="CRITICAL",
        momentary=True,
        sentence="The opening equity of {day} was fixed at {equity:MONEY} without prices of midnight for {symbols}.",
        sentence_de="Das Eröffnungskapital des {day} wurde auf {equity:MONEY} festgelegt, ohne Preise von Mitternacht"
        " für {symbols}.",
        next_step="Compare with the exchange's candles; the day's loss is measured from this figure until 00:00 UTC.",
        next_step_de="Mit den Kerzen der Börse vergleichen; der Tagesverlust misst sich bis 00:00 UTC an dieser Zahl.",
    ),
    "CLOSE_OUT_FAILED": AlertKind(
        level="CRITICAL",
        sentence="{symbols}: not sold; everything else is. The close-out has ended without them.",
        sentence_de="{symbols}: nicht verkauft; alles andere ist es. Die Glattstellung endet ohne sie.",
        next_step="`manage.py close_position --all --reason …` tries again; what the exchange trades no more is taken"
        " out by `manage.py write_off SYMBOL --reason …`.",
        next_step_de="`manage.py close_position --all --reason …` versucht es noch einmal; was die Börse nicht mehr"
        " handelt, nimmt `manage.py write_off SYMBOL --reason …` heraus.",
    ),
    "EXIT_GIVEN_UP": AlertKind(
        level="CRITICAL",
        sentence="{symbol}: not sold after {attempts} attempts, given up ({why}).",
        sentence_de="{symbol}: nach {attempts} Versuchen nicht verkauft, aufgegeben ({why}).",
        next_step="`manage.py close_position SYMBOL --reason …` tries again; what the exchange trades no more is taken"
        " out by `manage.py write_off SYMBOL --reason …`.",
        next_step_de="`manage.py close_position SYMBOL --reason …` versucht es noch einmal; was die Börse nicht mehr"
        " handelt, nimmt `manage.py write_off SYMBOL --reason …` heraus.",
    ),
    "EXPOSURE_ABOVE_LIMIT": AlertKind(
        level="WARNING",
        sentence="Exposure is {observed:FRACTION} of equity, {limit:FRACTION} are allowed: nothing is bought.",
        sentence_de="Das Exposure ist {observed:FRACTION} des Eigenkapitals, erlaubt sind {limit:FRACTION}: nichts"
        " wird gekauft.",
        next_step="Prices or a lowered limit did it; it is no breach. Wait, or sell with `manage.py close_position`.",
        next_step_de="Preise oder eine gesenkte Grenze taten es; es ist kein Verstoß. Warten, oder mit"
        " `manage.py close_position` verkaufen.",
    ),
    "BREAKER_DRAWDOWN": AlertKind(
        level="CRITICAL",
        sentence="Only exits: equity is {observed:FRACTION} below its 24 h peak, {limit:FRACTION} are allowed.",
        sentence_de="Nur Ausstiege: das Eigenkapital ist {observed:FRACTION} unter seinem 24-h-Höchststand, erlaubt"
        " sind {limit:FRACTION}.",
        next_step="Look at the positions and the last decisions; release it when the cause is understood.",
        next_step_de="Positionen und letzte Entscheidungen ansehen; lösen, wenn die Ursache verstanden ist.",
    ),
    "BREAKER_REJECT_RATE": AlertKind(
        level="CRITICAL",
        sentence="Only exits: the venue rejected {observed:FRACTION} of the last orders, {limit:FRACTION} are allowed.",
        sentence_de="Nur Ausstiege: der Handelsplatz wies {observed:FRACTION} der letzten Aufträge zurück, erlaubt"
        " sind {limit:FRACTION}.",
        next_step="`manage.py explain ORDER` tells the rejections' reasons; mend them, then release it.",
        next_step_de="`manage.py explain ORDER` nennt die Gründe der Zurückweisungen; sie beheben, dann lösen.",
    ),
    "BREAKER_SILENCE": AlertKind(
        level="CRITICAL",
        sentence="No market data for {observed:SECONDS}, {limit:SECONDS} are allowed; nothing is bought on it.",
        sentence_de="Seit {observed:SECONDS} keine Marktdaten, erlaubt sind {limit:SECONDS}; darauf wird nichts"
        " gekauft.",
        next_step="See the screeners in `manage.py status`; it releases itself when data flows again.",
        next_step_de="Die Screener in `manage.py status` ansehen; löst sich selbst, wenn wieder Daten fließen.",
    ),
    "BREAKER_CLOCK_SKEW": AlertKind(
        level="CRITICAL",
        sentence="Only exits: the venue's clock is {observed:SECONDS} from ours, {limit:SECONDS} are allowed.",
        sentence_de="Nur Ausstiege: die Uhr des Handelsplatzes liegt {observed:SECONDS} neben unserer, erlaubt sind"
        " {limit:SECONDS}.",
        next_step="Check this machine's time synchronisation; it releases itself when the clocks agree.",
        next_step_de="Zeitabgleich dieser Maschine prüfen; löst sich selbst, wenn die Uhren übereinstimmen.",
    ),
    "BREAKER_ORDER_RATE": AlertKind(
        level="WARNING",
        sentence="Only exits: {observed:ORDERS} within a minute, {limit:ORDERS} are allowed.",
        sentence_de="Nur Ausstiege: {observed:ORDERS} binnen einer Minute, erlaubt sind {limit:ORDERS}.",
        next_step="Look for a signal that fires again and again; it releases itself when the rate falls.",
        next_step_de="Nach einem Signal suchen, das immer wieder feuert; löst sich selbst, wenn es weniger werden.",
    ),
    "BREAKER_SLIPPAGE": AlertKind(
        level="WARNING",
        sentence="{symbol}: a fill slipped by {observed:FRACTION}, {limit:FRACTION} are allowed;"
        " no entries until released.",
        sentence_de="{symbol}: eine Ausführung glitt um {observed:FRACTION} ab, erlaubt sind {limit:FRACTION};"
        " keine Einstiege, bis es gelöst ist.",
        next_step="Look at the symbol's book and spread; release it when the symbol trades normally.",
        next_step_de="Orderbuch und Spanne des Symbols ansehen; lösen, wenn es normal handelt.",
    ),
    "BREAKER_SPREAD": AlertKind(
        level="WARNING",
        sentence="{symbol}: the spread is {observed:BPS} wide, {limit:BPS} are allowed; no entries until it narrows.",
        sentence_de="{symbol}: die Spanne ist {observed:BPS} weit, erlaubt sind {limit:BPS}; keine Einstiege, bis"
        " sie enger ist.",
        next_step="Nothing: it releases itself when the spread is narrow again.",
        next_step_de="Nichts: löst sich selbst, wenn die Spanne wieder eng ist.",
    ),
    "BREAKER_JUMP": AlertKind(
        level="WARNING",
        sentence="{symbol}: moved {observed:FRACTION} within a minute, {limit:FRACTION} are allowed;"
        " no entries for now.",
        sentence_de="{symbol}: bewegte sich binnen einer Minute um {observed:FRACTION}, erlaubt sind"
        " {limit:FRACTION}; vorerst keine Einstiege.",
        next_step="Look for news of the symbol; it releases itself when the price is calm.",
        next_step_de="Nach Nachrichten zum Symbol suchen; löst sich selbst, wenn der Preis ruhig ist.",
    ),
    "BOOKS_DIFFER": AlertKind(
        level="CRITICAL",
        sentence="The audit of the books found {count} differences: {first}",
        sentence_de="Die Buchprüfung fand {count} Unterschiede: {first}",
        next_step="`manage.py audit_books` names every row. Do not resume before each is understood.",
        next_step_de="`manage.py audit_books` nennt jede Zeile. Nicht wieder aufnehmen, ehe jeder verstanden ist.",
    ),
    "AUDIT_INCOMPLETE": AlertKind(
        level="CRITICAL",
        sentence="The audit of the books could not finish within its time: {checks}. Whether they hold is not known.",
        sentence_de="Die Buchprüfung wurde nicht rechtzeitig fertig: {checks}. Ob sie stimmen, ist nicht bekannt.",
        next_step="`manage.py audit_books` gives each check a minute; see whether PostgreSQL is overloaded.",
        next_step_de="`manage.py audit_books` gibt jeder Prüfung eine Minute; nachsehen, ob PostgreSQL überlastet ist.",
    ),
    "FEED_SILENT": AlertKind(
        level="CRITICAL",
        sentence="No market data for {age_s:SECONDS}.",
        sentence_de="Seit {age_s:SECONDS} keine Marktdaten.",
        next_step=f"{BY_ITSELF} see the WS screener's log and the network.",
        next_step_de=f"{BY_ITSELF_DE} das Protokoll des WS-Screeners und das Netz ansehen.",
    ),
    "UNIVERSE_UNUSABLE": AlertKind(
        level="CRITICAL",
        sentence="{problem} The watched symbols stay as they are: {watched}. Looked at every minute.",
        sentence_de="{problem} Die beobachteten Symbole bleiben, wie sie sind: {watched}. Jede Minute wird wieder"
        " nachgesehen.",
        next_step="Mend what it names: usually SYMBOL_WHITELIST or QUOTE_ASSET.",
        next_step_de="Beheben, was er nennt: meist SYMBOL_WHITELIST oder QUOTE_ASSET.",
    ),
    "FEED_PARTLY_SILENT": AlertKind(
        level="WARNING",
        sentence="No quotes of {count} of {watched} symbols for {age_s:SECONDS}, among them {symbols}.",
        sentence_de="Von {count} der {watched} Symbole seit {age_s:SECONDS} keine Quotierungen, darunter {symbols}.",
        next_step=f"{BY_ITSELF} see the WS screener's log.",
        next_step_de=f"{BY_ITSELF_DE} das Protokoll des WS-Screeners ansehen.",
    ),
    "SYMBOL_SILENT": AlertKind(
        level="WARNING",
        sentence="{symbol}: no quote from the exchange's socket for {age_s:SECONDS}.",
        sentence_de="{symbol}: seit {age_s:SECONDS} keine Quotierung über den Socket der Börse.",
        next_step=f"{BY_ITSELF} see whether the exchange still trades the symbol; pause it in the admin if not.",
        next_step_de=f"{BY_ITSELF_DE} nachsehen, ob die Börse es noch handelt; sonst in der Verwaltung pausieren.",
    ),
    "FEED_MALFORMED": AlertKind(
        level="WARNING",
        sentence="The exchange sends frames that cannot be used, {per_s} per second, last: {reason}.",
        sentence_de="Die Börse sendet Unbrauchbares, {per_s} Meldungen je Sekunde, zuletzt: {reason}.",
        next_step=f"{BY_ITSELF} the exchange may have changed its format: see the WS screener's log.",
        next_step_de=f"{BY_ITSELF_DE} ihr Format kann neu sein: das Protokoll des WS-Screeners ansehen.",
    ),
    "SUBSCRIPTION_REFUSED": AlertKind(
        level="WARNING",
        sentence="The exchange refuses the channel {channel}. It is asked for again later.",
        sentence_de="Die Börse lehnt den Kanal {channel} ab. Später wird er wieder verlangt.",
        next_step="See whether the exchange still lists the symbol; pause it in the admin if not.",
        next_step_de="Nachsehen, ob die Börse das Symbol noch führt; wenn nicht, es in der Verwaltung pausieren.",
    ),
    "FEED_FALLBACK": AlertKind(
        level="WARNING",
        sentence="No quotes from the sockets for {count} of {watched} symbols; REST is asked instead.",
        sentence_de="Für {count} von {watched} Symbolen keine Quotierungen über die Sockets; stattdessen wird REST"
        " gefragt.",
        next_step=f"{BY_ITSELF} see the WS screener's log.",
        next_step_de=f"{BY_ITSELF_DE} das Protokoll des WS-Screeners ansehen.",
    ),
    "EXCHANGE_UNREACHABLE": AlertKind(
        level="CRITICAL",
        sentence="No answer of the exchange's REST API for {age_s:SECONDS}.",
        sentence_de="Seit {age_s:SECONDS} keine Antwort der REST-Schnittstelle der Börse.",
        next_step=f"{BY_ITSELF} check the network and the exchange's own status page.",
        next_step_de=f"{BY_ITSELF_DE} das Netz prüfen, und was die Börse selbst zu ihrem Zustand sagt.",
    ),
    "CLOCK_SKEW": AlertKind(
        level="WARNING",
        sentence="The exchange's stated time is {skew_s:SECONDS} off the expected one.",
        sentence_de="Die angegebene Zeit der Börse liegt {skew_s:SECONDS} neben der erwarteten.",
        next_step="Check this machine's time synchronisation.",
        next_step_de="Zeitabgleich dieser Maschine prüfen.",
    ),
    "CANDLES_MISSING": AlertKind(
        level="WARNING",
        sentence="{count} closed candles of {of} symbols are missing although the exchange is asked: {symbols}.",
        sentence_de="{count} geschlossene Kerzen von {of} Symbolen fehlen, obwohl die Börse gefragt wird: {symbols}.",
        next_step=f"{BY_ITSELF} see the REST screener's log. These symbols give no signals meanwhile.",
        next_step_de=f"{BY_ITSELF_DE} das Protokoll des REST-Screeners ansehen. Derweil geben sie keine Signale.",
    ),
    **TAPE_KINDS,
    **REPLAY_KINDS,
}


def sentence(code: str, params: dict[str, object], language: str | None = None) -> str:
    """The alert in words of the language, or of the one that is read now; an unknown code or parameter is shown rather
    than hidden."""
    kind = CATALOG.get(code)
    if kind is None:
        return f"{code} {params}"
    words, symbol = twin(kind, "sentence", language), params.get("symbol")
    about = f"{symbol}: " if symbol and "{symbol" not in words else ""
    try:
        return about + words.format(**{name: _shown(name, value, language) for name, value in params.items()})
    except KeyError:
        return f"{words} {params}"


def _shown(name: str, value: object, language: str | None) -> object:
    return own_reason(str(value), language) if name == "reason" else Readable(value, language)


def next_step(code: str, language: str | None = None) -> str:
    """What an operator does about it; empty for a code that is not known (of a newer version)."""
    kind = CATALOG.get(code)
    return twin(kind, "next_step", language) if kind else ""

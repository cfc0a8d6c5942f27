"""What the faults are and what should be seen of them, in German: the words of the catalog by their English ones."""

from __future__ import annotations

from cdb_site.languages import GERMAN, reading

WORDS = {
    "No market data": "Keine Marktdaten",
    "Rubbish": "Unsinn",
    "Damaged frames": "Beschädigte Meldungen",
    "Huge frame": "Riesige Meldung",
    "Lost frames": "Verlorene Meldungen",
    "Duplicates": "Doppelte",
    "Wrong order": "Falsche Reihenfolge",
    "Delay": "Verzögerung",
    "Lost close": "Schluss fehlt",
    "Late close": "Später Schluss",
    "Disconnect": "Leitungen getrennt",
    "Refuse sockets": "Leitungen verweigert",
    "Server errors": "Serverfehler",
    "Too many requests": "Zu viele Anfragen",
    "Slow REST": "Langsames REST",
    "Wrong clock": "Falsche Uhr",
    "Crash": "Kurssturz",
    "Wide spread": "Weite Spanne",
    "Only for sale": "Nur zu verkaufen",
    "Delisted": "Nicht mehr gelistet",
    "Coarser steps": "Gröbere Schritte",
    "no market data; sockets stay open, pings are answered": "keine Marktdaten; Leitungen bleiben offen, Pings werden"
    " beantwortet",
    "after 5 s quotes come over REST, FEED_FALLBACK; sockets replaced after WS_SILENCE_S; after max_data_silence_s"
    " FEED_SILENT and the breaker SILENCE, exits only; SYMBOL_SILENT of one symbol": "nach 5 s kommen Quotierungen über"
    " REST, FEED_FALLBACK; nach WS_SILENCE_S neue Leitungen; nach max_data_silence_s FEED_SILENT und die Sicherung"
    " SILENCE, nur Ausstiege; SYMBOL_SILENT bei einem Symbol",
    "frames replaced by rubbish, text and binary in turn": "Meldungen durch Unsinn ersetzt, abwechselnd Text und binär",
    "cdb_malformed_total rises, FEED_MALFORMED": "cdb_malformed_total steigt, FEED_MALFORMED",
    "frames cut off or with flipped bits": "Meldungen abgeschnitten oder mit gekippten Bits",
    "cdb_malformed_total rises, FEED_MALFORMED; a price with a flipped bit may open JUMP or SPREAD; candles are"
    " confirmed or corrected from REST": "cdb_malformed_total steigt, FEED_MALFORMED; ein Preis mit gekipptem Bit kann"
    " JUMP oder SPREAD öffnen; Kerzen werden über REST bestätigt oder berichtigt",
    "a frame larger than any client should take": "eine Meldung, größer als ein Empfänger sie nehmen sollte",
    "the socket closes with code 1009 and opens again; cdb_malformed_total{reason=oversized}": "die Leitung schließt"
    " mit Code 1009 und öffnet neu; cdb_malformed_total{reason=oversized}",
    "frames lost on the way": "Meldungen gehen unterwegs verloren",
    "candles confirmed or corrected from REST": "Kerzen über REST bestätigt oder berichtigt",
    "frames sent twice, the second time a little later": "Meldungen doppelt, beim zweiten Mal etwas später",
    "nothing but cdb_ws_stale_total rising": "nur cdb_ws_stale_total steigt",
    "frames held back at random, so that later ones overtake them": "Meldungen zufällig aufgehalten, spätere überholen",
    "nothing but cdb_ws_stale_total rising; doubtful candles are confirmed from REST": "nur cdb_ws_stale_total steigt;"
    " zweifelhafte Kerzen werden über REST bestätigt",
    "every frame late, in its order": "jede Meldung verspätet, in ihrer Reihenfolge",
    "candles stored late, quotes older by the delay": "Kerzen spät gespeichert, Quotierungen um die Verzögerung älter",
    "the closed state of a candle is never pushed": "der geschlossene Stand einer Kerze wird nie gemeldet",
    "the candle is confirmed or corrected from REST": "die Kerze wird über REST bestätigt oder berichtigt",
    "the closed state of a candle comes after the next one has begun": "der geschlossene Stand einer Kerze kommt, wenn"
    " die nächste begonnen hat",
    "all sockets closed without a word": "alle Leitungen wortlos geschlossen",
    "cdb_ws_reconnects_total rises; new sockets after jittered pauses, gaps filled": "cdb_ws_reconnects_total steigt;"
    " neue Leitungen nach gestreuten Pausen, Lücken gefüllt",
    "no new sockets: the upgrade is answered with 503": "keine neuen Leitungen: die Antwort ist 503",
    "sockets down; after 5 s quotes come over REST, FEED_FALLBACK; candles, too": "Leitungen unten; nach 5 s kommen"
    " Quotierungen über REST, FEED_FALLBACK; Kerzen auch",
    "REST answers with a server error": "REST antwortet mit einem Serverfehler",
    "calls repeated with growing pauses; EXCHANGE_UNREACHABLE after 10 s without any answer": "Aufrufe mit wachsenden"
    " Pausen wiederholt; EXCHANGE_UNREACHABLE nach 10 s ohne Antwort",
    "REST says that too much was asked": "REST sagt, es sei zu viel gefragt worden",
    "all processes wait as long as the exchange says; EXCHANGE_UNREACHABLE after 10 s without any answer": "alle"
    " Prozesse warten so lange, wie die Börse sagt; EXCHANGE_UNREACHABLE nach 10 s ohne Antwort",
    "REST answers late": "REST antwortet spät",
    "candles over REST late, calls of 10 s and more repeated; the socket goes on": "Kerzen über REST spät, Aufrufe ab"
    " 10 s wiederholt; die Leitung läuft weiter",
    "the exchange's time is off, in /time and in frames": "die Zeit der Börse geht falsch, in /time und in Meldungen",
    "CLOCK_SKEW and its breaker, exits only; market time, quotes and candles go on; what looked closed too early is"
    " corrected": "CLOCK_SKEW und seine Sicherung, nur Ausstiege; Marktzeit, Quotierungen und Kerzen laufen"
    " weiter; zu früh Geschlossenes wird berichtigt",
    "prices fall at once and recover over hours of market time": "Preise fallen sofort und erholen sich über Stunden"
    " Marktzeit",
    "breakers JUMP of the symbols; stops sell, one after the other; the market goes on": "Sicherungen JUMP der Symbole;"
    " Stops verkaufen, einer nach dem anderen; der Markt läuft"
    " weiter",
    "bid and ask far apart": "Geld- und Briefkurs weit auseinander",
    "fills cost more; stops may be touched by the lower bid": "Ausführungen kosten mehr; der tiefere Geldkurs kann"
    " Stops berühren",
    "a pair may be sold and not bought: tradeSideType 3": "ein Paar darf nur verkauft werden: tradeSideType 3",
    "within half a minute the instrument says SELL and leaves the universe unless it is held": "binnen einer halben"
    " Minute steht das Instrument auf SELL und verlässt das Universum, außer es wird gehalten",
    "a pair is gone: from the list, from REST and from the sockets": "ein Paar ist fort: aus der Liste, aus REST und"
    " aus den Leitungen",
    "within half a minute the instrument is HALTED and leaves the universe unless it is held; SYMBOL_SILENT while it"
    " is": "binnen einer halben Minute ist das Instrument HALTED und verlässt das Universum, außer es wird gehalten;"
    " solange SYMBOL_SILENT",
    "quantities, or prices, take fewer decimals, and the smallest quantity is a step at least": "Mengen oder Preise"
    " haben weniger Dezimalstellen, und die kleinste Menge ist mindestens ein Schritt",
    "within half a minute the instrument has the coarser step and tick": "binnen einer halben Minute hat das Instrument"
    " den gröberen Mengen- und Preisschritt",
    "Order without answer": "Auftrag ohne Antwort",
    "Late answer to an order": "Späte Antwort auf einen Auftrag",
    "Error with status 200": "Fehler mit Status 200",
    "Filled and cut off": "Ausgeführt und getrennt",
    "Account pushes twice": "Kontomeldungen doppelt",
    "Account pushes in wrong order": "Kontomeldungen in falscher Reihenfolge",
    "Account pushes lost": "Kontomeldungen verloren",
    "Newest trades missing": "Neueste Abschlüsse fehlen",
    "an order is placed and never answered: the connection is closed": "ein Auftrag wird angenommen und nie"
    " beantwortet: die Verbindung wird geschlossen",
    "the order is asked for by its client id before anything else is done with it; one order at the exchange": "nach"
    " dem Auftrag wird unter unserer Kennung gefragt, ehe anderes mit ihm geschieht; ein Auftrag an der Börse",
    "an order is placed at once and answered late": "ein Auftrag wird sofort angenommen und spät beantwortet",
    "as without an answer where the answer is later than the client waits; one order at the exchange": "wie ohne"
    " Antwort, wo die Antwort später kommt, als gewartet wird; ein Auftrag an der Börse",
    'an order is answered with status 200 and {"code", "msg"} in place of the order': "ein Auftrag wird mit Status 200"
    ' und {"code", "msg"} anstelle des Auftrags beantwortet',
    "no answer that is taken for an order; a code that leaves open what became of it is asked for": "keine Antwort, die"
    " für einen Auftrag gehalten wird; lässt der Code offen, was wurde, wird nachgefragt",
    "an order trades, and the account's sockets and the connection that asked are cut before a word is sent": "ein"
    " Auftrag wird ausgeführt, und die Leitungen des Kontos und die fragende Verbindung werden vor jedem Wort getrennt",
    "the fill is learnt by asking, once; the account's stream opens again": "die Ausführung wird durch Nachfragen"
    " bekannt, einmal; der Kontostrom öffnet neu",
    "frames of accounts sent twice, the second time a little later": "Kontomeldungen doppelt, beim zweiten Mal etwas"
    " später",
    "no trade booked twice, no order that goes back to a former state": "kein Abschluss doppelt gebucht, kein Auftrag"
    " in einem früheren Stand",
    "frames of accounts held back at random, so that later ones overtake them": "Kontomeldungen zufällig aufgehalten,"
    " spätere überholen",
    "no order that goes back to a former state; books as at the exchange": "kein Auftrag in einem früheren Stand;"
    " Bücher wie an der Börse",
    "frames of accounts lost on the way": "Kontomeldungen gehen unterwegs verloren",
    "fills are learnt by asking, later; books as at the exchange": "Ausführungen werden durch Nachfragen bekannt,"
    " später; Bücher wie an der Börse",
    "myTrades misses what was traded lately": "in myTrades fehlt, was eben gehandelt wurde",
    "an order whose trades do not add up to what it says is filled is asked for again": "nach einem Auftrag, dessen"
    " Abschlüsse nicht seine ausgeführte Menge ergeben, wird wieder gefragt",
    "0: the order never arrives": "0: der Auftrag kommt nie an",
    "wall seconds until the connection closes": "Sekunden, bis die Verbindung schließt",
    "code in the answer": "Code in der Antwort",
    "wall seconds until a trade is listed": "Sekunden, bis ein Abschluss gelistet ist",
    "fraction of orders": "Anteil der Aufträge",
    "wall seconds it lasts": "Dauer in Sekunden Uhrzeit",
    "what is random follows from it": "Startwert des Zufalls",
    "size of the frame in MiB": "Größe der Meldung in MiB",
    "wall seconds to the next; 0: only one": "Sekunden bis zur nächsten; 0: nur eine",
    "wall seconds to the next; 0: only once": "Sekunden bis zum nächsten Mal; 0: nur einmal",
    "how late": "wie spät",
    "longest time one is held back": "längste Zeit, die eine aufgehalten wird",
    "delay": "Verzögerung",
    "at most so much less or more": "höchstens so viel weniger oder mehr",
    "wall seconds late": "Sekunden verspätet",
    "1: open ones are closed first": "1: offene werden zuerst geschlossen",
    "HTTP status": "HTTP-Status",
    "Retry-After header": "Kopfzeile Retry-After",
    "wall seconds to the answer": "Sekunden bis zur Antwort",
    "market seconds ahead; negative: behind": "Marktsekunden voraus; negativ: zurück",
    "fraction lost": "verlorener Anteil",
    "times the usual spread": "Vielfaches der üblichen Spanne",
    "decimals fewer": "Dezimalstellen weniger",
    "fraction of answers": "Anteil der Antworten",
    "fraction of candles": "Anteil der Kerzen",
    "fraction of frames": "Anteil der Meldungen",
}


def fault_words(text: str) -> str:
    """These words of the catalog in the language that is read."""
    return WORDS.get(text, text) if reading() == GERMAN else text

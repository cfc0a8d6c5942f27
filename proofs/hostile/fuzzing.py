"""The fuzzer's process: `python -m proofs.hostile.fuzzing SECONDS FOLDER` looks for inputs that raise what they
should not.

atheris watches which lines of the exchange's client an input reaches and keeps the inputs that reach new ones. The
last byte of an input says what the rest is: a frame, an answer on a socket, a body of a REST call, or texts that are
put in place of the usual values of one of these. It ends with exit code 77 at the first finding and keeps the input
in FOLDER.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import atheris
import orjson

with atheris.instrument_imports(include=["marketdata.mexc", "marketdata.ticks", "marketdata.intervals"]):
    from proofs.hostile import inputs, properties

INPUT_MAX, ONE_INPUT_S, MEMORY_MB = 4096, 10, 2048
KINDS = sorted(inputs.USUAL_BODIES)
CALLS = sorted(properties.CALLS)
TEXT_MAX = 24


def _frame_of_texts(body: bytes) -> None:
    provider = atheris.FuzzedDataProvider(body)
    kind, replaced = provider.PickValueInList(KINDS), []
    for _ in range(provider.ConsumeIntInRange(1, 3)):
        place, whole = provider.ConsumeIntInRange(0, 40), provider.ConsumeInt(8)
        text = provider.ConsumeUnicodeNoSurrogates(TEXT_MAX)
        replaced.append((place, text, max(-(1 << 63), min((1 << 63) - 1, whole))))
    properties.frame_holds(inputs.with_fields(kind, replaced))


def _answer_of_values(body: bytes) -> None:
    provider = atheris.FuzzedDataProvider(body)
    call, replacements = provider.PickValueInList(CALLS), []
    for _ in range(provider.ConsumeIntInRange(1, 3)):
        place = provider.ConsumeIntInRange(0, 255)
        replacements.append((place, _value(provider)))
    properties.rest_holds(*inputs.with_values(call, replacements))


def _value(provider: atheris.FuzzedDataProvider) -> object:
    kind = provider.ConsumeIntInRange(0, 5)
    if kind == 0:
        return provider.ConsumeRegularFloat()
    if kind == 1:
        return provider.ConsumeInt(8) % (1 << 63)
    return (None, True, [[[]]])[kind - 3] if kind >= 3 else provider.ConsumeUnicodeNoSurrogates(TEXT_MAX)


def _rest(call: str) -> Callable[[bytes], object]:
    return lambda body: properties.rest_holds(call, body)


TARGETS: list[Callable[[bytes], object]] = [
    properties.frame_holds,
    _frame_of_texts,
    properties.text_holds,
    _answer_of_values,
    *map(_rest, CALLS),
]


def run(data: bytes) -> None:
    if data:
        TARGETS[data[-1] % len(TARGETS)](data[:-1])


def seeds() -> Iterator[bytes]:
    """What the exchange sends, each with the byte that says what it is."""
    for body in inputs.valid_frames():
        yield body + bytes([0])
    for words in inputs.WORDS:
        yield orjson.dumps({"id": 0, "code": 0, "msg": words}) + bytes([2])
    for number, call in enumerate(CALLS):
        yield orjson.dumps(inputs.USUAL[call]) + bytes([4 + number])
    for target in (1, 3):
        yield bytes(64) + bytes([target])


def words() -> Iterator[str]:
    """The fuzzer's dictionary: texts worth putting anywhere."""
    for text in (*inputs.NUMBERS, *inputs.WORDS, "Min1", "1790281200", "9223372036854775807"):
        if 0 < len(text.encode()) < TEXT_MAX:
            yield '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"\n'


def main() -> None:
    seconds, folder = int(float(sys.argv[1])), Path(sys.argv[2])
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir(exist_ok=True)
    for number, body in enumerate(seeds()):
        (corpus / f"seed{number}").write_bytes(body)
    dictionary.write_text("".join(words()))
    limits = [f"-max_total_time={seconds}", f"-max_len={INPUT_MAX}", f"-timeout={ONE_INPUT_S}"]
    limits += [f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={folder}/finding-", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, f"-dict={dictionary}", str(corpus)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

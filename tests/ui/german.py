"""Finds English on a page that is German: a sentence that has German words, and any English small word.

Codes, symbols and what people wrote (reasons, names) are shown as they are; they stand in `code` or carry `data-as-is`.
"""

from __future__ import annotations

import re
from functools import cache

from backoffice.automation.code_figures import ROOT
from cdb_site.wording import files

# Everything that is seen or read out, each text for itself: of one element, or of the whole page.
SAID = """(element) => {
  const whole = element ?? document.body;
  const own = (node) => node.closest("code, .mono, [data-as-is], [lang=en], script, style, noscript");
  const texts = [];
  const walk = document.createTreeWalker(whole, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!own(walk.currentNode.parentElement)) texts.push(walk.currentNode.data);
  for (const name of ["title", "aria-label", "placeholder", "alt"])
    for (const one of whole.querySelectorAll(`[${name}]`)) if (!own(one)) texts.push(one.getAttribute(name));
  return [...texts, document.title].map((text) => text.trim().replace(/\\s+/g, " ")).filter(Boolean);
}"""
SMALL_WORDS = re.compile(
    r"\b(the|of|is|are|and|no|not|yet|with|for|from|this|that|which|when|its|has|been|nothing|every|your|you|to)\b"
)
# A time zone is named as everywhere; so is a code, and a setting in an error of the machine.
ZONE = re.compile(r"[A-Z]\w+/[\w/ -]+")


@cache
def english_words() -> set[str]:
    """English messages that have other words in German, and are no German word of another message."""
    pairs = [
        (key.one, message.words[0]) for messages in files.stored(ROOT).values() for key, message in messages.items()
    ]
    german = {words for _one, words in pairs}
    return {one for one, words in pairs if one != words} - german


def found_english(said: list[str]) -> list[str]:
    english = english_words()
    told = {text for text in said if not (ZONE.fullmatch(text) or text.isupper() or "MEXC_REST_URL" in text)}
    return sorted(text for text in told if text in english or SMALL_WORDS.search(text))

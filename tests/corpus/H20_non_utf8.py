"""H20: files in Latin-1 and UTF-16, and source with half a character.

file: passed
file half_a_character: {kinds: passed, note: "^$|Error"}
"""

import json

from corpus_entries import notebook


def _with_umlauts(honest):
    content = json.loads(notebook("name = 'Zoë Müller'", *honest.values()))
    return json.dumps(content, ensure_ascii=False)


def latin_1(honest):
    return {"a.ipynb": _with_umlauts(honest).encode("latin-1")}


def utf_16(honest):
    return {"a.ipynb": _with_umlauts(honest).encode("utf-16")}


def half_a_character(honest):
    return {"a.ipynb": notebook("x = '\ud83d'", *honest.values())}

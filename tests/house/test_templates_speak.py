"""No template says a word to a reader that went through no translation.

English stood on Arabic pages where a text was written between tags, in an attribute that is read
aloud, or handed to a macro as it is.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from stoa.kernel import where
from stoa.theming.render import environment

TEMPLATES = sorted(where.themes().glob("*/templates/**/*.html"))
WORD = re.compile(r"[A-Za-z]{2,}")
SENTENCE = re.compile(r"[A-Z][a-z]+(?:'[a-z]+)?(?: [a-z0-9'’,.-]+)*[.?!:…]?")
ATTRIBUTE = re.compile(r'(?:aria-label|title|placeholder|alt)="([^"]*)')
QUIET = re.compile(r"<(script|style|code|pre|svg|kbd)\b.*?(?:</\1>|$)", re.DOTALL)
SAYERS = {"_", "_n", "_p", "gettext", "ngettext", "pgettext", "N_"}
NAMES = {"UTC", "PDF", "CSV", "Excel"}
LANGUAGES = {"English"}
"""Each named in its own words, whoever reads."""


def outside(source: str) -> Iterator[str]:
    """What stands between tags; a tag may be made of several pieces of a template."""
    inside = False
    text = ""
    for at, sign in enumerate(source):
        if not inside and sign == "<" and re.match(r"[A-Za-z/!\x00]", source[at + 1 : at + 2]):
            inside = True
            yield text
            text = ""
        elif inside and sign == ">":
            inside = False
        elif not inside:
            text += sign
    yield text


def written(env: Environment, source: str) -> Iterator[str]:
    """Text of a template that its author wrote to be read."""
    plain = "".join(
        told if kind == "data" else "\x00" if kind == "variable_begin" else ""
        for _, kind, told in env.lex(source)
    )
    plain = QUIET.sub("", plain)
    texts = (text for text in outside(plain) if '="' not in text)  # Or it is of a tag elsewhere.
    for text in (*texts, *ATTRIBUTE.findall(plain)):
        for part in text.split("\x00"):
            if WORD.search(part) and part.strip() not in NAMES:
                yield " ".join(part.split())


def handed(env: Environment, source: str) -> Iterator[str]:
    """Sentences in expressions that no translating function gets."""
    tree = env.parse(source)
    said = {
        id(one)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in SAYERS
        for one in call.find_all(nodes.Const)
    }
    for one in tree.find_all(nodes.Const):
        is_text = isinstance(one.value, str) and SENTENCE.fullmatch(one.value)
        if is_text and id(one) not in said and one.value not in LANGUAGES | NAMES:
            yield one.value


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_template_writes_nothing_untranslated(path: Path) -> None:
    env = environment("default")
    source = path.read_text(encoding="utf-8")

    assert [*written(env, source), *handed(env, source)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{{ _("Hello") }}</p>', []),
        ('<a title="Look here">{{ x }}</a>', ["Look here"]),
        ('{{ ui.button("Save it") }}', ["Save it"]),
        ('{{ ui.button(_("Save it")) }}', []),
        ('{% if x %}<a{% else %}<div{% endif %} class="card wide">{{ x }}', []),
        ("<code>client.registered</code>", []),
    ],
)
def test_the_rule_sees_what_it_is_for(source: str, found: list[str]) -> None:
    env = environment("default")

    assert [*written(env, source), *handed(env, source)] == found

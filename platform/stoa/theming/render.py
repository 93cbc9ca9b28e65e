"""Templates to pages. Environments are built once per theme; nothing stored is ever a template."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context, Macro

from stoa.files.inspection import MOST_BYTES
from stoa.theming import (
    charts,
    deeds,
    drawing,
    fieldwork,
    figures,
    icons,
    manifest,
    masks,
    places,
    reasons,
    statuses,
    texts,
    themes,
    times,
    words,
)
from stoa.theming.look import Look, showing, shown

_FILTERS: Final[dict[str, Any]] = {
    "money": figures.money,
    "number": figures.number,
    "percent": figures.percent,
    "when": times.when,
    "date": times.on,
    "dated": times.dated,
    "clock": times.clock,
    "lasted": times.lasted,
    "status": statuses.status,
    "tone": statuses.tone,
    "word": words.word,
    "worded": words.worded,
    "deed": deeds.deed,
    "masked": masks.masked,
    "initials": masks.initials,
    "leading": drawing.leading,
    "flag": places.flag,
    "country": places.country,
    "reason": reasons.reason,
    "countries_named": places.named,
}


def render(look: Look, template: str, **context: Any) -> str:
    """One whole template for one reader, as text.

    Raises:
        TemplateNotFound: neither the brand's theme nor the default one has it.
        UndefinedError: the template uses a name its handler did not pass.
    """
    with showing(look):
        return environment(look.brand.theme).get_template(template).render(look=look, **context)


def exists(theme: str, template: str) -> bool:
    """Whether the theme or the default one has this template."""
    try:
        environment(theme).get_template(template)
    except LookupError:
        return False
    return True


@lru_cache(maxsize=32)
def environment(theme: str, *, watch: bool = False) -> Environment:
    """The environment of a theme. `watch` looks for changed files, for work on templates."""
    base = themes.named(themes.DEFAULT).templates
    own = themes.named(theme).templates
    loaders: list[BaseLoader] = [FileSystemLoader(own)] if own != base else []
    default = FileSystemLoader(base)
    made = Environment(
        loader=ChoiceLoader(
            [*loaders, default, PrefixLoader({"default": default, "base": default})]
        ),
        autoescape=select_autoescape(
            enabled_extensions=("html", "svg"), disabled_extensions=("txt",), default=True
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=watch,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    made.policies["ext.i18n.trimmed"] = True
    install: Any = getattr(made, "install_gettext_callables")  # noqa: B009 - the extension adds it
    install(_gettext, _ngettext, newstyle=False, pgettext=_pgettext)
    known: dict[str, Any] = made.globals
    for name, shape in _FILTERS.items():
        made.filters[name] = _for_reader(shape)
        known[name] = shape
    known.update(_GLOBALS)
    known["ui"] = Parts(made)
    return made


def warm(theme: str) -> int:
    """Compile every template of a theme before the first visitor needs one; answers how many."""
    made = environment(theme)
    found = [name for name in made.list_templates() if not name.startswith(("default/", "base/"))]
    for name in found:
        made.get_template(name)
    for language in texts.LANGUAGES:
        texts.catalog(language)
    return len(found)


class Parts:
    """`ui` in templates: every macro of `parts/*.html` by its own name, from the theme or below."""

    def __init__(self, made: Environment) -> None:
        self._made = made
        self._macros: Mapping[str, Macro] | None = None

    def __getattr__(self, name: str) -> Macro:
        if self._macros is None:
            self._macros = self._gather()
        try:
            return self._macros[name]
        except KeyError:
            raise AttributeError(f"no part is called {name!r}") from None

    def names(self) -> tuple[str, ...]:
        if self._macros is None:
            self._macros = self._gather()
        return tuple(self._macros)

    def _gather(self) -> dict[str, Macro]:
        found: dict[str, Macro] = {}
        for path in sorted(self._made.list_templates()):
            if not path.startswith("parts/"):
                continue
            for name, macro in vars(self._made.get_template(path).module).items():
                if not isinstance(macro, Macro) or name.startswith("_"):
                    continue
                if name in found:
                    raise ValueError(f"two parts are called {name!r}, one of them in {path}")
                found[name] = macro
        return found


def _for_reader(shape: Any) -> Any:
    """A filter that is never folded into the compiled template: its answer depends on the reader."""

    @pass_context
    def filtered(_context: Context, value: Any, *args: Any, **options: Any) -> Any:
        return shape(value, *args, **options)

    return filtered


def _gettext(text: str) -> str:
    return shown().texts.gettext(text)


def _ngettext(one: str, many: str, number: int) -> str:
    return shown().texts.ngettext(one, many, number)


def _pgettext(context: str, text: str) -> str:
    return shown().texts.pgettext(context, text)


def _say(text: str, **places: Any) -> str:
    """`_("Hello {name}", name=…)`: translated, filled, and escaped where it is shown."""
    return shown().texts.say(text, **places)


def _count(one: str, many: str, number: int, **places: Any) -> str:
    """`_n("{n} client", "{n} clients", total)`."""
    return shown().texts.count(one, many, number, **places)


_GLOBALS: Final[dict[str, Any]] = {
    "_": _say,
    "_n": _count,
    "icon": icons.icon,
    "draw": icons.icon,
    "asset": manifest.asset,
    "charts": charts,
    "shown": shown,
    "pick": drawing.pick,
    "hue": drawing.hue,
    "once": drawing.once,
    "largest_file": MOST_BYTES,
    "tone_icon": drawing.tone_icon,
    "monogram_icon": drawing.monogram_icon,
    "language_name": drawing.language_name,
    "countries": places.countries,
    "figure_parts": figures.parts,
    "chart_json": drawing.chart_json,
    "qr_svg": drawing.qr_svg,
    "said_options": drawing.said_options,
    "count_done": drawing.count_done,
    "tree_rows": fieldwork.rows,
    "tree_digits": fieldwork.digits,
    "tree_pattern": fieldwork.pattern,
    "tree_countries": fieldwork.country_names,
    "currency_codes": places.currency_codes,
    "zone_names": places.zone_names,
}

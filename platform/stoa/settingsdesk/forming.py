"""A form over one settings type, step by step: redrawn, added to, looked at, put in force.

Everything a person typed travels in the form itself (`_draft`), so that parts can be opened one after
the other, with scripts or without, and nothing is stored before it is asked for:

    form = opened(PaymentsSettings, value, version)          what is in force
    form = await sent(request, PaymentsSettings)             what came back, with its step done
    form.drawn(say)                                          the fields, the index, what is wrong
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from litestar import Request

from stoa.drawn import carried, labels, paths
from stoa.drawn import sent as reading
from stoa.drawn.folding import fold, leaves
from stoa.drawn.hints import Hint, hint_of, parts, sort_of
from stoa.drawn.trees import harvest, plant
from stoa.drawn.views import View, views
from stoa.kernel.refusals import Invalid, ManyInvalid, NotFound
from stoa.tenancy import settings
from stoa.tenancy.work import Work
from stoa.theming.texts import Texts
from stoa.web import forms
from stoa.web.open import CSRF_FIELD

AnyRequest = Request[Any, Any, Any]
_FOUND_MOST: Final = 24
_HARVESTED: Final = frozenset({"look", "keep", "beside"})


@dataclass(frozen=True, slots=True)
class Form:
    """One form as it stands. `version` is what it was begun from; `value` is there once it was read."""

    hint: Hint
    tree: Any
    version: int
    at: str = ""
    do: str = ""
    why: str = ""
    find: str = ""
    value: Any = None
    faults: Mapping[str, Invalid] = field(default_factory=dict[str, Invalid])
    only: frozenset[str] = frozenset()

    def drawn(self, say: Texts) -> dict[str, Any]:
        """What a template draws: fields, index, crumbs, what was found, and the form's own cargo."""
        errors = {path: say.refusal(one) for path, one in self.faults.items()}
        fields = self._fields(self.at, errors)
        names = {one.name for one in leaves(fields)}
        return {
            "fields": fields,
            "at": self.at,
            "crumbs": paths.crumbs(self.hint, self.tree, self.at),
            "index": self._index(errors),
            "known": {one.known for one in leaves(fields) if one.known},
            "draft": carried.pack(self.tree),
            "version": self.version,
            "why": self.why,
            "find": self.find,
            "found": list(self._find(say)) if self.find else [],
            "problem": next((text for path, text in errors.items() if path not in names), ""),
            "faults": len(errors),
        }

    def _fields(self, at: str, errors: Mapping[str, str]) -> tuple[View, ...]:
        hint, tree = paths.node(self.hint, self.tree, at)
        only = self.only if not at else frozenset[str]()
        if sort_of(hint) == "struct" and hint.optional and at:
            return fold((_alone(hint, tree, at, errors),))
        return fold(views(hint, tree, path=at, errors=errors, only=only))

    def _index(self, errors: Mapping[str, str]) -> list[dict[str, Any]]:
        """The parts of the section; what stands beside them comes first, as one."""
        found: list[dict[str, Any]] = []
        for part in parts(self.hint.kind):
            if part.hint.meta.get("hidden") or (self.only and part.name not in self.only):
                continue
            if sort_of(part.hint) not in ("struct", "rows", "pairs"):
                continue
            held = self.tree.get(part.name) if isinstance(self.tree, dict) else None
            found.append(
                {
                    "label": labels.label(part),
                    "path": part.name,
                    "here": self.at.split(".")[0] == part.name,
                    "count": len(held) if isinstance(held, list) else None,
                    "faulty": any(
                        one == part.name or one.startswith(f"{part.name}.") for one in errors
                    ),
                }
            )
        return found

    def reach(self, path: str) -> str:
        """The place to open so that this path is drawn: the nearest that is not folded above it."""
        at = ""
        for _ in range(24):
            fields = self._fields(at, {})
            if any(one.name == path or path.startswith(f"{one.name}.") for one in leaves(fields)):
                return at
            above = next((one for one in _folded(fields) if _within(path, one.name)), None)
            if above is None:
                return at
            at = above.name
        return at

    def _find(self, say: Texts) -> Iterator[dict[str, Any]]:
        """Fields whose way or help holds what was asked for, in the reader's words."""
        wanted = self.find.casefold()
        found = 0
        for way, view in _walk(views(self.hint, self.tree, only=self.only), ()):
            words = [say.gettext(one) if said else one for one, said in way]
            text = " ".join([*words, say.gettext(view.help) if view.help else "", view.name])
            if wanted in text.casefold():
                yield {"words": words, "path": view.name}
                found += 1
                if found >= _FOUND_MOST:
                    return


def _walk(
    fields: tuple[View, ...] | Any, way: tuple[tuple[str, bool], ...]
) -> Iterator[tuple[tuple[tuple[str, bool], ...], View]]:
    for one in fields:
        here = (*way, (one.label, one.said)) if one.label else way
        if one.kind in ("group", "maybe", "rows", "row", "pairs", "pair"):
            if one.kind in ("group", "maybe", "rows", "pairs"):
                yield here, one
            yield from _walk(one.fields, here)
        else:
            yield here, one


def _alone(hint: Hint, tree: Any, at: str, errors: Mapping[str, str]) -> View:
    inner = (
        () if tree is None else views(replace(hint, optional=False), tree, path=at, errors=errors)
    )
    return View(name=at, label="", kind="maybe", fields=inner, count=int(tree is not None))


def _folded(fields: tuple[View, ...] | Any) -> Iterator[View]:
    for one in fields:
        if one.kind == "folded":
            yield one
        elif one.kind in ("group", "rows", "row", "maybe", "pairs"):
            yield from _folded(one.fields)


def _within(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}.")


def opened(
    kind: type[msgspec.Struct],
    value: msgspec.Struct,
    version: int,
    *,
    at: str = "",
    only: frozenset[str] = frozenset(),
) -> Form:
    """The form over a value. Raises NotFound for a place it does not have."""
    hint = hint_of(kind)
    form = Form(hint=hint, tree=plant(hint, value), version=version, only=only)
    return replace(form, at=_place(form, at))


def _place(form: Form, at: str) -> str:
    """A place that can be opened: a part, a row, or what holds the field that was asked for."""
    hint, _ = paths.node(form.hint, form.tree, at)
    if form.only and at and at.split(".", maxsplit=1)[0] not in form.only:
        raise NotFound
    return at if sort_of(hint) in ("struct", "rows", "pairs") else form.reach(at)


async def sent(
    request: AnyRequest, kind: type[msgspec.Struct], *, only: frozenset[str] = frozenset()
) -> Form:
    """What was sent, with its step done (`_do`): nothing is stored.

    Raises Invalid for what no form of this type sends, NotFound for a place it does not have.
    """
    told = await forms.sent_of(request)
    hint = hint_of(kind)
    tree = carried.unpack(forms.one_of(told, "_draft"))
    at = forms.one_of(told, "_at")
    version = forms.one_of(told, "_version")
    if not (version.isdecimal() and version.isascii() and len(version) < 9):
        raise Invalid("This form cannot be read any more. Open it again. Nothing was changed.")
    do, find = forms.one_of(told, "_do"), forms.one_of(told, "_find")[:60]
    if do == "look" and find and find != forms.one_of(told, "_sought"):
        do = "find"  # Enter in the search box presses the form's first button.
    form = Form(
        hint=hint,
        tree=tree,
        version=int(version),
        at=at,
        do=do,
        why=forms.one_of(told, "_why")[:400],
        find=find,
        only=only,
    )
    fields = {
        name: value
        for name, value in told.items()
        if not name.startswith("_") and name != CSRF_FIELD
    }
    if forms.one_of(told, "_drawn"):
        form = _filled(form, fields)
    elif fields:
        raise Invalid("This field is not known.", field=next(iter(fields)))
    return _done(form)


def _filled(form: Form, fields: Mapping[str, Any]) -> Form:
    hint, held = paths.node(form.hint, form.tree, form.at)
    only = form.only if not form.at else frozenset[str]()
    if form.at and _is_row(form.at):
        hint = replace(hint, optional=False)
    read = reading.gather(hint, fields, form.at, held, only)
    return replace(form, tree=paths.put(form.hint, form.tree, form.at, read))


def _is_row(at: str) -> bool:
    return at.rpartition(".")[2].isdecimal()


def _done(form: Form) -> Form:
    """The step a button asks for: `add:path`, `drop:path`, `up:path`, `down:path`, `open:path`."""
    act, _, path = form.do.partition(":")
    if act not in paths.STEPS:
        return _led(form, act, path)
    made = paths.step(form.hint, form.tree, act, path)
    if act == "add":
        place = form.reach(f"{made}.x") if made != path else form.at
        within = place if _within(place, form.at) or not form.at else form.at
        return replace(form, at=within, find="")
    gone = act == "drop" and _within(form.at, path)
    return replace(form, at=made) if gone and made != path else form


def _led(form: Form, act: str, path: str) -> Form:
    if act == "open":
        return replace(form, at=_place(form, path), find="", do="open")
    if act in _HARVESTED:
        return _harvested(form)
    return form


def _harvested(form: Form) -> Form:
    value, faults = harvest(form.hint, form.tree)
    if not faults:
        return replace(form, value=value)
    first = next(iter(faults))
    return replace(form, faults=faults, at=form.reach(first), do="")


def begun_again(form: Form, value: Any, version: int) -> Form:
    """The form over another value and a newer version, with its reason."""
    return replace(form, tree=plant(form.hint, value), value=value, version=version, at="")


def finished(work: Work, name: str, form: Form) -> Form:
    """The form with what a section sets by itself when it is changed, such as a plan's version."""
    value = settings.finished(work, name, form.value)
    return form if value == form.value else begun_again(form, value, form.version)


def refused(form: Form, why: Invalid) -> Form:
    """The same form, told why it was not taken."""
    problems = why.problems if isinstance(why, ManyInvalid) else [why]
    return replace(form, faults={one.field or "": one for one in problems}, do="")


def rebased(value: Any, base: Any, now: Any) -> tuple[Any, list[str]]:
    """What a person changed of `base`, beside what others made of it since (`now`), by whole parts;
    and the parts that both changed, which stay as the person wrote them.
    """
    changes: dict[str, Any] = {}
    both: list[str] = []
    for one in msgspec.structs.fields(type(value)):
        mine, was, theirs = (getattr(each, one.name) for each in (value, base, now))
        if mine == was:
            changes[one.name] = theirs
        elif theirs not in (was, mine):
            both.append(one.encode_name)
    return msgspec.structs.replace(value, **changes), both

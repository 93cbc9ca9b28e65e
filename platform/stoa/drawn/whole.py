"""A form that stands whole on one page: a row more or less by a button, told what is wrong at its field.

    form = whole.opened(Kind, value)                 what is in force
    form = whole.sent(form, told)                    what came back over it, its step done
    form = await whole.kept(form, work, keep)        where its button said so: `answer` of `keep`, or `faults`
    form.drawn(say)                                  the fields, what is wrong, the form's own cargo

Fields have their bare names. What begins with `_` is the form's own: `_do` (keep, look, add:path,
drop:path, up:path, down:path, open:path) and, where rows are folded, `_draft`.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from stoa.drawn import carried, paths
from stoa.drawn import sent as reading
from stoa.drawn.folding import leaves, weight
from stoa.drawn.given import NOTHING, Given
from stoa.drawn.hints import Hint, hint_of, parts
from stoa.drawn.trees import harvest, plant
from stoa.drawn.views import View, views
from stoa.kernel.refusals import Conflict, Invalid, ManyInvalid, Refusal
from stoa.tenancy.unit import Unit
from stoa.theming.texts import Texts

BUDGET: Final = 110
"""Fields drawn open on one page: with more, rows are folded to a line each."""
Groups = Sequence[tuple[str, tuple[str, ...]]]
"""Legends (message ids) over the fields they hold; what no group names comes first."""


@dataclass(frozen=True, slots=True)
class Whole:
    """One form as it stands. `entered` holds secrets that were typed; they are never drawn."""

    hint: Hint
    tree: Any
    given: Given = NOTHING
    do: str = ""
    at: str = ""
    entered: Mapping[str, str] = field(default_factory=dict[str, str])
    value: Any = None
    faults: Mapping[str, Invalid] = field(default_factory=dict[str, Invalid])
    kept: bool = False
    answer: Any = None
    """What whoever kept it answered."""

    @property
    def still(self) -> frozenset[str]:
        """Fields that a form does not say: fixed ones, and the names of secrets."""
        return frozenset((*self.given.secrets, *self.given.locked))

    def drawn(
        self, say: Texts, *, groups: Groups = (), beside: Iterable[str] = ()
    ) -> dict[str, Any]:
        """What a template draws. `beside` names the fields the page draws itself."""
        errors = {path: say.refusal(one) for path, one in self.faults.items()}
        fields = views(self.hint, self.tree, errors=errors, given=self.given)
        fields, folded = _folded(fields, self.at)
        own = dict.fromkeys(beside, "")
        names = {one.name for one in _all_of(fields)} | own.keys()
        return {
            "fields": _grouped(fields, groups),
            "known": {one.known for one in leaves(fields) if one.known},
            "draft": carried.pack(self.tree) if folded else "",
            "errors": own | errors,
            "problem": next((text for path, text in errors.items() if path not in names), ""),
            "faults": len(errors),
            "again": bool(self.entered),
        }


def opened(kind: type[msgspec.Struct], value: Any = None, *, given: Given = NOTHING) -> Whole:
    """The form over a value, or over what JSON carries of it; nothing is as usual."""
    hint = hint_of(kind)
    return Whole(hint=hint, tree=plant(hint, {} if value is None else value), given=given)


def sent(form: Whole, told: Mapping[str, Any]) -> Whole:
    """What came back over the form as it was, with the step of its button done.

    Raises Invalid for names that no form of this type has and for more than any form holds,
    NotFound for a step at a place it does not have.
    """
    do = _one(told, "_do") or "keep"
    tree = form.tree
    if draft := _one(told, "_draft"):
        tree = carried.unpack(draft)
        for part in parts(form.hint.kind):
            if part.hint.meta.get("hidden") or part.name in form.still:
                tree[part.name] = form.tree.get(part.name)
    entered = {
        name: text for name in form.given.secrets if (text := _one(told, name).replace("\x00", ""))
    }
    fixed = next((name for name in form.given.locked if name in told), None)
    if fixed is not None:
        raise Invalid("This is fixed and cannot be changed here.", field=fixed)
    long = next((name for name, text in entered.items() if len(text) > reading.LONGEST), None)
    if long is not None:
        raise Invalid("This is too long.", field=long)
    fields = {
        name: value
        for name, value in told.items()
        if not name.startswith("_") and name not in form.given.secrets
    }
    tree = reading.gather(form.hint, fields, "", tree, still=form.still)
    act, _, path = do.partition(":")
    at = form.at
    if act in paths.STEPS:
        made = paths.step(form.hint, tree, act, path)
        at = made if act == "add" else at
    elif act == "open":
        paths.node(form.hint, tree, path)
        at = path
    return replace(form, tree=tree, do=do, at=at, entered=entered)


def read(form: Whole, *, exact: bool = False) -> Whole:
    """The form with its value, or with what is wrong. `exact` as in `harvest`."""
    value, faults = harvest(form.hint, form.tree, exact=exact)
    return replace(form, value=value, faults=faults)


async def kept(
    form: Whole, work: Unit, keep: Callable[[Whole], Awaitable[Any]], *, exact: bool = False
) -> Whole:
    """The form after its step: kept by `keep` where its button said so, or with what is wrong.

    Where `keep` raises Invalid or Conflict, nothing that it wrote stays.
    """
    if form.do != "keep":
        return form
    form = read(form, exact=exact)
    if form.faults:
        return form
    try:
        async with work.undone_if_refused():
            answer = await keep(form)
    except (Invalid, Conflict) as why:
        return refused(form, why)
    return replace(form, kept=True, answer=answer)


def refused(form: Whole, why: Refusal) -> Whole:
    """The same form, told why it was not taken."""
    told = why.problems if isinstance(why, ManyInvalid) else [why]
    said: dict[str, Invalid] = {}
    for one in told:
        mend = Invalid(one.sentence)
        mend.places |= one.places
        said.setdefault(_dotted(one.field or ""), mend)
    return replace(form, faults={**form.faults, **said})


def _dotted(path: str) -> str:
    return path.replace("[", ".").replace("]", "")


def _one(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name, "")
    if isinstance(value, list):
        value = value[-1] if value else ""
    return value.strip() if isinstance(value, str) else ""


def _all_of(fields: Sequence[View]) -> Iterator[View]:
    for one in fields:
        yield one
        yield from _all_of(one.fields)


def _folded(fields: Sequence[View], at: str) -> tuple[tuple[View, ...], bool]:
    """Rows folded to a line each where all of them are more than a page bears."""
    if sum(map(weight, fields)) <= BUDGET:
        return tuple(fields), False
    found = [
        replace(
            one,
            fields=tuple(
                row
                if row.faulty or at == row.name or at.startswith(f"{row.name}.")
                else replace(row, kind="folded", fields=())
                for row in one.fields
            ),
        )
        if one.kind == "rows"
        else one
        for one in fields
    ]
    return tuple(found), True


def _grouped(fields: Sequence[View], groups: Groups) -> tuple[View, ...]:
    if not groups:
        return tuple(fields)
    held = {name for _, names in groups for name in names}
    by_name = {one.name: one for one in fields}
    loose = tuple(one for one in fields if one.name not in held)
    made = [
        View(
            name="",
            label=legend,
            kind="group",
            fields=tuple(by_name[name] for name in names if name in by_name),
        )
        for legend, names in groups
    ]
    return (*loose, *made)

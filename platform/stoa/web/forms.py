"""What a person typed, to a typed form; every fault is told at once, beside its field."""

from typing import Any, TypeVar, get_args

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from stoa.drawn.faults import worded
from stoa.kernel.refusals import Invalid, ManyInvalid
from stoa.web.open import CSRF_FIELD

F = TypeVar("F", bound=msgspec.Struct)
ONCE_FIELD = "_once"
_LONGEST = 20_000


async def read(request: Request[Any, Any, Any], form: type[F]) -> F:
    """Decode an urlencoded, multipart or JSON body into the struct.

    Text is stripped, empty text counts as absent, unknown fields are refused. Raises ManyInvalid
    with a sentence per field. Types of fields: str, int, bool, Decimal, date, UUID, Literal, enums,
    lists of those (repeated fields), UploadFile.
    """
    if request.content_type[0] == "application/json":
        try:
            decoded: Any = msgspec.json.decode(await request.body() or b"{}")
        except msgspec.DecodeError as why:
            raise Invalid("We could not read this request. Nothing was changed.") from why
        if not isinstance(decoded, dict):
            raise Invalid("Send a JSON object.")
        return _checked(form, dict(decoded))
    multi = await request.form()
    raw = {}
    declared = {field.encode_name for field in msgspec.structs.fields(form)}
    for name in multi:
        # Every drawn form carries its one-time key; a form that wants it declares it.
        if name == CSRF_FIELD or (name == ONCE_FIELD and name not in declared):
            continue
        values = [v.strip() if isinstance(v, str) else v for v in multi.getall(name)]
        raw[name] = values
    wanted = {field.encode_name: field for field in msgspec.structs.fields(form)}
    flat: dict[str, Any] = {}
    for name, values in raw.items():
        many = name in wanted and _is_list(wanted[name].type)
        kept = [v for v in values if v != "" and v is not None]
        if many:
            flat[name] = kept
        elif kept:
            flat[name] = kept[-1]
    return _checked(form, flat)


def asked(request: Request[Any, Any, Any], form: type[F]) -> F:
    """The same of an address's query, for pages that show and change nothing."""
    raw = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    return _checked(form, raw)


async def sent_of(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """A form whose fields a connector's type names: all that was sent."""
    form = await request.form()
    told = {str(name): form.getall(name) for name in form}
    return {name: values[0] if len(values) == 1 else values for name, values in told.items()}


def one_of(sent: dict[str, Any], name: str) -> str:
    """One value of it as text without blanks around it."""
    value = sent.get(name, "")
    one = value[-1] if isinstance(value, list) and value else value
    return one.strip() if isinstance(one, str) else ""


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) in {list, tuple, set, frozenset}


def _checked(form: type[F], raw: dict[str, Any]) -> F:
    fields = {field.encode_name: field for field in msgspec.structs.fields(form)}
    problems = [
        Invalid("This field is not known.", field=name) for name in raw if name not in fields
    ]
    values: dict[str, Any] = {}
    for name, field in fields.items():
        try:
            if name in raw:
                values[field.name] = _value(name, raw[name], field.type)
            elif field.required and field.type is bool:
                values[field.name] = False
            elif field.required:
                problems.append(Invalid("Please fill this in.", field=name))
        except Invalid as fault:
            problems.append(fault)
    if problems:
        raise ManyInvalid(problems)
    try:
        return form(**values)
    except (ValueError, TypeError) as why:
        raise Invalid("{problem}", problem=str(why)) from why


def _value(name: str, value: Any, kind: Any) -> Any:
    if isinstance(value, str) and len(value) > _longest(kind):
        raise Invalid("This is too long.", field=name)
    try:
        return _convert(value, kind)
    except (msgspec.ValidationError, ValueError) as why:
        raise Invalid(worded(str(why)), field=name) from why


def _longest(kind: Any) -> int:
    """What the field says of itself (`Meta(max_length=...)`), else what is long for any form."""
    said = [meta.max_length for meta in get_args(kind) if isinstance(meta, msgspec.Meta)]
    return next((longest for longest in said if longest is not None), _LONGEST)


def _convert(value: Any, kind: Any) -> Any:
    if kind is bool and isinstance(value, str):
        return value in {"on", "true", "1", "yes"}
    if isinstance(value, UploadFile):
        return value
    return msgspec.convert(value, kind, strict=False)

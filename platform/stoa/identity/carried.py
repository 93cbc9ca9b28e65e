"""What a browser carries for us for a few minutes, sealed: it can neither read nor change it."""

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request

from stoa.vault.keys import KeyProblem
from stoa.web import cookies
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")


def _name(request: AnyRequest, plain: str) -> str:
    return cookies.name(plain, secure=request.app.state.stoa.secure)


def put(
    request: AnyRequest, name: str, value: Any, seal: Callable[[bytes], bytes], *, life_s: int
) -> None:
    sealed = seal(msgspec.json.encode(value))
    text = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    visit(request).set_cookies.append((_name(request, name), text, life_s))


def read(
    request: AnyRequest, name: str, kind: type[T], unseal: Callable[[bytes], bytes]
) -> T | None:
    """None where there is none, or where it was made for somebody else."""
    kept = request.cookies.get(_name(request, name), "")
    if not kept:
        return None
    try:
        sealed = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
        return msgspec.json.decode(unseal(sealed), type=kind)
    except (binascii.Error, ValueError, KeyProblem, msgspec.MsgspecError):
        return None


def drop(request: AnyRequest, name: str) -> None:
    visit(request).set_cookies.append((_name(request, name), "", 0))

"""Documents as PDF: a template of a theme and what it says. Equal data give equal bytes."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import typst

from stoa.kernel import where

_AT_ONCE: Final = asyncio.Semaphore(2)


async def pdf(name: str, told: Mapping[str, Any]) -> bytes:
    """`documents/<name>.typ` set with what is told, off the loop; two at once at the most."""
    async with _AT_ONCE:
        return await asyncio.to_thread(_compile, name, told)


def _compile(name: str, told: Mapping[str, Any]) -> bytes:
    home = where.themes() / "default"
    made: Any = typst.compile(
        str(home / "documents" / f"{name}.typ"),
        root=str(home / "documents"),
        font_paths=[str(home / "static" / "built" / "fonts-ttf")],
        sys_inputs={"told": json.dumps(told, ensure_ascii=False)},
        ignore_system_fonts=True,
        timestamp=0,
    )
    result: bytes = made
    return result

"""A tree that travels in the form it belongs to, so that nothing typed is lost between two pages.

It is the person's own writing and proves nothing: whatever comes back is read as if typed just now.
"""

import base64
import binascii
import zlib
from typing import Any, Final

import msgspec

from stoa.kernel.refusals import Invalid

_MOST: Final = 2_000_000
_MOST_SENT: Final = 400_000


def pack(tree: Any) -> str:
    return base64.urlsafe_b64encode(zlib.compress(msgspec.json.encode(tree), 6)).decode("ascii")


def unpack(text: str) -> dict[str, Any]:
    """Raises Invalid for what no form has sent, or for more than any form holds."""
    if len(text) > _MOST_SENT:
        raise Invalid("This form is longer than we can take. Nothing was changed.")
    try:
        opened = zlib.decompressobj()
        raw = opened.decompress(base64.urlsafe_b64decode(text.encode("ascii")), _MOST)
        if opened.unconsumed_tail:
            raise Invalid("This form is longer than we can take. Nothing was changed.")
        found = msgspec.json.decode(raw)
    except (ValueError, zlib.error, binascii.Error, msgspec.DecodeError, RecursionError) as why:
        raise Invalid(
            "This form cannot be read any more. Open it again. Nothing was changed."
        ) from why
    if not isinstance(found, dict):
        raise Invalid("This form cannot be read any more. Open it again. Nothing was changed.")
    return found

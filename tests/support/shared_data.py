"""Public files to try the product on; they lie beside the checkout and are not part of it."""

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def shared(*parts: str) -> Path:
    """A file below STOA_SHARED_DATA, or ../shared/data; skips the test where it is absent."""
    named = os.environ.get("STOA_SHARED_DATA")
    root = Path(named) if named else CHECKOUT.parent / "shared" / "data"
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(
            f"{'/'.join(parts)} is not there: set STOA_SHARED_DATA to the folder that has it"
        )
    return path

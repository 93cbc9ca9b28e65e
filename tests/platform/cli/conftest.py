import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stoa.cli.accounts import own_state


@pytest.fixture
def state() -> Iterator[Path]:
    """A state directory; not pytest's own, which no other account may walk into."""
    place = own_state(Path(tempfile.mkdtemp(prefix="stoa-cli-")).resolve())
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def environ() -> dict[str, str]:
    """Ours without what configures an installation."""
    return {key: value for key, value in os.environ.items() if not key.startswith("STOA_")}

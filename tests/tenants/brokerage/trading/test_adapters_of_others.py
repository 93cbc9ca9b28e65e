"""An adapter of another package is there as ours are, once it is installed beside the product."""

import os
import subprocess
import sys

import pytest

ADAPTER = """
from brokerage.trading.connectors.dxtrade import DxTrade


class Theirs(DxTrade):
    code = {code!r}
    label = "A platform of others"
"""
METADATA = "Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n"


def listed(folder, code):
    """What `stoa platforms list` says where a package with this adapter is installed."""
    (folder / "theirs.py").write_text(ADAPTER.format(code=code))
    about = folder / "theirs-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text("[stoa.trading]\ntheirs = theirs:Theirs\n")
    paths = os.pathsep.join([str(folder), *(one for one in sys.path if one)])
    return subprocess.run(
        [sys.executable, "-m", "brokerage", "platforms", "list"],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installed_adapter_is_listed_with_what_it_lacks(tmp_path):
    told = listed(tmp_path, "theirs")

    assert told.returncode == 0, told.stderr
    (line,) = [one for one in told.stdout.splitlines() if one.startswith("theirs ")]
    assert "A platform of others" in line
    assert "set_leverage" in line


@pytest.mark.parametrize("code", ["mt5-webapi", "dxtrade"])
def test_one_that_takes_the_name_of_ours_stops_the_start(tmp_path, code):
    told = listed(tmp_path, code)

    assert told.returncode != 0
    assert f"brings a second connector {code}" in told.stderr

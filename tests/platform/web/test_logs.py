"""What a process says of itself: short lines for people, JSON for machines, secrets for nobody."""

import json
import os
import subprocess
import sys

import pytest

SET_UP = """
import structlog
from stoa.web.logs import set_up
set_up("web")
log = structlog.get_logger()
"""
REQUEST = (
    "log.info('request', method='GET', route='/wallets/{wallet}', status={status}, ms=12.6, "
    "request='01a2', tenant='9f', actor=None)"
)


def said(line, **env):
    """What a process of its own writes for one call of its logger."""
    clean = {k: v for k, v in os.environ.items() if k not in {"STOA_LOG", "FORCE_COLOR"}}
    done = subprocess.run(
        [sys.executable, "-c", f"{SET_UP}{line}"],
        env=clean | env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_what_went_well_is_one_short_line():
    assert said(REQUEST.replace("{status}", "200")) == "GET /wallets/{wallet} 200 13 ms\n"


def test_what_went_wrong_names_its_reference():
    line = said(REQUEST.replace("{status}", "500"))
    assert line == "GET /wallets/{wallet} 500 13 ms request=01a2 tenant=9f\n"


def test_a_machine_reads_json():
    line = said(REQUEST.replace("{status}", "200"), STOA_LOG_JSON="1")
    read = json.loads(line)
    assert read["event"] == "request"
    assert read["request"] == "01a2"
    assert read["process"] == "web"
    assert read["level"] == "info"
    assert read["timestamp"]


@pytest.mark.parametrize("json_lines", ["", "1"])
def test_neither_tells_a_secret_or_breaks_a_line(json_lines):
    line = said(
        r"log.warning('sent', api_token='abc-secret', note='a\nb\x1b[31m')",
        STOA_LOG_JSON=json_lines,
    )
    assert "abc-secret" not in line
    assert line.count("\n") == 1
    assert "\x1b" not in line


def test_an_error_keeps_its_trace():
    line = said("\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    log.exception('failed')")
    assert line.startswith("failed\nTraceback")
    assert line.endswith("ZeroDivisionError: division by zero\n")


def test_a_terminal_behind_a_pipe_gets_colours():
    assert said("log.error('failed')", FORCE_COLOR="1") == "\x1b[31mfailed\x1b[0m\n"

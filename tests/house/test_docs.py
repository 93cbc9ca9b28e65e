"""What the documents say is so: every path, command, variable and event they name exists."""

import re
from pathlib import Path

import click
import pytest
from litestar.handlers import HTTPRouteHandler

from brokerage.main import cli
from brokerage.product import PRODUCT
from stoa.connectors.signatures import standard_secret, standard_webhook
from stoa.kernel.config import Role, variables
from stoa.webhooks.endpoints import public_kinds

ROOT = Path(__file__).resolve().parents[2]
FOR_PEOPLE = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL = [*FOR_PEOPLE, *sorted((ROOT / "infra").rglob("*.md"))]
ONLY_IN_TESTS = {"STOA_CHROMIUM"}
OF_COMPOSE = {"STOA_RELEASE"}
NOT_PATHS = {"/"}
PARAMETER = re.compile(r"\{[^}]*\}")
PATH = re.compile(r"`(?:(GET|POST) )?(/[^`\s?]*)(?:\?[^`]*)?`")
COMMAND = re.compile(r"(?:^|[`\s/])stoa ((?:[a-z]+ ?)+)", re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def shape(path: str) -> str:
    return PARAMETER.sub("{}", path)


def routes() -> set[tuple[str, str]]:
    handlers = [
        one
        for module in PRODUCT.modules
        for one in (*module.web, *module.control)
        if isinstance(one, HTTPRouteHandler)
    ]
    return {
        (method, shape(path))
        for handler in handlers
        for path in handler.paths
        for method in handler.http_methods
    }


def code(text: str) -> str:
    """The parts a reader would type: code blocks and words in backticks."""
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    blocks = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join([*spans, *blocks])


def word_exists(words: list[str]) -> bool:
    """Whether the words lead to a command; what follows a command is its arguments."""
    here: click.Command = cli
    for word in words:
        if not isinstance(here, click.Group):
            return True
        found = here.get_command(click.Context(here), word)
        if found is None:
            return False
        here = found
    return True


@pytest.mark.parametrize("document", FOR_PEOPLE, ids=name_of)
def test_every_path_in_backticks_is_a_route(document):
    known = routes()
    paths = {shape(path) for _, path in known}
    for method, path in PATH.findall(document.read_text()):
        if path in NOT_PATHS:
            continue
        if method:
            assert (method, shape(path)) in known, f"{method} {path}"
        else:
            assert shape(path) in paths, path


@pytest.mark.parametrize("document", ALL, ids=name_of)
def test_every_command_exists(document):
    for said in COMMAND.findall(code(document.read_text())):
        assert word_exists(said.split()), f"stoa {said}"


@pytest.mark.parametrize("document", ALL, ids=name_of)
def test_every_option_of_a_command_line_exists(document):
    for line in code(document.read_text()).splitlines():
        if not re.match(r"(?:docker compose \S.* )?stoa ", line.strip()):
            continue
        words = line.strip().split("stoa ", 1)[1].split()
        here: click.Command = cli
        while (
            isinstance(here, click.Group)
            and words
            and (found := here.get_command(click.Context(here), words[0]))
        ):
            here = found
            words.pop(0)
        known = {name for one in here.params for name in one.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("document", [*ALL, ROOT / "infra" / "compose.yaml"], ids=name_of)
def test_every_variable_is_one_that_is_read(document):
    known = {name for name, _ in variables()} | ONLY_IN_TESTS | OF_COMPOSE
    known |= {f"STOA_DATABASE_{role.name}_PASSWORD" for role in Role}
    said = set(re.findall(r"STOA_[A-Z_]*[A-Z]", document.read_text()))
    assert said <= known, said - known


def test_the_catalogue_lists_the_public_events_and_no_others():
    text = (ROOT / "docs" / "integrator.md").read_text().split("## Event catalogue")[1]
    assert re.findall(r"^\| `([a-z.-]+)` \|", text, re.MULTILINE) == public_kinds()


def test_every_call_of_the_api_is_in_the_integrators_table():
    text = (ROOT / "docs" / "integrator.md").read_text()
    said = {(method, shape(path)) for method, path in PATH.findall(text) if method}
    offered = {one for one in routes() if one[1].startswith("/api/v1") and one[0] != "OPTIONS"}
    assert {one for one in offered if one[0] != "HEAD"} == said


def test_the_sample_that_checks_a_webhook_believes_ours_and_no_other():
    text = (ROOT / "docs" / "integrator.md").read_text()
    sample = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert sample
    scope: dict = {}
    exec(sample[1], scope)
    secret, body, at = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0", b'{"type":"x"}', 1_700_000_000
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(at),
        "webhook-signature": "v1,other "
        + standard_webhook(standard_secret(secret), "evt_1", at, body),
    }
    assert scope["verified"](secret, headers, body, now=at + 10)
    assert not scope["verified"](secret, headers, body + b" ", now=at + 10)
    assert not scope["verified"](secret, headers, body, now=at + 301)
    assert not scope["verified"]("whsec_b3RoZXI=", headers, body, now=at)

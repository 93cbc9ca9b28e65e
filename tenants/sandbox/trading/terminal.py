"""The page of the small web terminal."""

from pathlib import Path

from sandbox.trading.web_server import Request, Response

_PAGE = Path(__file__).with_name("terminal.html")


async def page(_: Request) -> Response:
    policy = (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Response(
        _PAGE.read_bytes(),
        kind="text/html; charset=utf-8",
        headers={"content-security-policy": policy},
    )

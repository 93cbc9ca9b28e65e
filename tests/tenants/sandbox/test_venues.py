"""Three trading servers in one process answer each at its own port, and end together."""

import asyncio
import sys

import httpx2

from stoa.cli import ports
from support.patience import LONGEST_S


async def test_three_servers_of_one_process_answer_each_with_its_own_book(tmp_path):
    mt5, dxtrade, fix = ports.free(3)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.venues", "--state", str(tmp_path), "--seed", "7"),
        *("--http-port", str(mt5), "--dxtrade-http-port", str(dxtrade)),
        *("--fix-http-port", str(fix)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(3):
        line = await asyncio.wait_for(process.stdout.readline(), LONGEST_S)
        assert line.startswith(b"ready ")

    async with httpx2.AsyncClient(timeout=LONGEST_S, trust_env=False) as client:
        group = {"name": "real\\own-usd"}
        await client.post(f"http://127.0.0.1:{dxtrade}/groups", json=group)
        answers = [
            await client.get(f"http://127.0.0.1:{port}{path}")
            for port, path in ((mt5, "/health"), (dxtrade, "/health"), (fix, "/fix"))
        ]
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), LONGEST_S)

    assert [one.status_code for one in answers] == [200, 200, 200]
    assert (process.returncode, errors) == (0, b"")
    assert "own-usd" in (tmp_path / "dxtrade" / "server.toml").read_text()
    assert "own-usd" not in (tmp_path / "trading" / "server.toml").read_text()

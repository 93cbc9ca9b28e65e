"""The client's row: totals, scope and search hold under the database's own rules."""

from sqlalchemy import func, select

from brokerage.clients.model import Client


async def test_a_new_tenant_has_no_clients(work):
    assert await work.value(select(func.count()).select_from(Client)) == 0

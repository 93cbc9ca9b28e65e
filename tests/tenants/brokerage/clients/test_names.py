"""Names on pages that serve the whole house: a reader of narrow scope sees only whom they look after."""

from dataclasses import replace

import pytest

from brokerage.clients import queries
from brokerage.clients.model import Client
from brokerage.clients.permissions import Clients
from brokerage.ledger import queries as ledger
from support.clients import a_client
from support.fixtures import staff
from support.people import make_staff


@pytest.fixture
async def two(work):
    """One client of the reader's, one of somebody else's, and the colleague."""
    mine, theirs = (
        await a_client(work),
        await a_client(work, first_name="Olga", last_name="Petrova"),
    )
    colleague, _ = await make_staff(work, name="Carla Colleague")
    own, _ = await make_staff(work, name="Rita Reader")
    reader = replace(staff(Clients.VIEW, scope="own"), id=own.id)
    row = await work.lock(Client, mine.id)
    row.owner = reader.id
    await work.flush()
    return mine.id, theirs.id, colleague.id, reader


@pytest.mark.parametrize("names", [queries.names, ledger.names], ids=["clients", "ledger"])
async def test_a_client_out_of_scope_is_masked_and_colleagues_are_not(work, two, names):
    mine, theirs, colleague, reader = two
    work.actor = reader

    told = await names(work, [mine, theirs, colleague])

    assert told[mine] == "María López"
    assert told[colleague] == "Carla Colleague"
    assert told[theirs] == "O••• P•••"


async def test_who_sees_everybody_reads_whole_names(work, two):
    _, theirs, _, reader = two
    work.actor = staff(Clients.VIEW, scope="all")

    assert (await queries.names(work, [theirs]))[theirs] == "Olga Petrova"
    assert queries.strangers(work, "DE02120300000000202051", "iban") == "DE02120300000000202051"
    work.actor = reader
    assert queries.strangers(work, "DE02120300000000202051", "iban") == "DE02•••2051"


async def test_what_goes_to_a_bank_or_into_a_comparison_is_whole_for_everybody(work, two):
    mine, theirs, _, reader = two
    work.actor = reader

    assert await queries.whole_names(work, [mine, theirs]) == {
        mine: "María López",
        theirs: "Olga Petrova",
    }

"""What a client shows and writes lies nowhere in clear: not on disk, not in a dump, not in facts."""

from stoa.files import store
from stoa.kernel.config import Role
from support.verification import applicant, drained, listed

CANARIES = ("ZX8899001", "Quintanilla", "Calle Ruiseñor", "1987-03-09")


async def test_a_dump_and_the_store_hold_no_clear_word_of_a_client(house):
    tenant = await house.tenant()
    await listed(house)
    maria = await applicant(house, tenant, last_name="Quintanilla")
    await maria.fill(last_name="Quintanilla", street="Calle Ruiseñor 7", birth_date="1987-03-09")
    await maria.take_test()
    await maria.upload("identity", number="ZX8899001")
    await maria.upload("address")
    await maria.agree()
    await maria.submit()
    await drained(house, tenant)
    assert (await maria.case()).state == "review"

    rows = await dump(house, tenant.schema)
    held = b"".join(path.read_bytes() for path in store.folder(tenant.id).glob("*/*"))

    assert "kyc_case" in rows and len(held) > 10_000
    for canary in CANARIES:
        assert canary not in rows, canary
        assert canary.encode() not in held
    # So long that a million sealed bytes do not hold them by chance.
    assert b"\xff\xd8\xff\xe0\x00\x10JFIF" not in held and b"%PDF-1." not in held


async def dump(house, schema: str) -> str:
    """All rows of a tenant's schema as text, as a thief of a backup would read them."""
    import asyncpg

    owner = await asyncpg.connect(house.config.dsn(Role.OWNER))
    try:
        tables = await owner.fetch(
            "select table_name from information_schema.tables where table_schema = $1", schema
        )
        parts = []
        for row in tables:
            name = row["table_name"]
            found = await owner.fetch(f'select t::text as line from "{schema}"."{name}" t')
            parts += [name, *(one["line"] for one in found)]
        return "\n".join(parts)
    finally:
        await owner.close()

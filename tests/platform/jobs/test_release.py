"""After a release every tenant gets what its modules bring anew."""

from sqlalchemy import select

from brokerage.product import PRODUCT
from stoa.identity import roles
from stoa.identity.model import Role
from stoa.jobs import worker


async def held(house, tenant):
    async with house.door.open(tenant, purpose="test.read") as work:
        rows = await work.rows(select(Role).where(Role.built_in))
    return {row.name: list(row.permissions) for row in rows}


async def test_owners_get_new_rights_and_what_others_may_stays_the_brokers_own(house):
    tenant = await house.tenant()
    whole = (await held(house, tenant))["Owner"]
    async with house.door.open(tenant, purpose="test.before") as work:
        for role in await work.rows(select(Role).where(Role.built_in)):
            if role.name in {"Owner", "Support"}:
                role.permissions = role.permissions[:3]
            if role.name == "Auditor":
                await work.delete(role)

    await worker.compose(house.door, PRODUCT)

    found = await held(house, tenant)
    assert found["Owner"] == whole == roles.grantable(PRODUCT)
    assert len(found["Support"]) == 3
    assert "audit:log:view" in found["Auditor"]


async def test_one_tenant_that_cannot_be_reached_does_not_keep_the_others(house, monkeypatch):
    first, second = await house.tenant(), await house.tenant()
    opened = house.door.open

    def shut(ref, **more):
        if ref.id == first.id:
            raise OSError("its schema is gone")
        return opened(ref, **more)

    async with opened(second, purpose="test.before") as work:
        role = await work.first(select(Role).where(Role.name == "Owner"))
        role.permissions = role.permissions[:3]
    monkeypatch.setattr(house.door, "open", shut)

    await worker.compose(house.door, PRODUCT)

    monkeypatch.undo()
    assert (await held(house, second))["Owner"] == roles.grantable(PRODUCT)

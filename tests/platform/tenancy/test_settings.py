"""Settings are versions: compared, carried as a file, restored, and refused with the path."""

from typing import ClassVar

import msgspec
import pytest
from sqlalchemy import func, select

from brokerage.kyc.settings import KycSettings
from stoa.kernel.refusals import Invalid
from stoa.tenancy import settings
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.model import Setting


async def test_a_file_carried_out_and_in_changes_nothing(work, house):
    slices = house.product.slices
    carried = settings.export_toml(work, slices)

    assert await settings.import_toml(work, carried, slices, why="same") == []


async def test_a_change_is_told_in_a_sentence(work):
    facts = work.settings(TenantFacts)
    changed = msgspec.structs.replace(facts, time_zone="Asia/Dubai")

    found = settings.diff(facts, changed, "tenant")

    assert [one.sentence() for one in found] == ["tenant.time_zone: UTC becomes Asia/Dubai"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[tenant]\nbase_currency = "XXX"', "currency XXX is not known"),
        ("[tenant]\nunknown = 1", "unknown field `unknown`"),
        ("[tenant]\nname = 5", "name"),
        ("[nothing]\nx = 1", "Unknown section nothing"),
        ("[tenant", "not a settings file"),
    ],
)
def test_a_bad_file_is_refused_with_its_fault(house, text, told):
    with pytest.raises(Invalid) as refused:
        settings.read_toml(text, house.product.slices)

    assert told in str(refused.value)


async def test_an_earlier_version_can_be_in_force_again(house, borealis):
    slices = house.product.slices
    async with house.door.open(borealis) as work:
        facts = work.settings(TenantFacts)
        first = (await settings.versions(work, "tenant"))[0].version
        await settings.put(
            work, "tenant", msgspec.structs.replace(facts, legal_entity="Other"), why="test"
        )
    async with house.door.open(borealis) as work:
        assert work.settings(TenantFacts).legal_entity == "Other"
        await settings.restore(work, "tenant", first, slices, why="back")
    async with house.door.open(borealis) as work:
        assert work.settings(TenantFacts).legal_entity == facts.legal_entity


class Slimmer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a section became that once had `weight`, too."""

    RETIRED: ClassVar[frozenset[str]] = frozenset({"weight"})

    height: int = 0


def test_a_version_from_before_a_field_went_is_read_and_no_other_unknown_one():
    assert settings.parse("slim", Slimmer, {"height": 3, "weight": 9}) == Slimmer(height=3)
    with pytest.raises(Invalid):
        settings.parse("slim", Slimmer, {"height": 3, "breadth": 9})


async def test_a_tenant_whose_settings_were_kept_before_a_field_went_still_opens(house):
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        await settings.put(work, "kyc", KycSettings(claim_minutes=11), why="test")
    async with house.door.open(tenant) as work:
        row = await work.first(
            select(Setting).where(Setting.slice == "kyc").order_by(Setting.version.desc())
        )
        old = row.body | dict.fromkeys(KycSettings.RETIRED, 80)
        work.add(
            Setting(
                id=await work.value(select(func.max(Setting.id))) + 1,
                slice="kyc",
                version=row.version + 1,
                body=old,
                why="as it was",
                set_at=work.now,
            )
        )
    async with house.door.open(tenant) as work:
        assert work.settings(KycSettings).claim_minutes == 11

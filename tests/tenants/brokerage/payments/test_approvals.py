"""The list of all that waits for a second person, and a yes for many at once."""

from stoa.kernel.ids import uuid7

from .people import finance
from .test_withdrawals import a_place, approve, asked, funded, state_of


async def test_many_are_approved_at_once_each_by_its_own_rules(market, customer, desk):
    await funded(customer, "9000.00")
    place = await a_place(customer)
    one = await asked(customer, "600.00", destination=place)
    other = await asked(customer, "700.00", destination=place)
    changed = await asked(customer, "100.00", destination=place)
    staff = await desk()
    picks = [f"withdrawal:{row.id}:{row.payload_hash}" for row in (one, other)]
    picks.append(f"withdrawal:{changed.id}:{'0' * 64}")

    listed = await staff.get("/desk/approvals")
    shown = await staff.post("/desk/approvals/preview", {"pick": picks})
    done = await staff.post("/desk/approvals/approve", {"pick": picks})

    assert listed.status_code == 200 and picks[0] in listed.text
    assert shown.status_code == 200 and "1,400.00" in shown.text, shown.text[:400]
    assert done.status_code in {200, 201} and "changed since you opened it" in done.text
    assert (await state_of(market, one.id)).state == "approved"
    assert (await state_of(market, changed.id)).state == "review"


async def test_the_list_lets_nobody_past_the_rules_of_a_kind(market, customer, desk):
    """T43: the same yes over another path meets the same refusals."""
    await funded(customer, "9000.00")
    row = await asked(customer, "3000.00", destination=await a_place(customer))
    await approve(market, row, finance())
    pick = f"withdrawal:{row.id}:{row.payload_hash}"
    staff, compliance = await desk(), await desk("Compliance")

    first = await staff.post("/desk/approvals/approve", {"pick": pick})
    second = await staff.post("/desk/approvals/approve", {"pick": pick})
    without = await compliance.post("/desk/approvals/approve", {"pick": pick})
    wrong = await staff.post("/desk/approvals/approve", {"pick": f"setting:{uuid7()}:"})
    none = await staff.post("/desk/approvals/approve", {})

    assert (await state_of(market, row.id)).state == "approved"
    assert first.status_code < 300 and "approved this already" in second.text
    assert "permission" in without.text
    assert wrong.status_code == 422 and none.status_code == 422

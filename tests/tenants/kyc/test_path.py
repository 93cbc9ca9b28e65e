"""The whole way of a clean client, over HTTP and with the provider in a process of its own."""

from pathlib import Path

from support.standins import until
from support.verification import applicant, drained, listed, provider


async def test_a_clean_case_approves_itself_and_says_from_what(house, aurora, tmp_path: Path):
    await listed(house)
    async with provider(house, aurora, tmp_path / "sumsub") as sumsub:
        maria = await applicant(house, aurora)
        await maria.all_of_it()
        await drained(house, aurora)

        async def approved() -> bool:
            await drained(house, aurora)
            return (await maria.case()).state == "approved"

        await until(approved, 20)

        case = await maria.case()
        assert case.decision["how"] == "rules"
        passed = {check["code"]: check["outcome"] for check in case.decision["checks"]}
        assert set(passed.values()) == {"passed"}
        assert {"document", "screening", "appropriateness", "document-address"} <= set(passed)
        assert await maria.level() == "verified"
        truth = await sumsub.at.truth()
        assert [one["reference"] for one in truth["applicants"]] == [str(case.id)]

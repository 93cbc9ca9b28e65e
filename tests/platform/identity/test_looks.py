"""Language and light as a visitor chooses them: what is kept is what is read."""

from support.web import visitor


async def test_the_language_and_the_light_chosen_are_those_of_the_next_page(house, aurora):
    """The cookies were written under one name and read under another: choosing did nothing."""
    reader = visitor(house, aurora)
    await reader.get("/sign-in")

    await reader.get("/look/language/ar?next=/sign-in")
    await reader.post("/look/mode", {"mode": "dark"})

    shown = (await reader.get("/sign-in")).text
    assert '<html lang="ar" dir="rtl" data-mode="dark"' in shown

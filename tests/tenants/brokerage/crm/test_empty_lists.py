"""An empty list under its usual filters says that there is nothing to do; a narrow search says so."""


async def test_nothing_to_do_is_told_from_nothing_found(desk):
    browser = await desk()

    usual = (await browser.get("/desk/tasks")).text
    narrow = (await browser.get("/desk/tasks?whose=mine")).text

    assert "Nothing fits these filters." not in usual
    assert 'href="/desk/tasks?state="' in usual, "the way to everything, done ones too"
    assert "Nothing fits these filters." in narrow

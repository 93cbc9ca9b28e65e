"""A column with personal data that nobody thought of stops here."""

from brokerage.privacy.datamap import BY_HAND, CELLS, FILES, STAYS
from brokerage.product import PRODUCT
from stoa.db.rows import TenantRow

assert PRODUCT


def test_every_sealed_or_blind_column_says_what_erasing_does_to_it():
    """A new sealed column needs its line in the data map: what it is of, and when it goes."""
    sealed = {
        f"{table.name}.{column.name}"
        for table in TenantRow.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith(("_sealed", "_blind")) or column.name == "sealed"
    }
    mapped = {f"{cell.table}.{name}" for cell in CELLS for name in cell.blank}
    by_hand = {f"{table}.{name}" for table, names in BY_HAND.items() for name in names}
    whole = {cell.table for cell in CELLS if cell.rows}

    open_ = {
        one for one in sealed - mapped - by_hand - STAYS.keys() if one.split(".")[0] not in whole
    }
    assert open_ == set()
    assert all(len(why) > 10 for why in STAYS.values())


def test_every_emptied_column_of_an_append_only_table_is_granted():
    classes = {m.local_table.name: m.class_ for m in TenantRow.registry.mappers}
    for cell in CELLS:
        if classes[cell.table].__append_only__:
            wanted = {*cell.blank, *(cell.put or {})}
            assert wanted <= classes[cell.table].__erasable__, cell.table
            assert not cell.rows


def test_every_kind_of_file_of_a_client_is_named():
    import re
    from pathlib import Path

    root = Path(__file__).resolve().parents[4] / "tenants" / "brokerage"
    stored = {
        kind
        for path in root.rglob("*.py")
        for kind in re.findall(
            r'^(?:FILE_KIND|SHEET): Final = "([a-z.]+)"', path.read_text(), re.MULTILINE
        )
    }
    assert stored == set(FILES)

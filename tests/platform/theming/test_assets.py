import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import typst

from stoa.cli import npm
from stoa.kernel import where
from stoa.theming import assets, fonts, manifest, sprite, themes


def read(name: str) -> str:
    return (manifest.built() / manifest.names()[name]).read_text(encoding="utf-8")


def test_a_build_whose_sources_did_not_change_does_nothing(built: Mapping[str, str]) -> None:
    assets.build(npm.ensure_node_modules())
    before = (manifest.built() / manifest.FILE).stat().st_mtime_ns

    assets.build(npm.ensure_node_modules())

    assert (manifest.built() / manifest.FILE).stat().st_mtime_ns == before
    assert not assets.stale(where.node_modules())


def test_every_name_of_the_manifest_is_a_file(built: Mapping[str, str]) -> None:
    now = assets.build(npm.ensure_node_modules())

    assert all((manifest.built() / name).is_file() for name in now.values())


def test_modules_import_one_another_under_their_hashed_names(built: Mapping[str, str]) -> None:
    for name in (name for name in built if name.endswith(".js")):
        for wanted in re.findall(r"""(?:from|import)\s*\(?\s*["']\./([^"']+)["']""", read(name)):
            assert wanted in built.values(), f"{name} imports {wanted}"


def test_every_theme_has_its_sheet_and_every_font_pair_its_files(built: Mapping[str, str]) -> None:
    for theme in themes.installed():
        if theme.name != themes.DEFAULT:
            assert f"theme-{theme.name}.css" in built
    for name, pair in fonts.PAIRS.items():
        assert f"fonts/{pair.preload}" in built
        for file in re.findall(r"url\(([^)]+)\)", read(f"fonts-{name}.css")):
            assert (manifest.built() / file).is_file()


def test_nothing_is_fetched_from_elsewhere_and_nothing_names_the_product(
    built: Mapping[str, str],
) -> None:
    for name in built:
        if name.endswith((".css", ".js")) and name not in {"htmx.js", "uplot.js"}:
            text = read(name)
            assert not re.search(r"url\(\s*[\"']?(?:https?:)?//", text), name
            assert "stoa" not in text.lower(), name


def test_the_sprite_is_well_formed_and_holds_only_what_is_used(built: Mapping[str, str]) -> None:
    drawn = ET.fromstring(read("icons.svg"))

    ids = [symbol.get("id") for symbol in drawn]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(sprite.used(themes.installed()))
    assert "circle-check" in ids


def test_documents_can_be_set_in_every_family_and_script(
    built: Mapping[str, str], tmp_path
) -> None:
    folder = manifest.built() / "fonts-ttf"
    source = tmp_path / "sample.typ"
    source.write_text(
        "\n".join(
            f'#text(font: "{family}")[Señor Łukasz Ωμέγα Пётр €1,234.50 مرحبا بالعالم]\n'
            for _, family, _ in fonts.STATIC
        ),
        encoding="utf-8",
    )

    pdf = typst.compile(str(source), font_paths=[str(folder)], ignore_system_fonts=True)

    assert pdf.startswith(b"%PDF")

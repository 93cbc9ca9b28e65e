"""Serves a table: the page, its fragment for filters and paging, or a file."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Request
from litestar.response import Response

from stoa.kernel.refusals import Denied
from stoa.tenancy.unit import Unit
from stoa.tenancy.work import Work
from stoa.theming import texts
from stoa.web.pages import look, page
from stoa.web.tables import files, read, views
from stoa.web.tables.declare import Filter, Table
from stoa.web.tables.read import Asked, Page

AnyRequest = Request[Any, Any, Any]


async def answer(
    request: AnyRequest,
    work: Unit,
    table: Table,
    *,
    audience: str = "desk",
    template: str | None = None,
    **context: Any,
) -> Response[Any]:
    """The whole answer to a list's address. `format=csv|xlsx` in it asks for a file."""
    query = _query(request, table)
    asked = Asked.of(table, query)
    wanted = query.get("format", "")
    if wanted in {"csv", "xlsx"}:
        return await _file(request, work, table, asked, wanted, audience)
    made = await shell(request, work, table, audience=audience)
    return page(
        request,
        work,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        template or f"{audience}/table.html",
        audience=audience,
        table=made,
        title=table.title,
        **context,
    )


async def shell(
    request: AnyRequest, work: Unit, table: Table, *, audience: str = "desk", url: str | None = None
) -> dict[str, Any]:
    """What parts/table.html draws, for pages that hold a table among other things."""
    query = _query(request, table)
    asked = Asked.of(table, query)
    found = await read.page(work, table, asked)
    say = texts.of(look(request, None, audience).locale).gettext
    url = url or request.url.path
    made = _addresses(table, asked, query, found, url, say)
    made["filters"] = [await _filter(work, table, one, asked, say) for one in table.filters]
    made["chips"] = _chips(table, query, url, made["filters"])
    # With the usual filters alone an empty list means that there is nothing to do, not a narrow search.
    made["as_usual"] = bool(table.usual) and not _lasting(query)
    may_export = table.export_permission is None or work.actor.may(table.export_permission)
    if may_export and not work.actor.read_only:
        made["csv_url"] = _url(url, query, format="csv")
        made["xlsx_url"] = _url(url, query, format="xlsx")
    if isinstance(work, Work) and audience == "desk":
        made["views"] = await _views(work, table, query, url, say)
        made["save_view_url"] = _url(f"/desk/views/{table.name}", query, path=url)
    return made


async def _views(
    work: Work, table: Table, query: Mapping[str, str], url: str, say: Any
) -> list[dict[str, Any]]:
    """The list as it comes, then what people keep of it; one's own can be forgotten."""
    shown = _lasting(query)
    first = say("Usual") if table.usual else say("All")
    made: list[dict[str, Any]] = [{"label": first, "href": url, "active": not shown}]
    for one in await views.of(work, table.name):
        told = dict(parse_qsl(one.query, keep_blank_values=True))
        active = told == shown
        forget = f"/desk/views/{one.id}/forget" if one.person == work.actor.id else ""
        made.append(
            {
                "label": one.name,
                "href": f"{url}?{one.query}",
                "active": active,
                "forget": forget if active else "",
            }
        )
    return made


def _query(request: AnyRequest, table: Table) -> dict[str, str]:
    """The address's query; of what is empty only that which takes a usual filter off."""
    asked = {str(key): str(value) for key, value in request.query_params.items()}
    return {key: value for key, value in asked.items() if value or key in table.usual}


def _lasting(query: Mapping[str, str]) -> dict[str, str]:
    passing = {"after", "before", "format"}
    return {key: value for key, value in query.items() if key not in passing}


def _url(where: str, query: Mapping[str, str], /, **changes: str | None) -> str:
    kept = _lasting(query) | {k: v for k, v in changes.items() if v is not None}
    for key, value in changes.items():
        if value is None:
            kept.pop(key, None)
    return f"{where}?{urlencode(kept)}" if kept else where


def _addresses(
    table: Table, asked: Asked, query: Mapping[str, str], found: Page, url: str, say: Any
) -> dict[str, Any]:
    columns = []
    for column in table.columns:
        is_sorted = column.key == asked.sort and column.sort is not None
        way = ("desc" if asked.descending else "asc") if is_sorted else ""
        turned = column.key if is_sorted and asked.descending else f"-{column.key}"
        columns.append(
            {
                "key": column.key,
                "label": say(column.label),
                "kind": column.kind,
                "hidden": column.hidden,
                "fixed": column.fixed,
                "note": column.note,
                "sorted": way,
                "sort_url": _url(url, query, sort=turned) if column.sort is not None else "",
            }
        )
    return {
        "name": table.name,
        "url": url,
        "columns": columns,
        "rows": [
            {"key": r.key, "href": r.href, "cells": r.cells, "tone": r.tone} for r in found.rows
        ],
        "search": asked.search if table.search is not None else None,
        "search_label": say(table.search_label) if table.search_label else "",
        "clear_url": url,
        "next_url": _url(url, query, after=found.after) if found.after else None,
        "prev_url": _url(url, query, before=found.before) if found.before else None,
        "shown": len(found.rows),
        "total": found.total,
        "selectable": bool(table.bulk),
        "bulk": [
            {"label": say(b.label), "url": b.url, "icon": b.icon, "danger": b.danger}
            for b in table.bulk
        ],
        "empty_title": say(table.empty_title) if table.empty_title else "",
        "empty_text": say(table.empty_text) if table.empty_text else "",
        "empty_action": say(table.empty_action) if table.empty_action else "",
        "empty_href": table.empty_href,
        "empty_icon": table.empty_icon,
        "live": table.live,
    } | table.extra


async def _filter(work: Unit, table: Table, one: Filter, asked: Asked, say: Any) -> dict[str, Any]:
    options = await one.options(work) if callable(one.options) else one.options
    return {
        "name": one.key,
        "label": say(one.label),
        "kind": one.kind,
        "value": asked.filters.get(one.key, ""),
        "usual": one.key in table.usual,
        "options": [(value, say(label)) for value, label in options],
    }


def _chips(
    table: Table, query: Mapping[str, str], url: str, filters: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    chips = []
    for one in filters:
        if one["value"]:
            named = dict(one["options"]).get(one["value"], one["value"])
            gone = _url(url, query, **{one["name"]: "" if one["name"] in table.usual else None})
            chips.append({"label": one["label"], "value": named, "remove_url": gone})
    return chips


async def _file(
    request: AnyRequest, work: Unit, table: Table, asked: Asked, wanted: str, audience: str
) -> Response[bytes]:
    if work.actor.read_only:
        raise Denied("A support session cannot export.")
    if table.export_permission is not None:
        work.require(table.export_permission)
    reader = look(request, None, audience)
    rows: list[Any] = []
    async for step in read.everything(work, table, asked):
        rows += [row.cells for row in step]
    work.record(
        "export", table=table.name, rows=len(rows), format=wanted, filters=dict(asked.filters)
    )
    if wanted == "csv":
        content, kind = files.to_csv(reader, table.columns, rows), "text/csv"
    else:
        title = reader.texts.gettext(table.title)
        content = files.to_xlsx(reader, title, table.columns, rows)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = f"{table.name}-{work.now:%Y-%m-%d}.{wanted}"
    return Response(
        content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )

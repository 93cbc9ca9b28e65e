"""Multipart forms (RFC 7578), whole in memory: the wire bounds their size."""

from dataclasses import dataclass
from email.message import Message

from sandbox.common.wire import Asked, Unreadable

MOST_PARTS = 50


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    file_name: str
    content: bytes


def parts(asked: Asked) -> list[Part]:
    """Every part of the form, in order.

    Raises:
        Unreadable: the body is no multipart form, or is cut short.
    """
    kind = Message()
    kind["content-type"] = asked.headers.get("content-type", "")
    boundary = kind.get_boundary()
    if kind.get_content_type() != "multipart/form-data" or not boundary:
        raise Unreadable("multipart/form-data is expected")
    # The first delimiter has no line end before it; with one added, all look the same.
    sections = (b"\r\n" + asked.content).split(b"\r\n--" + boundary.encode())
    if len(sections) < 2 or not sections[-1].startswith(b"--") or len(sections) > MOST_PARTS:
        raise Unreadable("the form is cut short")
    return [_part(section) for section in sections[1:-1]]


def _part(section: bytes) -> Part:
    head, gap, content = section.partition(b"\r\n\r\n")
    if not gap:
        raise Unreadable("a part of the form has no headers")
    told = Message()
    for line in head.decode(errors="replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() == "content-disposition":
            told["content-disposition"] = value.strip()
    named: object = told.get_param("name", header="content-disposition")
    if not isinstance(named, str):
        raise Unreadable("a part of the form has no name")
    return Part(named, told.get_filename() or "", content)

"""Refusals in Sumsub's shape: `{description, code, correlationId, errorCode, errorName}`."""

from sandbox.common.book import fresh
from sandbox.common.wire import Answer, Refused, as_json


def error(status: int, description: str, code: int = 0, name: str = "") -> Answer:
    more = {"errorCode": code, "errorName": name} if code else {}
    said = {"description": description, "code": status, "correlationId": fresh("", 32), **more}
    return as_json(said, status)


def refused(status: int, description: str, code: int = 0, name: str = "") -> Refused:
    return Refused(error(status, description, code, name))

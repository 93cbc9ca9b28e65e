"""Refusals in Hyperswitch's shape: `{"error": {type, message, code}}`."""

from sandbox.common.wire import Answer, Refused, as_json


def error(status: int, code: str, message: str, kind: str = "invalid_request") -> Answer:
    return as_json({"error": {"type": kind, "message": message, "code": code}}, status)


def missing(field: str) -> Refused:
    return Refused(error(400, "IR_04", f"Missing required param: {field}"))


def malformed(field: str, expected: str) -> Refused:
    message = f"{field} contains invalid data. Expected format is {expected}"
    return Refused(error(400, "IR_05", message))


def invalid(message: str) -> Refused:
    return Refused(error(400, "IR_06", message))


def duplicate(noun: str, field: str) -> Refused:
    message = f"The {noun} with the specified {field} already exists in our records"
    return Refused(error(400, "HE_01", message))


def absent(noun: str) -> Refused:
    return Refused(error(404, "HE_02", f"{noun} does not exist in our records"))


def wrong_state(verb: str, noun: str, status: str) -> Refused:
    message = f"You cannot {verb} this {noun} because it has status {status}"
    return Refused(error(400, "IR_16", message))

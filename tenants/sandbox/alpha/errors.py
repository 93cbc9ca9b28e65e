"""Refusals in Stripe's shape: `{"error": {type, code, message, param, decline_code}}`."""

from sandbox.common.wire import Answer, Refused, as_json


def error(status: int, kind: str, message: str, **more: str | None) -> Answer:
    body = {"type": kind, "message": message, **{k: v for k, v in more.items() if v}}
    return as_json({"error": body}, status)


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> Refused:
    return Refused(error(400, "invalid_request_error", message, code=code, param=param))


def missing(param: str) -> Refused:
    return invalid(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> Refused:
    return invalid(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def no_such(noun: str, key: str, *, param: str = "id", status: int = 404) -> Refused:
    message = f"No such {noun}: '{key}'"
    body = error(status, "invalid_request_error", message, code="resource_missing", param=param)
    return Refused(body)


def unauthorised(message: str) -> Refused:
    return Refused(error(401, "invalid_request_error", message))

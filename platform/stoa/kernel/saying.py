"""The mark of a text that is said later, in the reader's language. It needs nothing, so that also a
process that only opens files may use it.
"""


def N_(text: str) -> str:  # noqa: N802 - the name gettext's tools and readers know
    """Mark a text for translation where it is written; it is translated where it is shown."""
    return text

"""Proofs, addresses and signatures that are almost right."""


def forged(text: str) -> str:
    """The same text with another last character, whatever the last one was."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")

"""Proofs, addresses and signatures that are almost right."""

_FROM_THE_END = 4  # Before what pads base64, whose last characters may say nothing.


def forged(text: str) -> str:
    """The same text with one other character, whatever stood there."""
    place = max(len(text) - _FROM_THE_END, 0)
    return text[:place] + ("0" if text[place : place + 1] != "0" else "1") + text[place + 1 :]

"""The one error of a configuration, and how it names what is wrong."""

import difflib
from collections.abc import Mapping, Sequence

MOST_LISTED = 8  # of the things that are wrong
LONGEST_SHOWN = 100  # characters of a wrong value in a message


class ConfigError(ValueError):
    """A configuration that is wrong; the message names each key, its value, what is allowed and what to try."""


def nearest(word: str, options: Sequence[str]) -> str | None:
    """The option most like a mistyped word, None where nothing is alike."""
    found = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return found[0] if found else None


def raise_all(problems: Sequence[str]) -> None:
    if len(problems) == 1:
        raise ConfigError(problems[0])
    if problems:
        listed, more = problems[:MOST_LISTED], len(problems) - MOST_LISTED
        listed = [*listed, f"and {more} more"] if more > 0 else listed
        raise ConfigError(f"{len(problems)} things are wrong:\n" + "\n".join(f"  - {each}" for each in listed))


def shown(value) -> str:
    """The value as a message repeats it, its end left out where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def advice(metadata: Mapping) -> str:
    """What to try, from what the field knows."""
    example, hint = metadata.get("example"), metadata.get("hint", "")
    parts = [str(part) for part in (hint, f"try {example}" if example is not None else "") if part]
    return f" ({'; '.join(parts)})" if parts else ""

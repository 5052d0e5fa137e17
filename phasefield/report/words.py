"""Numbers and measures as a reader wants them."""

from collections.abc import Mapping
from typing import NamedTuple

from phasefield.measures import WORDS

NOTHING = "–"
PRINTED = {"um": "µm", "mAh/cm2": "mAh/cm²"}  # units as print has them
ERRORS = ("ledger_error", "largest_current_mismatch")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Measure(NamedTuple):
    """A measure to print: name in words, number, unit."""

    words: str
    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}".strip()


def number(value, digits: int = 4) -> str:
    """A value with some digits, powers of ten written out; text as it is."""
    if isinstance(value, list | tuple):
        return ", ".join(number(each, 3) for each in value)
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return NOTHING if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f").replace("-", "−") if abs(value) >= 10_000 else _minus(str(value))
    mantissa, power, exponent = f"{value:.{digits}g}".partition("e")
    return _minus(mantissa) + (f"·10{str(int(exponent)).translate(SUPERSCRIPT)}" if power else "")


def _minus(text: str) -> str:
    return text.replace("-", "−")


def measure(name: str, value) -> Measure:
    """A measure of measures.json in words; one that is not known keeps its key."""
    words, unit = WORDS.get(name, (name.replace("_", " "), ""))
    each = value if isinstance(value, list) else [value]
    if not each or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in each):
        return Measure(words, number(value), "")
    if unit == "%":
        digits = 2 if name.startswith("efficiency") else 1
        return Measure(words, ", ".join(_minus(f"{100 * x:.{digits}f}") for x in each), unit)
    if name == "top_bottom_index":
        return Measure(words, _minus(f"{value:+.2f}"), "")
    return Measure(words, number(value, 2 if name in ERRORS else 4), PRINTED.get(unit, unit))


def where(measures: Mapping) -> str:
    """Where the lithium lies, in a few words; empty where the index does not say."""
    index = measures.get("top_bottom_index")
    if not isinstance(index, int | float):
        return ""
    if abs(index) < 0.15:
        return "evenly over the pores"
    return ("mostly" if abs(index) > 0.4 else "rather") + (" at the top" if index > 0 else " at the collector")

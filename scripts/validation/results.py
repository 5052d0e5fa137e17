"""Where the studies leave their tables and figures, and how a table comes into docs/validation.md."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "docs" / "results"
FIGURES = ROOT / "docs" / "figures"
PAGE = ROOT / "docs" / "validation.md"
README = ROOT / "README.md"


def write_table(name: str, header: Sequence[str], rows: Iterable[Sequence]) -> Path:
    """Write docs/results/NAME.csv; numbers to four digits."""
    path = TABLES / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_shown(value) for value in row] for row in rows)
    return path


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of docs/results/NAME.csv."""
    with open(TABLES / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def _shown(value) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def shrink(path: Path, width: int = 1100) -> None:
    """Fewer pixels and 256 colours: small enough for a repository."""
    picture = Image.open(path).convert("RGB")
    if picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.quantize(256, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(_shown, row)) + " |" for row in rows])


def insert(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between `<!-- NAME -->` and `<!-- end -->` in a page."""
    old = page.read_text()
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(old):
        raise ValueError(f"{page} has no place for {name}: write <!-- {name} --> and <!-- end --> where it belongs")
    page.write_text(pattern.sub(lambda match: match[1] + text + "\n" + match[2], old))


def number(text: str, digits: str = ".3g") -> str:
    """As `format` has it, without the minus of a zero."""
    sign, rest = ("+", digits[1:]) if digits.startswith("+") else ("", digits)
    return format(float(text), f"{sign}z{rest}") if text else "–"


def with_spread(row: dict, key: str, digits: str) -> str:
    """`mean ± standard deviation` of a measure over the packings."""
    return f"{number(row[key], digits)} ± {number(row[f'{key}_sd'], digits.replace('+', ''))}" if row[key] else "–"

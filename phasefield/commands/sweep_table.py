"""`phasefield sweep-table`: the measures of a sweep over what was swept, as CSV and as a figure."""

from pathlib import Path

from phasefield import sweep
from phasefield.commands.checks import Parser
from phasefield.plotting import style
from phasefield.plotting.sweep import sweep_figure


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield sweep-table ARGUMENTS`."""
    parser = Parser("sweep-table", "Put the runs of a sweep in a table, and a measure over what was swept.")
    parser.add_argument("folder", type=Path, help="of the sweep")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="CSV; default: table.csv in the folder")
    parser.add_argument("--measure", default="top_bottom_index", metavar="NAME", help="to draw; see docs/measures.md")
    parser.add_argument("--x", metavar="KEY", help="swept key of the axis, such as protocol.current_density_mA_cm2")
    parser.add_argument("--y", metavar="KEY", help="a second one, for a map")
    parser.add_argument("--pdf", action="store_true", help="PDF as well as PNG")
    options = parser.parse_args(arguments)
    table = sweep.table(options.folder)
    output = options.output or options.folder / "table.csv"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(sweep.to_csv(table), newline="")
    print("Written:", output)
    figure = sweep_figure(table, options.measure, options.x, options.y)
    for path in style.save(figure, output.with_name(f"{output.stem}_{options.measure}.png"), options.pdf):
        print("Written:", path)
    count, finished = len(table.rows), len(table.finished())
    if finished < count:
        print(
            f"Note: {count - finished} of {count} runs are not finished; the table says why, the figure leaves them out"
        )
    return 0

"""Do nuclei hang on the time step? A host of CNT to 0.5 mAh/cm2, twelve draws of its nuclei in steps that change the
overpotential by 4, 2 and 1 mV at most, and add at most a tenth, a twentieth and a fortieth to the nuclei there are."""

from validation.experiment import mean_and_spread
from validation.numerics import BASE
from validation.results import markdown, read_table, write_table
from validation.runs import measured, run_all

CAPACITY = 0.5  # mAh/cm2
DRAWS = range(12)
LIMITS = {4: 0.1, 2: 0.05, 1: 0.025}  # mV: fraction of the nuclei
MEASURES = (
    "top_bottom_index",
    "fraction_above_host",
    "nuclei",
    "active_surface",
    "potential_mV",
    "nucleation_overpotential_mV",
    "steps",
)


def case(limit: int, draw: int) -> tuple[str, list[str]]:
    """Name of a run, and its overrides."""
    return f"{limit}_mV_draw_{draw}", [
        "host=cnt", *BASE, f"nucleation.seed={draw}", f"protocol.capacity_mAh_cm2={CAPACITY}",
        f"solver.overpotential_change_mV={limit}", f"solver.nucleation_fraction={LIMITS[limit]}",
    ]  # fmt: skip


def study() -> None:
    folders = run_all(dict(case(limit, draw) for limit in LIMITS for draw in DRAWS), "nucleation_steps")
    rows = []
    for limit, fraction in LIMITS.items():
        found = [measured(folders[case(limit, draw)[0]], CAPACITY) for draw in DRAWS]
        pairs = (mean_and_spread([values[name] for values in found]) for name in MEASURES)
        rows.append([limit, fraction, len(found), *(number for pair in pairs for number in pair)])
    columns = (f"{name}{part}" for name in MEASURES for part in ("", "_sd"))
    write_table("nucleation_steps", ["step_limit_mV", "nucleation_fraction", "draws", *columns], rows)


def nucleation_steps_table() -> str:
    """One row a limit; mean and its standard error."""
    out = []
    for row in read_table("nucleation_steps"):

        def shown(name, digits, row=row):
            error = float(row[f"{name}_sd"]) / float(row["draws"]) ** 0.5
            return f"{float(row[name]):{digits}} ± {error:{digits.lstrip('+')}}"

        out.append(
            [
                f"{row['step_limit_mV']} mV, {float(row['nucleation_fraction']):.1%}",
                shown("top_bottom_index", "+.3f"),
                shown("fraction_above_host", ".1%"),
                shown("nuclei", ".0f"),
                shown("active_surface", ".1%"),
                shown("nucleation_overpotential_mV", ".2f"),
                shown("potential_mV", ".1f"),
                f"{float(row['steps']):.0f}",
            ]
        )
    header = ["a step at most", "index", "above the host", "nuclei", "of the surface active", "spike (mV)"]
    return markdown([*header, "potential (mV)", "steps"], out)

"""The published experiment: four substrates, five packings, three exchange current densities, against what was seen.

The claims of the paper (Lin et al., Nanoscale 2025, 17, 1282) stand here with the measure each is held against and the
bound it has to meet, fixed before the runs.
"""

from dataclasses import dataclass

import numpy as np

from phasefield.plotting import compare_runs, style
from validation.results import FIGURES, read_table, shrink, write_table
from validation.runs import measured, run_all

SUBSTRATES = {"cu": "Cu", "cnt": "CNT", "llto": "LLTO", "llto_cnt": "LLTO@CNT"}
EXCHANGE = ("0.1", "1", "10")  # A/m2
SEEDS = (0, 1, 2, 3, 4)
CAPACITIES = (1.0, 2.0, 4.0)
MEASURES = (
    "top_bottom_index",
    "centre_of_mass_um",
    "fraction_lower_third",
    "fraction_middle_third",
    "fraction_upper_third",
    "fraction_above_host",
    "pore_filling",
    "roughness_um",
    "nucleation_overpotential_mV",
    "potential_mV",
)
SUMMARY = (
    "substrate",
    "exchange_current_density_A_m2",
    "capacity_mAh_cm2",
    "seeds",
    *(name for m in MEASURES for name in (m, f"{m}_sd")),
)


def cases() -> dict[str, list[str]]:
    return {
        f"{host}_i0_{i0}_seed{seed}": [f"host={host}", f"lithium.exchange_current_density_A_m2={i0}", f"seed={seed}"]
        for i0 in ("1", "10", "0.1")
        for seed in SEEDS
        for host in SUBSTRATES
    }


@dataclass(frozen=True)
class Claim:
    """What the paper saw, and the bounds between which the mean over the packings agrees with it.

    Args: measures: whose sum is held against the bounds; without bounds the claim cannot be judged.
    """

    substrate: str
    text: str
    capacity: float
    measures: tuple[str, ...]
    low: float = -np.inf
    high: float = np.inf

    def verdict(self, value: float) -> str:
        if (self.low, self.high) == (-np.inf, np.inf):
            return "cannot be judged"
        return "agrees" if self.low <= value <= self.high else "does not"


SPIKE, INDEX, FILLING, ROUGH = "nucleation_overpotential_mV", "top_bottom_index", "pore_filling", "roughness_um"
UPPER, ABOVE = "fraction_upper_third", "fraction_above_host"
CLAIMS = (
    Claim("Cu", "nucleation overpotential 100 mV (here ±10)", 1, (SPIKE,), 90, 110),
    Claim("CNT", "nucleation overpotential 95 mV (here ±10)", 1, (SPIKE,), 85, 105),
    Claim("LLTO", "nucleation overpotential 61 mV (here ±10)", 1, (SPIKE,), 51, 71),
    Claim("LLTO@CNT", "no notable nucleation overpotential (here below 10 mV)", 1, (SPIKE,), high=10),
    Claim("Cu", "non-uniform moss (roughness, µm)", 4, (ROUGH,)),
    Claim("CNT", "top first (here over 40 % in the upper third and above)", 1, (UPPER, ABOVE), low=0.4),
    Claim("CNT", "on top (here index above 0.2)", 4, (INDEX,), low=0.2),
    Claim("LLTO", "bottom first (here index below −0.5)", 1, (INDEX,), high=-0.5),
    Claim("LLTO", "on top once electrons get there (here over 10 % above the host)", 4, (ABOVE,), low=0.1),
    Claim("LLTO", "porous inside (here less than 70 % of the pores filled)", 4, (FILLING,), high=0.7),
    Claim("LLTO@CNT", "even (here index within ±0.2)", 1, (INDEX,), -0.2, 0.2),
    Claim("LLTO@CNT", "even (here index within ±0.2)", 2, (INDEX,), -0.2, 0.2),
    Claim("LLTO@CNT", "pores nearly full (here above 80 %; 93.7 % at most)", 4, (FILLING,), low=0.8),
    Claim("LLTO@CNT", "smooth and flat (here roughness below 2 µm)", 4, (ROUGH,), high=2),
)


def mean_and_spread(values) -> tuple[float | None, float | None]:
    """Mean and standard deviation over the seeds; None where a measure has no meaning."""
    values = [value for value in values if value is not None]
    if not values:
        return None, None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def summary_row(label: str, i0: str, capacity: float, found: list[dict]) -> list:
    """Of `SUMMARY`: mean and spread of what was `measured` in several packings."""
    spread = [mean_and_spread(values[m] for values in found) for m in MEASURES]
    return [label, i0, capacity, len(found), *(number for pair in spread for number in pair)]


def study() -> None:
    folders = run_all(cases(), "experiment")
    runs, summary, profiles = [], [], []
    for i0 in EXCHANGE:
        for host, label in SUBSTRATES.items():
            for capacity in CAPACITIES:
                found = {seed: measured(folders[f"{host}_i0_{i0}_seed{seed}"], capacity) for seed in SEEDS}
                found = {seed: values for seed, values in found.items() if values is not None}
                for seed, values in found.items():
                    runs.append([label, i0, seed, capacity, *(values[m] for m in MEASURES), values["ledger_error"]])
                summary.append(summary_row(label, i0, capacity, list(found.values())))
                layers = [v["pore_filling_by_depth"] for v in found.values() if v["pore_filling_by_depth"]]
                for depth, filling in enumerate(np.transpose(layers)) if layers else ():
                    profiles.append(
                        [label, i0, capacity, depth, *(float(f(filling)) for f in (np.mean, np.min, np.max))]
                    )
    first = ["substrate", "exchange_current_density_A_m2"]
    last = ["ninth_of_the_host", "mean", "least", "most"]
    write_table("experiment_runs", [*first, "seed", "capacity_mAh_cm2", *MEASURES, "ledger_error"], runs)
    write_table("experiment", SUMMARY, summary)
    write_table("experiment_depth", [*first, "capacity_mAh_cm2", *last], profiles)
    write_table(
        "experiment_claims",
        ["substrate", "capacity_mAh_cm2", "claim of the paper", *(f"i0 {i0} A/m2" for i0 in EXCHANGE)],
        verdicts(),
    )
    draw()
    seed_0 = [folders[f"{host}_i0_1_seed0"] for host in SUBSTRATES]
    shrink(compare_runs(seed_0, FIGURES / "four_substrates.png", labels=list(SUBSTRATES.values()))[0])


def verdicts() -> list[list[str]]:
    """One row a claim: what was measured at each i0, and whether it agrees."""
    table = {
        (row["substrate"], row["exchange_current_density_A_m2"], float(row["capacity_mAh_cm2"])): row
        for row in read_table("experiment")
    }
    rows = []
    for claim in CLAIMS:
        cells = []
        for i0 in EXCHANGE:
            row = table.get((claim.substrate, i0, claim.capacity))
            if row is None or not all(row[name] for name in claim.measures):
                cells.append("not reached")
                continue
            value = sum(float(row[name]) for name in claim.measures)
            cells.append(
                f"{value:.2f}: {claim.verdict(value)}" if abs(value) < 10 else f"{value:.0f}: {claim.verdict(value)}"
            )
        rows.append([claim.substrate, claim.capacity, claim.text, *cells])
    return rows


@style.styled
def draw() -> None:
    """Filling of the pores over the height of the host, mean and range over the packings."""
    table = read_table("experiment_depth")
    hosts = [label for label in SUBSTRATES.values() if label != "Cu"]
    figure = style.new_figure(style.PAGE, 150)
    colours = style.capacity_colours(len(CAPACITIES))
    for row, label in enumerate(hosts):
        for column, i0 in enumerate(EXCHANGE):
            axes = style.place(figure, 16 + 56 * column, 8 + 47 * row, 46, 36)
            for capacity, colour in zip(CAPACITIES, colours, strict=True):
                chosen = [
                    r
                    for r in table
                    if (r["substrate"], r["exchange_current_density_A_m2"]) == (label, i0)
                    and float(r["capacity_mAh_cm2"]) == capacity
                ]
                if not chosen:
                    continue
                mean, least, most = (np.array([float(r[key]) for r in chosen]) for key in ("mean", "least", "most"))
                height = (np.arange(len(mean)) + 0.5) * 45 / len(mean)
                axes.fill_betweenx(height, least, most, color=colour, alpha=0.25, linewidth=0)
                axes.plot(mean, height, color=colour, label=f"{capacity:g} mAh/cm²")
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 45)
            axes.set_title(f"{label}, $i_0$ = {i0} A/m²")
            if row == len(hosts) - 1:
                axes.set_xlabel(style.FILLING)
            if column == 0:
                axes.set_ylabel(style.HEIGHT)
            if row == 0 and column == len(EXCHANGE) - 1:  # there is room
                axes.legend(loc="lower right")
            style.open_frame(axes)
    shrink(style.save(figure, FIGURES / "experiment.png")[0])

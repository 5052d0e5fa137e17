"""Which parameters move the top/bottom index most: one at a time over the range that the literature leaves open.

A 16 um box of the two conductive hosts; the spread over five packings says below what an effect cannot be told from
chance.
"""

import numpy as np

from phasefield.plotting import style
from validation.results import FIGURES, read_table, shrink, write_table
from validation.runs import measured, run_all

HOSTS = {"cnt": "CNT", "llto_cnt": "LLTO@CNT"}
BASE = ["grid.width_um=16"]
SEEDS = (0, 1, 2, 3, 4)
CAPACITIES = (1.0, 4.0)
RANGES = {  # key: (name, low, high); sources of the ranges are those of the values in configs/, or E
    "lithium.exchange_current_density_A_m2": ("exchange current density (A/m²)", "0.1", "10"),
    "protocol.current_density_mA_cm2": ("current density (mA/cm²)", "0.2", "2"),
    "electrolyte.conductivity_S_m": ("conductivity of the electrolyte (S/m)", "0.1", "0.3"),
    "electrolyte.diffusivity_m2_s": ("salt diffusivity (m²/s)", "1e-11", "5e-11"),
    "electrolyte.transference_number": ("transference number", "0.4", "0.73"),
    "electrolyte.concentration_mol_L": ("salt concentration (mol/L)", "1", "2"),
    "electrolyte.thermodynamic_factor": ("thermodynamic factor", "0.7", "3"),
    "electrolyte.bruggeman_exponent": ("Bruggeman exponent", "1.3", "2"),
    "material.llto.ionic_conductivity_S_m": ("ionic conductivity of LLTO (S/m)", "[0.0017,0.0017]", "[0.15,0.15]"),
    "material.cnt.electronic_conductivity_S_m": ("conductivity of CNT (S/m)", "[100,100]", "[1000,1000]"),
    "material.cnt.nucleation_overpotential_mV": ("nucleation overpotential of CNT (mV)", "[75,75]", "[115,115]"),
    "nucleation.prefactor_per_m2_s": ("nucleation rate J0 (1/(m² s))", "3e23", "3e29"),
    "nucleation.nucleus_um": ("size of a nucleus (µm)", "1", "3"),
    "nucleation.closed_film_um": ("closed film (µm)", "0", "2"),
    "lithium.cathodic_transfer_coefficient": ("transfer coefficient", "0.3", "0.7"),
    "lithium.double_layer_capacitance_F_m2": ("double layer (F/m²)", "0.05", "1"),
    "temperature_K": ("temperature (K)", "283.15", "318.15"),
    "host.porosity": ("porosity", "0.36", "0.56"),
    "host.thickness_um": ("thickness of the host (µm)", "30", "60"),
    "host.particle_diameter_um": ("particle diameter (µm)", "[4,6]", "[7,11]"),
    "host.pore_diameter_um": ("porogen diameter (µm)", "4", "8"),
    "host.particle_flatness": ("flatness of the particles", "0.4", "1"),
}


def cases() -> dict[str, list[str]]:
    runs = {f"{host}_seed{seed}": [f"host={host}", *BASE, f"seed={seed}"] for host in HOSTS for seed in SEEDS}
    for host in HOSTS:
        for key, (_, *ends) in RANGES.items():
            for end, value in zip(("low", "high"), ends, strict=True):
                runs[f"{host}_{key}_{end}"] = [f"host={host}", *BASE, f"{key}={value}"]
    return runs


def study() -> None:
    folders = run_all(cases(), "sensitivity")
    rows = []
    for host, label in HOSTS.items():
        for capacity in CAPACITIES:
            seeds = [
                found["top_bottom_index"] for s in SEEDS if (found := measured(folders[f"{host}_seed{s}"], capacity))
            ]
            rows.append([label, capacity, "spread over packings", min(seeds), max(seeds), np.ptp(seeds), seeds[0]])
            for key, (name, *_) in RANGES.items():
                ends = [measured(folders[f"{host}_{key}_{end}"], capacity) for end in ("low", "high")]
                index = [None if found is None else found["top_bottom_index"] for found in ends]
                known = [value for value in (*index, seeds[0]) if value is not None]
                rows.append([label, capacity, name, *index, float(np.ptp(known)), seeds[0]])
    write_table(
        "sensitivity",
        ["host", "capacity_mAh_cm2", "parameter", "index_at_low", "index_at_high", "effect", "index_at_default"],
        rows,
    )
    draw()


@style.styled
def draw() -> None:
    """The index at 4 mAh/cm2 at both ends of each range, the strongest on top."""
    table = [row for row in read_table("sensitivity") if float(row["capacity_mAh_cm2"]) == 4.0]
    figure = style.new_figure(style.PAGE, 92)
    for left, label, letter in zip((52, 136), HOSTS.values(), "ab", strict=True):
        axes = style.place(figure, left, 7, 42, 72, letter)
        rows = [row for row in table if row["host"] == label]
        spread = rows[0]
        rows = sorted(rows[1:], key=lambda row: float(row["effect"]))[-10:]
        centre = float(spread["index_at_default"])
        axes.axvspan(float(spread["index_at_low"]), float(spread["index_at_high"]), color="#E6E6E6", linewidth=0)
        for place, row in enumerate(rows):
            for end, colour in (("index_at_low", style.RUNS[0]), ("index_at_high", style.RUNS[1])):
                if row[end]:
                    axes.barh(place, float(row[end]) - centre, left=centre, height=0.62, color=colour)
        axes.set_yticks(range(len(rows)), [row["parameter"] for row in rows])
        axes.axvline(centre, color=style.INK, linewidth=0.6)
        axes.set_xlabel("Top/bottom index at 4 mAh/cm²")
        axes.set_title(label)
        style.open_frame(axes)
    shrink(style.save(figure, FIGURES / "sensitivity.png")[0])

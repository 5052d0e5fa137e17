"""Nucleation: the spike of planar surfaces over cells and time steps, how many nuclei stand at which current, and where
they stand in hosts.

J0 and b in configs/nucleation/ were fixed with the first of these tables, once and for all hosts; run it again after
touching either.
"""

import itertools

import numpy as np

from phasefield import build, config, timeline
from phasefield.measures import nucleation_spike
from phasefield.plotting import style
from phasefield.protocol import Step
from phasefield.units import mA_per_cm2, mAh_per_cm2, mV, um
from validation.results import FIGURES, read_table, shrink, write_table

SURFACES = {"Cu": 100, "CNT": 95, "LLTO": 61}  # mV
CURRENT = 0.5 * mA_per_cm2
CURRENTS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # mA/cm2
HOST_CURRENTS = (0.2, 0.5, 1.0, 2.0, 5.0)  # mA/cm2
COUNTED = 0.01 * mAh_per_cm2  # 50 nm of lithium: nuclei have appeared, and do not touch yet
PLANAR = ["host=cu", "grid=quick", "host.thickness_um=5", "grid.electrolyte_um=15"]


def run(overrides: list[str], step: Step):
    """(Model, Outcome) of one protocol step."""
    settings = config.compose(overrides)
    model = build.model(settings, build.geometry(settings))
    return model, timeline.run(model, build.initial_state(settings, model), [step], build.time_control(settings))


def spike(surface: float, spacing: float, limit: float, exchange_current_density: float = 10.0) -> float:
    """Nucleation overpotential of a planar surface at 0.5 mA/cm2 [mV]; nan where there is no spike.

    At an i0 of 1 A/m2 a planar surface that is active everywhere still needs 85 mV, and no surface that nucleates below
    that could show its spike.
    """
    _, outcome = run(
        [
            *PLANAR,
            f"grid.spacing_um={spacing}",
            f"grid.width_um={32 * spacing}",
            f"material.cu.nucleation_overpotential_mV=[{surface},{surface}]",
            f"lithium.exchange_current_density_A_m2={exchange_current_density}",
            f"solver.overpotential_change_mV={limit}",
        ],
        Step(CURRENT, duration=20.0),
    )
    found = nucleation_spike(outcome.history)
    return float("nan") if found is None else -found.potential / mV


def spikes() -> list[tuple]:
    rows = []
    for spacing, (name, surface), limit in itertools.product((1.0, 0.5, 0.25), SURFACES.items(), (4, 2, 1)):
        rows.append((name, surface, spacing, limit, spike(surface, spacing, limit)))
        print(*rows[-1], flush=True)
    return rows


def nuclei(overrides: list[str], current: float) -> tuple[int, float]:
    """(nuclei in the box, overpotential of the spike [mV]) once `COUNTED` has been plated, at a current [mA/cm2]."""
    _, outcome = run(overrides, Step(current * mA_per_cm2, capacity=COUNTED))
    return int(outcome.state.nuclei), deepest(outcome)


def deepest(outcome) -> float:
    """Largest overpotential of the electrode [mV]."""
    return -float(np.min(outcome.history["potential"])) / mV


def densities() -> list[tuple]:
    """How many nuclei stand on planar copper (100 mV), at each current."""
    rows = []
    for exchange, current, seed in itertools.product((1.0, 10.0), CURRENTS, (0, 1)):
        count, overpotential = nuclei(
            [
                *PLANAR,
                "grid.dimensions=3",
                "grid.width_um=48",
                "host.thickness_um=5",
                "grid.electrolyte_um=8",
                f"lithium.exchange_current_density_A_m2={exchange}",
                f"seed={seed}",
            ],
            current,
        )
        density = count / (48 * um) ** 2
        size = (COUNTED * 13e-6 / 96485.33212 / density) ** (1 / 3)
        rows.append((exchange, current, seed, overpotential, density / 1e12, size / um))
        print(*rows[-1], flush=True)
    return rows


def in_hosts() -> list[tuple]:
    """The same in hosts of CNT and of LLTO, which electrons reach everywhere and only from below, and their heights."""
    rows = []
    for host, current in itertools.product(("cnt", "llto"), HOST_CURRENTS):
        model, outcome = run(
            [f"host={host}", "grid.width_um=16"], Step(current * mA_per_cm2, capacity=0.1 * mAh_per_cm2)
        )
        active = (np.asarray(outcome.state.nucleated) * np.asarray(model.surface)).sum(axis=(1, 2))
        height = (np.arange(len(active)) + 0.5) * float(model.grid.spacing) - float(model.host.bottom)
        share = float(outcome.history["active_surface"][-1])
        rows.append(
            (
                host,
                current,
                deepest(outcome),
                int(outcome.state.nuclei),
                share,
                (active * height).sum() / active.sum() / um,
            )
        )
        print(*rows[-1], flush=True)
    return rows


def draw() -> None:
    """Density and size of the nuclei against the overpotential, with the slopes of the classical theory."""
    rows = read_table("nucleation_density")
    figure = style.new_figure(style.PAGE, 62)
    left = style.place(figure, 15, 6, 68, 44, "a")
    right = style.place(figure, 106, 6, 68, 44, "b")
    for exchange, colour in zip(("1", "10"), style.RUNS, strict=False):
        chosen = [row for row in rows if row["exchange_current_density_A_m2"] == exchange]
        current, eta, density, size = (
            np.array([float(row[key]) for row in chosen])
            for key in ("current_density_mA_cm2", "overpotential_mV", "nuclei_per_um2", "size_um")
        )
        left.loglog(current, density, "o", color=colour, markersize=3, label=f"$i_0$ = {exchange} A/m²")
        right.loglog(eta, density, "o", color=colour, markersize=3)
        right.loglog(eta, size, "s", color=colour, markersize=3, markerfacecolor="none")
    guide = np.array([90.0, 220.0])
    right.loglog(guide, (guide / 90) ** 3, color=style.FAINT, linewidth=0.8)
    right.loglog(guide, 1.1 * 90 / guide, color=style.FAINT, linewidth=0.8, linestyle="--")
    right.text(135, 11, r"classical: $\propto\eta^3$", ha="center")
    right.text(170, 0.75, r"$\propto 1/\eta$", ha="center")
    right.set_xticks([100, 150, 200], ["100", "150", "200"])
    right.xaxis.set_minor_formatter("")
    left.set_xlabel("Current density (mA/cm²)")
    left.set_ylabel("Nuclei (1/µm²)")
    left.legend()
    right.set_xlabel("Overpotential of the spike (mV)")
    right.set_ylabel("Nuclei (1/µm²) ●, size (µm) □")
    for axes in (left, right):
        style.open_frame(axes)
    shrink(style.save(figure, FIGURES / "nucleation_density.png")[0])


@style.styled
def study() -> None:
    write_table("nucleation_spike", ["surface", "eta_nuc_mV", "cell_um", "step_limit_mV", "spike_mV"], spikes())
    write_table(
        "nucleation_density",
        [
            "exchange_current_density_A_m2",
            "current_density_mA_cm2",
            "seed",
            "overpotential_mV",
            "nuclei_per_um2",
            "size_um",
        ],
        densities(),
    )
    write_table(
        "nucleation_hosts",
        ["host", "current_density_mA_cm2", "overpotential_mV", "nuclei", "active_share_of_the_surface", "height_um"],
        in_hosts(),
    )
    draw()

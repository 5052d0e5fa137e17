"""Run files with analytic content, to draw figures and make reports from."""

import json
from pathlib import Path

import numpy as np

from phasefield import snapshots
from phasefield.config import compose, to_yaml
from phasefield.units import FARADAY, mA_per_cm2, mAh_per_cm2, um

MOLAR_VOLUME = 13.0e-6  # m3/mol
BOTTOM, THICK = 4, 45  # cells: collector, host


def particles(shape, rng):
    """Distance to the nearest surface of random spheres [cells], negative inside; periodic sideways."""
    z, *sideways = np.meshgrid(*(np.arange(n) + 0.5 for n in shape), indexing="ij")
    distance = np.full(shape, 99.0)
    area = np.prod(shape[1:])
    for _ in range(int(0.75 * area * THICK / (45 if len(shape) == 2 else 160))):
        radius = rng.uniform(2.2, 4.5)
        square = (z - rng.uniform(BOTTOM + 2.5, BOTTOM + THICK - 2.5)) ** 2
        for x, n in zip(sideways, shape[1:], strict=True):
            gap = np.abs(x - rng.uniform(0, n))
            square = square + np.minimum(gap, n - gap) ** 2
        distance = np.minimum(distance, np.sqrt(square) - radius)
    return distance


def step(x):
    return 0.5 * (1 + np.tanh(x))


def potential_curve(time, spike, plateau):
    """A fake one [V]: the double layer charges, nuclei appear at 20 ms, their area grows."""
    charging = 1 - np.exp(-time / 4e-3)
    relaxed = step(4 * np.log10(np.maximum(time, 1e-9) / 0.04))
    return -(spike * charging * (1 - relaxed) + plateau * relaxed) - 2e-3 * time / 28_800


def write_run(
    folder, shape=(80, 32, 32), filling="bottom", spike=0.1, plateau=0.02, top=4.0, count=9, spacing=um, **metadata
):
    """A whole run with `count` snapshots up to `top` mAh/cm2; lithium comes from the bottom, the top, or evenly."""
    rng = np.random.default_rng(0)
    z = np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)) + 0.5 + np.zeros(shape)
    distance = particles(shape, rng)
    collector = step(BOTTOM - z)
    solid = np.minimum(step(-distance), 1 - collector)
    cnt = np.minimum(np.exp(-((distance / 0.8) ** 2)) * 0.6, solid)
    pore = 1 - solid - collector
    path = folder / "run.vtkhdf"
    names = ("phase", "concentration", "electronic_potential", "ionic_potential", "reaction")
    about = {"config": "", "seed": 0, "host_bottom": BOTTOM * spacing, "host_top": (BOTTOM + THICK) * spacing}
    static = {"pore_fraction": pore, "fraction_collector": collector, "fraction_llto": solid - cnt, "fraction_cnt": cnt}
    snapshots.create(path, shape, spacing, static, dict.fromkeys(names, "f4"), about | metadata)
    front = {"bottom": z - BOTTOM, "top": np.abs(z - BOTTOM - THICK), "even": 0.4 * z + 9 * distance}[filling]
    for capacity in np.linspace(0, top, count) * mAh_per_cm2:
        thickness, low, high = MOLAR_VOLUME * capacity / FARADAY, -50.0, 900.0
        for _ in range(40):
            middle = 0.5 * (low + high)
            phase = step((middle - front) / 1.5)
            low, high = (middle, high) if (pore * phase).mean() * shape[0] * spacing < thickness else (low, middle)
        fields = {
            "phase": phase,
            "concentration": 1000 + 3 * (z - shape[0]),
            "ionic_potential": 2e-4 * z + 0.005,
            "electronic_potential": -1e-3 * (1 - solid) * z / shape[0],
            "reaction": 4e5 * pore * phase * (1 - phase) * z / shape[0],
        }
        snapshots.append(path, capacity / (0.5 * mA_per_cm2), capacity, fields)
    time = np.concatenate([np.geomspace(1e-4, 100, 120), np.linspace(160, top * 7200, 300)])
    history = {
        "time": time,
        "time_step": np.gradient(time),
        "charge": time * 0.5 * mA_per_cm2,
        "current_density": np.full_like(time, 0.5 * mA_per_cm2),
        "potential": potential_curve(time, spike, plateau),
        "lithium": MOLAR_VOLUME * time * 0.5 * mA_per_cm2 / FARADAY,
        "inserted_charge": np.full_like(time, 7.0),
        "double_layer_charge": np.zeros_like(time),
        "ledger_error": np.geomspace(1e-8, 1e-12, len(time)),
        "newton_iterations": rng.integers(2, 5, len(time)),
    }
    snapshots.append_history(path, history)
    return path


def write_cycled(folder, cycles=4, old=False):
    """A run of plating 1 mAh/cm2 and stripping, with a disc of dead lithium that grows in each cycle.

    Args: old: as one of before the file marked dead lithium: only the potentials tell it.
    """
    shape, rows = (32, 24), 40
    z, x = np.indices(shape) + 0.5
    pore = 1 - step(BOTTOM - z)
    discs = [step(1.0 + 0.7 * n - np.hypot(z - 20, x - 12)) if n else np.zeros(shape) for n in range(cycles + 1)]
    dead = [np.float32(pore * disc).mean() * shape[0] * um * FARADAY / MOLAR_VOLUME for disc in discs]
    names = ["phase", "electronic_potential", "ionic_potential", *([] if old else ["dead_lithium"])]
    path = folder / "run.vtkhdf"
    about = {"config": to_yaml(compose(["host=cu"])), "host_bottom": BOTTOM * um, "host_top": BOTTOM * um}
    snapshots.create(path, shape, um, {"pore_fraction": pore, "fraction_collector": 1 - pore},
                     dict.fromkeys(names, "f4"), about)  # fmt: skip

    def write(hour, charge, phase, disc, volts):
        dead = disc > 1e-4
        fields = {
            "phase": phase,
            "electronic_potential": np.where(dead, -volts, 0.0),
            "ionic_potential": np.full(shape, -volts),
            "dead_lithium": dead,
        }
        snapshots.append(path, hour * 3600, charge, {name: fields[name] for name in names})

    write(0, 0, np.zeros(shape), np.zeros(shape), 0.0)
    charge, history = [0.0], {"time": [0.0], "potential": [0.0], "lithium": [0.0]}
    for n in range(1, cycles + 1):
        plated = charge[-1] + mAh_per_cm2
        write(2 * n - 1, plated, np.maximum(step(9 - z), discs[n]), discs[n] * 0, -0.03)
        write(2 * n, dead[n], discs[n], discs[n], 0.5)
        ends = ((charge[-1], plated, -0.03), (plated, dead[n], 0.03 + 0.002 * n))
        for half, (begin, end, plateau) in enumerate(ends):
            share = np.arange(1, rows + 1) / rows
            charge.extend(begin + (end - begin) * share)
            history["time"].extend(3600 * (2 * n - 2 + half + share))
            history["potential"].extend(np.where(share == 1, 0.5, plateau) if half else np.full(rows, plateau))
    charge = np.array(charge)
    columns = {"charge": charge, "lithium": charge * MOLAR_VOLUME / FARADAY, "time_step": np.full(len(charge), 90.0)}
    columns |= {
        "current_density": np.gradient(charge),
        "double_layer_charge": 0 * charge,
        "inserted_charge": 0 * charge,
    }
    snapshots.append_history(path, {name: np.array(values) for name, values in (history | columns).items()})
    return path


NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{ 7*7 }}"
MEASURES = {
    "capacity_mAh_cm2": 4.0,
    "ledger_error": 1.1e-8,
    "top_bottom_index": -0.62,
    "fraction_lower_third": 0.755,
    "fraction_above_host": 0.0,
    "nucleation_overpotential_mV": 100.2,
    "pore_filling": 0.5,
    "pore_filling_by_depth": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1],
    "centre_of_mass_um": None,
    "steps": 420,
    "linear_iterations": 12345,
    "host": "llto",
    "seed": 3,
    "status": "finished",
}


def write_folder(folder: Path, overrides=(), measures=MEASURES, **options) -> Path:
    """The folder of a run with measures, its configuration and provenance in its file."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "config": to_yaml(compose(list(overrides))),
        "command_line": f"'phasefield simulate' {' '.join(overrides)}",
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "git_dirty": 1,
        "versions": json.dumps({"phasefield": "0.1.0", "jax": "0.9"}),
        "device": "cpu, 2 cores",
        "dtype": "float64",
        "started": "2026-01-02T03:04:05+0000",
    }
    defaults = {"shape": (60, 24), "count": 4}
    write_run(folder, **(defaults | options | {key: options.get(key, value) for key, value in about.items()}))
    (folder / "measures.json").write_text(json.dumps(measures))
    return folder

"""The impedance of a host before and after lithiation, from its configuration to its files."""

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from phasefield import build, spectroscopy, status
from phasefield import model as model_module
from phasefield.config import Config
from phasefield.host import Geometry
from phasefield.spectroscopy import DISC_AREA, Arc, TwoElectrode
from phasefield.units import cm2, um

TABLE, MEASURES = "impedance.csv", "impedance.json"
HEADER = ("measurement", "state", "frequency_Hz", "real_Ohm_cm2", "imaginary_Ohm_cm2")
PRISTINE, LITHIATED = "pristine", "lithiated"
HALF_CELL, ELECTRODE = "half_cell", "electrode"
BETWEEN_PLATES = {"two_electrode_wet": True, "two_electrode_dry": False}


@dataclass(frozen=True)
class Spectra:
    """What was measured.

    Args:
        spectra: (measurement, state) -> (frequency [Hz], impedance [Ohm m2]); 0 Hz is direct current.
        measures: state -> measurement -> name with its unit -> number, as they are written.
        thickness: of the host between the plates [m].
        notes: what a user must know.
    """

    spectra: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]
    measures: dict[str, dict[str, dict[str, float | None]]]
    thickness: float
    notes: tuple[str, ...] = ()


def measure(config: Config, geometry: Geometry) -> Spectra:
    """Impedance of the host: in a half cell, and between blocking plates with and without electrolyte.

    Each pristine and as `host.lithiation` has it, at rest, with insertion.
    Raises: ImpedanceError where the solver does not converge.
    """
    model = replace(build.model(config, geometry), insertion_active=True)
    spectra, measures, notes = {}, {}, []
    states, note = _states(config, geometry.names)
    if not geometry.layer.any():
        note = "a bare collector has no host layer: nothing is put between two plates"
    notes += [note] if note else []
    frequency, inside = spectroscopy.frequencies(), spectroscopy.planes(model)
    thickness = (inside.stop - inside.start) * geometry.spacing
    for name, thetas in states.items():
        state, found = model_module.initial_state(model, config.seed, thetas), {}
        if geometry.layer.any():
            for measurement, wet in BETWEEN_PLATES.items():
                cell = spectroscopy.two_electrode(model, state, frequency, wet=wet)
                spectra[measurement, name] = (
                    np.append(frequency, 0.0),
                    np.append(cell.spectrum.impedance, thickness / cell.electronic),
                )
                found[measurement] = _conductivities(cell)
        own = spectroscopy.half_cell(model, state, frequency).impedance
        whole = own + spectroscopy.counter_electrode(model, frequency)
        for measurement, impedance in ((ELECTRODE, own), (HALF_CELL, whole)):
            spectra[measurement, name] = frequency, impedance
            found[measurement] = _arc(spectroscopy.charge_transfer(frequency, impedance))
        measures[name] = found
    return Spectra(spectra, measures, thickness, tuple(notes))


def _states(config: Config, names: tuple[str, ...]) -> tuple[dict[str, tuple[float, ...]], str]:
    """(lithiation of each phase in each state, a note)."""
    given = config.host.lithiation or {}
    states = {PRISTINE: (0.0,) * len(names), LITHIATED: tuple(float(given.get(name, 0.0)) for name in names)}
    if states[LITHIATED] != states[PRISTINE]:
        return states, ""
    note = "host.lithiation says that this host takes up no lithium: there is no lithiated state to compare with"
    if able := [name for name in names if name in config.material and config.material[name].insertion is not None]:
        note += f"; try host.lithiation.{able[0]}=1"
    return {PRISTINE: states[PRISTINE]}, note


def _conductivities(cell: TwoElectrode) -> dict[str, float | None]:
    return {
        "total_S_m": cell.total,
        "electronic_S_m": cell.electronic,
        "after_one_hour_S_m": cell.after_waiting,
        "ionic_S_m": cell.ionic,
        "ionic_alone_S_m": cell.ionic_alone,
        "error": cell.spectrum.error,
    }


def _arc(arc: Arc | None) -> dict[str, float | None]:
    return {
        "intercept_Ohm_cm2": None if arc is None else arc.intercept / cm2,
        "charge_transfer_Ohm_cm2": None if arc is None else arc.resistance / cm2,
        "charge_transfer_Ohm_on_disc": None if arc is None else arc.resistance / DISC_AREA,
        "frequency_Hz": None if arc is None else arc.frequency,
    }


def rows(measures: Mapping) -> list[tuple[str, str]]:
    """(what, value in each state) of the measures, for a table on the terminal."""
    out = [("", "  ".join(f"{state:>12s}" for state in measures))]
    first = next(iter(measures.values()))
    for measurement, numbers in first.items():
        for name in numbers:
            if name == "error":
                continue
            values = [measures[state][measurement][name] for state in measures]
            shown = "  ".join(f"{'none' if v is None else format(v, '.4g'):>12s}" for v in values)
            out.append((f"{measurement} {name}".replace("_", " "), shown))
    return out


def write(found: Spectra, folder: Path) -> list[Path]:
    """Write impedance.csv and impedance.json into a folder; the paths written, each whole.

    Raises: OSError where they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADER)
    for (measurement, state), (frequency, impedance) in found.spectra.items():
        for f, z in zip(frequency, impedance / cm2, strict=True):
            table.writerow((measurement, state, f"{f:.6g}", f"{z.real:.8g}", f"{z.imag:.8g}"))
    temporary = folder / f".{TABLE}.{os.getpid()}.part"
    try:
        temporary.write_text(text.getvalue())
        os.replace(temporary, folder / TABLE)
    finally:
        temporary.unlink(missing_ok=True)
    content = {"disc_area_cm2": DISC_AREA / cm2, "thickness_um": found.thickness / um or None}
    content |= {"states": found.measures, "notes": list(found.notes)}
    status.write_json(folder / MEASURES, content)
    return [folder / TABLE, folder / MEASURES]

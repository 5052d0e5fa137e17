"""What a run file holds: units and names of its fields and of the columns of its history."""

from typing import NamedTuple


class SnapshotError(ValueError):
    """A run file that cannot be written or read as asked."""


class Quantity(NamedTuple):
    """Unit and name of what a file holds."""

    units: str
    long_name: str


FIELDS = {
    "pore_fraction": Quantity("1", "volume fraction of the pores"),
    "phase": Quantity("1", "lithium fraction of the pore"),
    "concentration": Quantity("mol/m3", "salt concentration in the electrolyte"),
    "electronic_potential": Quantity("V", "electronic potential"),
    "ionic_potential": Quantity("V", "ionic potential"),
    "overpotential": Quantity("V", "overpotential, negative while plating"),
    "reaction": Quantity("A/m3", "volumetric plating rate, positive plates"),
    "nucleated": Quantity("1", "nucleated share of the surface"),
    "dead_lithium": Quantity("1", "whether no chain of conducting cells joins the lithium to the collector"),
}
FIELD_FAMILIES = {"fraction_": "volume fraction of {}", "lithiation_": "lithiation of {}"}
HISTORY = {
    "time": Quantity("s", "time"),
    "time_step": Quantity("s", "time step"),
    "charge": Quantity("C/m2", "charge passed per geometric area"),
    "current_density": Quantity("A/m2", "applied current density, positive plates"),
    "potential": Quantity("V", "electrode potential against lithium"),
    "lithium": Quantity("m", "metallic lithium, as the thickness of a dense layer"),
    "inserted_charge": Quantity("C/m2", "charge inserted into the host per geometric area"),
    "double_layer_charge": Quantity("C/m2", "charge of the double layer on bare surface per geometric area"),
    "sei_charge": Quantity("C/m2", "charge that the SEI has taken per geometric area"),
    "collector_current": Quantity("A/m2", "current through the collector"),
    "ledger_error": Quantity("1", "difference of charge stored and charge passed, over the charge passed"),
    "charge_error": Quantity("1", "misplaced current over the applied current"),
    "nuclei": Quantity("1", "nuclei so far"),
    "active_surface": Quantity("1", "nucleated share of the surface of host and collector"),
    "newton_iterations": Quantity("1", "Newton iterations of the step"),
    "linear_iterations": Quantity("1", "linear iterations of the step"),
    "rejected_steps": Quantity("1", "rejected tries so far"),
    "largest_phase": Quantity("1", "largest lithium fraction of a pore"),
    "smallest_phase": Quantity("1", "smallest lithium fraction of a pore"),
    "smallest_concentration": Quantity("mol/m3", "smallest salt concentration"),
    "largest_overpotential": Quantity("V", "most negative overpotential on the surface"),
    "cell_voltage": Quantity("V", "voltage of a full cell"),
    "cathode_stoichiometry": Quantity("1", "lithium in the cathode of a full cell"),
    "wall_time": Quantity("s", "wall-clock time since the start"),
}


def describe(name: str) -> Quantity:
    """Unit and name of a field.

    Raises: SnapshotError for a name that is neither in FIELDS nor of FIELD_FAMILIES.
    """
    if name in FIELDS:
        return FIELDS[name]
    for prefix, text in FIELD_FAMILIES.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            return Quantity("1", text.format(name.removeprefix(prefix)))
    known = ", ".join([*FIELDS, *(f"{prefix}<phase>" for prefix in FIELD_FAMILIES)])
    raise SnapshotError(f"'{name}' is not a known field; choose from {known}, or add it to snapshots.FIELDS")

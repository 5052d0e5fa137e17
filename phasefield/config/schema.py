"""What a configuration holds: every key with its type, range and an example, in the user's units, never SI."""

from dataclasses import MISSING, dataclass, field

PORE = "pore"  # what a label of an image may mean besides a material
COLLECTOR = "collector"


def number(low=None, high=None, *, above=None, below=None, example, hint="", default=MISSING):
    """A field holding a number, or several, in low..high (ends included) or between above and below (ends excluded)."""
    metadata = {"low": low, "high": high, "above": above, "below": below, "example": example, "hint": hint}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def choice(*options: str):
    """A field holding one of these words."""
    return field(metadata={"choices": options})


def text(example: str, hint: str = "", default=MISSING):
    """A field holding a word or a path."""
    metadata = {"example": example, "hint": hint}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Image:
    """A segmented image as host; `labels` maps its values to materials or "pore"."""

    path: str | None = text("host.tif", "give the segmented image: host.image.path=FILE")
    voxel_um: float | None = number(above=0, high=100, example=0.25, hint="edge of a voxel")
    labels: dict[int, str] | None = field(
        metadata={"example": "{0: pore, 1: llto}", "hint": "say what each value of the image is"}
    )
    crop: tuple[tuple[int | None, int | None], ...] | None = field(
        default=None, metadata={"example": "[[0, 100], ...]"}
    )
    axis: int = number(0, 2, example=0, hint="axis of the file through the thickness", default=0)
    flip: bool = False
    raw_shape: tuple[int, ...] | None = number(1, example=[100, 200, 200], default=None)
    raw_dtype: str | None = text("uint8", default=None)


@dataclass(frozen=True)
class Host:
    """The host layer; `thickness_um` is also the room left for it above a bare collector."""

    name: str
    kind: str = choice("bare", "packed", "image")
    collector: str = text("cu")
    thickness_um: float | None = number(above=0, high=2000, example=45)
    porosity: float | None = number(0.05, 0.95, example=0.46, hint="a fraction, not per cent")
    porosity_tolerance: float = number(1e-4, 0.1, example=0.005)
    particle_diameter_um: tuple[float, float] | None = number(above=0, high=1000, example=[5, 8])
    particle_flatness: float | None = number(0.3, 1, example=0.6, hint="0.3 flakes, 1 round")
    pore_diameter_um: float | None = number(above=0, high=1000, example=5)
    solid: str | None = text("llto")
    coating: str | None = text("cnt")
    coating_thickness_um: float | None = number(0, 10, example=0.1)
    lithiation: dict[str, float] | None = field(
        metadata={"low": 0, "high": 1, "example": "{llto: 1.0}", "hint": "0 pristine, 1 full"}
    )
    diffuse_cells: float = number(0, 4, example=0.6)
    image: Image | None = None


@dataclass(frozen=True)
class Site:
    """Lithium sites of one potential; their share of the capacity."""

    potential_V: float = number(-0.5, 5, example=1.2)
    fraction: float = number(above=0, high=1, example=0.5)


@dataclass(frozen=True)
class Insertion:
    """Lithium uptake of a material."""

    capacity_mAh_g: float = number(above=0, high=5000, example=225)
    exchange_rate_A_m3: float = number(above=0, high=1e12, example=1e6)
    width_factor: float = number(0.5, 20, example=2.5, hint="1 is an ideal solution")
    sites: tuple[Site, ...] = field(metadata={"example": "[{potential_V: 1.2, fraction: 1}]"})


@dataclass(frozen=True)
class Material:
    """A solid of the host or the collector; pairs are (pristine, fully lithiated)."""

    ionic_conductivity_S_m: tuple[float, float] = number(0, 1e8, example=[0, 0])
    electronic_conductivity_S_m: tuple[float, float] = number(0, 1e8, example=[100, 100])
    nucleation_overpotential_mV: tuple[float, float] = number(0, 1000, example=[60, 60])
    density_g_cm3: float = number(above=0, high=30, example=4.83)
    insertion: Insertion | None = field(metadata={"example": "null, for none"})


@dataclass(frozen=True)
class Electrolyte:
    """The liquid electrolyte."""

    concentration_mol_L: float = number(1e-3, 10, example=1.5)
    conductivity_S_m: float = number(above=0, high=1000, example=0.2, hint="1 mS/cm is 0.1 S/m")
    diffusivity_m2_s: float = number(1e-15, 1e-6, example=2e-11, hint="1 cm2/s is 1e-4 m2/s")
    transference_number: float = number(0, 1, example=0.5)
    thermodynamic_factor: float = number(above=0, high=20, example=1)
    bruggeman_exponent: float = number(1, 5, example=1.5)


@dataclass(frozen=True)
class Lithium:
    """Metallic lithium and its electrode reaction."""

    molar_volume_cm3_mol: float = number(above=0, high=100, example=13.0)
    conductivity_S_m: float = number(1, 1e4, example=1000, hint="capped: a metal's own value only costs iterations")
    exchange_current_density_A_m2: float = number(1e-4, 1e4, example=1)
    cathodic_transfer_coefficient: float = number(above=0, below=1, example=0.5)
    surface_energy_J_m2: float = number(0, 5, example=0)
    double_layer_capacitance_F_m2: float = number(above=0, high=10, example=0.2)


@dataclass(frozen=True)
class Sei:
    """The film that the electrolyte forms on lithium; a thickness of 0 leaves it out."""

    thickness_nm: float = number(0, 1000, example=5, hint="0 for none")
    molar_volume_cm3_mol: float | None = number(above=0, high=1e4, example=95.85, default=None)
    lithium_per_formula: float | None = number(above=0, high=10, example=2, default=None)
    resistivity_Ohm_m: float | None = number(0, 1e9, example=2e5, default=None)
    solvent_diffusivity_m2_s: float | None = number(0, 1e-9, example=2.5e-22, default=None)
    solvent_concentration_mol_L: float | None = number(0, 100, example=2.636, default=None)
    formation_time_s: float | None = number(above=0, high=1e5, example=60, default=None)
    kept_when_stripped: float | None = number(0, 1, example=0, default=None)


@dataclass(frozen=True)
class Nucleation:
    """How fast bare surface nucleates lithium."""

    prefactor_per_m2_s: float = number(above=0, high=1e60, example=1e25)
    steepness: float = number(above=0, high=1e4, example=25)
    nucleus_um: float = number(0, 100, example=1)
    film_nm: float = number(0, 100, example=2)
    closed_film_um: float = number(0, 1000, example=0.5)
    seed: int | None = number(0, 2**32 - 1, example=0, default=None)


@dataclass(frozen=True)
class CathodeSite:
    """Lithium sites of a cathode about one potential; their share of all."""

    potential_V: float = number(0, 6, example=3.7)
    fraction: float = number(above=0, high=1, example=0.5)
    width_factor: float = number(0.1, 50, example=1.4, hint="1 is an ideal solution")


@dataclass(frozen=True)
class Cathode:
    """The positive electrode of a full cell; its open-circuit curve is given by `sites` or by a table."""

    capacity_mAh_cm2: float = number(above=0, high=100, example=1, hint="at rest, within the voltage window")
    voltage_window_V: tuple[float, float] = number(0, 6, example=[3.0, 4.3])
    exchange_current_density_A_m2: float = number(above=0, high=1e6, example=5, hint="of the particles' surface")
    area_ratio: float = number(above=0, high=1e5, example=7, hint="surface of the particles over the cathode's area")
    resistance_Ohm_cm2: float = number(0, 1e4, example=0)
    state_of_charge: float = number(0, 1, example=0, hint="0 full of lithium, as made")
    sites: tuple[CathodeSite, ...] | None = field(
        default=None, metadata={"example": "[{potential_V: 3.7, fraction: 1, width_factor: 1}]"}
    )
    open_circuit: tuple[tuple[float, float], ...] | None = number(
        0, 6, example="[[0.2, 4.3], [0.9, 3.6]]", hint="pairs of stoichiometry and potential in V", default=None
    )


@dataclass(frozen=True)
class Counter:
    """The counter electrode: lithium, or the cathode of a full cell."""

    name: str
    cathode: Cathode | None = field(metadata={"example": "null, for lithium"})


@dataclass(frozen=True)
class Step:
    """One step of the cycler, or, where it has `steps` of its own, a block of them, `repeat` times.

    Either a current is given, or a potential: to hold, or with a rate to sweep to. A block ends after a repetition that
    gave back less than `efficiency_min` of the charge it took up.
    """

    current_density_mA_cm2: float | None = number(-1000, 1000, example=0.5, default=None)
    capacity_mAh_cm2: float | None = number(above=0, high=1000, example=4, default=None)
    time_h: float | None = number(above=0, high=1e5, example=8, default=None)
    potential_min_V: float | None = number(-5, 5, example=0, default=None)
    potential_max_V: float | None = number(-5, 5, example=1, default=None)
    potential_V: float | None = number(-5, 5, example=0.01, default=None)
    sweep_rate_mV_s: float | None = number(above=0, high=1000, example=0.1, default=None)
    current_min_mA_cm2: float | None = number(above=0, high=1000, example=0.05, default=None)
    cell_voltage_min_V: float | None = number(-5, 10, example=3.0, default=None)
    cell_voltage_max_V: float | None = number(-5, 10, example=4.3, default=None)
    half_cell: bool | None = None
    repeat: int = number(1, 100000, example=10, default=1)
    efficiency_min: float | None = number(0, 1, example=0.8, hint="a fraction, not per cent", default=None)
    steps: "tuple[Step, ...] | None" = None


@dataclass(frozen=True)
class Protocol:
    """What the cycler does; the simple keys above `steps` are there for the steps to refer to."""

    name: str
    steps: tuple[Step, ...] = field(metadata={"example": "[{current_density_mA_cm2: 0.5, capacity_mAh_cm2: 4}]"})
    insertion: bool
    start_lithiated: bool
    snapshot_every_mAh_cm2: float = number(above=0, high=1000, example=0.25)
    current_density_mA_cm2: float | None = number(-1000, 1000, example=0.5, default=None)
    capacity_mAh_cm2: float | None = number(above=0, high=1000, example=4, default=None)
    cycles: int | None = number(1, 100000, example=1, default=None)
    efficiency_min: float | None = number(0, 1, example=0.8, hint="a fraction, not per cent", default=None)
    sweep_rate_mV_s: float | None = number(above=0, high=1000, example=0.1, default=None)
    potential_min_V: float | None = number(-5, 5, example=0.01, default=None)
    potential_max_V: float | None = number(-5, 5, example=2.5, default=None)
    formation_cycles: int | None = number(1, 100000, example=2, default=None)
    cell_voltage_min_V: float | None = number(-5, 10, example=3.0, default=None)
    cell_voltage_max_V: float | None = number(-5, 10, example=4.3, default=None)
    rest_h: float | None = number(above=0, high=1e5, example=0.1, default=None)


@dataclass(frozen=True)
class Grid:
    """The box: as wide as `width_um`, as high as collector, host and electrolyte together."""

    dimensions: int = number(2, 3, example=3)
    spacing_um: float = number(0.01, 20, example=1)
    width_um: float = number(above=0, high=1e5, example=32)
    electrolyte_um: float = number(above=0, high=1e5, example=25)
    collector_um: float = number(above=0, high=1000, example=3)
    interface_cells: float = number(0.5, 4, example=0.5)


@dataclass(frozen=True)
class Solver:
    """Time steps and tolerances."""

    phase_change: float = number(above=0, high=0.5, example=0.1)
    overpotential_change_mV: float = number(above=0, high=100, example=4)
    dt_first_s: float = number(above=0, high=1e4, example=1e-3)
    dt_min_s: float = number(above=0, high=1e4, example=1e-7)
    dt_max_s: float = number(above=0, high=1e5, example=600)
    capacity_change_mAh_cm2: float = number(above=0, high=1e3, example=0.03)
    nucleation_fraction: float = number(above=0, high=10, example=0.1)
    growth: float = number(above=1, high=10, example=2)
    charge_tolerance: float = number(1e-12, 1e-2, example=1e-5)
    salt_tolerance: float = number(1e-12, 1e-2, example=1e-5)
    newton_iterations: int = number(2, 1000, example=15)
    linear_iterations: int = number(5, 10000, example=100)
    front_mobility: float = number(0.1, 20, example=5)


@dataclass(frozen=True)
class Config:
    """One run."""

    seed: int = number(0, 2**32 - 1, example=0)
    device: str = choice("auto", "cpu", "gpu")
    precision: str = choice("float64", "float32")
    temperature_K: float = number(200, 400, example=300.15, hint="in kelvin")
    host: Host
    material: dict[str, Material]
    electrolyte: Electrolyte
    lithium: Lithium
    sei: Sei
    nucleation: Nucleation
    counter: Counter
    protocol: Protocol
    grid: Grid
    solver: Solver
    devices: int = number(1, 2**16, example=4, default=1)
    distributed: bool = False
    resume: bool = True
    checkpoint_every_min: float = number(0, 1e5, example=10, default=10.0)

"""What things are made of: electrolyte, lithium, host phases, and the host they build. All SI, all traced."""

from dataclasses import dataclass, field

import jax


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Electrolyte:
    """A binary liquid electrolyte.

    Args:
        concentration: initial and reference salt concentration [mol/m3].
        conductivity: ionic conductivity at that concentration [S/m]; it follows c/c_ref linearly.
        diffusivity: salt diffusivity [m2/s].
        transference_number: of Li+ [-].
        thermodynamic_factor: 1 + dln f/dln c [-].
        bruggeman_exponent: of conductivity and diffusivity in partly filled cells [-].
    """

    concentration: float
    conductivity: float
    diffusivity: float
    transference_number: float
    thermodynamic_factor: float
    bruggeman_exponent: float


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Lithium:
    """Metallic lithium and its electrode reaction.

    Args:
        molar_volume: [m3/mol].
        conductivity: electronic [S/m], capped far below the metal's (physics: the ohmic drop stays below 0.1 mV).
        exchange_current_density: i0 at the reference concentration [A/m2].
        cathodic_transfer_coefficient: a [-]; the anodic one is 1 - a.
        surface_energy: gamma [J/m2] of the Gibbs-Thomson shift; 0 leaves capillarity out.
        double_layer_capacitance: of bare host and collector surface [F/m2].
    """

    molar_volume: float
    conductivity: float
    exchange_current_density: float
    cathodic_transfer_coefficient: float
    surface_energy: float
    double_layer_capacitance: float


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SolidElectrolyteInterphase:
    """The film that the electrolyte forms on lithium.

    Args:
        thickness: L of the film that covers fresh lithium [m].
        molar_volume: V [m3/mol]. lithium_per_formula: z, lithium in it [mol/mol].
        resistivity: to lithium ions [Ohm m].
        solvent_diffusivity: D, of the solvent through the film [m2/s]. solvent_concentration: c [mol/m3].
        formation_time: in which fresh lithium is covered [s].
        kept_when_stripped: share of the film that is of use again on a wall from which the lithium has gone [-].
    """

    thickness: float
    molar_volume: float
    lithium_per_formula: float
    resistivity: float
    solvent_diffusivity: float
    solvent_concentration: float
    formation_time: float
    kept_when_stripped: float


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Insertion:
    """Lithium uptake of a host phase, theta from 0 to 1.

    Args:
        capacity: charge per volume of the phase at theta = 1 [C/m3].
        exchange_rate: volumetric exchange current of the phase [A/m3].
        potential: equilibrium potential against lithium [V] at evenly spaced theta, 0 to 1; shape (points,), falling.
    """

    capacity: float
    exchange_rate: float
    potential: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class HostPhase:
    """One solid of the host or the collector; pairs are (pristine, lithiated), equal where it takes up no lithium.

    Args:
        name: static.
        ionic_conductivity: [S/m], interpolated in log10 with lithiation; 0 for none.
        electronic_conductivity: [S/m], interpolated in log10 with lithiation; 0 for none.
        nucleation_overpotential: of its surface [V], interpolated linearly with lithiation.
        insertion: None where it takes up no lithium.
    """

    name: str = field(metadata={"static": True})
    ionic_conductivity: tuple[float, float]
    electronic_conductivity: tuple[float, float]
    nucleation_overpotential: tuple[float, float]
    insertion: Insertion | None = None


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Host:
    """The solids in the box; phase 0 is the collector.

    Args:
        phases: what the solids are, K of them.
        fractions: diffuse volume fractions, shape (K, *grid.shape), summing to at most 1 in each cell.
        bottom, top: heights of the host layer above the box floor [m]: collector surface and host surface.
        surface: area of host and collector per volume [1/m], shape grid.shape; |grad sum fractions| if None, which
            misses what is finer than a cell.
        subgrid_pore: open share of the halves of the cells along each axis [-], sharp, shape (2 nz, [2 ny,] 2 nx); None
            where it is not known, and the diffuse fractions tell what the pores conduct.
    """

    phases: tuple[HostPhase, ...]
    fractions: jax.Array
    bottom: float
    top: float
    surface: jax.Array | None = None
    subgrid_pore: jax.Array | None = None

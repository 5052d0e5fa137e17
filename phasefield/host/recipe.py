"""From a slurry recipe to volume fractions, before and after the porogen and the binder are burnt out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite

from phasefield.host.geometry import HostError


@dataclass(frozen=True)
class BurnOut:
    """What is left of a dry film after burn-out.

    Args:
        solid_shares: volume share of each remaining solid among the solids [-], adding up to 1.
        solid_fraction: volume of the remaining solids per volume of the dry film [-].
        porosity: of the film if it kept its volume [-].
        volume_ratio: film volume at the measured porosity over that of the dry film [-]; below 1 the film has shrunk.
        fractions: volume fractions at the measured porosity [-], without the pore.
        areal_mass: of each solid at the measured porosity and thickness [kg/m2].
    """

    solid_shares: dict[str, float]
    solid_fraction: float
    porosity: float
    volume_ratio: float
    fractions: dict[str, float]
    areal_mass: dict[str, float]


def volume_fractions(weight_percent: Mapping[str, float], density: Mapping[str, float]) -> dict[str, float]:
    """Volume fractions in the dense dry film [-], adding up to 1 over what is listed.

        v_k = (w_k/rho_k) / sum_j (w_j/rho_j)

    Args:
        weight_percent: share of each solid in the recipe by weight, in any common unit; need not add up to 100.
        density: of at least these solids [kg/m3].
    Raises: HostError for an unknown density, a negative share or a recipe of nothing.
    """
    for name, weight in weight_percent.items():
        if name not in density:
            raise HostError(f"'{name}' is in the recipe but has no density; densities are given for {sorted(density)}")
        if not (isfinite(weight) and weight >= 0):
            raise HostError(f"weight share of '{name}' is {weight}; it must be zero or positive")
        if not (isfinite(density[name]) and density[name] > 0):
            raise HostError(f"density of '{name}' is {density[name]} kg/m3; it must be positive")
    volume = {name: weight / density[name] for name, weight in weight_percent.items()}
    total = sum(volume.values())
    if total <= 0:
        raise HostError("the recipe lists nothing: give at least one solid a weight share above zero")
    return {name: v / total for name, v in volume.items()}


def burn_out(
    dry: Mapping[str, float],
    removed: Collection[str],
    density: Mapping[str, float],
    porosity: float,
    thickness: float,
) -> BurnOut:
    """What remains of a dry film once `removed` is gone, and how the film must shrink to be as porous as measured.

        porosity if it kept its volume = 1 - sum of what stays,   volume ratio = sum of what stays/(1 - porosity)

    Args:
        dry: volume fractions in the dense dry film [-], from `volume_fractions`.
        removed: names of what burns out (porogen, binder, dispersant).
        density: [kg/m3]. porosity: measured on the finished film [-]. thickness: of the finished film [m].
    Raises: HostError where nothing stays, a name is unknown, or porosity or thickness are out of range.
    """
    unknown = sorted(set(removed) - set(dry))
    if unknown:
        raise HostError(f"{unknown} burns out but is not in the film; the film holds {sorted(dry)}")
    if not 0 <= porosity < 1:
        raise HostError(f"porosity is {porosity}; it must be at least 0 and below 1")
    if not (isfinite(thickness) and thickness > 0):
        raise HostError(f"thickness is {thickness} m; it must be positive")
    stays = {name: fraction for name, fraction in dry.items() if name not in removed}
    solid = sum(stays.values())
    if solid <= 0:
        raise HostError(f"everything burns out of this film ({sorted(dry)}); leave at least one solid")
    shares = {name: fraction / solid for name, fraction in stays.items()}
    fractions = {name: share * (1 - porosity) for name, share in shares.items()}
    mass = {name: fraction * density[name] * thickness for name, fraction in fractions.items()}
    return BurnOut(shares, solid, 1 - solid, solid / (1 - porosity), fractions, mass)

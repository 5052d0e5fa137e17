"""The problems that are timed: porous voxel fields, and the charge balance of hosts that lithium half fills."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from phasefield.operators import laterally_periodic
from phasefield.solvers.system import System, assemble, conductances

SPACING = 1e-6  # m
SLOPE = 38.66  # A/m2/V: of the kinetics at i0 = 1 A/m2, F/RT


def spheres(shape, porosity, radius=None, seed=0):
    """Solid of overlapping spheres placed at random in a periodic box until only `porosity` is left [bool]."""
    rng = np.random.default_rng(seed)
    radius = min(shape) / 9 if radius is None else radius
    reach = int(np.ceil(radius))
    offsets = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * len(shape), indexing="ij"), -1).reshape(
        -1, len(shape)
    )
    solid = np.zeros(shape, bool)
    while 1 - solid.mean() > porosity:
        centre = rng.uniform(0, shape)
        inside = ((offsets + np.floor(centre) + 0.5 - centre) ** 2).sum(1) < radius**2
        cells = (offsets[inside] + np.floor(centre).astype(int)) % np.array(shape)
        solid[tuple(cells.T)] = True
    return solid


def voxels(shape, porosity, contrast, seed=0, dtype="float64") -> System:
    """div(k grad u) = 0 in pores with k = 1 between spheres with k = 1/contrast; plates below and above."""
    k = np.where(spheres(shape, porosity, seed=seed), 1.0 / contrast, 1.0).astype(dtype)
    plates = np.zeros_like(k)
    plates[0], plates[-1] = 2 * k[0], 2 * k[-1]
    return assemble(
        jnp.asarray(k)[None], jnp.asarray(plates)[None], None, jnp.ones((), dtype), (False,) * k.ndim, "harmonic"
    )


def host_charge(shape, porosity, electronic_host, filled=0.5, isolated=False, seed=0, dtype="float64"):
    """(System, right-hand side) of the linearised charge balance in a diffuse host of spheres, partly filled.

    Args:
        electronic_host: conductivity of the host [S/m]; lithium has 1000.
        filled: share of the pores' height, from the collector up, that holds lithium; or of the pores' volume, in
            pieces that touch nothing, where `isolated`.
    """
    rng = np.random.default_rng(seed)
    ndim, height = len(shape), shape[0]
    z = np.arange(height).reshape((-1,) + (1,) * (ndim - 1))
    modes = ("nearest", *("wrap",) * (ndim - 1))

    def smooth(mask):
        return ndimage.gaussian_filter(np.broadcast_to(mask, shape).astype(float), 1.0, mode=modes)

    floor, top = max(2, height // 24), int(0.8 * height)
    collector = smooth(z < floor)
    solid = smooth(spheres(shape, porosity, radius=max(3.0, min(shape) / 16), seed=seed) & (z >= floor) & (z < top))
    solid = np.minimum(solid, 1 - collector)
    pore = np.maximum(1 - solid - collector, 0)
    if isolated:
        noise = ndimage.gaussian_filter(rng.normal(size=shape), 2.0, mode="wrap")
        lithium = smooth((noise > np.quantile(noise, 1 - filled)) & (z < top))
    else:
        lithium = smooth(z < floor + filled * (top - floor))
    kappa = 0.2 * (pore * (1 - lithium)) ** 1.5 + 0.068 * solid + 1e-9
    sigma = 1000 * (pore * lithium) ** 4 + electronic_host * solid + 1000 * collector + 1e-9
    gain = pore * lithium * (1 - lithium) / SPACING * (pore > 0.05) * SLOPE
    if not isolated:  # bare surface that has nucleated
        gain = gain + np.sqrt(sum(g**2 for g in np.gradient(solid + collector, SPACING))) * (1 - lithium) * SLOPE
    grounded = np.zeros(shape)
    grounded[0] = 2 * sigma[0] / SPACING**2
    fields, fixed, gain = (
        jnp.asarray(each, dtype) for each in (np.stack([kappa, sigma]), np.stack([np.zeros(shape), grounded]), gain)
    )
    system = assemble(fields, fixed, gain, jnp.asarray(SPACING, dtype), laterally_periodic(ndim))
    return system, jnp.zeros((2, *shape), dtype).at[0, -1].set(5.0 / SPACING)


def films(shape, porosity, covered=0.3, seed=0, dtype="float64"):
    """(System, right-hand side) of the charge balance in an insulating host, the walls of which hold patches of film.

    What stripping leaves on LLTO: films of 1 to 100 nm, one wall thin, that touch around corners or not at all.

    Args: covered: share of the walls under film.
    """
    rng = np.random.default_rng(seed)
    system, right_hand_side = host_charge(shape, porosity, 1e-6, filled=0.0, seed=seed, dtype=dtype)
    walls = np.asarray(system.coupling) / SLOPE  # [1/m]
    noise, thickness = (ndimage.gaussian_filter(rng.normal(size=shape), width, mode="wrap") for width in (1.5, 1.0))
    patch = (noise > np.quantile(noise, 1 - covered)) & (walls > 1e-3 * walls.max())
    rank = np.argsort(np.argsort(thickness, axis=None)).reshape(shape) / thickness.size
    film = np.where(patch, 1000 * walls * 10 ** (-9 + 2 * rank), 0.0)
    along = conductances(jnp.asarray(film, dtype), system.spacing, system.periodic, mean="harmonic")
    gain = jnp.where(patch, system.coupling, 1e-3 * system.coupling)
    return replace(system, coupling=gain, faces=system.faces.at[1].add(along)), right_hand_side

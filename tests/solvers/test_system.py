import jax.numpy as jnp
import numpy as np
import pytest

from phasefield import operators
from phasefield.solvers.system import apply, assemble, diagonal

MEANS = ["arithmetic", "harmonic"]
SHAPES = [(7, 6), (5, 4, 6)]
rng = np.random.default_rng(0)


def ends_of(shape, periodic):
    """One flag an axis: all alike, or those of the electrode's box."""
    all_alike = {"all": True, "none": False}
    return (all_alike[periodic],) * len(shape) if periodic else operators.laterally_periodic(len(shape))


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("periodic", [None, "all", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_diagonal_is_the_diagonal_of_the_diffusion_operator(shape, periodic, mean):
    ends = ends_of(shape, periodic)
    k = jnp.array(10.0 ** rng.uniform(-2, 2, shape))
    cells = jnp.eye(k.size).reshape(-1, *shape)
    matrix = jnp.stack([-operators.diffusion(k, cell, 0.3, ends, mean).reshape(-1) for cell in cells], axis=1)
    system = assemble(k[None], jnp.zeros((1, *shape)), None, 0.3, ends, mean)
    assert np.allclose(np.diag(matrix), diagonal(system).reshape(-1), rtol=1e-13)


@pytest.mark.parametrize("periodic", [None, "all", "none"])
@pytest.mark.parametrize("shape", [*SHAPES, (1, 4, 1), (2, 1, 3)])
def test_product_is_the_diffusion_operator_of_each_field_and_what_couples_them(shape, periodic):
    ends = ends_of(shape, periodic)
    k, d, u = (jnp.array(10.0 ** rng.uniform(-2, 2, (2, *shape))) for _ in range(3))
    g = jnp.array(10.0 ** rng.uniform(-2, 2, shape))
    product = apply(assemble(k, d, g, 0.3, ends, ("arithmetic", "harmonic")), u)
    for i, (other, mean) in enumerate([(1, "arithmetic"), (0, "harmonic")]):
        expected = -operators.diffusion(k[i], u[i], 0.3, ends, mean) + d[i] * u[i] + g * (u[i] - u[other])
        assert np.allclose(product[i], expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())

"""Section 6: every stencil against fields whose derivatives are known, over three grids. Second order, but for the two
places that are first order by construction: the closed end of a gradient and the pore fraction of a face."""

from dataclasses import replace

import cases
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orders import orders, rms

from phasefield import operators
from phasefield.grid import Grid
from phasefield.physics import interface
from phasefield.units import FARADAY

HEIGHT, WIDTH = 1.3, 1.0  # the box of the manufactured fields
CELLS = {2: (20, 40, 80), 3: (10, 20, 40)}
MEANS = ["arithmetic", "harmonic"]
diffusion = jax.jit(operators.diffusion, static_argnames="mean")
gradient, divergence = jax.jit(operators.gradient), jax.jit(operators.divergence)
face_mean = jax.jit(operators.face_mean, static_argnums=(1, 2, 3))


def manufactured(n, ndim):
    """Cell centres, u, k, grad u and div(k grad u), by hand: cosines in z (no flux at the ends), sines sideways.

    u = cos(pi z/H) prod sin(2 pi x),   k = 2 + cos(pi z/H) prod cos(2 pi x)
    """
    shape = (round(HEIGHT * n),) + (n,) * (ndim - 1)
    x = np.meshgrid(*[(np.arange(m) + 0.5) / n for m in shape], indexing="ij")
    waves = [np.pi / HEIGHT] + [2 * np.pi / WIDTH] * (ndim - 1)
    parts_u = [np.cos] + [np.sin] * (ndim - 1)
    parts_k = [np.cos] * ndim
    slope = {np.cos: lambda a: -np.sin(a), np.sin: np.cos}

    def product(parts, derived=None):
        factors = [
            (w * slope[f](w * xi) if axis == derived else f(w * xi))
            for axis, (f, w, xi) in enumerate(zip(parts, waves, x, strict=True))
        ]
        return np.prod(factors, axis=0)

    u, k = product(parts_u), 2 + product(parts_k)
    grad_u = [product(parts_u, a) for a in range(ndim)]
    grad_k = [product(parts_k, a) for a in range(ndim)]
    laplacian = -sum(w**2 for w in waves) * u
    divergence = k * laplacian + sum(a * b for a, b in zip(grad_k, grad_u, strict=True))
    return 1 / n, u, k, grad_u, divergence


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("ndim", [2, 3])
def test_diffusion_is_second_order(ndim, mean):
    """div(k grad u) by hand. On smooth fields a central stencil shows 2 but for the next term of its series, a few
    hundredths on these grids; both face means differ from k at the face by h^2."""

    def error(n):
        h, u, k, _, exact = manufactured(n, ndim)
        return rms(diffusion(jnp.array(k), jnp.array(u), h, mean=mean) - exact)

    assert orders([error(n) for n in CELLS[ndim]]) == pytest.approx([2, 2], abs=0.1)


@pytest.mark.parametrize("ndim", [2, 3])
def test_gradient_is_second_order_inside(ndim):
    """By hand, as above; at the closed ends see below."""

    def error(n):
        h, u, _, exact, _ = manufactured(n, ndim)
        parts = gradient(jnp.array(u), h)
        return rms([(np.asarray(p) - e)[1:-1] for p, e in zip(parts, exact, strict=True)])

    assert orders([error(n) for n in CELLS[ndim]]) == pytest.approx([2, 2], abs=0.1)


def test_gradient_is_first_order_at_closed_ends():
    """One-sided there: (u[1] - u[0])/h is the slope half a cell further in, off by h u''/2."""

    def error(n):
        h, u, _, exact, _ = manufactured(n, 2)
        return rms((np.asarray(gradient(jnp.array(u), h)[0]) - exact[0])[0])

    assert orders([error(n) for n in CELLS[2]]) == pytest.approx([1, 1], abs=0.1)


@pytest.mark.parametrize("ndim", [2, 3])
def test_divergence_of_face_fluxes_is_second_order(ndim):
    """The gradient by hand, sampled on upper faces, has the Laplacian as its divergence."""

    def error(n):
        h, u, _, _, _ = manufactured(n, ndim)
        waves = [np.pi / HEIGHT] + [2 * np.pi / WIDTH] * (ndim - 1)
        x = np.meshgrid(*[(np.arange(m) + 0.5) * h for m in u.shape], indexing="ij")
        parts = [np.cos] + [np.sin] * (ndim - 1)
        fluxes = []
        for a in range(ndim):
            at_face = [xi + 0.5 * h * (b == a) for b, xi in enumerate(x)]
            factors = [f(w * xi) for f, w, xi in zip(parts, waves, at_face, strict=True)]
            factors[a] = waves[a] * (-np.sin(waves[a] * at_face[a]) if a == 0 else np.cos(waves[a] * at_face[a]))
            fluxes.append(jnp.array(np.prod(factors, axis=0)))
        exact = -sum(w**2 for w in waves) * u
        return rms(divergence(fluxes, h) - exact)

    assert orders([error(n) for n in CELLS[ndim]]) == pytest.approx([2, 2], abs=0.1)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("axis", [0, 1])
def test_face_mean_is_second_order(axis, mean):
    """k at the face by hand. Closed ends are left out: nothing crosses them."""

    def error(n):
        h, _, k, _, _ = manufactured(n, 2)
        z, x = np.meshgrid(*[(np.arange(m) + 0.5) * h for m in k.shape], indexing="ij")
        z, x = z + 0.5 * h * (axis == 0), x + 0.5 * h * (axis == 1)
        exact = 2 + np.cos(np.pi * z / HEIGHT) * np.cos(2 * np.pi * x / WIDTH)
        return rms((np.asarray(face_mean(jnp.array(k), axis, axis == 1, mean)) - exact)[:-1])

    assert orders([error(n) for n in CELLS[2]]) == pytest.approx([2, 2], abs=0.1)


# The front: a disc or ball of radius 3 in a box of 14, its width fixed while the cells shrink

BOX, RADIUS, DELTA = 14.0, 3.0, 0.5
FRONT_CELLS = {2: (64, 128, 256), 3: (48, 96)}  # 1.7 to 9 cells a delta
regularisation = jax.jit(interface.regularisation, static_argnums=5)
normal = jax.jit(interface.normal, static_argnums=4)
gibbs_thomson = jax.jit(interface.gibbs_thomson)
pore_faces = jax.jit(interface.pore_faces, static_argnums=2)


def ball(n, ndim, width):
    """(spacing, cell centres from the middle, distance from it, tanh profile of this width)."""
    h = BOX / n
    x = (np.indices((n,) * ndim) + 0.5) * h - BOX / 2
    far = np.sqrt((x**2).sum(axis=0))
    return h, x, far, 0.5 * (1 + np.tanh((RADIUS - far) / (2 * width)))


def open_faces(phase):
    pore = jnp.ones(phase.shape)
    return pore_faces(pore, pore, (True,) * phase.ndim)


def near(far, widths=3.0):
    return np.abs(far - RADIUS) < widths * DELTA


@pytest.mark.parametrize("ndim", [2, 3])
def test_normal_of_the_front_is_second_order(ndim):
    """Towards the middle: -r/|r|. A central difference of the distance."""

    def error(n):
        h, x, far, phase = ball(n, ndim, DELTA)
        found = normal(jnp.array(phase), open_faces(phase), h, DELTA, (True,) * ndim)
        return rms(np.stack([(np.asarray(part) + xi / far)[near(far)] for part, xi in zip(found, x, strict=True)]))

    assert orders([error(n) for n in FRONT_CELLS[ndim]]) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("width", [DELTA, 1.5 * DELTA])
def test_regularisation_is_second_order(ndim, width):
    """Gamma = 1, xi a tanh of width w across a ball, n = -r/|r|, d the depth, g = xi (1 - xi):

        div{ delta grad xi - g n } = (delta/w - 1) [ g (1 - 2 xi)/w - (ndim - 1) g/r ]

    nothing for w = delta, which is the equilibrium, whatever the curvature; 1.7 cells a delta are not yet quite there.
    """

    def error(n):
        h, _, far, phase = ball(n, ndim, width)
        g = phase * (1 - phase)
        exact = (DELTA / width - 1) * (g * (1 - 2 * phase) / width - (ndim - 1) * g / far)
        found = regularisation(jnp.array(phase), open_faces(phase), h, DELTA, 1.0, (True,) * ndim)
        return rms((np.asarray(found) - exact)[near(far)])

    assert orders([error(n) for n in FRONT_CELLS[ndim]]) == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("ndim", [2, 3])
def test_gibbs_thomson_is_second_order(ndim):
    """U = -gamma Vm (ndim - 1)/(r F) on the surfaces of equal xi, which are balls too."""
    lithium = replace(cases.LITHIUM, surface_energy=FARADAY, molar_volume=1.0)
    any_model = cases.model(lithium=lithium)

    def error(n):
        h, _, far, phase = ball(n, ndim, DELTA)
        model = replace(any_model, grid=Grid(phase.shape, h), interface_width=DELTA, pore_faces=open_faces(phase))
        found = np.asarray(gibbs_thomson(model, jnp.array(phase)))
        return rms((found + (ndim - 1) / far)[near(far, 1.0)])

    assert orders([error(n) for n in FRONT_CELLS[ndim]]) == pytest.approx(2, abs=0.1)


def test_pore_of_a_face_is_first_order():
    """The smaller of two neighbours lies below the fraction at the face by half a cell of its slope: the price of not
    flooding cells with little pore. It multiplies a flux that vanishes on a front in equilibrium."""

    def error(n):
        h = 1 / n
        z, x = (np.indices((n, n)) + 0.5) * h

        def pore(z, x):
            return 0.6 + 0.3 * np.sin(2 * np.pi * z) * np.cos(2 * np.pi * x)

        values = jnp.array(pore(z, x))
        return rms(pore_faces(values, values, (True, True))[0] - pore(z + h / 2, x))

    assert orders([error(n) for n in CELLS[2]]) == pytest.approx([1, 1], abs=0.1)

"""Impedance of given fields: against circuits, closed forms of porous electrodes and mixed conductors, and itself."""

import numpy as np
import pytest

import phasefield as pf
from phasefield.impedance import ImpedanceError

LENGTH, KAPPA, SIGMA = 45e-6, 0.06, 0.5  # m, S/m, S/m
WALLS = 4e5  # 1/m
C, G = 0.2 * WALLS, 1.0 * WALLS * 38.66  # F/m3, S/m3
FREQUENCY = np.logspace(5, -1, 7)
SHAPE = (32, 16)  # few shapes: each compiles its own program


def uniform(cells=64, **options):
    return pf.impedance(np.full(cells, SIGMA), KAPPA, LENGTH / cells, FREQUENCY, **options).impedance


def porous_electrode(y, length=LENGTH):
    """Z of a porous electrode of finite conductivities, electrons from one side and ions from the other.

    Newman & Tobias, J. Electrochem. Soc. 109 (1962) 1183, linear kinetics, with a complex admittance.
    """
    nu = length * np.sqrt(y * (1 / KAPPA + 1 / SIGMA))
    ratio = SIGMA / KAPPA + KAPPA / SIGMA
    with np.errstate(over="ignore"):
        return length / (KAPPA + SIGMA) * (1 + 2 / (nu * np.sinh(nu)) + ratio / (nu * np.tanh(nu)))


def mixed_conductor(y, plates, length=LENGTH):
    """Z between plates that pass electrons and hold ions up with an admittance: v = phi_s - phi_l = A sinh(k x)."""
    total = 1 / KAPPA + 1 / SIGMA
    k = np.sqrt(y * total)
    rise = -(1 / SIGMA) / (k / np.tanh(k * length / 2) + plates * total)  # A sinh(k L/2) for a current of 1
    return (length / KAPPA - 2 * rise) / (1 + SIGMA / KAPPA)


def layered(seed=0, shape=SHAPE):
    """Blobs that conduct electrons among some that conduct ions, contrast 1e6."""
    random = np.random.default_rng(seed).random(shape)
    return np.where(random > 0.6, 1.0, 1e-6), np.where(random < 0.7, 0.1, 1e-7)


def test_a_film_is_a_resistance_with_a_circuit_behind_it():
    """Electrolyte over a plane with a double layer, charge transfer, and sites that fill: exact on any grid."""
    cells, h = 64, LENGTH / 64
    there = (np.arange(cells) == 0).astype(float)
    y = 2j * np.pi * FREQUENCY * C
    resistance = (LENGTH - h / 2) / KAPPA + h / 2 / SIGMA
    for expected, options in [
        (y, {}),
        (y + G, {"charge_transfer": G * there}),
        (y + 1 / (1 / G + 1 / (2j * np.pi * FREQUENCY * 1e9)), {"charge_transfer": G * there, "storage": 1e9}),
    ]:
        found = pf.impedance(np.full(cells, SIGMA), KAPPA, h, FREQUENCY, capacitance=C * there, **options)
        assert found.impedance == pytest.approx(resistance + 1 / (h * expected), rel=1e-8)
        assert found.error < 1e-4


@pytest.mark.parametrize("g", [0.0, G], ids=["blocking", "finite kinetics"])
def test_porous_electrode_to_second_order(g):
    """de Levie's electrode, and that of Newman and Tobias; measured at 128 cells: 2.5e-3 at 100 kHz, 5e-6 at 0.1 Hz."""
    exact = porous_electrode(2j * np.pi * FREQUENCY * C + g)
    coarse, fine = (abs(uniform(n, capacitance=C, charge_transfer=g) / exact - 1) for n in (64, 128))
    assert fine.max() < 3e-3 and fine[-1] < 1e-4
    assert np.log2(coarse / fine) == pytest.approx(2, abs=0.1)


def test_mixed_conductor_between_blocking_plates():
    s = 2j * np.pi * FREQUENCY
    for storage in (1e4, 1e7):
        exact = mixed_conductor(s * C + G / (1 + G / (s * storage)), 0.2 * s)
        found = uniform(128, cell="blocking", capacitance=C, charge_transfer=G, storage=storage, plate_capacitance=0.2)
        assert np.abs(found / exact - 1).max() < 2e-3
        assert np.abs(found / exact - 1)[-3:].max() < 1e-4


def test_direct_current_is_electrons_and_high_frequency_both():
    """In a field of blobs, against steady conduction of one field."""
    sigma, kappa = layered()
    found = pf.impedance(sigma, kappa, 1e-6, [1e8, 1e-9, 0.0], cell="blocking", capacitance=C, plate_capacitance=0.2)
    fast, slow, steady = SHAPE[0] * 1e-6 / found.impedance
    assert steady.real == pytest.approx(pf.effective_conductivity(sigma, mean="arithmetic"), rel=1e-6)
    assert slow == pytest.approx(steady, rel=1e-6)
    assert fast.real == pytest.approx(pf.effective_conductivity(sigma + kappa, mean="arithmetic"), rel=1e-5)


def test_what_reacts_for_ever_carries_direct_current():
    sigma, kappa = layered(1)
    slow, steady = pf.impedance(sigma, kappa, 1e-6, [1e-7, 0.0], capacitance=C, charge_transfer=G).impedance
    assert slow == pytest.approx(steady, rel=1e-5) and steady.imag == pytest.approx(0, abs=1e-8 * steady.real)


def test_real_and_imaginary_parts_belong_together():
    """Kramers and Kronig: R(0) - R(inf) = 2/pi times the integral of -Im Z over ln f."""
    sigma, kappa = layered(2)
    frequency = np.logspace(8, -2, 101)
    z = pf.impedance(sigma, kappa, 1e-6, frequency, capacitance=C, charge_transfer=G).impedance
    integral = np.trapezoid(-z.imag, -np.log(frequency))
    assert 2 / np.pi * integral == pytest.approx(z.real[-1] - z.real[0], rel=2e-3)


def test_repeated_sideways_and_drawn_out_into_depth_it_is_the_same():
    sigma, kappa = layered(3, (8, 4))
    options = {"capacitance": C, "charge_transfer": G, "storage": 1e9}
    once = pf.impedance(sigma, kappa, 1e-6, FREQUENCY, **options).impedance
    box = [np.repeat(np.tile(k, 2)[:, None], 4, axis=1) for k in (sigma, kappa)]
    assert pf.impedance(*box, 1e-6, FREQUENCY, **options).impedance == pytest.approx(once, rel=1e-7)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"electronic_conductivity": -np.ones(8)}, "electronic_conductivity is -1"),
        ({"electronic_conductivity": np.zeros(8)}, "electronic_conductivity is zero"),
        ({"ionic_conductivity": np.ones(7)}, "ionic_conductivity has shape (7,)"),
        ({"electronic_conductivity": 1.0}, "thickness is unknown"),
        ({"electronic_conductivity": np.ones((8, 1, 1, 1))}, "give an array of shape"),
        ({"spacing": 0}, "spacing is 0"),
        ({"frequency": [1, -1]}, "smallest frequency is -1"),
        ({"frequency": []}, "frequency has shape (0,)"),
        ({"frequency": [1, np.nan]}, "frequency holds 1 values that are not finite"),
        ({"frequency": 0}, "nothing in this half cell carries a direct current"),
        ({"cell": "full"}, "cell is 'full'"),
        ({"mean": "geometric"}, "mean is 'geometric'"),
        ({"storage": 0.0}, "storage is 0"),
        ({"plate_capacitance": -1}, "plate_capacitance is -1"),
    ],
)
def test_wrong_arguments_are_named(changed, words):
    given = {"electronic_conductivity": np.ones(8), "ionic_conductivity": 1.0, "spacing": 1e-6, "frequency": 1.0}
    with pytest.raises(ImpedanceError) as raised:
        pf.impedance(**(given | changed))
    assert words in str(raised.value).replace("the smallest electronic_conductivity", "electronic_conductivity")

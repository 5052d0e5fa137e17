"""The lithium inventory: the numbers of the paper's full cells, its inverses, and the half cycles of a history."""

import numpy as np
import pytest

from phasefield.inventory import (
    InventoryError,
    cycles_to_exhaustion,
    efficiency_of_exhaustion,
    half_cycles,
    implied_efficiency,
    mean_efficiency,
    retention,
)


def test_the_numbers_of_the_paper():
    """Anode-free 42 % after 100 cycles; N/P 2 falls after 190; Cu at N/P 4 after 35; half cells at 99.24 %."""
    assert f"{implied_efficiency(0.42, 100):.2%}" == "99.14%"
    assert f"{retention(0.9924)[-1]:.1%}" == "46.6%"
    assert [f"{efficiency_of_exhaustion(190, excess):.1%}" for excess in (2, 1)] == ["98.9%", "99.5%"]
    assert [f"{efficiency_of_exhaustion(35, excess):.1%}" for excess in (4, 3)] == ["88.6%", "91.4%"]
    low, high = (cycles_to_exhaustion(0.9924, excess) for excess in (1, 2))
    assert low < 190 < high
    assert cycles_to_exhaustion(0.9924, 3) > 250  # N/P 4 is stable that long


def test_excess_is_eaten_first():
    """A tenth is lost a cycle: five cycles for half an excess, then 0.9^n."""
    kept = retention(0.9, excess=0.5, cycles=12)
    assert kept[:6] == pytest.approx(1)
    assert kept[5:] == pytest.approx(0.9 ** np.arange(8))
    assert retention(0.9, excess=0.55, cycles=6)[-1] == pytest.approx(0.95)  # half a cycle's loss was left


def test_efficiency_may_change_from_cycle_to_cycle():
    rates = np.linspace(0.9, 1, 10)
    assert retention(rates, cycles=10)[-1] == pytest.approx(np.prod(rates))
    assert retention(1.0, cycles=3) == pytest.approx(1)
    assert list(retention(0.5, cycles=0)) == [1]


@pytest.mark.parametrize("excess", [0, 0.5, 2])
@pytest.mark.parametrize("efficiency", [0.9, 0.991])
def test_implied_efficiency_is_the_inverse(efficiency, excess):
    cycles = int(cycles_to_exhaustion(efficiency, excess)) + 30
    left = float(retention(efficiency, excess, cycles)[-1])
    assert implied_efficiency(left, cycles, excess) == pytest.approx(efficiency, abs=1e-9)


def test_exhaustion_is_the_inverse_of_itself():
    assert cycles_to_exhaustion(efficiency_of_exhaustion(190, 2), 2) == pytest.approx(190)
    assert cycles_to_exhaustion(1.0, 2) == np.inf and cycles_to_exhaustion(0.9, 0) == 0


def test_mean_efficiency_of_an_excess_that_hides_the_loss():
    """A loss of 1 % of what is plated, each cycle full: it shows in what is stripped at the end."""
    cycles, excess, loss = 20, 4.0, 0.01
    lost = loss * (cycles + excess)
    found = mean_efficiency(np.ones(cycles), np.ones(cycles), excess, excess - lost)
    assert found == pytest.approx(1 - loss)
    assert mean_efficiency(1.0, 0.9) == pytest.approx(0.9)


def test_half_cycles_of_a_history():
    """Deposit 3, charge 2, rest, discharge 1, strip 4, one row a unit of charge."""
    current = np.array([1.0] * 3 + [1.0] * 2 + [0.0] * 2 + [-1.0] + [-1.0] * 4)
    through = np.array([0, 0, 0, 1, 1, 0, 0, -1, 0, 0, 0, 0])
    history = {
        "time_step": np.full(12, 2.0),
        "current_density": current,
        "cathode_stoichiometry": 1 - through.cumsum() / 9,
    }
    found = half_cycles(history)
    assert [(what, charge) for what, _, charge in found] == [
        ("deposit", 6.0), ("charge", 4.0), ("discharge", 2.0), ("strip", 8.0)]  # fmt: skip
    assert found[1][1] == slice(3, 5)
    anode_free = {name: values[3:8] for name, values in history.items()}
    anode_free["cathode_stoichiometry"] = np.array([0.9, 0.8, 0.8, 0.8, 0.9])
    assert [what for what, *_ in half_cycles(anode_free)] == ["charge", "discharge"]
    assert half_cycles({name: values[:0] for name, values in history.items()}) == []


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: retention(99.14), "efficiency reaches from 99.14 .* 0.9914"),
        (lambda: retention(np.nan), "efficiency holds 1 values that are not finite"),
        (lambda: retention([0.9, 0.9], cycles=3), r"shape \(2,\); it must be one number or 3"),
        (lambda: retention(0.9, excess=-1), "excess is -1; it must be 0 or more"),
        (lambda: retention(0.9, cycles=2.5), "cycles is 2.5; it must be a whole number"),
        (lambda: implied_efficiency(42, 100), "retention is 42; .* 0.42"),
        (lambda: implied_efficiency(0.4, 0), "cycles is 0; it must be a whole number from 1"),
        (lambda: cycles_to_exhaustion("high", 1), "efficiency is 'high'"),
        (lambda: efficiency_of_exhaustion(1, 2), "cycles is 1; .* no fewer than the excess, 2"),
        (lambda: mean_efficiency([1, -1], [1, 1]), "charged is as low as -1"),
        (lambda: mean_efficiency([], []), "has plated nothing"),
        (lambda: half_cycles({"charge": np.zeros(3)}), "no cathode_stoichiometry"),
    ],
)
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(InventoryError, match=says):
        call()

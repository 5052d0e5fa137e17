"""Many small runs in one program: side by side they fill a device that each alone leaves idle."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import jax
import numpy as np

from phasefield import stepping
from phasefield.model import Model
from phasefield.precision import cast
from phasefield.state import State
from phasefield.stepping import TimeControl
from phasefield.timeline import IDLE, Clocks, Course, Outcome, SimulationError


class EnsembleError(ValueError):
    """Runs that one program cannot make; the message says what sets them apart."""


@dataclass(frozen=True)
class Member:
    """One run of an ensemble; see `timeline.run`."""

    model: Model
    state: State
    course: Course
    control: TimeControl = field(default_factory=TimeControl)


def run(members: Sequence[Member]) -> list[Outcome | SimulationError]:
    """How each run ended, in the order given; one that cannot go on does not stop the others.

    The members may differ in any number and any field: seed, current, conductivity, host, protocol. Grid, precision and
    kinds of phases are those of the program, and shared. All advance step by step together, each with its own dt, so a
    step takes as many iterations as the slowest member needs; a member at its end waits for the last one.

    Raises: EnsembleError: they differ in more than numbers.
    """
    clocks = Clocks()
    model, model_axes = _together([member.model for member in members])
    control, control_axes = _together([cast(member.control, np.float64) for member in members])
    begin, segment = _programs(model_axes, control_axes)
    carry = begin(model, _stacked([member.state for member in members]), control)
    courses = [member.course.follow(member.model, member.control) for member in members]
    limits = [next(course) for course in courses]
    outcomes: list[Outcome | SimulationError | None] = [None] * len(members)
    while not all(outcomes):
        carry = segment(model, control, _stacked(limits), carry)
        seen = jax.device_get(stepping.glance(carry))
        clocks.segment_is_done()
        for i, course in enumerate(courses):
            if outcomes[i] is not None:
                continue
            own = partial(_member, carry, i)
            try:
                limits[i] = course.send((_member(seen, i), own))
            except StopIteration as end:
                outcomes[i] = Outcome(own().state, *end.value, clocks.compiling, clocks.running())
            except SimulationError as error:
                outcomes[i] = error
            if outcomes[i] is not None:
                limits[i] = IDLE
    return outcomes


@cache
def _programs(model_axes, control_axes):
    """(begin, segment) over members, where these leaves of model and control, see `_together`, differ between them."""
    model_axes, control_axes = (jax.tree.unflatten(*each) for each in (model_axes, control_axes))
    begin = jax.vmap(stepping.begin, in_axes=(model_axes, 0, control_axes))
    segment = jax.vmap(stepping.advance, in_axes=(model_axes, control_axes, 0, 0))
    return jax.jit(begin), jax.jit(segment)


def _together(trees):
    """(tree, (structure, axes)): leaves that differ stacked along a new first axis, others once; the axis of each."""
    structure = jax.tree.structure(trees[0])
    leaves, axes = [], []
    for each in zip(*(_leaves(tree, structure) for tree in trees), strict=True):
        shapes = {np.shape(leaf) for leaf in each}
        if len(shapes) > 1 or len({leaf.dtype for leaf in each}) > 1:
            raise EnsembleError(
                f"members of an ensemble must share grid, precision and number of phases, but hold fields of "
                f"{' and '.join(map(str, sorted(shapes)))}"
            )
        alike = all(leaf is each[0] or np.array_equal(leaf, each[0]) for leaf in each[1:])
        leaves.append(each[0] if alike else np.stack(each))
        axes.append(None if alike else 0)
    return jax.tree.unflatten(structure, leaves), (structure, tuple(axes))


def _leaves(tree, structure):
    if jax.tree.structure(tree) != structure:
        raise EnsembleError("members of an ensemble must share grid, names of phases and what may take up lithium")
    return jax.tree.leaves(tree)


def _stacked(trees):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def _member(tree, index: int):
    return jax.tree.map(lambda leaf: leaf[index], tree)

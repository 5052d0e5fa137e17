"""Many small runs in one program against one after the other."""

import time
from itertools import product

from measure import report

from phasefield import build, ensemble, timeline
from phasefield.config import compose
from phasefield.timeline import Course

BOXES = ["grid.dimensions=2", "grid.width_um=32"], ["grid.width_um=18", "grid.spacing_um=1.5"]
SIZES = {"cpu": (4, 16), "gpu": (4, 16, 64, 256)}
CURRENTS, CONDUCTIVITIES, SEEDS = (0.25, 0.5, 1.0, 2.0), (30.0, 300.0), range(32)


def study(kind: str, largest: int | None = None) -> None:
    """Args: kind: cpu or gpu. largest: of the ensembles."""
    rows = []
    for box in BOXES:
        one_by_one([member(box, *choice) for choice in choices(1)])  # compiles
        few = [member(box, *choice) for choice in choices(4)]
        each_alone = timed(one_by_one, few)[0] / len(few)
        for size in SIZES[kind]:
            if largest is not None and size > largest:
                continue
            members = [member(box, *choice) for choice in choices(size)]
            together, outcomes = timed(ensemble.run, members)
            steps = [len(each.history["time"]) for each in outcomes]
            rows.append(
                {
                    "cells": "x".join(map(str, members[0].model.grid.shape)),
                    "members": size,
                    "one alone s": each_alone,
                    "all together s": outcomes[0].wall_time,
                    "compile s": together - outcomes[0].wall_time,
                    "times as many runs an hour": size * each_alone / outcomes[0].wall_time,
                    "steps, fewest": min(steps),
                    "steps, most": max(steps),
                }
            )
            report("ensembles", rows, finished=False)
    report("ensembles", rows)


def choices(size):
    """(current in mA/cm2, conductivity of CNT in S/m, seed) of each member."""
    every = product(SEEDS, CONDUCTIVITIES, CURRENTS)
    return [(current, conductivity, seed) for (seed, conductivity, current), _ in zip(every, range(size), strict=False)]


def member(box, current, conductivity, seed):
    config = compose(
        [
            "host=cnt",
            *box,
            f"nucleation.seed={seed}",
            f"protocol.current_density_mA_cm2={current}",
            f"material.cnt.electronic_conductivity_S_m=[{conductivity},{conductivity}]",
            "protocol.capacity_mAh_cm2=0.5",
        ]
    )
    model = build.model(config, build.geometry(config))
    state = build.initial_state(config, model)
    return ensemble.Member(model, state, Course(build.protocol(config)), build.time_control(config))


def one_by_one(members):
    return [timeline.run(each.model, each.state, each.course.protocol, each.control) for each in members]


def timed(function, argument):
    started = time.perf_counter()
    result = function(argument)
    return time.perf_counter() - started, result

"""The same run on a GPU and on the CPU."""

import cases
import jax
import numpy as np
import pytest

from phasefield import model as model_module
from phasefield import timeline
from phasefield.protocol import Step


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "ledger", "agreement"), [(np.float64, 1e-6, 1e-4), (np.float32, 1e-3, 5e-3)])
def test_a_gpu_plates_what_a_cpu_plates(dtype, ledger, agreement):
    """0.02 mAh/cm2 on a ball of host. The solves stop at a tolerance of 1e-5, on either device at another last digit;
    the host starts active everywhere, so that no random draw depends on it."""
    phases = {}
    for platform in ("gpu", "cpu"):
        with jax.default_device(jax.devices(platform)[0]):
            model = cases.model(dtype=dtype)
            active = (model.surface > 0).astype(dtype)
            state = model_module.initial_state(model, 0).with_nucleated(active)
            outcome = timeline.run(model, state, [Step(5.0, capacity=720.0)])
            assert outcome.history["ledger_error"].max() < ledger
            phases[platform] = np.asarray(outcome.state.phase)
    assert np.abs(phases["gpu"] - phases["cpu"]).max() < agreement

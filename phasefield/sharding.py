"""One box on several devices, an equal block of it each.

The step itself knows nothing of it. Every field is an array laid out in blocks, and the compiler turns the shifts of
its stencils into exchanges of planes between neighbouring blocks, and its sums into sums over all devices.
"""

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

AXES = ("z", "y")  # of the box that are cut


def blocks(devices: int, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Parts into which the height and, in 3D, the depth of the box are cut; None where there are no equal ones.

    Of all choices the one whose blocks exchange the least cells with their neighbours.
    """
    depth = shape[1] if len(shape) == 3 else 1
    width = shape[-1]
    choices = []
    for low in range(1, devices + 1):
        back = devices // low
        if low * back == devices and shape[0] % low == 0 and depth % back == 0:
            exchanged = (low > 1) * depth // back * width + (back > 1) * shape[0] // low * width
            choices.append((exchanged, (low, back)))
    return min(choices)[1] if choices else None


def distribute(tree, shape: tuple[int, ...], devices):
    """The same tree with its fields in blocks and everything else on each device.

    Args:
        shape: of the box; arrays whose last axes are this are fields.
        devices: one a block, as many as `blocks` can cut the box into.
    """
    mesh = Mesh(np.array(devices).reshape(blocks(len(devices), shape)), AXES)

    def place(leaf):
        value = np.asarray(leaf)
        sharding = NamedSharding(mesh, layout(value.shape, shape))
        return jax.make_array_from_callback(value.shape, sharding, lambda index: value[index])

    return jax.tree.map(place, tree)


def alike(tree, field):
    """The same tree, of arrays here or anywhere, laid out as a field of the box is."""
    if len(field.sharding.device_set) == 1:
        return jax.tree.map(jax.numpy.asarray, tree)
    mesh = field.sharding.mesh
    layouts = jax.tree.map(lambda leaf: NamedSharding(mesh, layout(np.shape(leaf), field.shape)), tree)
    return jax.device_put(tree, layouts)


def layout(array: tuple[int, ...], box: tuple[int, ...]) -> PartitionSpec:
    """How an array of this shape is laid out: fields of the box in blocks, the rest everywhere."""
    lead = len(array) - len(box)
    if lead < 0 or array[lead:] != box:
        return PartitionSpec()
    return PartitionSpec(*(None,) * lead, *AXES[: len(box) - 1])


def whole(array) -> np.ndarray:
    """The array in this process's memory, wherever its blocks are. All processes must ask together."""
    if isinstance(array, jax.Array) and not array.is_fully_addressable:
        return multihost_utils.process_allgather(array, tiled=True)
    return np.asarray(array)


def first_process() -> bool:
    """Whether this process is the one that writes and speaks."""
    return jax.process_index() == 0

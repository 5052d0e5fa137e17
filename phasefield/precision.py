"""Single or double."""

import jax
import jax.numpy as jnp


def cast(tree, dtype):
    """The same tree with every real number as an array of `dtype`; whole numbers stay whole."""

    def convert(leaf):
        leaf = jnp.asarray(leaf)
        return leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(convert, tree)

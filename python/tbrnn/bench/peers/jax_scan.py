"""JAX: ``jit`` of a ``scan`` over epochs of a ``scan`` over steps, and ``vmap`` over members.

Everything happens inside the step, as one product that sums over units and one that drives them, so
the gradients of all weights are small products per step; trials are the last axis. Measured with
JAX 0.10 on one AVX-512 core, two-body rank 3, milliseconds per epoch:

    as here                                                            1.5
    without jax.checkpoint                                             1.6 (LINT: 1.5 to 1.7)
    input, recurrent and output products separate                      1.8
    inputs and outputs as einsums over all steps                       3.3 (slow gradients)
    r W in place of m (n r)                                            2.0
    trials first                                                       2.3
    products as fused sums                                             5.2
    unrolled by 2, 5, 20                                               1.5, 4, 6
    XLA flags (vector width, fast math, scheduler, YNN, ...)           no gain or slower

64 members on two threads: 78 ms under one vmap; on a device per thread 48, 46, 46 and 48 ms in
chunks of 1, 2, 4 and 8 members. Noise adds 2 ms as threefry in the step (5 under jax.checkpoint,
which draws it twice), 3.4 ms for all steps at once, and 3 to 11 ms as rbg.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec

from tbrnn.bench.workloads import ALPHA, LEARNING_RATE, Workload

EPOCHS = 10  # of one call
CHUNK = 4  # members under one vmap in `sharded`

Tree = Any


def training(workload: Workload, members: int, threads: int) -> Callable[[], list[float]]:
    """Epochs of one network."""
    train = partial(epochs, workload)
    return compiled(train, weights(workload.nets()[0].arrays), jax.random.key(0), workload)


def vmapped(workload: Workload, members: int, threads: int) -> Callable[[], list[float]]:
    """Epochs of many networks under one ``vmap``; XLA spreads each operation over the threads."""
    train = jax.vmap(partial(epochs, workload), (0, 0, None))
    return compiled(train, *ensemble(workload, members), workload)


def sharded(workload: Workload, members: int, threads: int) -> Callable[[], list[float]]:
    """Epochs of many networks, a device per thread, vmapped in chunks that its cache can hold."""
    jax.config.update("jax_num_cpu_devices", threads)

    def train(state: Tree, keys: Any, data: Tree) -> Any:
        one = partial(epochs, workload, data=data)
        return jax.lax.map(lambda each: one(*each), (state, keys), batch_size=CHUNK)

    mesh = jax.make_mesh((threads,), ("member",), axis_types=(jax.sharding.AxisType.Auto,))
    split, whole = PartitionSpec("member"), PartitionSpec()
    mapped = jax.shard_map(
        train, mesh=mesh, in_specs=(split, split, whole), out_specs=split, check_vma=False
    )
    return compiled(mapped, *ensemble(workload, members), workload)


def ensemble(workload: Workload, members: int) -> tuple[Tree, Any]:
    """Initial weights and noise keys of many networks."""
    keys = jax.random.split(jax.random.key(0), members)
    return weights(workload.nets(members).arrays), keys


def weights(arrays: Tree) -> Tree:
    return {name: jnp.asarray(array) for name, array in arrays.items()}


def compiled(
    train: Callable[..., Any], p: Tree, key: Any, workload: Workload
) -> Callable[[], list[float]]:
    """Adam's start, and one call that compiles, trains and keeps the state."""
    zeros = jax.tree.map(jnp.zeros_like, p)
    step = jnp.zeros(key.shape)
    state = (p, zeros, jax.tree.map(jnp.copy, zeros), step)
    data = tuple(
        jnp.asarray(np.transpose(array, (1, 2, 0)))  # (time, channel, trial)
        for array in workload.data()
    )
    advance = jax.jit(train, donate_argnums=0)

    def call() -> list[float]:
        nonlocal state
        state, losses = advance(state, key, data)
        return [float(value) for value in np.reshape(losses, (-1, EPOCHS)).mean(axis=0)]

    return call


def epochs(workload: Workload, state: Tree, key: Any, data: Tree) -> Any:
    """Some epochs of one network: its new state and the loss before each update."""
    gradient = jax.value_and_grad(partial(loss, workload))

    def epoch(state: Tree, key: Any) -> tuple[Tree, Any]:
        value, slope = gradient(state[0], *data, key)
        return adam(state, slope), value

    return jax.lax.scan(epoch, state, jax.random.split(key, EPOCHS))


def adam(state: Tree, slope: Tree) -> Tree:
    """Adam with betas 0.9 and 0.999, eps 1e-8 after the bias-corrected square root."""
    p, first, second, step = state
    step = step + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
    rate, bias = LEARNING_RATE / (1 - 0.9**step), 1 - 0.999**step
    p = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v / bias) + 1e-8), p, first, second)
    return p, first, second, step


def loss(workload: Workload, p: Tree, inputs: Any, targets: Any, key: Any) -> Any:
    """x <- (1 - alpha) x + drives [mix(k), u, 1] + W r + sigma xi;  [k, o] = sums tanh(x)."""
    sums, drives, mix = channels(workload, p)
    product = of_all_rates(workload, p)
    recurrent = sums.shape[0] - (0 if workload.lint else workload.bits)

    def step(carry: Tree, now: Tree) -> tuple[Tree, None]:
        x, k, squares = carry
        u, target, key = now
        own = product(jnp.tanh(x)) if product else None
        x = (1 - ALPHA) * x + drives @ jnp.concatenate([mix(k), u])
        if own is not None:
            x = x + own
        if workload.sigma:
            x = x + workload.sigma * jax.random.normal(key, x.shape)
        r = jnp.tanh(x)
        k = sums @ r
        o = r if workload.lint else k[recurrent:] + p["b_out"][:, None]
        return (x, k[:recurrent], squares + (o - target) ** 2), None

    count, channels_out, trials = targets.shape
    x, k, squares = (
        jnp.zeros((rows, trials)) for rows in (workload.units, recurrent, channels_out)
    )
    inputs = jnp.concatenate([inputs, jnp.ones((count, 1, trials))], axis=1)
    steps = (inputs, targets, jax.random.split(key, count))
    body = step if workload.sigma else jax.checkpoint(step)
    (_, _, squares), _ = jax.lax.scan(body, (x, k, squares), steps)
    return squares.sum() / targets.size


def channels(workload: Workload, p: Tree) -> tuple[Any, Any, Callable[[Any], Any]]:
    """Rows that sum over units, columns that drive units, and what lies between them."""
    if workload.full or workload.tensor:
        reductions, drive = [], jnp.zeros((workload.units, 0))
    elif workload.three_body:
        reductions, drive = [p["m"].T, p["n"].T], p["l"] / workload.units**2
    else:
        reductions, drive = [p["n"].T], p["m"] / workload.units
    readout = [] if workload.lint else [p["w_out"]]
    sums = jnp.concatenate(reductions + readout)
    drives = ALPHA * jnp.concatenate([drive, p["w_in"], p["b_in"][:, None]], axis=1)
    rank = workload.rank
    return sums, drives, (lambda k: k[:rank] * k[rank:]) if workload.three_body else (lambda k: k)


def of_all_rates(workload: Workload, p: Tree) -> Callable[[Any], Any] | None:
    """What a matrix or a tensor makes of the rates (unit, trial): a drive of its own, or none."""
    if workload.bulk:
        bulk = ALPHA * jnp.asarray(workload.nets().model.fixed, dtype=jnp.float32)
        return lambda r: bulk @ r
    if workload.full:
        return lambda r: (ALPHA * p["w_hh"]) @ r
    if workload.tensor:
        return lambda r: ALPHA * (jnp.einsum("ijk,kb->ijb", p["w_hh"], r) * r).sum(axis=1)
    return None

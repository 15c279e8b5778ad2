"""The steps of an epoch: the optimiser, and one graph that takes all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tflint_reference_models.application import Recipe
from tflint_reference_models.dataset import Floats

if TYPE_CHECKING:
    import keras

# Takes inputs (n, *shape), what is to be answered (n, outputs), and weights (n,) in the order of
# the steps; gives the mean loss.
Epoch = Callable[[Floats, Floats, Floats], float]


def optimizer_of(model: keras.Model, recipe: Recipe, steps: int) -> keras.Optimizer:
    """The recipe's optimiser for a network, for epochs of so many steps."""
    import keras

    total = recipe.epochs * steps
    warmup = min(round(recipe.warmup * total), total - 1)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.rate / 100, total - warmup, warmup_target=recipe.rate, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    return optimizer


def epoch_of(model: keras.Model, optimizer: keras.Optimizer, steps: int) -> Epoch:
    """What trains a network on the samples of an epoch in `steps` steps, as even as they can be.

    A step of networks as small as these takes less time than Keras' `fit` takes to call it.
    """
    import keras
    import tensorflow as tf

    is_one = model.output_shape[-1] == 1
    loss_of = (
        keras.losses.BinaryCrossentropy() if is_one else keras.losses.CategoricalCrossentropy()
    )
    variables = model.trainable_variables

    def step(inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(targets, model(inputs, training=True), sample_weight=weights)
            loss += sum(model.losses)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def epoch(inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        count = tf.shape(inputs, tf.int64)[0]
        total = tf.constant(0.0)
        for number in tf.range(tf.constant(steps, tf.int64)):
            start, stop = number * count // steps, (number + 1) * count // steps
            total += step(inputs[start:stop], targets[start:stop], weights[start:stop])
        return total / steps

    # Steps differ by a sample: without their sizes left open each size would be traced.
    several = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    answered = tf.TensorSpec((None, model.output_shape[-1]), tf.float32)
    counted = tf.TensorSpec((None,), tf.float32)
    graph = tf.function(epoch, input_signature=[several, answered, counted])

    def run(inputs: Floats, targets: Floats, weights: Floats) -> float:
        given = (np.ascontiguousarray(one, np.float32) for one in (inputs, targets, weights))
        return float(graph(*map(tf.constant, given)))

    return run

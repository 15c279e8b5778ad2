"""Networks of a few kilobytes, described: what is built, and what a search may vary.

    input -> (convolution -> batch norm -> ReLU -> pools) x N -> head
          -> (dense -> ReLU -> dropout) x M -> dense, softmax or sigmoid

N blocks with P_i pools each and M dense layers, as the original author counted them. A signal of
n readings on c channels is an image of n x 1 with c channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

Pair = tuple[int, int]


class Head(Enum):
    """How the last map becomes a vector."""

    FLATTEN = "flatten"
    AVERAGE = "average"  # a mean for each channel
    MAX = "max"  # the greatest of each channel
    BOTH = "both"  # the mean, then the greatest


@dataclass(frozen=True, slots=True)
class Block:
    """A convolution and what follows it: batch norm (folded into it when it is converted), ReLU,
    and max pools that do not overlap, one after the other.

    `kernel`, `stride` and `pools` are (height, width). A separable one is a depthwise convolution
    with the kernel and the stride, and a pointwise one to the filters, each with a norm and a ReLU.
    `is_padded` keeps the size of the map (`same`).
    """

    filters: int
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    is_separable: bool = False
    pools: tuple[Pair, ...] = ()
    is_padded: bool = False
    has_norm: bool = True
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class Network:
    """A network: `input_shape` is (height, width, channels) of one sample.

    Two classes make one output, the probability of the second (sigmoid); more make a softmax.
    `dropout` follows the head and each dense layer; `head_dropout` is the head's, where it differs.
    """

    input_shape: tuple[int, int, int]
    classes: int
    blocks: tuple[Block, ...] = ()
    head: Head = Head.FLATTEN
    dense: tuple[int, ...] = ()
    dropout: float = 0.0
    head_dropout: float | None = None


def build(network: Network, name: str = "network") -> keras.Model:
    """The network in Keras, channels last, its weights drawn by Keras' global seed.

    Raises `ValueError` where a block leaves no map.
    """
    import keras
    from keras import layers

    entry = keras.Input(network.input_shape, name="features")
    x = entry
    for number, block in enumerate(network.blocks, 1):
        x = _block(x, block, f"block{number}")
    x = _head(x, network.head)
    after_head = network.dropout if network.head_dropout is None else network.head_dropout
    if after_head:
        x = layers.Dropout(after_head)(x)
    for number, width in enumerate(network.dense, 1):
        x = layers.Dense(width, activation="relu", name=f"dense{number}")(x)
        if network.dropout:
            x = layers.Dropout(network.dropout)(x)
    if network.classes == 2:
        x = layers.Dense(1, activation="sigmoid", name="probability")(x)
    else:
        x = layers.Dense(network.classes, activation="softmax", name="probabilities")(x)
    return keras.Model(entry, x, name=name)


def _block(x: keras.KerasTensor, block: Block, name: str) -> keras.KerasTensor:
    from keras import layers

    padding = "same" if block.is_padded else "valid"
    if block.is_separable:
        depthwise = layers.DepthwiseConv2D(
            block.kernel,
            strides=block.stride,
            padding=padding,
            use_bias=not block.has_norm,
            name=f"{name}_depthwise",
        )
        x = _activated(depthwise(x), block.has_norm)
        kernel, stride = (1, 1), (1, 1)
    else:
        kernel, stride = block.kernel, block.stride
    convolution = layers.Conv2D(
        block.filters,
        kernel,
        strides=stride,
        padding=padding,
        use_bias=not block.has_norm,
        name=name,
    )
    x = _activated(convolution(x), block.has_norm)
    for pool in block.pools:
        x = layers.MaxPooling2D(pool)(x)
    return layers.Dropout(block.dropout)(x) if block.dropout else x


def _activated(x: keras.KerasTensor, has_norm: bool) -> keras.KerasTensor:
    from keras import layers

    # Before the activation, so that it becomes part of the convolution (TFL106).
    if has_norm:
        x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)


def _head(x: keras.KerasTensor, head: Head) -> keras.KerasTensor:
    from keras import layers

    if head is Head.FLATTEN:
        return layers.Flatten()(x)
    if head is Head.AVERAGE:
        return layers.GlobalAveragePooling2D()(x)
    if head is Head.MAX:
        return layers.GlobalMaxPooling2D()(x)
    both = [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    return layers.Concatenate()(both)

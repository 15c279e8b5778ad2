"""The structs with which TFLM itself fills the arena.

Source: headers of tensorflow/lite/micro and tensorflow/lite/core/c/common.h; sizes held
against those that compilers gave for a Cortex-M4, an ILP32 target and x86-64.
"""

from __future__ import annotations

from tflint.memory.abi import Struct

TENSOR = Struct(
    Struct("enum", "ptr"),  # quantization: type, params
    "f32",  # params: scale
    "i32",  # params: zero point
    "ptr*2",  # data, dims
    "size",  # bytes
    "enum*2",  # type, allocation type
    "bool",  # is variable
)
EVAL_TENSOR = Struct("ptr*2", "enum")
AFFINE_QUANTIZATION = Struct("ptr*2", "i32")
NODE = Struct("ptr*6", "i32")
NODE_AND_REGISTRATION = Struct(Struct("ptr*6", "i32"), "ptr")
SUBGRAPH_ALLOCATIONS = Struct("ptr*2")
SCRATCH_BUFFER_HANDLE = Struct("ptr")
SCRATCH_BUFFER_REQUEST = Struct("size", "i32*2")
ALLOCATION_INFO = Struct("size", "ptr", "i32*3", "bool")
SINGLE_ARENA_BUFFER_ALLOCATOR = Struct("ptr*9")
RECORDING_SINGLE_ARENA_BUFFER_ALLOCATOR = Struct(SINGLE_ARENA_BUFFER_ALLOCATOR, "size*4")
MICRO_ALLOCATOR = Struct("ptr*9")
# Seven records of requested bytes, used bytes and count; and the pointer to the allocator.
RECORDING_MICRO_ALLOCATOR = Struct(MICRO_ALLOCATOR, "size*22")
BUILTIN_DATA_ALLOCATOR = Struct("ptr*2")
GREEDY_MEMORY_PLANNER = Struct("ptr", "i32*2", "ptr*4", "i32*2", "ptr", "bool")
# What the planner keeps for each buffer while it plans: its requirements (16 bytes), two
# arrays for sorting, an entry of the list by offset (12), the offset.
PLANNER_BYTES_PER_BUFFER = 16 + 2 * 4 + 12 + 4
# The scratch buffers that one operator may ask for (kMaxScratchBuffersPerOp, micro_allocator.cc).
SCRATCH_REQUESTS_PER_OPERATOR = 12

# With USE_TFLM_COMPRESSION, as the PyPI wheel is built, there is a list of compressed tensors
# for each subgraph and an eighth record.
COMPRESSION_SUBGRAPH_ALLOCATIONS = Struct("ptr*3")
COMPRESSION_RECORDING_MICRO_ALLOCATOR = Struct(MICRO_ALLOCATOR, "size*25")
# What the arena's buffers are aligned to (MicroArenaBufferAlignment, micro_arena_constants.h).
ALIGNMENT = 16

"""The one table of element types: their names in ONNX, in ONNX Runtime and in numpy, and their bytes.

    by_runtime_name("tensor(float)").numpy      # float32
    by_number(TensorProto.BFLOAT16).bytes       # 2
    element_bytes("int64")                      # 8

Reference: `TensorProto.DataType` in onnx.proto. The timed process reads this table, so it imports nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ElementType:
    """One row of the table."""

    number: int  # in TensorProto.DataType
    name: str  # in ONNX, lower case; ONNX Runtime writes tensor(NAME)
    numpy: str  # as numpy or ml_dtypes names it
    # of one element of an activation; None: no fixed size (types below 8 bits are packed in weights alone)
    bytes: int | None
    precision: str = ""  # how a model of such weights is called
    is_feedable: bool = True  # numpy alone can hold it
    packed_bits: int = 0  # of one element in a weight, where several share a byte

    @property
    def is_float(self) -> bool:
        """Say whether it holds real numbers."""
        return "float" in self.numpy

    @property
    def runtime_name(self) -> str:
        """As ONNX Runtime names the type of a tensor of it."""
        return f"tensor({self.name})"


ELEMENT_TYPES = (
    ElementType(1, "float", "float32", 4, "fp32"),
    ElementType(2, "uint8", "uint8", 1, "int8"),
    ElementType(3, "int8", "int8", 1, "int8"),
    ElementType(4, "uint16", "uint16", 2),
    ElementType(5, "int16", "int16", 2),
    ElementType(6, "int32", "int32", 4),
    ElementType(7, "int64", "int64", 8),
    ElementType(8, "string", "object", None, is_feedable=False),
    ElementType(9, "bool", "bool", 1),
    ElementType(10, "float16", "float16", 2, "fp16"),
    ElementType(11, "double", "float64", 8, "fp64"),
    ElementType(12, "uint32", "uint32", 4),
    ElementType(13, "uint64", "uint64", 8),
    ElementType(14, "complex64", "complex64", 8, is_feedable=False),
    ElementType(15, "complex128", "complex128", 16, is_feedable=False),
    ElementType(16, "bfloat16", "bfloat16", 2, "bf16", is_feedable=False),
    ElementType(17, "float8e4m3fn", "float8_e4m3fn", 1, is_feedable=False),
    ElementType(18, "float8e4m3fnuz", "float8_e4m3fnuz", 1, is_feedable=False),
    ElementType(19, "float8e5m2", "float8_e5m2", 1, is_feedable=False),
    ElementType(20, "float8e5m2fnuz", "float8_e5m2fnuz", 1, is_feedable=False),
    ElementType(21, "uint4", "uint4", 1, is_feedable=False, packed_bits=4),
    ElementType(22, "int4", "int4", 1, is_feedable=False, packed_bits=4),
    ElementType(23, "float4e2m1", "float4_e2m1fn", 1, is_feedable=False, packed_bits=4),
    ElementType(24, "float8e8m0", "float8_e8m0fnu", 1, is_feedable=False),
    ElementType(25, "uint2", "uint2", 1, is_feedable=False, packed_bits=2),
    ElementType(26, "int2", "int2", 1, is_feedable=False, packed_bits=2),
    ElementType(27, "float6e2m3", "float6_e2m3fn", 1, is_feedable=False, packed_bits=6),
    ElementType(28, "float6e3m2", "float6_e3m2fn", 1, is_feedable=False, packed_bits=6),
)
_BY_NUMBER = {row.number: row for row in ELEMENT_TYPES}
_BY_RUNTIME_NAME = {row.runtime_name: row for row in ELEMENT_TYPES}
_BY_NUMPY = {row.numpy: row for row in ELEMENT_TYPES}

FEEDABLE: Mapping[str, str] = {row.runtime_name: row.numpy for row in ELEMENT_TYPES if row.is_feedable}
"""ONNX Runtime's names of the types that numpy can hold, with numpy's."""

BITS: Mapping[str, str] = {
    row.runtime_name: f"uint{8 * (row.bytes or 1)}" for row in ELEMENT_TYPES if not row.is_feedable and row.number >= 16
}
"""ONNX Runtime's names of the types that numpy lacks and ONNX Runtime takes as bits, with numpy's that hold them."""

RANDOM_BITS = frozenset(name for name, bits in BITS.items() if bits == "uint8")
"""Those of them that are fed with random bits, for numpy can't work out the bits of a number."""


def by_number(number: int) -> ElementType | None:
    """Return the type of that number in ONNX; None where there is none."""
    return _BY_NUMBER.get(number)


def by_runtime_name(name: str) -> ElementType | None:
    """Return the type that ONNX Runtime names so, such as tensor(float); None where there is none."""
    return _BY_RUNTIME_NAME.get(name)


def element_bytes(numpy_name: str) -> int | None:
    """Return the bytes of one element of the type that numpy names so; None: text, or not known."""
    row = _BY_NUMPY.get(numpy_name)
    return row.bytes if row else None

"""One handle for many arrays, so that kernels can pass all of them on at the price of one number.

Compiled kernels know of an array only where its numbers stand: the first array holds these addresses of all of them.
To hand arrays on as they are, and to count who holds them, would take longer than what is done with them; so whoever
calls a kernel from outside must hold the arrays meanwhile.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from cqrsim.metrics.compiled import NUMBA
from cqrsim.metrics.layout import ADDRESSES

DTYPES = {
    "numbers": np.int64, "pool": np.int64, "lists": np.int64, "breaks": np.int64, "slots": np.int32, "flags": np.uint8,
    "streams": np.int64, "users": np.int64, "pairs": np.int64, "waits": np.int64, "buckets": np.int64,
    "group": np.int16, "session": np.int64, "aggregate": np.int64, "change": np.int64, "events": np.int16,
    "event_bytes": np.int64, "error_bytes": np.int64, "intended": np.int64, "group_flags": np.uint8,
    "reader": np.int64, "read_aggregate": np.int64,
}  # fmt: skip
"""The arrays by their names, in the order of their addresses."""


class Handle:
    """All arrays by their names: what kernels are handed where nothing is compiled."""

    numbers: Any

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.__dict__.update(arrays)


def handle_of(arrays: dict[str, Any]) -> Any:
    """What kernels are handed."""
    for place, (name, dtype) in enumerate(DTYPES.items()):
        array = arrays[name]
        assert array.dtype == dtype, f"{name} are not {dtype}"
        arrays["numbers"][ADDRESSES + place] = array.__array_interface__["data"][0]
    return arrays["numbers"] if NUMBA is not None else Handle(arrays)


def _itself(thing: Any) -> Any:
    """Stands for a handle, or a pointer, where nothing is compiled."""
    return thing


opened: Any = _itself
pointer: Any = _itself

if NUMBA is not None:
    core, extending = importlib.import_module("numba.core"), importlib.import_module("numba.extending")
    ir = importlib.import_module("llvmlite.ir")
    templates = importlib.import_module("numba.core.typing.templates")
    types = core.types
    of_types: Any = types.Type
    of_models: Any = extending.models.PrimitiveModel
    of_templates: Any = templates.AttributeTemplate
    _WORD = ir.IntType(64)
    _POINTERS = {name: types.CPointer(NUMBA.from_dtype(np.dtype(dtype))) for name, dtype in DTYPES.items()}

    class HandleType(of_types):  # type: ignore[misc]  # numba has no types that mypy could follow
        """A pointer to the first array."""

        def __init__(self) -> None:
            super().__init__(name="cqrsim handle")

    @extending.register_model(HandleType)
    class HandleModel(of_models):  # type: ignore[misc]
        """The pointer is all there is."""

        def __init__(self, manager: Any, kind: Any) -> None:
            super().__init__(manager, kind, _WORD.as_pointer())

    @extending.infer_getattr
    class HandleAttributes(of_templates):  # type: ignore[misc]
        """Each array is an attribute."""

        key = HandleType

        def generic_resolve(self, kind: Any, name: str) -> Any:
            """The type of an array's address."""
            return _POINTERS.get(name)

    def _address(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
        """Where an array stands: the first array is the handle itself."""
        if name == "numbers":
            return value
        place = ir.Constant(_WORD, ADDRESSES + list(DTYPES).index(name))
        address = builder.load(builder.gep(value, [place]))
        return builder.inttoptr(address, context.get_value_type(_POINTERS[name]))

    extending.lower_getattr_generic(HandleType)(_address)

    def _data(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        """Where the numbers of an array stand."""
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    def _open(_: Any, numbers: Any) -> Any:
        """The handle of all arrays."""
        return HandleType()(numbers), _data

    def _point(_: Any, array: Any) -> Any:
        """A pointer to an array of whole numbers; indexed like the array itself."""
        return types.CPointer(array.dtype)(array), _data

    opened, pointer = extending.intrinsic(_open), extending.intrinsic(_point)

"""Rules over whole numbers, turned into machine code: a small compiler in front of Numba's.

Numba by itself infers the type of every expression, and optimises every function together with all that it calls:
minutes for a program of a few hundred functions.  The rules of an engine need no such thing, as everything in them is
a whole number of 64 bits.  So they are translated as they stand, function by function, into LLVM's language, and
handed to Numba, which optimises them as one piece, runs them and keeps them on disk.

The subset: functions of whole numbers and of one memory, always called ``m``; names of whole numbers; ``+ - * // % <<
>> & |``, comparisons, ``in`` a tuple, ``and or not``, ``a if b else c``, ``min max``; assignments, ``if while
for-in-range break continue return``; ``raise MemoryError``, after which nothing more happens and the outermost
function returns -1.  Whoever runs the same functions as plain Python gets the same numbers, as long as they stay
within 64 bits.
"""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from types import FunctionType
from typing import Any

from cqrsim.keeping import kept_in

Native = Callable[[Any], int]
"""Takes the memory, an array of 64-bit integers, and returns what the outermost function returns."""

MEMORY = "m"
SMALL = 130
"""Functions of fewer nodes are put in wherever they are called."""

_COMPARED = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_PLAIN = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.LShift: "shl", ast.RShift: "ashr", ast.BitAnd: "and_",
    ast.BitOr: "or_",
}  # fmt: skip


def is_possible() -> bool:
    """Whether Numba is installed."""
    return find_spec("numba") is not None


def compiled(functions: Sequence[FunctionType], names: Mapping[str, Any], failed: int, version: str) -> Native:
    """The last of the functions as machine code: compiled now, or fetched from disk if it was before.

    ``names`` are the whole numbers that the functions speak of, ``failed`` is the cell of memory that says that
    memory was short, ``version`` tells these rules from all others.
    """
    import numba
    from numba.extending import intrinsic

    @intrinsic
    def rules(typing_context, memory):  # type: ignore[no-untyped-def]
        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            tree = [ast.parse(inspect.getsource(function)).body[0] for function in functions]
            library = context.codegen().create_library(f"rules {version}")
            library.add_ir_module(Translation(tree, names, failed).module)
            library.finalize()
            context.active_code_library.add_linking_library(library)
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            return _call(builder, functions[-1].__name__, array.data)

        return numba.types.int64(memory), generate

    whole = FunctionType(_outermost.__code__, {"_rules": rules}, "_outermost")
    whole.__module__ = __name__
    with kept_in(numba, version):
        try:
            native: Native = numba.njit("int64(int64[::1])", cache=True)(whole)
        except RuntimeError:  # there is nowhere to keep it
            native = numba.njit("int64(int64[::1])")(whole)
    return native


def _outermost(memory):  # type: ignore[no-untyped-def]
    """What Numba compiles: a name that stands for all of the rules."""
    return _rules(memory)  # type: ignore[name-defined]  # noqa: F821  # given when it is known


def _call(builder: Any, name: str, *arguments: Any) -> Any:
    from llvmlite import ir

    number = ir.IntType(64)
    function = ir.Function(builder.module, ir.FunctionType(number, [argument.type for argument in arguments]), name)
    return builder.call(function, arguments)


class Translation:
    """Functions as a module of LLVM's; the last one can be called from outside."""

    def __init__(self, tree: Sequence[ast.stmt], names: Mapping[str, Any], failed: int) -> None:
        from llvmlite import ir

        self.ir = ir
        self.number, self.truth = ir.IntType(64), ir.IntType(1)
        self.module = ir.Module("rules")
        self.numbers = {name: int(value) for name, value in names.items() if isinstance(value, int)}
        self.failed = failed
        definitions = [part for part in tree if isinstance(part, ast.FunctionDef)]
        self.functions = {definition.name: self._declared(definition) for definition in definitions}
        self.functions[definitions[-1].name].linkage = "external"
        self.may_fail = _that_may_fail(definitions)
        for definition in definitions:
            Body(self, definition)

    def _declared(self, definition: ast.FunctionDef) -> Any:
        kinds = [self.number.as_pointer() if one.arg == MEMORY else self.number for one in definition.args.args]
        function = self.ir.Function(self.module, self.ir.FunctionType(self.number, kinds), definition.name)
        function.linkage = "internal"
        function.attributes.add("nounwind")
        if sum(1 for _ in ast.walk(definition)) < SMALL:
            function.attributes.add("alwaysinline")
        return function


def _that_may_fail(definitions: Sequence[ast.FunctionDef]) -> set[str]:
    """The functions in which memory may turn out to be short, by themselves or by those that they call."""
    failing = {one.name for one in definitions if any(isinstance(node, ast.Raise) for node in ast.walk(one))}
    calls = {one.name: _called_by(one) for one in definitions}
    while True:
        more = {name for name, called in calls.items() if called & failing} - failing
        if not more:
            return failing
        failing |= more


def _called_by(definition: ast.FunctionDef) -> set[str]:
    nodes = [node for node in ast.walk(definition) if isinstance(node, ast.Call)]
    return {_name_of(node) for node in nodes}


def _name_of(call: ast.Call) -> str:
    """A function goes by its name alone, whatever module it stands in."""
    assert isinstance(call.func, ast.Name | ast.Attribute)
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr


class Body:
    """One function on its way into LLVM's language, statement by statement."""

    def __init__(self, translation: Translation, definition: ast.FunctionDef) -> None:
        self.all = translation
        self.ir = translation.ir
        self.function = translation.functions[definition.name]
        self.build = self.ir.IRBuilder(self.function.append_basic_block())
        self.start = self.function.entry_basic_block
        self.places: dict[str, Any] = {}
        self.loops: list[tuple[Any, Any]] = []
        """Of each loop around: where it goes on, and where it ends."""
        for argument, value in zip(definition.args.args, self.function.args, strict=True):
            if argument.arg == MEMORY:
                self.memory = value
            else:
                self.build.store(value, self._place(argument.arg))
        self.all_of(definition.body)
        if not self.build.block.is_terminated:
            self.build.ret(self._constant(0))

    # --- statements --------------------------------------------------------------------------------------------------

    def all_of(self, statements: Sequence[ast.stmt]) -> None:
        """One after the other; what stands behind a return is left out."""
        for statement in statements:
            if self.build.block.is_terminated:
                return
            getattr(self, f"_{type(statement).__name__.lower()}")(statement)

    def _expr(self, statement: ast.Expr) -> None:
        if not isinstance(statement.value, ast.Constant):  # a docstring
            self.value(statement.value)

    def _assign(self, statement: ast.Assign) -> None:
        values = self._values(statement.value)
        for target in statement.targets:
            targets = target.elts if isinstance(target, ast.Tuple) else [target]
            places = [self._target(one) for one in targets]
            for place, value in zip(places, values, strict=True):
                self.build.store(value, place)

    def _augassign(self, statement: ast.AugAssign) -> None:
        place = self._target(statement.target)
        value = self._operation(statement.op, self.build.load(place), self.value(statement.value))
        self.build.store(value, place)

    def _return(self, statement: ast.Return) -> None:
        self.build.ret(self._constant(0) if statement.value is None else self.value(statement.value))

    def _raise(self, statement: ast.Raise) -> None:
        self.build.store(self._constant(1), self._cell(self._constant(self.all.failed)))
        self.build.ret(self._constant(-1))

    def _if(self, statement: ast.If) -> None:
        then, otherwise, behind = self._block(), self._block(), self._block()
        self.build.cbranch(self.truth(statement.test), then, otherwise)
        for block, statements in ((then, statement.body), (otherwise, statement.orelse)):
            self.build.position_at_end(block)
            self.all_of(statements)
            self._go_to(behind)
        self.build.position_at_end(behind)

    def _while(self, statement: ast.While) -> None:
        test, body, behind = self._block(), self._block(), self._block()
        self._go_to(test)
        self.build.position_at_end(test)
        self.build.cbranch(self.truth(statement.test), body, behind)
        self._loop(body, statement.body, test, behind)

    def _for(self, statement: ast.For) -> None:
        """Over a range whose step is positive, or a number that stands there."""
        assert isinstance(statement.iter, ast.Call) and isinstance(statement.target, ast.Name)
        bounds = [self.value(bound) for bound in statement.iter.args]
        first, last = (self._constant(0), bounds[0]) if len(bounds) == 1 else bounds[:2]
        step = bounds[2] if len(bounds) == 3 else self._constant(1)
        goes_down = isinstance(step, self.ir.Constant) and step.constant < 0
        counter = self._place(f" counter {len(self.places)}")
        self.build.store(first, counter)
        test, body, on, behind = self._block(), self._block(), self._block(), self._block()
        self._go_to(test)
        self.build.position_at_end(test)
        now = self.build.load(counter)
        self.build.cbranch(self.build.icmp_signed(">" if goes_down else "<", now, last), body, behind)
        self.build.position_at_end(on)
        self.build.store(self.build.add(self.build.load(counter), step), counter)
        self.build.branch(test)
        self.build.position_at_end(body)
        self.build.store(now, self._place(statement.target.id))
        self._loop(body, statement.body, on, behind)

    def _loop(self, body: Any, statements: Sequence[ast.stmt], on: Any, behind: Any) -> None:
        self.build.position_at_end(body)
        self.loops.append((on, behind))
        self.all_of(statements)
        self.loops.pop()
        self._go_to(on)
        self.build.position_at_end(behind)

    def _break(self, statement: ast.Break) -> None:
        self.build.branch(self.loops[-1][1])

    def _continue(self, statement: ast.Continue) -> None:
        self.build.branch(self.loops[-1][0])

    # --- expressions -------------------------------------------------------------------------------------------------

    def value(self, expression: ast.expr) -> Any:
        """An expression as a number; what is true counts 1."""
        match expression:
            case ast.Constant(value=bool() | int() as value):
                return self._constant(int(value))
            case ast.Name(id=name):
                return self._constant(self.all.numbers[name]) if self._is_number(name) else self._loaded(name)
            case ast.Subscript():
                return self.build.load(self._target(expression))
            case ast.BinOp(left=left, op=operator, right=right):
                return self._operation(operator, self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.value(operand)
                return self._constant(-value.constant) if isinstance(value, self.ir.Constant) else self.build.neg(value)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._either(self.truth(test), body, orelse)
            case ast.Call():
                return self._called(expression)
        return self.build.zext(self.truth(expression), self.all.number)

    def truth(self, expression: ast.expr) -> Any:
        """An expression as a condition."""
        match expression:
            case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Tuple(elts=others)]):
                return self._one_by_one(False, [ast.Compare(left, [ast.Eq()], [other]) for other in others])
            case ast.Compare(left=left, ops=operators, comparators=others):
                values = [self.value(one) for one in (left, *others)]
                found = [
                    self.build.icmp_signed(_COMPARED[type(operator)], a, b)
                    for operator, a, b in zip(operators, values[:-1], values[1:], strict=True)
                ]
                result = found[0]
                for one in found[1:]:
                    result = self.build.and_(result, one)
                return result
            case ast.BoolOp(op=operator, values=parts):
                return self._one_by_one(isinstance(operator, ast.And), parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.build.not_(self.truth(operand))
        return self.build.icmp_signed("!=", self.value(expression), self._constant(0))

    def _one_by_one(self, all_of_them: bool, parts: Sequence[ast.expr]) -> Any:
        """And, or: no part is looked at once the answer is known."""
        behind, known = self._block(), list[tuple[Any, Any]]()
        for part in parts[:-1]:
            found, following = self.truth(part), self._block()
            known.append((self.all.truth(0 if all_of_them else 1), self.build.block))
            self.build.cbranch(found, following if all_of_them else behind, behind if all_of_them else following)
            self.build.position_at_end(following)
        known.append((self.truth(parts[-1]), self.build.block))
        self.build.branch(behind)
        return self._joined(behind, self.all.truth, known)

    def _either(self, test: Any, body: ast.expr, orelse: ast.expr) -> Any:
        blocks, behind, known = (self._block(), self._block()), self._block(), list[tuple[Any, Any]]()
        self.build.cbranch(test, *blocks)
        for block, expression in zip(blocks, (body, orelse), strict=True):
            self.build.position_at_end(block)
            known.append((self.value(expression), self.build.block))
            self.build.branch(behind)
        return self._joined(behind, self.all.number, known)

    def _joined(self, block: Any, kind: Any, known: Sequence[tuple[Any, Any]]) -> Any:
        self.build.position_at_end(block)
        phi = self.build.phi(kind)
        for value, come_from in known:
            phi.add_incoming(value, come_from)
        return phi

    def _called(self, call: ast.Call) -> Any:
        name = _name_of(call)
        if name in ("min", "max"):
            a, b = (self.value(argument) for argument in call.args)
            return self.build.select(self.build.icmp_signed("<" if name == "min" else ">", b, a), b, a)
        given = [
            self.memory if isinstance(one, ast.Name) and one.id == MEMORY else self.value(one) for one in call.args
        ]
        result = self.build.call(self.all.functions[name], given)
        if name in self.all.may_fail:
            self._stop_if_failed()
        return result

    def _stop_if_failed(self) -> None:
        """Memory was short in what was called: nothing more happens."""
        failed, on = self._block(), self._block()
        says = self.build.load(self._cell(self._constant(self.all.failed)))
        self.build.cbranch(self.build.icmp_signed("!=", says, self._constant(0)), failed, on)
        self.build.position_at_end(failed)
        self.build.ret(self._constant(-1))
        self.build.position_at_end(on)

    def _operation(self, operator: ast.operator, a: Any, b: Any) -> Any:
        if type(operator) in _PLAIN:
            return getattr(self.build, _PLAIN[type(operator)])(a, b)
        rest = self.build.srem(a, b)  # rounds towards 0, and Python rounds down
        signs_differ = self.build.icmp_signed("<", self.build.xor(rest, b), self._constant(0))
        is_off = self.build.and_(self.build.icmp_signed("!=", rest, self._constant(0)), signs_differ)
        if isinstance(operator, ast.Mod):
            return self.build.add(rest, self.build.select(is_off, b, self._constant(0)))
        assert isinstance(operator, ast.FloorDiv)
        return self.build.sub(self.build.sdiv(a, b), self.build.zext(is_off, self.all.number))

    # --- pieces ------------------------------------------------------------------------------------------------------

    def _values(self, expression: ast.expr) -> list[Any]:
        parts = expression.elts if isinstance(expression, ast.Tuple) else [expression]
        return [self.value(part) for part in parts]

    def _target(self, expression: ast.expr) -> Any:
        """Where a name or a cell of the memory stands."""
        if isinstance(expression, ast.Name):
            return self._place(expression.id)
        assert isinstance(expression, ast.Subscript)
        return self._cell(self.value(expression.slice))

    def _cell(self, number: Any) -> Any:
        return self.build.gep(self.memory, [number], inbounds=True, source_etype=self.all.number)

    def _is_number(self, name: str) -> bool:
        return name not in self.places and name in self.all.numbers

    def _loaded(self, name: str) -> Any:
        return self.build.load(self.places[name])

    def _place(self, name: str) -> Any:
        """Room for a name, at the head of the function."""
        if name not in self.places:
            with self.build.goto_block(self.start):
                self.build.position_at_start(self.start)
                self.places[name] = self.build.alloca(self.all.number)
        return self.places[name]

    def _constant(self, value: int) -> Any:
        return self.ir.Constant(self.all.number, value)

    def _block(self) -> Any:
        return self.function.append_basic_block()

    def _go_to(self, block: Any) -> None:
        if not self.build.block.is_terminated:
            self.build.branch(block)

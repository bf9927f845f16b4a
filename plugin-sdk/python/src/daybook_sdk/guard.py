"""The guard: what would differ between two runs of the same event fails, with advice.

Natively a profile function sees every call of a C function while a handler runs. In the component the functions are
replaced for good (`install`, `seal`), since the stubs beneath them would trap without a word. In both the author's code
is rewritten, because iterating over a set calls nothing that could be replaced: in the component as it is imported,
natively (`harden`) once it is there.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import io
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from .failures import Fault

CLOCK = "a handler has no clock: take e.time in a materializer, cx.now() in a creator"
RANDOM = "a handler has no randomness: take cx.make_id() in a creator, and ids of the event in a materializer"
THREAD = "a handler has one thread: what takes long is a task, cx.enqueue(...)"
HASH = "hash() and id() differ from run to run: take the value itself, or a digest of hashlib"
FILES = "a component has no files: read them when the module is imported, at the top of your file"
NETWORK = "a handler reaches nobody outside: what has to be sent or fetched is a task, cx.enqueue(...)"
ORDER = "a set of texts has another order in every run: iterate over sorted(...), or keep a dict or a list"

# Module, name of the C function, advice.
_C_FUNCTIONS: dict[tuple[str, str], str] = {
    **{("time", n): CLOCK for n in (
        "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "localtime",
        "gmtime", "sleep",
    )},
    **{("posix", n): RANDOM for n in ("urandom", "getrandom")},
    **{(module, "open"): FILES for module in ("_io", "io", "posix")},
    **{("_socket", n): NETWORK for n in ("getaddrinfo", "gethostbyname", "gethostname")},
    **{("_thread", n): THREAD for n in ("start_new_thread", "start_new", "start_joinable_thread")},
}
_DATETIME_METHODS = frozenset({"now", "utcnow", "today"})

SECONDS_MAX = 10
"""Seconds of the processor that a handler may take in tests. A component's fuel is used up sooner."""
ENDLESS = f"it ran for {SECONDS_MAX} s and was stopped: a loop without an end, or over too many rows; a component has less time"

_depth = 0
_component = False


def _advice(function: Any) -> str | None:
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if name in _DATETIME_METHODS and isinstance(owner, type) and owner.__module__ == "datetime":
        return CLOCK
    if type(owner).__module__ == "random" or type(owner).__module__ == "_random":
        # An instance with a seed of its own would be repeatable, but nobody sees that it has one.
        return RANDOM if name in ("random", "getrandbits", "seed") else None
    if type(owner).__module__ in ("socket", "_socket") and name in ("connect", "connect_ex", "bind", "sendto", "__init__"):
        return NETWORK
    return _C_FUNCTIONS.get((getattr(function, "__module__", None) or "", name))


@contextlib.contextmanager
def active() -> Iterator[None]:
    """Within, the guard refuses. Natively alone: in the component it always does."""
    global _depth
    if _component:
        yield
        return
    before = sys.getprofile()

    def profile(frame: types.FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            advice = _advice(argument)
            if advice is not None:
                raise Fault(f"{argument.__name__}(): {advice}")

    _depth += 1
    sys.setprofile(profile)
    try:
        with _limited():
            yield
    finally:
        sys.setprofile(before)
        _depth -= 1


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    import signal
    import threading

    # The outermost handler's time is that of the versions below too. Elsewhere there is no such signal.
    if _depth > 1 or not hasattr(signal, "SIGVTALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise Fault(ENDLESS)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_MAX)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _refuse(name: str, advice: str) -> Callable[..., Any]:
    def refused(*_: Any, **__: Any) -> Any:
        raise Fault(f"{name}(): {advice}")

    refused.__name__ = name
    return refused


def install() -> None:
    """Replaces what the component does not have. Called before the author's module is imported."""
    global _component
    import _thread
    import datetime
    import os
    import random
    import time
    import uuid

    _component = True
    for (module, name), advice in _C_FUNCTIONS.items():
        home: Any = {"time": time, "posix": os, "_thread": _thread}.get(module)
        # Files are needed until the component is built: see `seal`.
        if name != "open" and hasattr(home, name):
            setattr(home, name, _refuse(name, advice))
    for name in ("uuid1", "uuid4"):
        setattr(uuid, name, _refuse(name, RANDOM))
    for name in random.__all__:
        if callable(getattr(random, name)):
            setattr(random, name, _refuse(name, RANDOM))
    import threading

    setattr(threading.Thread, "start", _refuse("Thread.start", THREAD))

    real = datetime.datetime
    refused = {name: classmethod(_refuse(name, CLOCK)) for name in _DATETIME_METHODS}
    setattr(datetime, "datetime", type("datetime", (real,), {**refused, "__module__": "datetime"}))
    # `date` itself stays: it is the type of columns, and its `today` asks `time.time`, which is replaced.
    for name, place in (("strftime", 1), ("asctime", 0), ("ctime", 0)):
        setattr(time, name, _needs_time(getattr(time, name), name, place))
    setattr(builtins, "__daybook_ordered__", ordered)
    setattr(builtins, "__daybook_hashed__", hashed)


def rewrite_imports(modules: frozenset[str]) -> None:
    """From here on the source of these top-level modules, the author's, is rewritten as it is imported."""
    from importlib.machinery import SourceFileLoader

    def source_to_code(loader: Any, data: Any, path: Any, *_: Any, **__: Any) -> types.CodeType:
        tree: Any = ast.parse(data, path)
        if loader.name.partition(".")[0] in modules:
            tree = _Rewrite().visit(tree)
        return compile(tree, path, "exec", dont_inherit=True)

    setattr(SourceFileLoader, "source_to_code", source_to_code)


class _NoImports:
    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        raise Fault(f"import {name}: {FILES.replace('read them when the module is imported', 'write the import')}")


def seal() -> None:
    """What was needed to build the component ends here: imports and files."""
    sys.meta_path[:] = [_NoImports()]
    import os

    for home in (builtins, io, os):
        setattr(home, "open", _refuse("open", FILES))
    # Where it was imported: who only imports it for a name in a library is not stopped.
    for module, name in (("socket", "socket"), ("socket", "create_connection"), ("socket", "getaddrinfo")):
        if module in sys.modules:
            setattr(sys.modules[module], name, _refuse(name, NETWORK))
    sys.stdout, sys.stderr = _Printed(), _Printed()
    sys.setrecursionlimit(RECURSION_MAX)


RECURSION_MAX = 300
"""Calls within calls in a component, whose stack is smaller than what Python counts with."""

printed: Callable[[str], None] | None = None
"""Where a line goes that a handler prints in a component: the plugin's log."""


class _Printed(io.TextIOBase):
    """What `print` writes to in a component."""

    def __init__(self) -> None:
        self._line = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            if printed is not None:
                printed(line)
        return len(text)

    def flush(self) -> None:
        """A line goes when it ends."""

    def end(self) -> None:
        """Lets the last line go, which has no end."""
        if self._line:
            self.write("\n")


def flush() -> None:
    """At a handler's end."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Printed):
            stream.end()


def _needs_time(real: Callable[..., Any], name: str, place: int) -> Callable[..., Any]:
    def checked(*arguments: Any) -> Any:
        if len(arguments) <= place:
            raise Fault(f"{name}(): {CLOCK}")
        return real(*arguments)

    return checked


def ordered(iterable: Any) -> Any:
    """What the rewritten source iterates over."""
    if isinstance(iterable, (set, frozenset)) and (_component or _depth):
        if any(isinstance(item, (str, bytes, tuple)) for item in iterable) and len(iterable) > 1:
            raise Fault(ORDER)
    return iterable


def hashed(value: Any) -> int:
    """What `hash` and `id` are in the rewritten source."""
    raise Fault(HASH)


_ITERATING = frozenset({"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "join", "extend"})


class _Rewrite(ast.NodeTransformer):
    def _ordered(self, node: ast.expr) -> ast.expr:
        name = ast.Name("__daybook_ordered__", ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Call(name, [node], []), node))

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._ordered(node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._ordered(node.iter)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = self._ordered(node.value)
        return node

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        # Its result has no order either way; only what is drawn from it would show one.
        for generator in node.generators:
            generator.iter = self.visit(generator.iter)
        node.elt = self.visit(node.elt)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        harmless = isinstance(node.func, ast.Name) and node.func.id in (
            "sorted", "set", "frozenset", "sum", "min", "max", "any", "all", "len",
        )
        if harmless and node.args and isinstance(node.args[0], (ast.GeneratorExp, ast.SetComp)):
            for generator in node.args[0].generators:
                generator.iter = self.visit(generator.iter)
            return node
        self.generic_visit(node)
        if called in _ITERATING:
            node.args = [a if isinstance(a, ast.Starred) else self._ordered(a) for a in node.args]
        if isinstance(node.func, ast.Name) and node.func.id in ("hash", "id"):
            node.func = ast.copy_location(ast.Name("__daybook_hashed__", ast.Load()), node.func)
        return node


_hardened: set[str] = set()


def harden(handler: Callable[..., Any]) -> None:
    """Rewrites the code of the handler's module, once. File names and lines stay; globals stay; closures stay."""
    name = handler.__module__
    module = sys.modules.get(name)
    if _component or module is None or name in _hardened:
        return
    _hardened.add(name)
    try:
        source, path = inspect.getsource(module), inspect.getsourcefile(module) or name
    except (OSError, TypeError):  # Typed at a prompt; there is no source.
        return
    code = compile(_Rewrite().visit(ast.parse(source)), path, "exec", dont_inherit=True)
    found: dict[tuple[str, int], types.CodeType] = {}
    _collect(code, found)
    module.__dict__["__daybook_ordered__"] = ordered
    module.__dict__["__daybook_hashed__"] = hashed
    for value in [handler, *_functions(vars(module), name)]:
        function = inspect.unwrap(value)
        if isinstance(function, types.FunctionType):
            new = found.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
            if new is not None and new.co_freevars == function.__code__.co_freevars:
                function.__code__ = new.replace(co_filename=function.__code__.co_filename)


def _functions(members: Any, module: str) -> Iterator[Any]:
    for value in list(members.values()):
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if isinstance(value, types.FunctionType) and value.__module__ == module:
            yield value
        elif isinstance(value, type) and value.__module__ == module:
            yield from _functions(vars(value), module)


def _collect(code: types.CodeType, found: dict[tuple[str, int], types.CodeType]) -> None:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found[(constant.co_qualname, constant.co_firstlineno)] = constant
            _collect(constant, found)

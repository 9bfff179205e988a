"""Functions that are the same after their module was loaded again, and those that are not."""

import threading

import pytest

from fer_bench.runtime.function_equality import same_definition

MODULE = """
import abc, dataclasses, functools
import numpy as np
def plain(): return n_of(WIDTH)
def other(): pass
def n_of(value): return value
WIDTH = 3
def factory(n):
    def made(): return n
    return made
closure, other_closure = factory(1), factory(2)
array, other_array = factory(np.arange(3)), factory(np.arange(4))
values, other_values = factory(np.arange(3)), factory(np.arange(3.0))
kinds, other_kinds = factory(1), factory(True)
helped, other_helped = factory(factory(1)), factory(factory(2))
nameless, other_nameless = lambda: 1, lambda: 2
partial, other_partial = functools.partial(plain, 1), functools.partial(plain, 2)
keyword, other_keyword = functools.partial(plain, n=1), functools.partial(plain, n=2)
of_array = functools.partial(plain, [np.arange(3)], n={"n": np.ones(2)})
other_of_array = functools.partial(plain, [np.arange(3)], n={"n": np.zeros(2)})
kept, other_kept = functools.cache(plain), functools.cache(other)
default, other_default = (lambda n: [lambda m=k: m for k in (n,)][0])(1), lambda m=2: m
def decorate(function):
    @functools.wraps(function)
    def wrapper(): return function()
    return wrapper
decorated, other_decorated = decorate(plain), plain
class Maker:
    rate = 2
    def __init__(self, n): self.n = n
    def __call__(self): return self.n
    def build(self): return super().__repr__()
    @classmethod
    def made(cls): return cls(1)
    @property
    def twice(self): return 2 * self.n
class Slotted(abc.ABC):
    __slots__ = ("n",)
    def __init__(self, n): self.n = n
    def __call__(self): pass
@dataclasses.dataclass
class Data:
    n: object
    more: list = dataclasses.field(default_factory=list)
    def __call__(self): return self.n
called, other_called = Maker(1), Maker(2)
slotted, other_slotted = Slotted(1), Slotted(2)
data, other_data = Data(1), Data(np.arange(3))
bound, other_bound = Maker(1).build, Maker(2).build
of_class, other_of_class = Maker.made, Data
def recursive(n):
    def made(k): return made(k - n) if k else later
    if n > 9: later = 1
    return made
in_itself, other_in_itself = recursive(1), recursive(2)
"""
KINDS = [
    *("plain", "closure", "array", "values", "kinds", "helped", "nameless", "partial", "keyword"),
    *("of_array", "kept", "default", "decorated", "called", "slotted", "data", "bound"),
    *("of_class", "in_itself"),
]


def load(name="own", text=MODULE):
    module = {"__name__": name}
    exec(text, module)
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_of_a_module_that_is_loaded_again_is_the_same(kind):
    once, again = load()[kind], load(text=f"# Moved by a line.\n{MODULE}")[kind]
    assert once is not again
    assert same_definition(once, again)


@pytest.mark.parametrize("kind", KINDS)
def test_another_function_is_another(kind):
    module = load()
    other = module["other" if kind == "plain" else f"other_{kind}"]
    assert not same_definition(module[kind], other)
    assert not same_definition(other, module[kind])
    assert not same_definition(load("own")["plain"], load("foreign")["plain"])


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("factory", "return n\n", "return -n\n"),
        ("closure", "return n\n", "return -n\n"),
        ("n_of", "return value", "return value + 1"),
        ("plain", "return value", "return value + 1"),
        ("plain", "n_of(WIDTH)", "n_of(HEIGHT)"),
        ("plain", "def plain()", "def plain(n=1)"),
        ("decorated", "return value", "return value + 1"),
        ("called", "return self.n\n    def build", "return -self.n\n    def build"),
        ("called", "2 * self.n", "3 * self.n"),
        ("bound", "rate = 2", "rate = 3"),
        ("bound", "super().__repr__()", "super().__str__()"),
        ("nameless", "lambda: 1,", "lambda: 1.0,"),
    ],
)
def test_an_edited_function_is_another(kind, before, after):
    assert MODULE.count(before) >= 1
    edited = load(text=MODULE.replace(before, after))
    assert not same_definition(load()[kind], edited[kind])


def test_other_callables_are_themselves_alone():
    assert same_definition(str, str)
    assert same_definition("own:build", "own:build")
    assert not same_definition(str, int)
    assert not same_definition([].append, [1].append)


class Raising:
    def __eq__(self, other):
        raise RuntimeError


@pytest.mark.parametrize("make", [threading.Lock, Raising, lambda: (n for n in "abc")])
def test_values_that_cannot_be_compared_are_others(make):
    factory = load()["factory"]
    assert not same_definition(factory(make()), factory(make()))
    value = make()
    assert same_definition(factory(value), factory(value))


@pytest.mark.network
def test_a_class_of_layers_that_is_loaded_again_is_the_same():
    keras = pytest.importorskip("keras")
    text = "class Own(Layer):\n    def call(self, x): return x\ndef build(): return Own()"
    once, again = {"__name__": "own", "Layer": keras.Layer}, {"__name__": "own"}
    again["Layer"] = keras.Layer
    exec(text, once)
    exec(text, again)
    assert same_definition(once["build"], again["build"])
    exec(text.replace("return x", "return 2 * x"), again)
    assert not same_definition(once["build"], again["build"])

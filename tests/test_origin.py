"""Which functions are the same after their module was loaded again."""

import functools

import pytest

from fer_bench.origin import origin

MODULE = """
import functools
def plain(): pass
def other(): pass
def factory(n):
    def made(): return n
    return made
closure, other_closure = factory(1), factory(2)
nameless, other_nameless = lambda: 1, lambda: 2
partial, other_partial = functools.partial(plain, 1), functools.partial(plain, 2)
keyword, other_keyword = functools.partial(plain, n=1), functools.partial(plain, n=2)
kept, other_kept = functools.cache(plain), functools.cache(other)
default, other_default = (lambda n: [lambda m=k: m for k in (n,)][0])(1), lambda m=2: m
"""
KINDS = ["plain", "closure", "nameless", "partial", "keyword", "kept", "default"]


def load(name="own"):
    module = {"__name__": name}
    exec(MODULE, module)
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_of_a_module_that_is_loaded_again_is_the_same(kind):
    once, again = load()[kind], load()[kind]
    assert once is not again
    assert origin(once) == origin(again)


@pytest.mark.parametrize("kind", KINDS)
def test_another_function_is_another(kind):
    module = load()
    other = module["other" if kind == "plain" else f"other_{kind}"]
    assert origin(module[kind]) != origin(other)
    assert origin(load("own")["plain"]) != origin(load("foreign")["plain"])


def test_other_callables_are_themselves_alone():
    assert origin(str) == origin(str)
    assert origin("own:build") == "own:build"
    assert origin(functools.partial(str)) != origin(functools.partial(int))
    assert origin([].append) != origin([1].append)

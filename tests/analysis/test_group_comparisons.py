from __future__ import annotations

import dataclasses

import pytest
from made_runs import LABELS, every_cell, made_cell, made_missing, made_predictions, made_run

from fer_bench.analysis.group_comparisons import compare_groups, find_pair, p_text
from fer_bench.analysis.seed_groups import group_cells
from fer_bench.metrics import compare, holm


def named(found):
    return [
        ((pair.first.backbone, pair.first.init), (pair.second.backbone, pair.second.init))
        for pair in found
    ]


def test_every_two_in_the_order_of_the_run():
    run = made_run(
        made_cell("resnet50", "random"),
        made_cell("openface", "random"),
        made_missing("openface", "pretrained"),
        made_cell("mini", "random"),
    )
    resnet, openface, mini = (("resnet50", "random"), ("openface", "random"), ("mini", "random"))
    assert named(compare_groups(group_cells(run))) == [
        (resnet, openface),
        (resnet, mini),
        (openface, mini),
    ]


def test_a_pair_is_the_comparison_of_its_predictions_corrected_over_all():
    shares = {"resnet50": 0.5, "openface": 0.49, "mini": 0.485}
    run = made_run(*(made_cell(name, "random", share) for name, share in shares.items()))
    found = compare_groups(group_cells(run))
    correct = {name: made_predictions(share) == LABELS for name, share in shares.items()}
    expected = [
        compare(correct[pair.first.backbone], correct[pair.second.backbone]) for pair in found
    ]
    assert [pair.comparison for pair in found] == expected
    assert [pair.corrected for pair in found] == holm(one.p_value for one in expected)
    assert any(pair.corrected > pair.comparison.p_value for pair in found)


def test_two_are_distinguished_by_the_corrected_p_value():
    run = made_run(made_cell("mini", "random", 0.5), made_cell("openface", "random", 0.4))
    (pair,) = compare_groups(group_cells(run))
    for corrected, differ in ((0.0499, True), (0.05, False), (0.06, False)):
        raw = dataclasses.replace(pair.comparison, p_value=0.01)
        assert dataclasses.replace(pair, comparison=raw, corrected=corrected).differ is differ


def test_without_two_networks_there_is_no_pair():
    assert compare_groups(group_cells(made_run())) == ()
    assert compare_groups(group_cells(made_run(made_cell("mini", "random")))) == ()


def test_predictions_that_are_not_known_are_left_out():
    old = made_cell("openface", "random")
    old = dataclasses.replace(old, quality=dataclasses.replace(old.quality, predictions=None))
    assert compare_groups(group_cells(made_run(made_cell("mini", "random"), old))) == ()


def test_seeds_belong_together_where_both_have_the_same():
    def two(backbone, seeds, spread):
        return [
            made_cell(backbone, "random", 0.4 + 0.05 * place, seed=seed, spread=spread + place)
            for place, seed in enumerate(seeds)
        ]

    def table(cells):
        return [cell.quality.predictions.predicted == LABELS for cell in cells]

    ours, theirs = two("mini", (1, 2), 0), two("openface", (1, 2), 5)
    (same,) = compare_groups(group_cells(made_run(*ours, *theirs)))
    assert same.comparison == compare(table(ours), table(theirs))
    others = [dataclasses.replace(cell, seed=cell.seed + 1) for cell in theirs]
    (different,) = compare_groups(group_cells(made_run(*ours, *others)))
    assert different.comparison == compare(table(ours), table(theirs), paired_seeds=False)
    assert different.comparison.interval != same.comparison.interval
    assert different.comparison.method.endswith("unpaired seeds")
    # The order in the file says nothing.
    (sorted_too,) = compare_groups(group_cells(made_run(*ours, *theirs[::-1])))
    assert sorted_too.comparison == same.comparison


def test_of_seeds_that_are_partly_common_only_those_are_compared():
    cells = {
        backbone: [
            made_cell(backbone, "random", 0.4 + 0.01 * seed, seed=seed, spread=seed)
            for seed in seeds
        ]
        for backbone, seeds in (("mini", (1, 2, 3)), ("openface", (4, 3, 2)))
    }
    (found,) = compare_groups(group_cells(made_run(*cells["mini"], *cells["openface"])))
    (common,) = compare_groups(group_cells(made_run(*cells["mini"][1:], *cells["openface"][:0:-1])))
    assert found.comparison == common.comparison
    assert found.comparison.method.startswith("paired bootstrap")
    assert found.comparison.method.endswith("t over seeds")


def test_many_networks_are_compared_with_the_best_and_their_like():
    cells = [
        made_cell(f"net{index}", init, 0.3 + 0.01 * index)
        for index in range(3)
        for init in ("pretrained", "random")
    ]
    best = made_cell("best", "random", 0.5)
    paper = [
        made_cell(backbone, init, 0.2)
        for backbone in ("mobilenet", "openface")
        for init in ("pretrained", "random")
    ]
    found = named(compare_groups(group_cells(made_run(*cells, best, *paper))))
    with_best = [pair for pair in found if ("best", "random") in pair]
    assert len(with_best) == 10
    assert [pair for pair in found if pair not in with_best] == [
        (("net0", "pretrained"), ("net0", "random")),
        (("net1", "pretrained"), ("net1", "random")),
        (("net2", "pretrained"), ("net2", "random")),
        (("mobilenet", "pretrained"), ("mobilenet", "random")),
        (("mobilenet", "pretrained"), ("openface", "pretrained")),
        (("mobilenet", "random"), ("openface", "random")),
        (("openface", "pretrained"), ("openface", "random")),
    ]


def test_the_papers_eight_are_all_compared():
    assert len(compare_groups(group_cells(made_run(*every_cell())))) == 28


def test_a_pair_the_other_way_round():
    run = made_run(made_cell("mini", "random", 0.5), made_cell("openface", "random", 0.4))
    mini, openface = group_cells(run)
    found = compare_groups((mini, openface))
    (pair,) = found
    assert find_pair(found, mini, openface) == pair
    swapped = find_pair(found, openface, mini)
    theirs = made_predictions(0.4) == LABELS
    assert swapped.comparison == compare(theirs, made_predictions(0.5) == LABELS)
    assert swapped.first == pair.second
    assert swapped.swapped == pair
    (other,) = group_cells(made_run(made_cell("mini", "pretrained")))
    assert find_pair(found, mini, other) is None


def test_heads_of_a_large_run_are_compared_with_the_papers():
    heads = ("linear", "mlp:8", "mlp:16", "mlp:32", "mlp:64")
    run = made_run(
        *(
            made_cell("mini", init, 0.3 + 0.02 * number, head=head)
            for init in ("pretrained", "random")
            for number, head in enumerate(heads)
        )
    )
    pairs = {
        (pair.first.id, pair.second.id)
        for pair in compare_groups(group_cells(run))
        if "mini-pretrained-mlp64" not in (pair.first.id, pair.second.id)
        and "mini-random-mlp64" not in (pair.first.id, pair.second.id)
    }
    assert pairs == {
        *(
            (f"mini-{init}", f"mini-{init}-mlp{width}")
            for init in ("pretrained", "random")
            for width in (8, 16, 32)
        ),
        ("mini-pretrained", "mini-random"),
        *((f"mini-pretrained-mlp{width}", f"mini-random-mlp{width}") for width in (8, 16, 32)),
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "corrected p < 0.0001"),
        (0.0009, "corrected p = 0.0009"),
        (0.0499, "corrected p = 0.0499"),
        (0.049996, "corrected p = 0.049996"),
        (0.05, "corrected p = 0.050"),
        (0.04, "corrected p = 0.040"),
        (1.0, "corrected p = 1.000"),
    ],
)
def test_p_values_for_a_reader(value, text):
    assert p_text(value) == text

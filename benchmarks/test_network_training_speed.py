"""Training speed of each cell's complete network, without stored features."""

import pytest

from fer_bench.models import get

LEAST_ROUNDS, MOST_ROUNDS = 3, 5
MOST_BATCHES = 8  # in a round
SECONDS = 1.0  # a network too slow for all batches within this time gets fewer, but never none


@pytest.mark.fer_speed
@pytest.mark.fer_epochs
def test_network_training_speed(trained, cell, experiment, benchmark, measured):
    """Measure training on a few batches of images, frozen layers included."""
    from fer_bench.training.network_training import input_sizes, network_training

    benchmark.group = "training speed of the complete network"
    entry = get(cell.backbone).adapted(experiment.protocol)
    context, head = experiment.chosen(trained.result)
    own, *others = input_sizes(entry)

    def prepare(size):
        network = network_training(context, entry, cell.init, size, head)
        network.train(1)  # builds and compiles it
        started = measured.timer()
        network.train(1)
        affordable = SECONDS / max(measured.timer() - started, 1e-9)
        batches = min(MOST_BATCHES, max(1, int(affordable / LEAST_ROUNDS)))
        rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, int(affordable / batches)))
        return network, batches, rounds

    def timed(size):
        network, batches, rounds = prepare(size)
        seconds = []
        for _ in range(rounds):
            started = measured.timer()
            network.train(batches)
            seconds.append(measured.timer() - started)
        return batches * network.batch_size, seconds

    network, batches, rounds = prepare(own)
    benchmark.pedantic(network.train, args=(batches,), rounds=rounds)
    images = batches * network.batch_size
    measured.network_training(own, images, {size: timed(size) for size in others})

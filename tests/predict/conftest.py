from __future__ import annotations

import pytest
from made_models import hopper, model_file

from fer_bench.predict import Predictor


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Return the path of an exported model."""
    return model_file(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def predictor(model):
    """Return a predictor with the default detector."""
    return Predictor(model)


@pytest.fixture(scope="session")
def of_crops(model):
    """Return a predictor for images that are crops."""
    return Predictor(model, detector="none")


@pytest.fixture
def photo(tmp_path):
    """Return the path of a photo of one face."""
    path = tmp_path / "hopper.jpg"
    hopper().save(path, quality=92)
    return path

"""Handmade metadata of an exported model."""

from fer_bench.results.model_metadata import (
    Calibration,
    ClassRecall,
    ModelInput,
    ModelMetadata,
    Parity,
    Share,
)

METADATA = ModelMetadata(
    schema=1,
    fer_bench="0.1.0",
    target="any",
    classes=("Happy", "Sad"),
    input=ModelInput("images", "uint8", (None, None, None, None), 48, 48, "0 to 255", "a face"),
    output="probabilities",
    cell="mini-pretrained-42",
    title="mini pretrained, seed 42",
    backbone="mini",
    init="pretrained",
    head="linear",
    fingerprint="ab" * 32,
    dataset="faces",
    dataset_digest="cd" * 32,
    split="paper",
    protocol=(("epochs", "20"),),
    accuracy=Share(0.5, 0.4, 0.6, 100),
    deduplicated=None,
    majority_baseline=0.3,
    recalls=(ClassRecall("Happy", 60, 0.7, 0.6, 0.8), ClassRecall("Sad", 0, None, None, None)),
    calibration=Calibration(2.0, "10 images", 0.2, 0.1),
    parity=Parity(100, 1e-7, 0, "onnxruntime 1"),
    licences=(("code", "MIT"),),
    card="# Card\n\nGrüße",
)

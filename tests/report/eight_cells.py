"""Handmade run of the paper's eight cells."""

from __future__ import annotations

from made_runs import made_settings

from fer_bench.protocol import published
from fer_bench.results.quality import History, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Parameters, Run, Status
from fer_bench.results.speeds import InferenceSpeed, TrainingSpeed

TITLES = {
    "mobilenet": "MobileNet",
    "openface": "OpenFace",
    "resnet50": "ResNet-50",
    "vggface": "VGG-Face",
}
PARAMETERS = {
    "mobilenet": Parameters(3_228_864, 1_058_823, 7_175),
    "openface": Parameters(3_743_280, 95_111, 903),
    "resnet50": Parameters(23_587_712, 1_111_559, 57_351),
    "vggface": Parameters(134_260_544, 119_560_007, 18_359),
}
COUNTS = (
    ("Angry", 4953),
    ("Disgust", 547),
    ("Fear", 5121),
    ("Happy", 8989),
    ("Sad", 6077),
    ("Surprise", 4002),
    ("Neutral", 6198),
)


def steps(start: float, step: float, length: int) -> tuple[float, ...]:
    return tuple(start + index * step for index in range(length))


def quality(step: float, epochs: int = 20) -> Quality:
    """Return a quality whose curves are linear, with a slope of ``step`` per epoch.

    Evaluated accuracies start at 0.14 before training. The slope of training is twice that of
    validation; losses fall at the same rates.
    """
    return Quality(
        history=History(
            running_accuracy=steps(0.15 + 2 * step, 2 * step, epochs),
            running_loss=steps(1.90 - 2 * step, -2 * step, epochs),
            train_accuracy=steps(0.14, 2 * step, epochs + 1),
            train_loss=steps(1.95, -2 * step, epochs + 1),
            validation_accuracy=steps(0.14, step, epochs + 1),
            validation_loss=steps(1.96, -step, epochs + 1),
        ),
        test_accuracy=0.3541,
        test_loss=1.6789,
        recall=(0.25, 0.0, 0.125, 0.7, 0.3, 0.5, 0.4),
        confusion=tuple(
            tuple(10 * (row + 1) if row == column else 0 for column in range(7)) for row in range(7)
        ),
    )


def cell(backbone: str, init: str, step: float) -> CellResult:
    return CellResult(
        backbone=backbone,
        title=TITLES[backbone],
        init=init,
        dataset="fer2013",
        seed=42,
        status="ok",
        fingerprint="0123456789abcdef",
        source="trained",
        weights="drawn from seed 42" if init == "random" else "weights/file.h5",
        parameters=PARAMETERS[backbone],
        quality=quality(step),
        training=TrainingSpeed(25_121, (2.5, 2.0, 3.0), 10_048.4),
        inference=(
            InferenceSpeed(1, (0.004,) * 100, 0.004, 0.0072, 250.0),
            InferenceSpeed(32, (0.02,) * 50, 0.02, None, 1600.0),
        ),
        parts=(("building the network", 1.5), ("frozen features", 60.0), ("training", 90.0)),
    )


def without_figures(backbone: str, init: str, status: Status, reason: str) -> CellResult:
    return CellResult(backbone, TITLES[backbone], init, "fer2013", 42, status, reason)


def make_run() -> Run:
    return Run(
        protocol=made_settings(),
        dataset=DatasetSummary("fer2013", published.DIGEST, COUNTS, "paper", 25121, 3589, 7177),
        environment=(
            ("python", "3.11.9"),
            ("keras", "3.15.0"),
            ("tensorflow", "2.21.0"),
            ("processor", "2 cores, x86_64"),
        ),
        cells=(
            cell("mobilenet", "pretrained", 0.02),
            cell("mobilenet", "random", 0.001),
            without_figures(
                "openface",
                "pretrained",
                "skipped",
                "no weights: openface_weights.h5 is neither in '/data/weights' nor in "
                "'/home/ada/.deepface/weights', and the download failed (no network); put the "
                "file into a folder and name it with --weights-dir",
            ),
            cell("openface", "random", 0.003),
            without_figures(
                "resnet50",
                "pretrained",
                "skipped",
                "no weights: resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5 is not in "
                "'/data/weights'; put the file there",
            ),
            cell("resnet50", "random", 0.005),
            without_figures(
                "vggface", "pretrained", "failed", "weights/vgg_face_weights.h5 is truncated"
            ),
            cell("vggface", "random", -0.00001),
        ),
    )

"""The paper's claims: what it says, what would decide it, and the function that does.

Wherever several parts must hold, each is judged at the 95 % level, which needs no correction; a
part fails at a level corrected over the claim's own family (Bonferroni), never over other claims or
whatever else a run compared. ``guards`` apply to every claim.
"""

from __future__ import annotations

from fer_bench.analysis.claims import emotions, networks, pretraining, published_rules
from fer_bench.analysis.claims.networks import EQUAL, SPEED_NOISE
from fer_bench.analysis.claims.pretraining import HIGH, LEVEL_RATE
from fer_bench.analysis.claims.values import NOT_MEASURABLE, Claim, Missing, PaperVerdict
from fer_bench.analysis.number_text import percent, points

_NO_ACCURACIES = "accuracies are only in figures"
_BOTH = "under both conventions"


_OTHER_SETTINGS = Missing(
    NOT_MEASURABLE,
    "pretrained VGG-Face with learning rates above 1e-4 (--learning-rate) and with further dense "
    "layers (--head=mlp:256) next to the stated settings: a verdict is on networks with one "
    "softmax layer, from one run",
)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "Pretrained networks perform better than random ones",
        "test accuracy, pretrained minus random, of each backbone",
        "supported if above 0 for every backbone, and final validation accuracy agrees in sign; "
        "contradicted if below 0 for any",
        "the four backbones",
        pretraining.pretrained_is_better,
        PaperVerdict(_NO_ACCURACIES),
        "test accuracy, pretrained minus random, share",
        parts=4,
    ),
    Claim(
        "C2",
        "Pretrained networks converge faster on average in epochs 1-10; later they are level or "
        "random ones are faster",
        "accuracy MCR, pretrained minus random, mean of the four backbones, in epochs 1-10 and "
        "11-20",
        f"supported if above 0 in 1-10 and below the margin in 11-20, {_BOTH}; contradicted if "
        "either is shown to be otherwise",
        "the two ranges of epochs",
        pretraining.pretrained_converges_faster,
        published_rules.converges_faster(),
        "accuracy MCR, pretrained minus random, share per epoch",
        parts=2,
        margin=f"0 and {LEVEL_RATE} per epoch",
    ),
    Claim(
        "C3",
        "Pretrained networks are more prone to overfitting (C16 says the opposite)",
        "accuracy MOFR over all epochs, pretrained minus random, of each backbone",
        f"supported if above 0 for every backbone {_BOTH}; contradicted if below 0 for any",
        "the four backbones",
        lambda evidence: pretraining.overfits_faster(evidence, "pretrained", "random"),
        published_rules.overfits_faster(1),
        "accuracy MOFR, pretrained minus random, share per epoch",
        parts=4,
    ),
    Claim(
        "C4",
        "Pretrained VGG-Face has the best initial and final validation accuracy",
        "validation accuracy after epoch 1 and after the last, VGG-Face minus each of the seven "
        "other networks",
        "supported if all are above 0; contradicted if any is below",
        "the 14 differences",
        networks.vggface_is_most_accurate,
        PaperVerdict(_NO_ACCURACIES),
        "validation accuracy, share",
        parts=2,
    ),
    Claim(
        "C5",
        "Pretrained VGG-Face converges slowest",
        "accuracy MCR over all epochs, each other pretrained network minus VGG-Face",
        f"supported if all are above 0 {_BOTH}; contradicted if any is below",
        "the three differences",
        networks.vggface_converges_slowest,
        published_rules.vggface_is_slowest(),
        "accuracy MCR, share per epoch",
    ),
    Claim(
        "C6",
        "OpenFace is as accurate as ResNet-50, has fewer parameters, and trains and predicts "
        "faster",
        "pretrained OpenFace against ResNet-50: difference in test accuracy, parameters, images/s "
        "in training the complete network at own and at equal input size, images/s in inference",
        "supported if the 95 % CI of the accuracy lies within the margin, parameters are fewer, "
        "and each median speed is higher with quartiles of the rounds apart; contradicted if the "
        "CI lies beyond the margin, parameters are not fewer, or any speed is lower by the same "
        "rule",
        "none, one difference",
        networks.openface_equals_resnet50,
        PaperVerdict("accuracies and times; only the parameters agree: 3,743,280 and 23,587,712"),
        "test accuracy, share",
        parts=5,
        margin=f"{points(EQUAL)} in accuracy, {percent(SPEED_NOISE)} in speed",
    ),
    Claim(
        "C7",
        "MobileNet has the fewest parameters and performs worse than OpenFace",
        "parameters of the four backbones; test accuracy, pretrained OpenFace minus MobileNet",
        "supported if MobileNet has fewest and the difference is above 0; contradicted if another "
        "has as few or fewer, or the difference is below 0",
        "none, one difference",
        networks.mobilenet_is_smallest,
        PaperVerdict(
            "accuracies and VGG-Face's parameters; of the other three MobileNet has fewest"
        ),
        "test accuracy, share",
        parts=2,
    ),
    Claim(
        "C8",
        "OpenFace has the highest convergence and overfitting rates",
        "accuracy MCR and MOFR in epochs 1-5, pretrained OpenFace minus each other pretrained "
        "network",
        f"supported if all are above 0 {_BOTH}; contradicted if any is below",
        "the six differences",
        networks.openface_changes_fastest,
        published_rules.openface_is_fastest(),
        "accuracy MCR or MOFR, share per epoch",
        parts=2,
    ),
    Claim(
        "C9",
        "Happiness, anger, fear and surprise are recognised best, disgust worst",
        "recall on the test images, mean of the networks above the majority-class baseline, two "
        "emotions at a time",
        "supported if each of the four is above each other emotion, disgust is below all, and the "
        "networks agree; contradicted if any difference is shown to be the other way round",
        "the 14 pairs of emotions",
        emotions.emotions_rank_as_stated,
        PaperVerdict("recalls; the paper points at seven example images"),
        "recall, share",
        parts=2,
    ),
    Claim(
        "C10",
        "Parameters: OpenFace 3,743,280; ResNet-50 23,587,712; MobileNet 3,228,864",
        "parameters of the backbones without their last layer",
        "supported if all three are exactly these; contradicted if any is not",
        "none, exact counts",
        networks.parameters_are_exact,
        PaperVerdict("the numbers are the paper's own", "supported"),
        "parameters",
        parts=3,
        of_the_data=False,
    ),
    Claim(
        "C11",
        f"Pretrained networks slow down late because their training accuracy has passed "
        f"{percent(HIGH)}",
        "highest training accuracy during any of epochs 15-20 of pretrained MobileNet, OpenFace "
        "and ResNet-50, whose random networks are faster in the last window of Table 2",
        f"supported if above {percent(HIGH)} for all three; contradicted if below for any",
        "the three networks",
        pretraining.pretrained_is_high_late,
        PaperVerdict(f"{_NO_ACCURACIES}; Table 2 gives gains, not levels"),
        f"training accuracy minus {HIGH}, share",
        parts=3,
    ),
    Claim(
        "C12",
        "Face-recognition networks are as good a start as ImageNet networks or better (the aim of "
        "the paper)",
        "mean test accuracy of pretrained VGG-Face and OpenFace minus that of ResNet-50 and "
        "MobileNet",
        "supported if above minus the margin; contradicted if below minus the margin",
        "none, one difference",
        networks.face_networks_are_as_good,
        PaperVerdict(_NO_ACCURACIES),
        "mean test accuracy, share",
        margin=points(EQUAL),
        source="Introduction, Discussions",
    ),
    Claim(
        "C13",
        "VGG-Face's weights suit the task best: it gains most from pretraining",
        "gain in test accuracy from pretraining, VGG-Face's minus each other backbone's",
        "supported if all are above 0; contradicted if any is below",
        "the three differences",
        pretraining.vggface_gains_most,
        PaperVerdict(_NO_ACCURACIES),
        "gain in test accuracy, share",
        source="Experiment, Discussions",
    ),
    Claim(
        "C14",
        "Disgust is recognised worst because it is the rarest class",
        "rank correlation of recall and class size over the seven classes, with and without class "
        "weights in training",
        "supported if positive (exact one-sided p below 0.05) and if class weights remove the "
        "deficit; contradicted if negative by the same test",
        "none, one correlation",
        emotions.rarest_is_worst,
        PaperVerdict("recalls; by Table 1 disgust is rarest, 547 of 35,887 images"),
        "rank correlation",
        parts=2,
    ),
    Claim(
        "C15",
        "Networks are less confident on images with disputed labels",
        "confidence of the prediction on test images whose FER+ vote is not the label or is tied, "
        "minus that on the others, mean of the networks above the majority-class baseline",
        "supported if below 0; contradicted if above",
        "none, one difference",
        emotions.disputed_labels_lower_confidence,
        PaperVerdict("confidences, apart from two example images"),
        "confidence of the prediction, share",
    ),
    Claim(
        "C16",
        "Pretrained weights lead to slower overfitting (C3 says the opposite)",
        "accuracy MOFR over all epochs, random minus pretrained, of each backbone",
        f"supported if above 0 for every backbone {_BOTH}; contradicted if below 0 for any",
        "the four backbones",
        lambda evidence: pretraining.overfits_faster(evidence, "random", "pretrained"),
        published_rules.overfits_faster(-1),
        "accuracy MOFR, random minus pretrained, share per epoch",
        parts=4,
        source="Conclusions",
    ),
    Claim(
        "C17",
        "VGG-Face needs a higher learning rate or more dense layers",
        "final validation accuracy of pretrained VGG-Face with either change minus without",
        "supported if above 0 for either change; contradicted if below 0 for both",
        "the two changes",
        lambda _: [_OTHER_SETTINGS],
        PaperVerdict("all networks were trained with the same settings"),
    ),
)
"""The claims, in the order of the report."""

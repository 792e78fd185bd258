"""What the page says of its figures and tables."""

from collections.abc import Sequence

from mwm.metrics.criterion import ALIGNMENT, CROSS_F1, OWN_F1, OWN_F1_ELSE
from mwm.reporting.results import Pairs
from mwm.reporting.summary import ALIGNED

READINGS = (
    "Right (within a pixel), or in one of the ways that the same dynamics may look to a model "
    "without pairs: upside down, mirrored, turned, late or early by some steps, shifted; if none "
    "explains it, inexact or unrelated; missing if it is seldom drawn."
)

OBJECTS = (
    "What the right world's V decodes from the left world's code, in the original's coordinates, "
    "over all frames in which the object is visible: F1 of the pixels with a probability above "
    "0.5, across worlds and with the right world's own code; the median distance of the centroids "
    "in pixels; the share of frames in which the object is found at all; and how it is read. "
    f"{READINGS}"
)

MIRROR_TEST = (
    "Which object answers to the agent's actions, according to the model alone? M predicts the "
    "next latent under every action, the world's V draws each, and a pixel moves by as much as "
    "its probability differs between actions. The share of test frames in which an object moves "
    "more than any other: with shared dynamics, and with the same M but each V as it had learned "
    "to see alone. The test is passed where it is the agent in nearly all frames."
)

CURVES = (
    "A column per run: above from the original to the variant, below back. Blue: decoded from the "
    "world's own code; orange: from the other world's. Solid: the frame itself; dashed: the next "
    "one, predicted by M. Dynamics are shared once the orange lines have come down to the blue "
    "ones. Measured on validation episodes, for the record alone."
)


def criterion(objects: Sequence[str]) -> str:
    """When a run counts as a success."""
    told = (
        "A variant succeeds if, from the original to it and back, "
        f"<i>alignment</i> is at least {ALIGNMENT}"
    )
    if not objects:
        return f"{told}. (No objects are listed for this game, so that none is judged by itself.)"
    else_than = ", ".join(f"{name} {OWN_F1[name]}" for name in objects if name in OWN_F1)
    return (
        f"{told}, and every object's F1 across worlds is at least {CROSS_F1} of the F1 that the "
        f"target world reaches with its own code, which is to be at least {OWN_F1_ELSE} itself"
        f"{f' ({else_than})' if else_than else ''}. Alignment is 1 where the other world's code is "
        "as good as the world's own, and 0 where it is no better than that of an unrelated frame."
    )


def captions(pairs: Pairs, chosen: Sequence[int]) -> dict[str, tuple[str, str]]:
    """For each figure what stands in its place where it cannot be seen, and what to see in it."""
    several = len(pairs.models) > 1
    step = chosen[1] - chosen[0]
    apart = "one step" if step == 1 else f"{step} steps"
    return {
        "worlds": (
            "One frame in every world",
            "The same moment of one play as each world shows it. The dynamics and the meaning of "
            "the actions are the same everywhere; only the picture differs.",
        ),
        "strip": (
            "Successive frames of every world above their decodings from the original's latents",
            f"{len(chosen)} frames, {apart} apart. Above, what the world shows; below, what its V "
            "decodes from the latents that the original's V made of the original's frames. Where "
            "the two agree, latents mean the same in both worlds; look for what is missing, "
            "blurred or elsewhere."
            + (" Each variant is decoded by the model that holds it." if several else ""),
        ),
        "play": (
            "The same play in motion, in every world, above its decodings from the original's z",
            "The whole film at the speed of play, laid out as the frames above.",
        ),
        "alignment": (
            "Matrices of alignment and predicted alignment over ordered pairs of worlds",
            "Encoded by the row's V, decoded by the column's: at once (left), and after one step "
            f"through M (right). Rounded down; bold from {ALIGNED}."
            + " A dash: no model holds both worlds."
            * several,
        ),
        "curves": (
            "Errors on validation episodes during training, per run and direction",
            CURVES,
        ),
        "elements": (
            "Per latent dimension: deviation, distance between worlds, decoder weights, gradient",
            "Every dimension of z, sorted by how sure the original's V is of it (paper, Figs. 5 "
            "and 6). A few key elements, left, have a small deviation, large weights in the "
            "decoder and a large effect on the picture; the rest stay near the prior and draw next "
            "to nothing. The worlds share a key element where the variants (orange) follow the "
            "original and the distance of corresponding states lies well below its spread over "
            "frames (dotted).",
        ),
        "dreams": (
            "Position errors of objects in open-loop dreams, by steps dreamt",
            "M reads test frames, then goes on alone: it is fed with its own predictions and the "
            "real actions. Above, the median distance of an object from its true place, where it "
            "is found; below, how often it is found. Blue: drawn by the world whose V read the "
            "frames; orange: by the others; dotted: the last frame seen, which knows of no "
            "dynamics. Lines are means over worlds or pairs, bands reach from the least to the "
            "greatest.",
        ),
    }

"""What the mirror test measures: the context is read once, whatever action follows."""

import numpy as np
import torch

from mwm.evaluation.mirror_test import pixel_movement
from mwm.io.frames import Frames
from mwm.models.encoding import decode, encode_sequences, sequences
from mwm.models.model import initialise
from mwm.settings.params import Params


def test_it_is_how_far_predictions_of_whole_sequences_differ(
    defaults: Params, contents: dict[str, Frames]
) -> None:
    model = initialise(defaults.train.model, ["original"], 6, 0).eval()
    test = sequences(contents["original"], np.arange(0, 100, 10), 12)
    code = encode_sequences(model, "original", test.frames[:, :-1], test.actions).code
    probabilities = []
    with torch.no_grad():
        for action in range(6):
            taken = test.actions.clone()
            taken[:, -1] = action
            mean, _ = model.memory(code, taken)
            probabilities.append(decode(model, "original", mean[:, -1]))
    reference = torch.stack(probabilities)
    expected = reference.amax(0) - reference.amin(0)
    assert expected.max() > 0
    assert torch.allclose(pixel_movement(model, "original", test, 6), expected, atol=1e-6)

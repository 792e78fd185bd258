"""Sparse products against dense ones."""

import pytest
import torch

from mwm.decipherment.matrix import SMALL, Matrix


@pytest.mark.parametrize("background", [0.0, 0.003])
@pytest.mark.parametrize("rows", [SMALL - 1, SMALL + 100])
def test_products_are_those_of_the_dense_matrix(rows: int, background: float) -> None:
    rng = torch.Generator().manual_seed(rows)
    few = torch.rand(rows, 170, generator=rng) * (torch.rand(rows, 170, generator=rng) < 0.03)
    dense = few + background * torch.rand(rows, 1, generator=rng)
    matrix = Matrix(dense)
    assert (matrix._dense is None) == (rows > SMALL)
    x, y = torch.rand(2, 5, rows, generator=rng), torch.rand(2, 5, 170, generator=rng)
    torch.testing.assert_close(matrix.forward(x), x @ dense, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(matrix.backward(y), y @ dense.T, rtol=1e-5, atol=1e-5)


def test_a_full_matrix_stays_dense() -> None:
    dense = torch.rand(SMALL + 1, SMALL + 1, generator=torch.Generator().manual_seed(0))
    assert Matrix(dense)._dense is dense

"""Matrices of which few entries stand out: sparse where that is faster."""

import warnings

from torch import Tensor

DENSE = 0.08  # share of entries above which a dense product is faster
SMALL = 200  # rows below which it is, too


class Matrix:
    """A constant (p, q) that much is multiplied by.

    The least entry of each row is its background, so that smoothed counts are sparse, too. A chain
    of 2000 states has 12 entries a row that stand out; a product takes a tenth of a dense one.
    """

    def __init__(self, dense: Tensor) -> None:
        self._background = dense.min(1).values
        entries = dense - self._background[:, None]
        few = len(dense) >= SMALL and (entries > 0).float().mean() <= DENSE
        self._dense = None if few else dense
        if few:
            self._onwards, self._back = _sparse(entries.T), _sparse(entries)

    def forward(self, x: Tensor) -> Tensor:
        """x (..., p) times the matrix: (..., q)."""
        if self._dense is not None:
            return x @ self._dense
        return _times(x, self._onwards).add_((x @ self._background)[..., None])

    def backward(self, x: Tensor) -> Tensor:
        """x (..., q) times the transposed matrix: (..., p)."""
        if self._dense is not None:
            return x @ self._dense.T
        return _times(x, self._back).addcmul_(x.sum(-1, keepdim=True), self._background)


def _sparse(entries: Tensor) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        return entries.contiguous().to_sparse_csr()


def _times(x: Tensor, transposed: Tensor) -> Tensor:
    """x (..., p) times a matrix (p, q) of which the transposed is given, in CSR."""
    columns = x.reshape(-1, x.shape[-1]).T.contiguous()
    return (transposed @ columns).T.contiguous().view(*x.shape[:-1], -1)

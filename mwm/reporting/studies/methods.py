"""What the studies' methods and inputs are called on the page, and what the paper shows of them."""

METHODS = {
    "anchored": "see, anchor, recruit",
    "independent": "see, anchor, decipher, recruit: independent inputs",
    "dense": "the same with dense V, in worlds that the paper does not have",
    "joint": "the paper's: all worlds at once, moments",
    "joint_long": "the paper's, three times as long",
}
INPUTS = {
    "corresponding": "Both worlds get the same batches; the model is told neither which "
    "frames belong together nor the transformation.",
    "independent": "The original learns from half of the episodes, each variant from the rest.",
}
PAPER = {  # inputs: variant: the outcome in the paper, which shows one curve of each
    "corresponding": dict.fromkeys(
        ("transpose", "hswap", "vswap", "invert", "mirror"), "converges"
    ),
    "independent": dict.fromkeys(("transpose", "hswap", "invert", "mirror"), "slightly worse")
    | {"vswap": "one lucky try"},
}


def method_name(method: str) -> str:
    """What a method is called on the page; its own name where it has no other."""
    return METHODS.get(method, method)

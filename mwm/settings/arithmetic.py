"""Environment variables that decide how PyTorch and its libraries compute.

`mwm/runtime/kernels.py` fixes them before PyTorch is imported, `mwm/models/environment.py` records
them. None stands for a variable that is taken out. docs/reproducibility.md says what each does.
"""

# With other values OpenMP may give fewer threads than PyTorch divides its work among: an LSTM's
# gradients are then off by 1.0, without a word.
THREADS: dict[str, str | None] = {
    "OMP_DYNAMIC": "false",
    "OMP_THREAD_LIMIT": None,
    "OMP_MAX_ACTIVE_LEVELS": None,
    "KMP_ALL_THREADS": None,  # and these of Intel's OpenMP
    "KMP_DEVICE_THREAD_LIMIT": None,
    "KMP_TEAMS_THREAD_LIMIT": None,
}

# Kernels, which sum in another order on another processor.
KERNELS: dict[str, str | None] = {
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # the LSTM's, of oneDNN
    # Matrix products of MKL: "conditional bitwise reproducibility"; strict: wherever arrays start.
    "MKL_CBWR": "AVX2,STRICT",
}

# Other ways to other kernels, another division of work, or less precise products.
CHANGING: dict[str, str | None] = dict.fromkeys(
    (
        *("MKL_NUM_STRIPES", "MKL_ENABLE_INSTRUCTIONS"),
        *("ONEDNN_DEFAULT_FPMATH_MODE", "ONEDNN_CPU_ISA_HINTS"),
        *("DNNL_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE", "DNNL_CPU_ISA_HINTS"),  # former names
        *("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "NVIDIA_TF32_OVERRIDE"),
    )
)

"""What this is built with, under PyTorch's names: no GPU's library. The version itself is ``tg.__version__``."""

cuda = hip = xpu = rocm = None
debug = False

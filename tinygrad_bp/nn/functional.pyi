"""The layers and losses as functions, under PyTorch's names.

Written by `python docs/make_reference.py`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Axis, DTypeLike, Index, Operand, Size
from ..functions.fractional_pooling import Ratio
from ..ops.sliding import Target
from ..random.generator import Generator

def adaptive_avg_pool1d(input: Array, output_size: Target) -> Tensor:
    """The means of ``output_size`` parts of (rows, channels, length); as ``adaptive_avg_pool2d``."""
def adaptive_avg_pool2d(input: Array, output_size: Target) -> Tensor:
    """The means of parts of (rows, channels, height, width): ``output_size`` of them, an integer or a pair."""
def adaptive_avg_pool3d(input: Array, output_size: Target) -> Tensor:
    """The means of parts of (rows, channels, depth, height, width); as ``adaptive_avg_pool2d``."""
@overload
def adaptive_max_pool1d(input: Array, output_size: Target, return_indices: Literal[False] = False) -> Tensor:
    """The largest elements of ``output_size`` parts of (rows, channels, length); as ``adaptive_max_pool2d``."""
@overload
def adaptive_max_pool1d(input: Array, output_size: Target, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """The largest elements of ``output_size`` parts of (rows, channels, length); as ``adaptive_max_pool2d``."""
@overload
def adaptive_max_pool1d_with_indices(
    input: Array, output_size: Target, return_indices: Literal[False] = False,
) -> Tensor:
    """``adaptive_max_pool1d`` with ``return_indices=True``."""
@overload
def adaptive_max_pool1d_with_indices(
    input: Array, output_size: Target, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``adaptive_max_pool1d`` with ``return_indices=True``."""
@overload
def adaptive_max_pool2d(input: Array, output_size: Target, return_indices: Literal[False] = False) -> Tensor:
    """The largest elements of parts of (rows, channels, height, width), the parts of ``adaptive_avg_pool2d``."""
@overload
def adaptive_max_pool2d(input: Array, output_size: Target, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """The largest elements of parts of (rows, channels, height, width), the parts of ``adaptive_avg_pool2d``."""
@overload
def adaptive_max_pool2d_with_indices(
    input: Array, output_size: Target, return_indices: Literal[False] = False,
) -> Tensor:
    """``adaptive_max_pool2d`` with ``return_indices=True``."""
@overload
def adaptive_max_pool2d_with_indices(
    input: Array, output_size: Target, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``adaptive_max_pool2d`` with ``return_indices=True``."""
@overload
def adaptive_max_pool3d(input: Array, output_size: Target, return_indices: Literal[False] = False) -> Tensor:
    """The largest elements of parts of (rows, channels, depth, height, width); as ``adaptive_max_pool2d``."""
@overload
def adaptive_max_pool3d(input: Array, output_size: Target, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """The largest elements of parts of (rows, channels, depth, height, width); as ``adaptive_max_pool2d``."""
@overload
def adaptive_max_pool3d_with_indices(
    input: Array, output_size: Target, return_indices: Literal[False] = False,
) -> Tensor:
    """``adaptive_max_pool3d`` with ``return_indices=True``."""
@overload
def adaptive_max_pool3d_with_indices(
    input: Array, output_size: Target, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``adaptive_max_pool3d`` with ``return_indices=True``."""
def affine_grid(theta: Array, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places at which ``grid_sample`` reads images that are turned, scaled and moved by matrices."""
def alpha_dropout(
    input: Array, p: float = 0.5, training: bool = False, inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """Dropout that keeps mean 0 and variance 1 behind SELU: elements become its lowest value, and all are scaled."""
def avg_pool1d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The means of windows of ``input`` (rows, channels, length); as ``avg_pool2d``."""
def avg_pool2d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:
    """The means of windows of ``input`` (rows, channels, height, width), where the rows can be missing."""
def avg_pool3d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:
    """The means of windows of ``input`` (rows, channels, depth, height, width); as ``avg_pool2d``."""
def batch_norm(
    input: Array, running_mean: Array | None = None, running_var: Array | None = None, weight: Array | None = None,
    bias: Array | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-05,
) -> Tensor:
    """``(x − mean) / √(var + eps) · weight + bias`` for each channel of ``input``."""
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Tensor:
    """``x1ᵀ weight x2 + bias``: (..., in1) and (..., in2) to (..., out), for weight (out, in1, in2), bias (out)."""
def binary_cross_entropy(
    input: Array, target: Array, weight: Array | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """Binary cross-entropy of probabilities against labels in [0, 1] of their shape; logarithms are at least −100."""
def binary_cross_entropy_with_logits(
    input: Array, target: Array, weight: Array | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = 'mean', pos_weight: Array | None = None,
) -> Tensor:
    """Binary cross-entropy of scores ``input`` (before the sigmoid) against labels in [0, 1] of its shape."""
def celu(input: Array, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, ``alpha · (exp(x / alpha) − 1)`` below: an elu without a kink (Barron 2017)."""
def celu_(input: Array, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, ``alpha · (exp(x / alpha) − 1)`` below: an elu without a kink (Barron 2017)."""
def channel_shuffle(input: Array, groups: int) -> Tensor:
    """The channels (dimension 1) of ``groups`` groups, one of each group in turn (Zhang et al. 2018)."""
def conv1d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size | str = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:
    """Sums of windows of ``input`` (rows, channels, length) times ``weight`` (outputs, channels / groups, kernel)."""
def conv2d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size | str = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:
    """Sums of windows of ``input`` (rows, channels, height, width) times ``weight``, plus ``bias``."""
def conv3d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size | str = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:
    """As ``conv2d``, over three dimensions: ``input`` is (rows, channels, depth, height, width)."""
def conv_tbc(input: Array, weight: Array, bias: Array, pad: int = 0) -> Tensor:
    """A convolution along the first dimension: (steps, rows, in) to (steps, rows, out), weight (width, in, out)."""
def conv_transpose1d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Tensor:
    """As ``conv_transpose2d``, over one dimension."""
def conv_transpose2d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Tensor:
    """The transpose of ``conv2d``: each element of ``input`` adds the kernel, times itself, at its window."""
def conv_transpose3d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Tensor:
    """As ``conv_transpose2d``, over three dimensions."""
def cosine_embedding_loss(
    input1: Array, input2: Array, target: Array, margin: float = 0.0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """``1 − cos`` of two vectors where the target is 1, ``max(cos − margin, 0)`` where it is −1."""
def cosine_similarity(x1: Array, x2: Array, dim: int = 1, eps: float = 1e-08, *, axis: int | None = None) -> Tensor:
    """The cosine of the angle between vectors along ``dim``; a norm counts as at least ``eps``. Shapes broadcast."""
def cross_entropy(
    input: Array, target: Array, weight: Array | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = 'mean', label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of scores ``input`` (before the softmax) against classes; finite for any finite score."""
def ctc_loss(
    log_probs: Array, targets: Array, input_lengths: Array | Sequence[int], target_lengths: Array | Sequence[int],
    blank: int = 0, reduction: str = 'mean', zero_infinity: bool = False,
) -> Tensor:
    """``−ln`` of the probability that a sequence of labels is read off, with blanks and repeats (Graves et al. 2006).
    """
def dropout(
    input: Array, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """Each element 0 with probability ``p``, else times 1 / (1 − p); ``input`` itself where not ``training`` or p is 0.
    """
def dropout1d(
    input: Array, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """As ``dropout``, but whole channels: (rows, channels, length), the rows may be missing."""
def dropout2d(
    input: Array, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """As ``dropout``, but whole channels: (rows, channels, height, width), also (rows, channels, length)."""
def dropout3d(
    input: Array, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """As ``dropout``, but whole channels: (rows, channels, depth, height, width), the rows may be missing."""
def elu(input: Array, alpha: float = 1.0, inplace: bool = False, *, out: Tensor | None = None) -> Tensor:
    """x above 0, alpha · (eˣ − 1) below (Clevert et al. 2016). Formula: x if x > 0 else alpha · (eˣ − 1)"""
def elu_(input: Array, alpha: float = 1.0, inplace: bool = False, *, out: Tensor | None = None) -> Tensor:
    """x above 0, alpha · (eˣ − 1) below (Clevert et al. 2016). Formula: x if x > 0 else alpha · (eˣ − 1)"""
def embedding(
    input: Array, weight: Array, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` (rows, features) that the integers ``input``, of any shape, name: (*input, features)."""
def embedding_bag(
    input: Array, weight: Array, offsets: Array | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, mode: str = 'mean', sparse: bool = False, per_sample_weights: Array | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:
    """Sums, means or maxima of bags of rows of ``weight`` (rows, features): (bags, features)."""
def feature_alpha_dropout(
    input: Array, p: float = 0.5, training: bool = False, inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """As ``alpha_dropout``, but whole channels of (rows, channels, ...)."""
def fold(
    input: Array, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1,
) -> Tensor:
    """Columns added up to images: (rows, channels · kernel, windows) to (rows, channels, *output_size)."""
@overload
def fractional_max_pool2d(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: Literal[False] = False, _random_samples: Array | None = None,
) -> Tensor:
    """The largest elements of windows at random places of (rows, channels, height, width), the rows may be missing."""
@overload
def fractional_max_pool2d(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows at random places of (rows, channels, height, width), the rows may be missing."""
@overload
def fractional_max_pool2d_with_indices(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: Literal[False] = False, _random_samples: Array | None = None,
) -> Tensor:
    """``fractional_max_pool2d`` with ``return_indices=True``."""
@overload
def fractional_max_pool2d_with_indices(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> tuple[Tensor, Tensor]:
    """``fractional_max_pool2d`` with ``return_indices=True``."""
@overload
def fractional_max_pool3d(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: Literal[False] = False, _random_samples: Array | None = None,
) -> Tensor:
    """The largest elements of windows at random places of volumes; as ``fractional_max_pool2d``."""
@overload
def fractional_max_pool3d(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows at random places of volumes; as ``fractional_max_pool2d``."""
@overload
def fractional_max_pool3d_with_indices(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: Literal[False] = False, _random_samples: Array | None = None,
) -> Tensor:
    """``fractional_max_pool3d`` with ``return_indices=True``."""
@overload
def fractional_max_pool3d_with_indices(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio | None = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> tuple[Tensor, Tensor]:
    """``fractional_max_pool3d`` with ``return_indices=True``."""
def gaussian_nll_loss(
    input: Array, target: Array, var: Any, full: bool = False, eps: float = 1e-06, reduction: str = 'mean',
) -> Tensor:
    """``½ (ln var + (input − target)² / var)``: negative log-likelihood under normal distributions (Nix, Weigend 1994).
    """
def gelu(input: Array, approximate: str = 'none', *, out: Tensor | None = None) -> Tensor:
    """x times the standard normal distribution function, exactly ('none') or by 'tanh' (Hendrycks and Gimpel 2016).
    Formula: x · Φ(x)
    """
def glu(input: Array, dim: int = -1) -> Tensor:
    """The first half along ``dim`` times the sigmoid of the second (Dauphin et al. 2017, gated linear units)."""
def grid_sample(
    input: Array, grid: Array, mode: str = 'bilinear', padding_mode: str = 'zeros', align_corners: bool | None = None,
) -> Tensor:
    """``input`` (rows, channels, height, width) read at the places ``grid`` (rows, out height, out width, 2)."""
def group_norm(
    input: Array, num_groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-05,
) -> Tensor:
    """Each group of channels of each row with mean 0 and variance 1, times weight, plus bias."""
def gumbel_softmax(
    logits: Array, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1, *,
    generator: Generator | None = None,
) -> Tensor:
    """``softmax((logits + noise) / tau)``, the noise from Gumbel's distribution, PyTorch's numbers for the same seed.
    """
def hardshrink(input: Array, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x, and 0 between −lambd and lambd. Formula: x if |x| > lambd else 0"""
def hardsigmoid(input: Array, inplace: bool = False) -> Tensor:
    """``relu6(x + 3) / 6``: straight lines in place of the sigmoid."""
def hardswish(input: Array, inplace: bool = False, *, out: Tensor | None = None) -> Tensor:
    """x · hardsigmoid(x) (Howard et al. 2019, Searching for MobileNetV3). Formula: x · hardsigmoid(x)"""
def hardtanh(
    input: Array, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """x between two bounds; its gradient at the bounds is 0. Formula: min(max(x, min_val), max_val)"""
def hardtanh_(
    input: Array, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """x between two bounds; its gradient at the bounds is 0. Formula: min(max(x, min_val), max_val)"""
def hinge_embedding_loss(
    input: Array, target: Array, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor:
    """``input`` where the target is 1, ``max(margin − input, 0)`` where it is −1."""
def huber_loss(
    input: Array, target: Array, reduction: str = 'mean', delta: float = 1.0, weight: Array | None = None,
) -> Tensor:
    """Half the squared error up to ``delta``, a line beyond; with ``weight``, of the input's shape, times it."""
def instance_norm(
    input: Array, running_mean: Array | None = None, running_var: Array | None = None, weight: Array | None = None,
    bias: Array | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-05,
) -> Tensor:
    """Each channel of each row of ``input`` (rows, channels, ...) with mean 0 and variance 1, times weight, plus bias.
    """
def interpolate(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None, mode: str = 'nearest',
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:
    """``input`` (rows, channels, and 1 to 3 more) in another size: ``size``, or ``scale_factor`` times the old one."""
def kl_div(
    input: Array, target: Array, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence ``target · (ln target − input)`` of log-probabilities ``input``."""
def l1_loss(
    input: Array, target: Array, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
    weight: Array | None = None,
) -> Tensor:
    """Absolute error of a prediction: mean, sum, or each element; with ``weight``, of the input's shape, times it."""
def layer_norm(
    input: Array, normalized_shape: Size, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-05,
) -> Tensor:
    """``(x − mean) / √(var + eps) · weight + bias`` over the last dimensions, which are ``normalized_shape``."""
def leaky_relu(
    input: Array, negative_slope: float = 0.01, inplace: bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """x above 0, negative_slope · x below (Maas et al. 2013). Formula: x if x > 0 else negative_slope · x"""
def leaky_relu_(
    input: Array, negative_slope: float = 0.01, inplace: bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """x above 0, negative_slope · x below (Maas et al. 2013). Formula: x if x > 0 else negative_slope · x"""
def linear(input: Array, weight: Array, bias: Array | None = None) -> Tensor:
    """``x @ weight.T + bias``; weight is (out, in), bias (out) or None."""
def linear_cross_entropy(
    input: Array, linear_weight: Array, target: Array, *, linear_bias: Array | None = None, weight: Array | None = None,
    reduction: str = 'mean', ignore_index: int | None = None, label_smoothing: float = 0.0, options: Any = None,
) -> Tensor:
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)``: the last layer and its loss in one call."""
def local_response_norm(input: Array, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """``x / (k + alpha · mean x²)^beta``, the mean over ``size`` neighbouring channels, zeros beyond the ends."""
def log_softmax(input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None) -> Tensor:
    """``ln softmax``, finite for any finite scores; of numbers cast to ``dtype`` first, where it is given."""
def logsigmoid(input: Array, *, out: Tensor | None = None) -> Tensor:
    """ln sigmoid(x), finite for any finite number. Formula: −ln(1 + e⁻ˣ)"""
def lp_pool1d(
    input: Array, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False,
) -> Tensor:
    """``(Σ x ** norm_type) ** (1 / norm_type)`` of windows of (rows, channels, length)."""
def lp_pool2d(
    input: Array, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False,
) -> Tensor:
    """``(Σ x ** norm_type) ** (1 / norm_type)`` of windows of (rows, channels, height, width)."""
def lp_pool3d(
    input: Array, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False,
) -> Tensor:
    """``(Σ x ** norm_type) ** (1 / norm_type)`` of windows of (rows, channels, depth, height, width)."""
def margin_ranking_loss(
    input1: Array, input2: Array, target: Array, margin: float = 0.0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """``max(−target · (input1 − input2) + margin, 0)``: a target of 1 wants ``input1`` ranked higher, −1 ``input2``."""
def matmul(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Matrix product; leading dimensions broadcast. Formula: a @ b"""
def matrix_transpose(x: Array) -> Tensor:
    """The last two dimensions exchanged: ``t.mT``."""
@overload
def max_pool1d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: Literal[False] = False,
) -> Tensor:
    """The largest elements of windows of (rows, channels, length); as ``max_pool2d``."""
@overload
def max_pool1d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows of (rows, channels, length); as ``max_pool2d``."""
@overload
def max_pool1d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: Literal[False] = False,
) -> Tensor:
    """``max_pool1d`` with ``return_indices=True``."""
@overload
def max_pool1d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``max_pool1d`` with ``return_indices=True``."""
@overload
def max_pool2d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: Literal[False] = False,
) -> Tensor:
    """The largest elements of windows of ``input`` (rows, channels, height, width), where the rows can be missing."""
@overload
def max_pool2d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows of ``input`` (rows, channels, height, width), where the rows can be missing."""
@overload
def max_pool2d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: Literal[False] = False,
) -> Tensor:
    """``max_pool2d`` with ``return_indices=True``."""
@overload
def max_pool2d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``max_pool2d`` with ``return_indices=True``."""
@overload
def max_pool3d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: Literal[False] = False,
) -> Tensor:
    """The largest elements of windows of (rows, channels, depth, height, width); as ``max_pool2d``."""
@overload
def max_pool3d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows of (rows, channels, depth, height, width); as ``max_pool2d``."""
@overload
def max_pool3d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: Literal[False] = False,
) -> Tensor:
    """``max_pool3d`` with ``return_indices=True``."""
@overload
def max_pool3d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``max_pool3d`` with ``return_indices=True``."""
def max_unpool1d(
    input: Array, indices: Index, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Size | None = None,
) -> Tensor:
    """Zeros with ``input`` at ``indices``; as ``max_unpool2d``."""
def max_unpool2d(
    input: Array, indices: Index, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Size | None = None,
) -> Tensor:
    """The reverse of ``max_pool2d`` with the same arguments: zeros with ``input`` at ``indices``, both that pool's."""
def max_unpool3d(
    input: Array, indices: Index, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Size | None = None,
) -> Tensor:
    """Zeros with ``input`` at ``indices``; as ``max_unpool2d``."""
def mish(input: Array, inplace: bool = False) -> Tensor:
    """``x · tanh(softplus(x))`` (Misra 2019, *Mish*)."""
def mse_loss(
    input: Array, target: Array, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
    weight: Array | None = None,
) -> Tensor:
    """Squared error of a prediction: mean, sum, or each element; with ``weight``, of the input's shape, times it."""
def multi_head_attention_forward(
    query: Array, key: Array, value: Array, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any,
    in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Any,
    out_proj_bias: Any, training: bool = True, key_padding_mask: Array | None = None, need_weights: bool = True,
    attn_mask: Array | None = None, use_separate_proj_weight: bool = False, q_proj_weight: Any = None,
    k_proj_weight: Any = None, v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False, *, generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Attention of ``num_heads`` heads, section 3.2.2 of Vaswani et al.; ``nn.MultiheadAttention`` holds its weights.
    """
def multi_margin_loss(
    input: Array, target: Array, p: int = 1, margin: float = 1.0, weight: Array | None = None,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """``Σ max(margin − input[target] + input[i], 0)ᵖ / classes`` over the other classes i: a hinge for classes."""
def multilabel_margin_loss(
    input: Array, target: Array, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """``Σ max(1 − (input[j] − input[i]), 0) / classes`` over the target classes j and the other classes i."""
def multilabel_soft_margin_loss(
    input: Array, target: Array, weight: Array | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """Binary cross-entropy of scores and labels in {0, 1}, averaged over the classes of each row."""
def nll_loss(
    input: Array, target: Array, weight: Array | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """``−weight[target] · x[target]``: the loss of log-probabilities (from ``log_softmax``) for class indices."""
def normalize(input: Array, p: float = 2.0, dim: Axis = 1, eps: float = 1e-12) -> Tensor:
    """``input`` divided by its ``p``-norm along ``dim``, which counts as at least ``eps``."""
def one_hot(input: Array, num_classes: int = -1, *, out: Tensor | None = None) -> Tensor:
    """Integer labels as rows of 0 and 1 (int64), in a new last dimension."""
def pad(input: Array, pad: Sequence[int], mode: str = 'constant', value: float | None = None) -> Tensor:
    """``input`` with a border; ``pad`` holds (before, after) for the last dimension first."""
def pairwise_distance(x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> Tensor:
    """The ``p``-norm of ``x1 − x2 + eps`` along the last dimension."""
def pdist(input: Array, p: float = 2.0) -> Tensor:
    """The ``p``-norms of the differences of all pairs of rows i < j of a matrix, in order."""
def pixel_shuffle(input: Array, upscale_factor: int) -> Tensor:
    """Channels as finer pixels: (…, C·r², H, W) becomes (…, C, H·r, W·r) (Shi et al. 2016)."""
def pixel_unshuffle(input: Array, downscale_factor: int) -> Tensor:
    """Pixels as channels: (…, C, H·r, W·r) becomes (…, C·r², H, W); undoes ``pixel_shuffle``."""
def poisson_nll_loss(
    input: Array, target: Array, log_input: bool = True, full: bool = False, size_average: bool | None = None,
    eps: float = 1e-08, reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """Negative log-likelihood of counts ``target`` under Poisson distributions, without ``ln target!``."""
def prelu(input: Array, weight: Array) -> Tensor:
    """x above 0, ``weight · x`` below; ``weight`` is one number, or one per channel (dimension 1 of ``input``)."""
def relu(input: Array, inplace: bool = False, *, out: Tensor | None = None) -> Tensor:
    """max(x, 0); its gradient at 0 is 0, and 1 at NaN. Formula: max(x, 0)"""
def relu6(input: Array, inplace: bool = False) -> Tensor:
    """``min(max(x, 0), 6)`` (Krizhevsky 2010)."""
def relu_(input: Array, inplace: bool = False, *, out: Tensor | None = None) -> Tensor:
    """max(x, 0); its gradient at 0 is 0, and 1 at NaN. Formula: max(x, 0)"""
def rms_norm(input: Array, normalized_shape: Size, weight: Array | None = None, eps: float | None = None) -> Tensor:
    """``x / √(mean x² + eps) · weight`` over the last dimensions, which are ``normalized_shape``."""
def rrelu(
    input: Array, lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = False,
    inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """A leaky relu whose slope is drawn from [lower, upper) for each negative element; its mean where not ``training``.
    """
def rrelu_(
    input: Array, lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = False,
    inplace: bool = False, *, generator: Generator | None = None,
) -> Tensor:
    """A leaky relu whose slope is drawn from [lower, upper) for each negative element; its mean where not ``training``.
    """
def scaled_dot_product_attention(
    query: Array, key: Array, value: Array, attn_mask: Array | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False, *,
    generator: Generator | None = None,
) -> Tensor:
    """``softmax(query keyᵀ · scale + mask) value``, equation 1 of Vaswani et al."""
def selu(input: Array, inplace: bool = False) -> Tensor:
    """A scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017, *Self-Normalizing Neural Networks*)."""
def selu_(input: Array, inplace: bool = False) -> Tensor:
    """A scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017, *Self-Normalizing Neural Networks*)."""
def sigmoid(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logistic sigmoid; no overflow at either end. Formula: 1 / (1 + e⁻ˣ)"""
def silu(input: Array, inplace: bool = False, *, out: Tensor | None = None) -> Tensor:
    """x · sigmoid(x), also called swish (Elfwing et al. 2018; Ramachandran et al. 2017). Formula: x / (1 + e⁻ˣ)"""
def smooth_l1_loss(
    input: Array, target: Array, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
    beta: float = 1.0,
) -> Tensor:
    """``huber_loss`` with ``delta=beta``, divided by ``beta``; with a ``beta`` of 0, ``l1_loss`` (Girshick 2015)."""
def soft_margin_loss(
    input: Array, target: Array, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """``ln(1 + exp(−target · input))`` for targets 1 and −1; finite for any finite score."""
def softmax(input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None) -> Tensor:
    """Exponentials that sum to 1 along ``dim``; of numbers cast to ``dtype`` first, where it is given."""
def softmin(input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None) -> Tensor:
    """``softmax(−input)``: the smallest number gets the largest share."""
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0, *, out: Tensor | None = None) -> Tensor:
    """A smooth relu; x itself where beta · x is above threshold (Dugas et al. 2001). Formula: ln(1 + e^(beta · x)) /
    beta if beta · x ≤ threshold else x
    """
def softshrink(input: Array, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x moved towards 0 by lambd, and 0 between −lambd and lambd. Formula: sign(x) · max(|x| − lambd, 0)"""
def softsign(input: Array) -> Tensor:
    """``x / (1 + |x|)`` (Turian et al. 2009)."""
def tanh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic tangent. Formula: tanh x"""
def tanhshrink(input: Array) -> Tensor:
    """``x − tanh(x)``."""
def threshold(
    input: Array, threshold: float, value: float, inplace: bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """x above a threshold, a fixed value elsewhere. Formula: x if x > threshold else value"""
def threshold_(
    input: Array, threshold: float, value: float, inplace: bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """x above a threshold, a fixed value elsewhere. Formula: x if x > threshold else value"""
def triplet_margin_loss(
    anchor: Array, positive: Array, negative: Array, margin: float = 1.0, p: float = 2, eps: float = 1e-06,
    swap: bool = False, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean',
) -> Tensor:
    """``max(d(anchor, positive) − d(anchor, negative) + margin, 0)`` with ``pairwise_distance`` of norm ``p``."""
def triplet_margin_with_distance_loss(
    anchor: Array, positive: Array, negative: Array, *, distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = 'mean',
) -> Tensor:
    """``triplet_margin_loss`` with a distance of your own, a function of two tensors."""
def unfold(input: Array, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """The windows of images as columns: (rows, channels, height, width) to (rows, channels · kernel, windows)."""
def upsample(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None, mode: str = 'nearest',
    align_corners: bool | None = None,
) -> Tensor:
    """``interpolate`` under PyTorch's older name."""
def upsample_bilinear(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """``interpolate`` with ``mode="bilinear"`` and ``align_corners=True``."""
def upsample_nearest(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """``interpolate`` with ``mode="nearest"``."""

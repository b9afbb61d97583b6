"""A call of every public function, as text: what tests of all functions at once are derived from.

Names in the texts: ``T`` the package, ``F`` its nn.functional, ``np``; floats ``x y z`` (3, 4), ``v u w`` (4,),
``s`` (), ``A B`` (3, 3), ``c`` (2, 4, 6), ``im`` (1, 4, 6, 6), ``vol`` (1, 2, 4, 4, 4), all between 0.1 and 0.9 (``A``
symmetric, positive definite); integers ``i`` (3,) and ``k`` (3, 4) below 3; truths ``m`` (3, 4).
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn

F = tg.nn.functional
SHAPES = {"x": (3, 4), "y": (3, 4), "z": (3, 4), "v": (4,), "u": (4,), "w": (4,), "s": (), "A": (3, 3), "B": (3, 3),
          "c": (2, 4, 6), "im": (1, 4, 6, 6), "vol": (1, 2, 4, 4, 4)}  # fmt: skip
NAME = re.compile(r"\b(?:T|F|np)\.[A-Za-z_][\w.]*")


def names(make: Callable[[Any], Any], seed: int = 0) -> dict[str, Any]:
    """The names of the texts; ``make`` turns a float64 array into what the calls get for a tensor of floats."""
    rng = np.random.default_rng(seed)
    floats = {name: rng.uniform(0.1, 0.9, shape) for name, shape in SHAPES.items()}
    floats["A"] = floats["A"] @ floats["A"].T + np.eye(3)  # symmetric, positive definite
    given: dict[str, Any] = {name: make(array) for name, array in floats.items()}
    whole = {"i": tg.tensor([0, 2, 1]), "k": tg.tensor([[0, 2, 1, 0], [1, 1, 2, 0], [2, 0, 0, 1]])}
    return {"T": tg, "F": F, "np": np, "m": tg.tensor(floats["x"] > 0.5), **whole, **given}


def used(call: str) -> list[str]:
    """The float tensors that a call names."""
    return [name for name in SHAPES if re.search(rf"(?<![\w.]){name}\b(?!=[^=])", call)]


def in_numpy(name: str) -> bool:
    """Whether the NumPy in use has a name, given as in ``np.linalg.norm``."""
    place: Any = np
    for part in name.split(".")[1:]:
        place = getattr(place, part, None)
    return place is not None


def each(pattern: str, functions: str) -> list[str]:
    return [pattern.replace("@", name) for name in functions.split()]


# ---------------------------------------------------------------------- the parameters that are not tensors

STUBS = {"T": "__init__", "F": "nn/functional", "T.fft": "fft", "T.linalg": "linalg", "T.special": "special"}


def parameters(space: str) -> dict[str, list[tuple[str, str]]]:
    """The functions of a stub, and the names and types of their parameters, of any number of arguments none."""
    path = Path(tg.__file__).parent / f"{STUBS[space]}.pyi"
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.args.vararg:
            own = [(a.arg, a.annotation) for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
            types = [(name, ast.unparse(kind).replace("_", "") if kind else "") for name, kind in own]
            found[f"{space}.{node.name}"] = types
    return found


def calls_with(text: str, kinds: set[str]) -> Iterator[tuple[str, str, str]]:
    """Every call with ``text`` for one parameter of these types, its function, and the parameter."""
    known = {name: types for space in STUBS for name, types in parameters(space).items()}
    for written in CALLS:
        call = ast.parse(written, mode="eval").body
        function = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        if not isinstance(call, ast.Call) or any(isinstance(arg, ast.Starred) for arg in call.args):
            continue
        args, keywords, value = call.args, call.keywords, ast.parse(text, mode="eval").body
        for i, (name, kind) in enumerate(known.get(function, ())):
            if kind in kinds:
                named = i >= len(args)
                call.args = args if named else [*args[:i], value, *args[i + 1 :]]
                same = (name, {"axis": "dim", "dim": "axis"}.get(name))
                others = [keyword for keyword in keywords if keyword.arg not in same]
                call.keywords = [*others, ast.keyword(name, value)] if named else keywords
                yield ast.unparse(call), function, name


# ---------------------------------------------------------------------- PyTorch's names

CALLS: list[str] = [
    *each("T.@(x)", """abs absolute acos alias_copy all aminmax angle any arccos arcsin arcsinh arctan
        arctanh argmax argmin argsort argwhere asin asinh atan atanh atleast_1d atleast_2d atleast_3d bernoulli cbrt
        ceil celu clone conj conj_physical corrcoef cos cosh count_nonzero cov deg2rad diag diag_embed diagflat diagonal
        diagonal_copy diff digamma empty_like erf erfc erfinv exp exp2 expm1 fix flatten fliplr flipud floor frac frexp
        gradient histc i0 isfinite isinf isnan isneginf isposinf isreal lgamma log log10 log1p log2 logit mean median
        msort mode nan_to_num nanmean nanmedian nansum neg negative nonzero norm ones_like pdist pinverse positive prod
        rad2deg rand_like randn_like ravel real reciprocal relu resolve_conj resolve_neg rot90 round rrelu rsqrt selu
        sgn sigmoid sign signbit sin sinc sinh sort sqrt square squeeze squeeze_copy std std_mean sum svd t t_copy tan
        tanh tensor tril triu trunc unbind unbind_copy unique unique_consecutive var var_mean zeros_like amax amin
        cumulative_trapezoid trapezoid trapz logical_not trace max min as_tensor"""),
    *each("T.@(x + 1.0)", "acosh arccosh"),
    *each("T.@(x, y)", """add allclose arctan2 atan2 cdist copysign cosine_similarity dist div divide eq equal
        expand_as float_power floor_divide fmax fmin fmod ge greater greater_equal gt heaviside hypot isclose isin kron
        le less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor lt maximum minimum mul multiply ne
        nextafter not_equal pairwise_distance polar pow remainder rsub sub subtract true_divide xlogy max min complex
        block_diag broadcast_tensors ldexp trapezoid cumulative_trapezoid inner"""),
    *each("T.@([x, y])", "cat column_stack concat concatenate dstack hstack row_stack stack vstack"),
    *each("T.@(A)", "cholesky cholesky_inverse det inverse logdet lu matrix_exp qr slogdet"),
    *each("T.@(x, 1)", """cummax cummin cumprod cumsum flip kthvalue log_softmax logcumsumexp logsumexp roll softmax
        split split_copy topk unsafe_split unsqueeze unsqueeze_copy"""),
    *each("T.@(x, 2)", "chunk hsplit multinomial tensor_split tile unsafe_chunk"),
    *each("T.@(v, u)", "cartesian_prod dot ger meshgrid outer vdot"),
    *each("T.@(x, [1, 3], 1)", "split_with_sizes split_with_sizes_copy unsafe_split_with_sizes"),
    *each("T.@(x, 0, 1)", "moveaxis movedim select select_copy swapaxes swapdims transpose transpose_copy"),
    *each("T.@(x, (4, 3))", "reshape view_copy"), *each("T.@(x, (1, 0))", "permute permute_copy"),
    *each("T.@(x, 1, 0, 2)", "narrow narrow_copy slice slice_copy"),
    *each("T.@(v, (3, 4))", "broadcast_to expand_copy"),
    *each("T.@(x, (2, 2), (1, 1))", "as_strided as_strided_copy"),
    *each("T.@(im, 2)", "channel_shuffle pixel_shuffle pixel_unshuffle"), *each("T.@(x, 0.3, 0.7)", "clamp clip"),
    *each("T.@(x, s)", "clamp clamp_max clamp_min clip fill full_like nanquantile quantile"),
    *each("T.@(x, y.T)", "matmul mm linalg.matmul"), *each("T.@(x, 0, i, y)", "index_add index_copy"),
    *each("T.@(x, 0, k, y)", "scatter scatter_add"), *each("T.@(A, B)", "cross linalg.cross"),
    *each("T.@(x.reshape(3, 2, 2))", "view_as_complex view_as_complex_copy"),
    *each("T.@(T.complex(x, y))", "imag view_as_real view_as_real_copy"),
    *each("T.@(x, k, 0)", "take_along_axis take_along_dim"),
    # in place, on a recorded copy
    *each("T.@(T.clone(x))", """abs_ acos_ arccos_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_
        conj_physical_ cos_ cosh_ deg2rad_ erf_ erfc_ exp2_ exp_ expm1_ fix_ floor_ frac_ i0_ log10_ log1p_ log2_ log_
        logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_
        square_ tan_ tanh_ trunc_ zero_ detach_"""),
    *each("T.@(x + 1.0)", "acosh_ arccosh_"), *each("T.@(T.clone(x), y)", "ldexp_ xlogy_"),
    *each("T.@(T.clone(x), s)", "clamp_ clamp_max_ clamp_min_ clip_ fill_"), "T.addmv_(T.clone(v), x.T, u[:3])",
    "T.as_strided_(T.clone(x), (2, 2), (1, 1))", "T.index_put_(T.clone(x), (i,), y)", "T.resize_as_(T.zeros(20), x)",
    *each("T.@(T.clone(x), 0.5, True)", "alpha_dropout_ dropout_ feature_alpha_dropout_ feature_dropout_"),
    *each("T.@(x)", """adjoint detach detach_copy hardshrink is_complex is_conj is_floating_point is_neg is_signed
        is_tensor numel poisson"""), "T.is_nonzero(s)", *each("T.@(x, y)", "is_same_size result_type"),
    "T.binomial(T.round(x), y)", *each("T.@(x, 0.5, True)", "alpha_dropout dropout feature_alpha_dropout"),
    "T.feature_dropout(im, 0.5, True)", "T.embedding(x, i)", "T.bilinear(x, y, c[:, :4, :4], v[:2])",
    "T.batch_norm(x, v, w, None, None, True, 0.1, 1e-5)", "T.instance_norm(c, v, w, None, None, True, 0.1, 1e-5)",
    *each("T.@(c, 2)", "avg_pool1d max_pool1d adaptive_avg_pool1d adaptive_max_pool1d"),
    *each("T.@(im, 2)", "max_pool2d"), *each("T.@(vol, 2)", "max_pool3d"), "T.group_norm(im, 2, v, w)",
    "T.layer_norm(x, (4,), v, w)", "T.rms_norm(x, (4,), v)", "T.conv1d(c, x[:, :, None], v[:3])",
    "T.conv2d(im, x[:, :, None, None], v[:3])", "T.conv3d(vol, x[:, :2, None, None, None], v[:3])",
    "T.conv_transpose1d(c, x.T[:, :, None], v[:3])", "T.conv_transpose2d(im, x.T[:, :, None, None], v[:3])",
    "T.conv_transpose3d(vol, x.T[:2, :, None, None, None], v[:3])",
    "T.embedding_renorm_(T.clone(x), i, 0.5, 2.0)", "T.frobenius_norm(x, 1)", "T.nuclear_norm(x)",
    *each("T.@(x)", "geqrf histogram norm_except_dim"), "T.grid_sampler(im, T.stack([c[:1], c[1:]], -1), 0, 0, False)",
    "T.histogram(x, T.sort(v).values)", "T.histogramdd(x, 2)", "T.nonzero_static(m, size=3)", "T.vander(v, 3)",
    "T.orgqr(A, v[:3])", "T.pca_lowrank(x, 2)", "T.svd_lowrank(x, 2)",
    "T.istft(T.stft(c[0], 4, return_complex=True), 4)", "T.asarray(x)", "T.from_dlpack(x)",
    "T.istft(T.complex(c[0, :3], c[1, :3]), 4, window=v + 1.0)",
    "T.segment_reduce(x, 'max', lengths=T.tensor([1, 2]))", *each("T.@(x)", "get_device typename"),
    *each("T.@(T.clone(x))", "celu_ rrelu_ selu_"), "T.threshold_(T.clone(x), 0.5, 2.0)",
    *each("F.@(T.clone(x))", "celu_ elu_ hardtanh_ leaky_relu_ relu_ rrelu_ selu_"), "F.threshold_(T.clone(x), 0.5, 2)",
    *each("F.@(c, 2)", "max_pool1d_with_indices adaptive_max_pool1d_with_indices"), "F.gumbel_softmax(x)",
    *each("F.@(im, 2)", "max_pool2d_with_indices adaptive_max_pool2d_with_indices"),
    *each("F.@(vol, 2)", "max_pool3d_with_indices adaptive_max_pool3d_with_indices"),
    *each("F.@(im, 2, 3)", "fractional_max_pool2d fractional_max_pool2d_with_indices"),
    *each("F.@(vol, 2, 2)", "fractional_max_pool3d fractional_max_pool3d_with_indices"),
    "F.affine_grid(x[None, :2, :3], (1, 1, 2, 2))", "F.conv_tbc(c, c[:1, :3, :].permute(0, 2, 1) * 1.0, v[:3])",
    "T.affine_grid_generator(x[None, :2, :3], (1, 1, 2, 2), False)", "T.max_pool1d_with_indices(c, 2)",
    "T.conv_tbc(c, c[:1, :3, :].permute(0, 2, 1) * 1.0, v[:3])",
    "T.clip(x, None, y)", "T.addbmm(x, c[:, :3], T.ones(2, 6, 4, dtype=c.dtype))", "T.addcdiv(x, y, z)",
    "T.addcmul(x, y, z)", "T.addmm(x, A, y)", "T.addmv(v, x.T, u[:3])", "T.addr(x, u[:3], v)",
    "T.baddbmm(c, c[..., :3], c[:, :3])", "T.as_strided_scatter(x, u.reshape(2, 2), (2, 2), (1, 1))",
    "T.bincount(i, w[:3])", "T.bmm(c, c.transpose(1, 2))", "T.bucketize(x, v)", "T.cdist(x, y, 1.0)",
    "T.chain_matmul(x, y.T, A)", "T.cholesky_solve(x, A)", "T.combinations(v)", "T.constant_pad_nd(x, (1, 1))",
    "T.cov(x, aweights=w)", "T.diagonal_scatter(x, v[:3])", "T.dsplit(vol[0], 2)", "T.vsplit(x, 3)",
    "T.einsum('ij,kj->ik', x, y)", "T.full((2,), s)", "T.gather(x, 0, k)", "T.gradient(x, spacing=0.5)",
    "T.gradient(v, spacing=(u,))", "T.grid_sampler_2d(im, T.stack([c[:1], c[1:]], -1), 0, 0, False)",
    "T.grid_sampler_3d(vol, T.stack([vol[:, 0]] * 3, -1), 0, 0, False)", "T.index_fill(x, 0, i, s)",
    "T.index_put(x, (i,), y)", "T.index_reduce(x, 0, i, y, 'prod')", "T.index_select(x, 0, i)", "T.lerp(x, y, s)",
    "T.lerp(x, y, z)", "T.lu_unpack(B, i + 1)", "T.lu_solve(x, B, i + 1)", "T.masked_fill(x, m, s)",
    "T.masked_scatter(x, m, y)", "T.masked_select(x, m)", "T.matrix_power(A, 2)", "T.mv(x, v)",
    "T.mvlgamma(x + 1.0, 2)",
    "T.quantile(x, v)", "T.nanquantile(x, v)", "T.normal(x, y)", "T.normal(x, 1.0)", "T.normal(0.0, y)",
    "T.ormqr(A, v[:3], x)", "T.polygamma(1, x)", "T.prelu(x, v[:1])", "T.put(x, i, v[:3])", "T.randint_like(x, 5)",
    "T.renorm(x, 2, 0, 0.5)", "T.repeat_interleave(x, 2, 1)", "T.scatter_reduce(x, 0, k, y, 'sum')",
    "T.searchsorted(T.sort(v).values, x)", "T.select_scatter(x, v, 0, 1)", "T.slice_scatter(x, y[:2], 0, 1)",
    "T.stft(c[0], 4, return_complex=True)", "T.stft(c[0], 4, window=v, return_complex=True)", "T.take(x, i)",
    "T.tensordot(x, y, 2)", "T.threshold(x, 0.5, 2.0)", "T.triangular_solve(x, A)", "T.unflatten(x, 1, (2, 2))",
    "T.unfold_copy(x, 1, 2, 1)", "T.where(m, x, y)", "T.where(m, s, y)", "T.linspace(s, 2.0, 3)", "T.arange(s)",
    *each("T.linalg.@(A)", """cholesky cholesky_ex cond det eig eigh eigvals eigvalsh inv inv_ex lu lu_factor
        lu_factor_ex matrix_exp matrix_rank norm slogdet"""),
    *each("T.linalg.@(x)", "diagonal matrix_norm norm pinv qr svdvals vector_norm"),
    *each("T.linalg.@(A, x)", "lstsq solve solve_ex"), "T.linalg.vecdot(x, y)",
    "T.linalg.ldl_factor(A)", "T.linalg.ldl_factor_ex(A)", "T.linalg.ldl_solve(A, T.tensor([1, 2, 3]), x)",
    "T.linalg.svd(x, full_matrices=False)", "T.linalg.lstsq(A, x, driver='gelsd')",
    "T.linalg.householder_product(A, v[:3])", "T.linalg.lu_solve(B, i + 1, x)", "T.linalg.matrix_power(A, 2)",
    "T.linalg.multi_dot([x, y.T, A])", "T.linalg.solve_triangular(A, x, upper=True)",
    "T.linalg.tensorinv(A.reshape(3, 3, 1)[..., 0], 1)", "T.linalg.tensorsolve(A, v[:3])", "T.linalg.vander(v)",
    *each("T.special.@(x)", """digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammaln i0 i0e i1 i1e log1p log_ndtr
        logit ndtr ndtri psi round sinc airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 modified_bessel_i0
        modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1
        spherical_bessel_j0"""),
    *each("T.special.@(x, 3)", """chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v
        chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p
        shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
        shifted_chebyshev_polynomial_w"""), "T.special.zeta(2.5, x)", "T.special.zeta(x + 1.5, y)",
    *each("@(x, y)", "T.igamma T.igammac T.special.gammainc T.special.gammaincc"),
    *each("T.special.@(x, 1)", "log_softmax logsumexp softmax"), *each("T.special.@(x, y)", "xlog1py xlogy"),
    "T.special.multigammaln(x + 1.0, 2)", "T.special.polygamma(1, x)",
    *each("T.fft.@(x)", """fft fft2 fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2 ihfftn irfft
        irfft2 irfftn rfft rfft2 rfftn"""),
    # layers and losses
    *each("F.@(x)", """celu elu gelu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish normalize
        pdist relu relu6 rrelu selu sigmoid silu softplus softshrink softsign tanh tanhshrink matrix_transpose"""),
    *each("F.@(x, s)", "alpha_dropout dropout feature_alpha_dropout"), *each("F.@(im, s)", "dropout2d"),
    *each("F.@(x, 1)", "log_softmax softmax softmin glu"), *each("F.@(x, 0.5)", """alpha_dropout dropout
        feature_alpha_dropout"""), *each("F.@(x, 0.5, 2.0)", "threshold"), *each("F.@(im, 0.5)", "dropout2d"),
    *each("F.@(c, 0.5)", "dropout1d"), *each("F.@(vol, 0.5)", "dropout3d"),
    *each("F.@(c, 2)", "avg_pool1d max_pool1d adaptive_avg_pool1d adaptive_max_pool1d upsample upsample_nearest"),
    *each("F.@(im, 2)", """avg_pool2d max_pool2d adaptive_avg_pool2d adaptive_max_pool2d unfold interpolate
        upsample_bilinear pixel_shuffle pixel_unshuffle channel_shuffle group_norm local_response_norm"""),
    *each("F.@(vol, 2)", "avg_pool3d max_pool3d adaptive_avg_pool3d adaptive_max_pool3d"),
    *each("F.@(c, 2.0, 2)", "lp_pool1d"), *each("F.@(im, 2.0, 2)", "lp_pool2d"),
    *each("F.@(vol, 2.0, 2)", "lp_pool3d"),
    *each("F.@(x, y)", """cosine_similarity huber_loss kl_div l1_loss mse_loss pairwise_distance poisson_nll_loss
        smooth_l1_loss soft_margin_loss binary_cross_entropy binary_cross_entropy_with_logits hinge_embedding_loss
        multilabel_soft_margin_loss"""),
    *each("F.@(x, y, w)", """binary_cross_entropy binary_cross_entropy_with_logits multilabel_soft_margin_loss"""),
    *each("F.@(x, i)", "cross_entropy multi_margin_loss nll_loss"),
    *each("F.@(x, y, z)", "gaussian_nll_loss triplet_margin_loss triplet_margin_with_distance_loss"),
    "F.batch_norm(x, None, None, v, w, True)", "F.batch_norm(x, v, w, u)", "F.bilinear(x, y, c[:, :4, :4], v[:2])",
    "F.binary_cross_entropy_with_logits(x, y, pos_weight=w)", "F.conv1d(c, x[:, :, None], v[:3])",
    "F.conv2d(im, x[:, :, None, None], v[:3])", "F.conv3d(vol, x[:, :2, None, None, None], v[:3])",
    "F.conv_transpose1d(c, x.T[:, :, None], v[:3])", "F.conv_transpose2d(im, x.T[:, :, None, None], v[:3])",
    "F.conv_transpose3d(vol, x.T[:2, :, None, None, None], v[:3])", "F.cosine_embedding_loss(x, y, i - 1)",
    "F.cross_entropy(x, i, w)", "F.cross_entropy(x, y)", "F.cross_entropy(x, y, w, label_smoothing=0.1)",
    "F.nll_loss(x, i, w)", "F.multi_margin_loss(x, i, weight=w)", "F.multilabel_margin_loss(x, k - 1)",
    "F.ctc_loss(T.log_softmax(c.transpose(0, 2), -1)[:, :, :2], T.tensor([[1, 1]] * 4), [6] * 4, [2] * 4)",
    "F.embedding(i, x)", "F.embedding(i, x, max_norm=0.5)", "F.embedding_bag(k, x)",
    "F.embedding_bag(k, x, mode='sum', per_sample_weights=y)", "F.fold(c[:, :, :4], 3, 2)",
    "F.grid_sample(im, T.stack([c[:1], c[1:]], -1), align_corners=False)", "F.instance_norm(c, None, None, v, w)",
    "F.group_norm(c, 2, v, w)", "F.interpolate(c, 3, mode='linear')", "F.interpolate(im, 4, mode='bicubic')",
    "F.interpolate(vol, 3, mode='trilinear')", "F.interpolate(im, 3, mode='area')", "F.layer_norm(x, (4,), v, w)",
    "F.rms_norm(x, (4,), v)", "F.leaky_relu(x, 0.1)", "F.linear(x, y, v[:3])", "F.linear_cross_entropy(x, y, i)",
    "F.margin_ranking_loss(x, y, z)", "F.matmul(x, y.T)", "F.one_hot(i, 3)", "F.pad(x, (1, 1))", "F.prelu(c, v)",
    "F.max_unpool1d(*F.max_pool1d(c, 2, return_indices=True), 2)",
    "F.max_unpool2d(*F.max_pool2d(im, 2, return_indices=True), 2)",
    "F.max_unpool3d(*F.max_pool3d(vol, 2, return_indices=True), 2)",
    "F.multi_head_attention_forward(c, c, c, 6, 2, T.cat([c[0, :, :]] * 5)[:18], c[0].ravel()[:18], None, None, False,"
    " 0.0, im[0, 0], im[0, 1, 0])",
    "F.scaled_dot_product_attention(x, y, z)", "F.scaled_dot_product_attention(x, y, z, A)",
]  # fmt: skip

# ---------------------------------------------------------------------- NumPy's names

NUMPY: list[str] = [
    *each("np.@(x)", """absolute arccos arcsin arcsinh arctan arctanh cbrt ceil conjugate cos cosh deg2rad
        degrees exp exp2 expm1 fabs floor frexp isfinite isinf isnan log log10 log1p log2 logical_not modf negative
        positive rad2deg radians reciprocal rint sign signbit sin sinh sqrt square tan tanh trunc
        all amax amin angle any argmax argmin argsort argwhere around array_repr array_str atleast_1d atleast_2d
        atleast_3d average copy corrcoef count_nonzero cov cumprod cumsum diag diagflat diagonal diff empty_like fix
        flatnonzero flip fliplr flipud gradient i0 imag iscomplex iscomplexobj isneginf isposinf isreal isrealobj
        lexsort matrix_transpose max mean median min nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean
        nanmedian nanmin nanprod nansum ndim nonzero ones_like prod ptp ravel real result_type rot90 round shape sinc
        size sort squeeze std sum trace transpose trapezoid tril tril_indices_from triu triu_indices_from unique var
        zeros_like linalg.diagonal linalg.matrix_norm linalg.norm linalg.pinv linalg.qr linalg.svdvals
        linalg.matrix_transpose linalg.vector_norm linalg.trace fft.fft fft.fft2 fft.fftn fft.fftshift fft.hfft fft.ifft
        fft.ifft2 fft.ifftn fft.ifftshift fft.ihfft fft.irfft fft.irfft2 fft.irfftn fft.rfft fft.rfft2 fft.rfftn"""),
    "np.arccosh(x + 1.0)",
    *each("np.@(x, y)", """add arctan2 copysign divide divmod equal float_power floor_divide fmax fmin fmod greater
        greater_equal heaviside hypot less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor maximum
        minimum multiply nextafter not_equal power remainder subtract vecdot allclose append array_equal array_equiv
        broadcast_arrays inner isclose isin kron may_share_memory outer shares_memory vdot linalg.vecdot trapezoid
        cov corrcoef linalg.tensordot tensordot"""),
    *each("np.@.reduce(x)", "add logaddexp maximum minimum multiply"),
    *each("np.@.accumulate(x)", "add logaddexp maximum minimum multiply"),
    *each("np.@([x, y])", "block column_stack concatenate dstack hstack stack vstack"),
    *each("np.@(A)", """linalg.cholesky linalg.cond linalg.det linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh
        linalg.inv linalg.matrix_rank linalg.slogdet"""),
    *each("np.@(x, s)", "full_like quantile nanquantile percentile nanpercentile power"),
    *each("np.@(x, v)", "quantile nanquantile"), *each("np.@(v, u)", "convolve correlate meshgrid linalg.outer"),
    *each("np.@(x, 2)", "array_split hsplit partition argpartition repeat tile ldexp"),
    *each("np.@(x, 1)", "delete expand_dims roll"), *each("np.@(x, y.T)", "dot matmul linalg.matmul"),
    *each("np.@(A, B)", "cross linalg.cross"), *each("np.@(x, 0, 1)", "moveaxis swapaxes"),
    *each("np.@(A, x)", "linalg.lstsq linalg.solve"), *each("np.@(v, (3, 4))", "broadcast_to resize"),
    *each("np.@(x, k, 0)", "take_along_axis"),
    "np.average(x, weights=y)", "np.average(x, 1, v)", "np.bincount(i, w[:3])", "np.choose(i, [v[:3], u[:3], w[:3]])",
    "np.clip(x, s, y)", "np.clip(x, s, None)", "np.compress(m[0], x, 1)", "np.digitize(x, np.sort(v))",
    "np.dsplit(vol[0], 2)",
    "np.einsum('ij,kj->ik', x, y)", "np.extract(m, x)", "np.insert(x, 1, v, 0)", "np.ix_(i, i)",
    "np.lib.stride_tricks.sliding_window_view(v, 2)", "np.linalg.matrix_power(A, 2)",
    "np.linalg.multi_dot([x, y.T, A])",
    "np.linalg.svd(x, False)", "np.linalg.tensorinv(A.reshape(3, 3), 1)", "np.linalg.tensorsolve(A, v[:3])",
    "np.matvec(x, v)", "np.vecmat(v[:3], x)", "np.pad(x, 1)", "np.piecewise(x, [m], [lambda a: a * a, 1.0])",
    "np.ravel_multi_index((i, i), (3, 3))", "np.reshape(x, (4, 3))", "np.searchsorted(np.sort(v), x)",
    "np.select([m], [x], y)", "np.split(x, 3)", "np.take(x, i, 1)", "np.unravel_index(i, (3, 3))", "np.unstack(x)",
    "np.vander(v)", "np.vsplit(x, 3)", "np.where(m, x, y)", "np.diff(v, prepend=s)", "np.gradient(v, u)",
    "np.interp(x, np.sort(v), u)", "np.vecdot.__call__(x, y, axis=0)",
]  # fmt: skip
NUMPY = [call for call in NUMPY if all(in_numpy(name) for name in NAME.findall(call))]  # some came after NumPy 2.0
# Public functions that take no tensor, or give nothing that a number could flow into.
WITHOUT_TENSORS = each(
    "@",
    """empty eye from_numpy logspace ones rand randint randn randperm zeros tril_indices triu_indices unravel_index
    fft.fftfreq fft.rfftfreq get_default_dtype set_default_dtype get_rng_state set_rng_state initial_seed
    manual_seed seed is_grad_enabled draw gcd lcm bitwise_and bitwise_left_shift bitwise_not bitwise_or
    bitwise_right_shift bitwise_xor load save set_printoptions are_deterministic_algorithms_enabled broadcast_shapes
    can_cast gcd_ get_default_device get_deterministic_debug_mode get_float32_matmul_precision
    get_num_interop_threads get_num_threads install_as_torch is_deterministic_algorithms_warn_only_enabled
    is_inference_mode_enabled is_warn_always_enabled lcm_ promote_types set_default_device set_default_tensor_type
    set_deterministic_debug_mode fork_rng set_float32_matmul_precision set_flush_denormal set_num_interop_threads
    set_num_threads set_warn_always is_anomaly_enabled is_autocast_enabled bartlett_window blackman_window
    hamming_window hann_window kaiser_window empty_permuted empty_strided from_dlpack from_file frombuffer range
    scalar_tensor vmap use_deterministic_algorithms compile compare diagnose explain replay""",
)


def public() -> dict[str, Callable[..., Any]]:
    """Every public function under PyTorch's names."""
    rooms = {"": tg, "F.": F, "linalg.": tg.linalg, "special.": tg.special, "fft.": tg.fft}
    return {
        room + name: getattr(space, name)
        for room, space in rooms.items()
        for name in dir(space)
        if not name.startswith("_") and inspect.isfunction(getattr(space, name))
    }

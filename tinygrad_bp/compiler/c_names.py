"""Names of values as names of C."""

from __future__ import annotations

from ..program.text import free

# Words of C, what the file itself defines, and the functions of its library: a value of such a name gets a tail.
_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof main at
bound run row r s sums factor from to a b c d e f g h i j k l m n x y r0 r1 r2 r3 r4 r5 r6 r7 gemm gemmf gemms
gemm_kind NAN INFINITY ALIGNED UNROLL INLINE SHUFFLE GEMM int32_t int64_t uint8_t first firstf total totalf totals
totalsf quarter quarterf turn turnf bits bitsf number numberf choose choosef larger largerf smaller smallerf absolute
absolutef with_sign with_signf sign_of sign_off log_1_exp log_1_expf power_of_2 power_of_2f EITHER best place v take
started k0 k1 k2 places_0 places_1 places_2 vector vectorf vector16 vector8 vector4 vector2 vector16f vector8f
vector4f vector2f mask maskf relu reluf lower lowerf upper upperf added addedf s0 s1 s2 s3 s4 s5 s6 s7 rest acos acosh
asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod
frexp gamma hypot ilogb j0 j1 jn ldexp lgamma log log10 log1p log2 logb modf nan nearbyint nextafter pow remainder
remquo rint round scalbn signgam sin sinh sqrt tan tanh tgamma trunc y0 y1 yn abs div drem
"""
RESERVED = frozenset(_WORDS.split())


def c_name(name: str, taken: set[str]) -> str:
    """A name that C and its library do not use, nor anything in ``taken``, which it joins."""
    plain = name.isascii() and name not in RESERVED and not name.startswith(("tg_", "part_", "_"))
    spelled = name if plain else f"{''.join(letter if letter.isascii() else '_' for letter in name)}_v"
    return free(spelled, taken)

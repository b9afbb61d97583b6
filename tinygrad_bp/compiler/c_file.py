"""What a compiled C file has around its loops."""

from __future__ import annotations

from .c_vectors import LANES

BLAS = """
/* Large products are left to the BLAS of NumPy or SciPy, whose functions are set before the first run. */
static void *gemms[2];
static int gemm_kind; /* 0: of C with 64-bit sizes; 1: of C with int; 2: of Fortran with int */

void tg_set_blas(void *single, void *whole, int kind)
{
    gemms[0] = single;
    gemms[1] = whole;
    gemm_kind = kind;
}

#define GEMM(name, real, which) \\
static void name(char ta, char tb, int m, int n, int k, real alpha, const real *a, int as, const real *b, int bs, \\
                 real beta, real *c, int cs) \\
{ \\
    int left = ta == 'N' ? 111 : 112, right = tb == 'N' ? 111 : 112, columns = 102; \\
    if (gemm_kind == 0) \\
        ((void (*)(int, int, int, int64_t, int64_t, int64_t, real, const real *, int64_t, const real *, int64_t, \\
                   real, real *, int64_t))gemms[which])( \\
            columns, left, right, m, n, k, alpha, a, as, b, bs, beta, c, cs); \\
    else if (gemm_kind == 1) \\
        ((void (*)(int, int, int, int, int, int, real, const real *, int, const real *, int, real, \\
                   real *, int))gemms[which])(columns, left, right, m, n, k, alpha, a, as, b, bs, beta, c, cs); \\
    else \\
        ((void (*)(const char *, const char *, const int *, const int *, const int *, const real *, const real *, \\
                   const int *, const real *, const int *, const real *, real *, const int *))gemms[which])( \\
            &ta, &tb, &m, &n, &k, &alpha, a, &as, b, &bs, &beta, c, &cs); \\
}
GEMM(gemmf, float, 0)
GEMM(gemm, double, 1)
"""

PART = """\
static __attribute__((noinline)) int {name}(void *const *at)
{{
{body}
    return 0;
}}
"""

FILE = """\
/* The program below in C: each step a loop, under the step's name.

{listing}

   How it is made fast. Sizes are constants. Rows of a batch lie side by side, filled up to groups of {lanes_count}, so
   that one instruction takes as many of them as a register holds; what fills up reaches no sum. Steps over the same
   elements share a loop. Sums run in {lanes_count} parts, in a fixed order. A product and a sum may be rounded once. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define ALIGNED __attribute__((aligned(64)))
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
/* c ? a : b, with both read first: GCC 12 gets some loops wrong that read one of them alone. */
#define EITHER(c, a, b) ({{ __typeof__(a) _a = (a); __typeof__(b) _b = (b); (c) ? _a : _b; }})
{functions}{blas}
{memory}

{parts}
/* One run. 0: done; 1: a label is out of range, and nothing was written. */
static int run(void *const *at)
{{
{calls}    return 0;
}}

static void *bound[{count}];

/* The arrays of the runs to come. */
void tg_bind(void *const *at)
{{
    for (int i = 0; i < {count}; i++) bound[i] = at[i];
}}

int tg_step(void)
{{
    return run(bound);
}}

/* n runs; after each the arrays are those ``advance`` bytes further on. How many were done. */
int64_t tg_loop(int64_t n, const int64_t *advance)
{{
    for (int64_t step = 0; step < n; step++) {{
        if (run(bound)) return step;
        for (int i = 0; i < {count}; i++) bound[i] = (char *)bound[i] + advance[i];
    }}
    return n;
}}
""".replace("{lanes_count}", str(LANES))

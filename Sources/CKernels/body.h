// The kernels, in vector extensions of the compiler. Each file that includes this one sets the
// instruction set for its functions, ROWS (rows of x whose sums fit in registers) and NAME.

#include <math.h>
#include <string.h>

// Vectors never cross a call: every helper is inlined into a function of its own instruction set.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float v16 __attribute__((vector_size(64), aligned(4)));
typedef float v8 __attribute__((vector_size(32), aligned(4)));
typedef int32_t i16v __attribute__((vector_size(64), aligned(4)));
typedef int32_t i8v __attribute__((vector_size(32), aligned(4)));
typedef uint16_t u16x16 __attribute__((vector_size(32), aligned(2)));
typedef uint16_t u16x8 __attribute__((vector_size(16), aligned(2)));
typedef _Float16 h16 __attribute__((vector_size(32), aligned(2)));
typedef _Float16 h8 __attribute__((vector_size(16), aligned(2)));
typedef int8_t s8x16 __attribute__((vector_size(16), aligned(1)));
typedef uint8_t u8x16 __attribute__((vector_size(16), aligned(1)));

INLINE v16 load(const float *p) { return *(const v16 *)p; }
INLINE void store(float *p, v16 v) { *(v16 *)p = v; }

INLINE v16 pick(i16v where, v16 a, v16 b) { return (v16)((where & (i16v)a) | (~where & (i16v)b)); }

INLINE v16 widen_f16(const void *p) { return __builtin_convertvector(*(const h16 *)p, v16); }
INLINE v16 widen_bf16(const void *p) {
    return (v16)(__builtin_convertvector(*(const u16x16 *)p, i16v) << 16);
}

#include "panels.h"
#include "rows.h"
#include "attention.h"

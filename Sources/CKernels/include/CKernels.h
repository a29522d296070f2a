#ifndef PITWALL_CKERNELS_H
#define PITWALL_CKERNELS_H

// The door to OpenBLAS, and the kernels of the engine that no library has.
#include <cblas.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Instruction sets that the kernels are compiled for; each runs the same source.
typedef enum { pw_portable, pw_avx2, pw_avx512 } pw_isa;

// The widest set that this processor has.
pw_isa pw_widest_isa(void);

// How the elements of a panel are stored.
typedef enum { pw_f32, pw_f16, pw_bf16, pw_q8_0, pw_q4_0, pw_q4_1 } pw_kind;

// Columns of a panel. A matrix w[n][k] is kept as n/32 panels, each with its k values of 32 outputs
// side by side: [k][32]. Quantised kinds keep, for every 32 values of k, 32 half-precision scales
// (q4_1: and 32 minima), then the integers as [32][32], two columns c and c + 16 to a byte in 4 bits.
enum { pw_panel = 32 };

// y[r][32 p + c] = (accumulate ? y : 0) + sum over k of x[r][k] * panel_p[k][c], for `count` panels.
//
// Every output is added up in one order of k, whatever the number of rows: a row gives the same bits
// alone and in any batch. Strides are in elements, `panel_bytes` from panel to panel.
void pw_multiply(pw_isa isa, pw_kind kind, const float *x, ptrdiff_t x_stride, int32_t rows,
                 const void *panels, size_t panel_bytes, int32_t count, int32_t k, float *y,
                 ptrdiff_t y_stride, bool accumulate);

// Bytes of a panel of k values for each column; k is a multiple of 32 for the quantised kinds.
size_t pw_panel_bytes(pw_kind kind, size_t k);

// target[i][r] = source[r][i], `width` wide, for elements of 2 or 4 bytes; 0 for r from `rows` on.
void pw_interleave(const void *const *source, int32_t rows, size_t k, int32_t element_bytes,
                   int32_t width, void *target);

// A panel from at most 32 rows of GGUF blocks of q8_0, q4_0 or q4_1.
void pw_interleave_blocks(pw_kind kind, const void *const *source, int32_t rows, size_t k,
                          void *target);

// One column of a panel, widened: row `32 p + column` of the matrix.
void pw_column(pw_kind kind, const void *panel, size_t k, int32_t column, float *target);

// Copies what is not wanted soon; both sides aligned to 16 bytes, and a multiple of them long.
void pw_set_aside(const void *source, size_t bytes, void *target);

// A number that changes when any bit of the memory does.
uint64_t pw_checksum(const void *memory, size_t bytes);

// t[r][c] = sum over k of x[r][k] * a[k][c] for c < width, which is 8 or 16; kinds f32, f16, bf16.
void pw_shrink(pw_isa isa, pw_kind kind, const float *x, ptrdiff_t x_stride, int32_t rows,
               const void *a, int32_t k, int32_t width, float *t, ptrdiff_t t_stride,
               bool accumulate);

// y = x / sqrt(mean(x^2) + epsilon) * weight, over n values.
void pw_rms_norm(pw_isa isa, const float *x, const float *weight, float epsilon, int32_t n, float *y);

// gate = gate * sigmoid(gate) * up
void pw_silu_multiply(pw_isa isa, float *gate, const float *up, int32_t n);

// y += x
void pw_add(pw_isa isa, const float *x, int32_t n, float *y);

// Rotates pairs (i, i + half) of each of `heads` heads by the angles whose cosines and sines are given.
void pw_rotate(pw_isa isa, float *x, int32_t heads, int32_t head_size, const float *cosines,
               const float *sines);

// Attention of some rows of one sequence over one key-value head of a paged cache.
//
// Row r is query head r % group of token r / group. Pages hold, from `key_offset`, keys as
// [block / 16][head_size][16] and, from `value_offset`, values as [block][head_size], in floats.
typedef struct {
    const float *query;        // [token][heads][head_size], at the first head of the group
    ptrdiff_t query_stride;    // from token to token
    float *output;             // as query
    ptrdiff_t output_stride;
    int32_t rows, group;
    int32_t head_size;         // a multiple of 16
    int32_t first_position;    // of row 0; a row sees positions up to its own
    float scale;
    const float *pool;
    const int32_t *pages;      // of the sequence, in order
    size_t page_floats;
    size_t key_offset, value_offset;
    int32_t block;             // tokens of a page, a multiple of 16
    float *scratch;            // 12 * (head_size + positions rounded up to 16) floats
} pw_attention;

// Rows of one call: at most 12.
enum { pw_attention_rows = 12 };
void pw_attend(pw_isa isa, const pw_attention *job);

// Writes one token's key and value heads into their page.
void pw_store_token(const float *key, const float *value, int32_t heads, int32_t head_size,
                    int32_t slot, int32_t block, float *keys, float *values);

// Reads n floats once, to find how fast memory can be read; n should be a multiple of 128.
float pw_read(pw_isa isa, const float *x, size_t n);

// Index of the first largest value.
int32_t pw_largest(pw_isa isa, const float *x, int32_t n);

// Waits until *word differs from `value`, at most `microseconds`; wakes all who wait on it.
void pw_wait(const uint32_t *word, uint32_t value, int32_t microseconds);
void pw_wake(const uint32_t *word);

// A hint to the processor that this is a loop that waits.
static inline void pw_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

#include "lapack.h"

#include "widen.h"

#endif

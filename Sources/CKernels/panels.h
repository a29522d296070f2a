// Products of panels. A part of body.h.

// Bytes of 32 columns at one k, in kinds without blocks.
INLINE size_t row_bytes(pw_kind kind) { return kind == pw_f32 ? 128 : 64; }

INLINE v16 element(pw_kind kind, const char *p, int half) {
    if (kind == pw_f32) return load((const float *)p + 16 * half);
    if (kind == pw_f16) return widen_f16(p + 32 * half);
    return widen_bf16(p + 32 * half);
}

// The scales (and minima) of a block of 32 x 32, and how its integers become weights: rounded as a
// reader of the file rounds them, product and sum apart, so that packed and widened weights agree.
typedef struct { v16 scale[2], least[2]; } block_scales;

INLINE block_scales scales(pw_kind kind, const char *p) {
    block_scales s = {{widen_f16(p), widen_f16(p + 32)}, {{0}, {0}}};
    if (kind == pw_q4_1) { s.least[0] = widen_f16(p + 64); s.least[1] = widen_f16(p + 96); }
    return s;
}
INLINE size_t scale_bytes(pw_kind kind) { return kind == pw_q4_1 ? 128 : 64; }
INLINE size_t integer_bytes(pw_kind kind) { return kind == pw_q8_0 ? 32 : 16; }

INLINE v16 weight(pw_kind kind, const char *p, const block_scales *s, int half) {
#pragma clang fp contract(off)
    if (kind == pw_q8_0)
        return __builtin_convertvector(*(const s8x16 *)(p + 16 * half), v16) * s->scale[half];
    i16v both = __builtin_convertvector(*(const u8x16 *)p, i16v);
    i16v bits = half ? both >> 4 : both & 15;
    if (kind == pw_q4_0) return __builtin_convertvector(bits - 8, v16) * s->scale[half];
    return __builtin_convertvector(bits, v16) * s->scale[half] + s->least[half];
}

// Rows are addressed from every fourth, so that twelve need six registers instead of twelve.
#define ROW(base, stride, r, i) base[(r) / 4][((r) % 4) * stride + (i)]

// Asks for the next bytes of the panels: one cache line, or two, for every k. A panel is asked for
// while the one before it is used, so that memory works while the arithmetic does.
INLINE void ask(const char *p, int lines) {
    if (lines > 0) __builtin_prefetch(p, 0, 2);
    if (lines > 1) __builtin_prefetch(p + 64, 0, 2);
}

// Additions in one chain. A product is the sum of such chains: rounding grows with their length.
#define SUM_LENGTH 128

// `rows` sums of two vectors; `ahead` is asked for, `lines` cache lines for every k.
INLINE void tile(pw_kind kind, const int rows, const float *x, ptrdiff_t xs, const char *w, int32_t k,
                 float *y, ptrdiff_t ys, bool accumulate, const char *ahead, int lines) {
    v16 whole[ROWS][2], sum[ROWS][2];
    const float *base[3] = {x, x + 4 * xs, x + 8 * xs};
    for (int32_t from = 0; from < k; from += SUM_LENGTH) {
        int32_t end = k - from < SUM_LENGTH ? k : from + SUM_LENGTH;
        UNROLL for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = (v16){0};
#define MULTIPLY_ADD                        \
    UNROLL for (int r = 0; r < rows; r++) { \
        float a = ROW(base, xs, r, i);      \
        sum[r][0] += a * w0;                \
        sum[r][1] += a * w1;                \
    }
        if (kind <= pw_bf16) {
            for (int32_t i = from; i < end; i++) {
                ask(ahead, lines);
                ahead += 64 * lines;
                v16 w0 = element(kind, w, 0), w1 = element(kind, w, 1);
                MULTIPLY_ADD
                w += row_bytes(kind);
            }
        } else {
            for (int32_t b = from; b < end; b += 32) {
                block_scales s = scales(kind, w);
                w += scale_bytes(kind);
                for (int32_t i = b; i < b + 32; i++) {
                    if (lines && i % (kind == pw_q8_0 ? 2 : 4) == 0) {
                        ask(ahead, 1);
                        ahead += 64;
                    }
                    v16 w0 = weight(kind, w, &s, 0), w1 = weight(kind, w, &s, 1);
                    MULTIPLY_ADD
                    w += integer_bytes(kind);
                }
            }
        }
#undef MULTIPLY_ADD
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int c = 0; c < 2; c++)
            whole[r][c] = from ? whole[r][c] + sum[r][c] : sum[r][c];
    }
    UNROLL for (int r = 0; r < rows; r++) {
        float *out = y + r * ys;
        store(out, accumulate ? load(out) + whole[r][0] : whole[r][0]);
        store(out + 16, accumulate ? load(out + 16) + whole[r][1] : whole[r][1]);
    }
}

INLINE void tile_rows(pw_kind kind, int32_t rows, const float *x, ptrdiff_t xs, const char *w,
                      int32_t k, float *y, ptrdiff_t ys, bool accumulate, const char *ahead,
                      int lines) {
    switch (rows) {
#define CASE(n) \
    case n: tile(kind, n, x, xs, w, k, y, ys, accumulate, ahead, lines); break;
        CASE(1) CASE(2) CASE(3)
#if ROWS > 3
        CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#endif
#undef CASE
    }
}

INLINE void multiply(pw_kind kind, const float *x, ptrdiff_t xs, int32_t rows, const char *panels,
                     size_t bytes, int32_t count, int32_t k, float *y, ptrdiff_t ys,
                     bool accumulate) {
    // Parts as equal as can be: 16 rows are 8 + 8, not 12 + 4. The first parts ask for the panel
    // that follows, half of it each where it has two cache lines for every k. One row does so little
    // with a panel that a few cache lines ahead are better.
    int32_t parts = (rows + ROWS - 1) / ROWS;
    for (int32_t p = 0; p < count; p++) {
        const char *w = panels + p * bytes;
        for (int32_t part = 0, r = 0; part < parts; part++) {
            int32_t n = rows * (part + 1) / parts - r;
            bool whole = kind != pw_f32 || parts == 1;
            int lines = whole ? (part == 0) * (kind == pw_f32 ? 2 : 1) : part < 2;
            tile_rows(kind, n, x + r * xs, xs, w, k, y + r * ys + p * pw_panel, ys, accumulate,
                      w + (rows == 1 ? 2048 : bytes) + (whole || part == 0 ? 0 : bytes / 2), lines);
            r += n;
        }
    }
}

void NAME(multiply)(pw_kind kind, const float *x, ptrdiff_t xs, int32_t rows, const void *panels,
                    size_t bytes, int32_t count, int32_t k, float *y, ptrdiff_t ys,
                    bool accumulate) {
    switch (kind) {
#define CASE(kind) \
    case kind: multiply(kind, x, xs, rows, panels, bytes, count, k, y, ys, accumulate); break;
        CASE(pw_f32) CASE(pw_f16) CASE(pw_bf16) CASE(pw_q8_0) CASE(pw_q4_0) CASE(pw_q4_1)
#undef CASE
    }
}

// The small side of an adapter.

INLINE v16 narrow_row(pw_kind kind, int width, const char *p) {
    if (width == 16) return element(kind, p, 0);
    v8 half = kind == pw_f32 ? *(const v8 *)p
        : kind == pw_f16 ? __builtin_convertvector(*(const h8 *)p, v8)
                         : (v8)(__builtin_convertvector(*(const u16x8 *)p, i8v) << 16);
    return __builtin_shufflevector(half, half, 0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1);
}

// Four sums over every fourth k, so that additions need not wait for each other.
INLINE void shrink(pw_kind kind, int width, const int rows, const float *x, ptrdiff_t xs,
                   const char *a, int32_t k, float *t, ptrdiff_t ts, bool accumulate) {
    v16 sum[3][4];
    size_t bytes = (size_t)width * (kind == pw_f32 ? 4 : 2);
    int32_t i = 0;
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int q = 0; q < 4; q++) sum[r][q] = (v16){0};
    for (; i + 4 <= k; i += 4) UNROLL for (int q = 0; q < 4; q++) {
        v16 w = narrow_row(kind, width, a + (i + q) * bytes);
        UNROLL for (int r = 0; r < rows; r++) sum[r][q] += x[r * xs + i + q] * w;
    }
    for (; i < k; i++) {
        v16 w = narrow_row(kind, width, a + i * bytes);
        UNROLL for (int r = 0; r < rows; r++) sum[r][0] += x[r * xs + i] * w;
    }
    UNROLL for (int r = 0; r < rows; r++) {
        v16 total = (sum[r][0] + sum[r][1]) + (sum[r][2] + sum[r][3]);
        for (int c = 0; c < width; c++) t[r * ts + c] = (accumulate ? t[r * ts + c] : 0) + total[c];
    }
}

INLINE void shrink_rows(pw_kind kind, int width, const float *x, ptrdiff_t xs, int32_t rows,
                        const char *a, int32_t k, float *t, ptrdiff_t ts, bool accumulate) {
    int32_t r = 0;
    for (; r + 3 <= rows; r += 3)
        shrink(kind, width, 3, x + r * xs, xs, a, k, t + r * ts, ts, accumulate);
    if (rows - r == 2) shrink(kind, width, 2, x + r * xs, xs, a, k, t + r * ts, ts, accumulate);
    if (rows - r == 1) shrink(kind, width, 1, x + r * xs, xs, a, k, t + r * ts, ts, accumulate);
}

void NAME(shrink)(pw_kind kind, const float *x, ptrdiff_t xs, int32_t rows, const void *a, int32_t k,
                  int32_t width, float *t, ptrdiff_t ts, bool accumulate) {
#define CASE(kind)                                                                 \
    case kind:                                                                     \
        if (width == 16) shrink_rows(kind, 16, x, xs, rows, a, k, t, ts, accumulate); \
        else shrink_rows(kind, 8, x, xs, rows, a, k, t, ts, accumulate);           \
        break;
    switch (kind) {
        CASE(pw_f32) CASE(pw_f16) CASE(pw_bf16)
        default: break;
    }
#undef CASE
}

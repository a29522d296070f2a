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

// ---- Panels ----

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
    // that follows, half of it each where it has two cache lines for every k.
    int32_t parts = (rows + ROWS - 1) / ROWS;
    for (int32_t p = 0; p < count; p++) {
        const char *w = panels + p * bytes;
        for (int32_t part = 0, r = 0; part < parts; part++) {
            int32_t n = rows * (part + 1) / parts - r;
            bool whole = kind != pw_f32 || parts == 1;
            int lines = whole ? (part == 0) * (kind == pw_f32 ? 2 : 1) : part < 2;
            tile_rows(kind, n, x + r * xs, xs, w, k, y + r * ys + p * pw_panel, ys, accumulate,
                      w + bytes + (whole || part == 0 ? 0 : bytes / 2), lines);
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

// ---- The small side of an adapter ----

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

// ---- Between the products ----

INLINE float total(v16 v) {
    float part[16];
    store(part, v);
    for (int n = 8; n; n /= 2) for (int i = 0; i < n; i++) part[i] += part[i + n];
    return part[0];
}

INLINE float greatest(v16 v) {
    float best = v[0];
    for (int i = 1; i < 16; i++) best = v[i] > best ? v[i] : best;
    return best;
}

// e^x to about one unit in the last place; 0 below -87, x above 88 counts as 88.
// Range reduction and polynomial after Cephes' expf (S. Moshier).
INLINE v16 exponential(v16 x) {
    const v16 zero = {0}, magic = zero + 12582912.0f;
    v16 most = zero + 88.0f, least = zero - 87.0f;
    i16v vanishes = x < least;
    v16 z = pick(vanishes, least, pick(x > most, most, x));
    v16 n = (z * 1.44269504088896341f + magic) - magic;
    v16 r = (z - n * 0.693359375f) - n * -2.12194440e-4f;
    v16 p = zero + 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    v16 e = (p * r) * r + (r + 1.0f);
    i16v power = (__builtin_convertvector(n, i16v) + 127) << 23;
    e *= (v16)power;
    return pick(vanishes, zero, e);
}

void NAME(rms_norm)(const float *x, const float *weight, float epsilon, int32_t n, float *y) {
    v16 squares = {0};
    float rest = 0;
    int32_t i = 0;
    for (; i + 16 <= n; i += 16) squares += load(x + i) * load(x + i);
    for (; i < n; i++) rest += x[i] * x[i];
    float scale = 1 / sqrtf((total(squares) + rest) / n + epsilon);
    for (i = 0; i + 16 <= n; i += 16) store(y + i, load(x + i) * scale * load(weight + i));
    for (; i < n; i++) y[i] = x[i] * scale * weight[i];
}

void NAME(silu_multiply)(float *gate, const float *up, int32_t n) {
    int32_t i = 0;
    for (; i + 16 <= n; i += 16) {
        v16 g = load(gate + i);
        store(gate + i, g / (1.0f + exponential(-g)) * load(up + i));
    }
    for (; i < n; i++) {
        v16 g = (v16){0} + gate[i];
        gate[i] = (g / (1.0f + exponential(-g)))[0] * up[i];
    }
}

void NAME(add)(const float *x, int32_t n, float *y) {
    int32_t i = 0;
    for (; i + 16 <= n; i += 16) store(y + i, load(y + i) + load(x + i));
    for (; i < n; i++) y[i] += x[i];
}

void NAME(rotate)(float *x, int32_t heads, int32_t size, const float *cosines, const float *sines) {
    int32_t half = size / 2;
    for (int32_t h = 0; h < heads; h++, x += size)
        for (int32_t i = 0; i + 8 <= half; i += 8) {
            v8 a = *(v8 *)(x + i), b = *(v8 *)(x + half + i);
            v8 c = *(const v8 *)(cosines + i), s = *(const v8 *)(sines + i);
            *(v8 *)(x + i) = a * c - b * s;
            *(v8 *)(x + half + i) = b * c + a * s;
        }
}

void NAME(largest)(const float *x, int32_t n, int32_t *found) {
    float top = x[0];
    int32_t i = 0;
    if (n >= 16) {
        v16 best = load(x);
        for (i = 16; i + 16 <= n; i += 16) best = pick(load(x + i) > best, load(x + i), best);
        top = greatest(best);
    }
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    for (i = 0; i < n - 1 && x[i] != top; i++) {}
    *found = i;
}

// Eight streams at once, as the best kernels for reading walk memory.
void NAME(read)(const float *x, size_t n, float *sum) {
    v16 part[8] = {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    size_t stream = n / 8 / 16 * 16;
    for (size_t i = 0; i < stream; i += 16) UNROLL for (int s = 0; s < 8; s++) {
        __builtin_prefetch(x + s * stream + i + 512, 0, 2);
        part[s] += load(x + s * stream + i);
    }
    v16 all = part[0];
    for (int s = 1; s < 8; s++) all += part[s];
    *sum = total(all);
}

// ---- Attention over pages ----

INLINE const float *page(const pw_attention *j, int32_t position) {
    return j->pool + (size_t)j->pages[position / j->block] * j->page_floats;
}

// Scores of 16 positions, masked beyond each row's own.
INLINE void score(const int rows, const pw_attention *j, const float *q, float *scores,
                  ptrdiff_t stride, int32_t row, int32_t from) {
    int32_t d = j->head_size;
    const float *keys = page(j, from) + j->key_offset + (size_t)(from % j->block / 16) * d * 16;
    v16 sum[ROWS];
    const float *base[3] = {q, q + 4 * d, q + 8 * d};
    const i16v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    UNROLL for (int r = 0; r < rows; r++) sum[r] = (v16){0};
    for (int32_t i = 0; i < d; i++) {
        v16 k = load(keys + i * 16);
        UNROLL for (int r = 0; r < rows; r++) sum[r] += ROW(base, d, r, i) * k;
    }
    UNROLL for (int r = 0; r < rows; r++) {
        int32_t own = j->first_position + (row + r) / j->group;
        v16 masked = pick(lane + from > own, (v16){0} - INFINITY, sum[r]);
        store(scores + r * stride + from, masked);
    }
}

// Two vectors of the weighted sum of values, at `column` of the head.
INLINE void mix(const int rows, int vectors, const pw_attention *j, const float *scores,
                ptrdiff_t stride, int32_t positions, int32_t column, const float *share, float *out) {
    v16 sum[ROWS][2];
    UNROLL for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = (v16){0};
    for (int32_t from = 0; from < positions; from += j->block) {
        const float *v = page(j, from) + j->value_offset + column;
        int32_t n = positions - from < j->block ? positions - from : j->block;
        const float *base[3] = {scores + from, scores + from + 4 * stride, scores + from + 8 * stride};
        for (int32_t i = 0; i < n; i++, v += j->head_size) {
            v16 v0 = load(v), v1 = vectors == 2 ? load(v + 16) : v0;
            UNROLL for (int r = 0; r < rows; r++) {
                float p = ROW(base, stride, r, i);
                sum[r][0] += p * v0;
                if (vectors == 2) sum[r][1] += p * v1;
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        store(out + r * j->head_size + column, sum[r][0] * share[r]);
        if (vectors == 2) store(out + r * j->head_size + column + 16, sum[r][1] * share[r]);
    }
}

// Largest score and share (1 / sum of exponentials) of a row; scores become exponentials.
INLINE float soften(float *scores, int32_t width) {
    v16 best = load(scores), sum = {0};
    for (int32_t i = 16; i < width; i += 16) {
        v16 s = load(scores + i);
        best = pick(s > best, s, best);
    }
    float top = greatest(best);
    for (int32_t i = 0; i < width; i += 16) {
        v16 e = exponential(load(scores + i) - top);
        sum += e;
        store(scores + i, e);
    }
    return 1 / total(sum);
}

INLINE void attend(const int rows, const pw_attention *j, int32_t row) {
    int32_t d = j->head_size, positions = j->first_position + (row + rows - 1) / j->group + 1;
    int32_t width = (positions + 15) & ~15;
    float *q = j->scratch, *scores = q + pw_attention_rows * d, share[ROWS];
    for (int r = 0; r < rows; r++) {
        int32_t token = (row + r) / j->group, head = (row + r) % j->group;
        const float *from = j->query + token * j->query_stride + head * d;
        for (int32_t i = 0; i < d; i++) q[r * d + i] = from[i] * j->scale;
    }
    for (int32_t from = 0; from < width; from += 16) score(rows, j, q, scores, width, row, from);
    for (int r = 0; r < rows; r++) share[r] = soften(scores + r * width, width);
    int32_t c = 0;
    for (; c + 32 <= d; c += 32) mix(rows, 2, j, scores, width, positions, c, share, q);
    for (; c < d; c += 16) mix(rows, 1, j, scores, width, positions, c, share, q);
    for (int r = 0; r < rows; r++) {
        int32_t token = (row + r) / j->group, head = (row + r) % j->group;
        memcpy(j->output + token * j->output_stride + head * d, q + r * d, d * sizeof(float));
    }
}

void NAME(attend)(const pw_attention *j) {
    for (int32_t row = 0; row < j->rows; row += ROWS) {
        switch (j->rows - row < ROWS ? j->rows - row : ROWS) {
#define CASE(n) case n: attend(n, j, row); break;
            CASE(1) CASE(2) CASE(3)
#if ROWS > 3
            CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#endif
#undef CASE
        }
    }
}

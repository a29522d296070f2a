// Attention over pages. A part of body.h.

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

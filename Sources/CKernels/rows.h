// What happens to rows between the products. A part of body.h.

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

// Sends each kernel to the code for an instruction set, and what needs none.
#define _GNU_SOURCE
#include "CKernels.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

pw_isa pw_widest_isa(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return pw_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return pw_avx2;
#endif
    return pw_portable;
}

#if defined(__x86_64__)
#define SEND(name, ...)                                             \
    switch (isa) {                                                  \
        case pw_avx512: pw_##name##_avx512(__VA_ARGS__); break;     \
        case pw_avx2: pw_##name##_avx2(__VA_ARGS__); break;         \
        default: pw_##name##_portable(__VA_ARGS__);                 \
    }
#define DECLARE(name, ...)                \
    void pw_##name##_avx512(__VA_ARGS__); \
    void pw_##name##_avx2(__VA_ARGS__);   \
    void pw_##name##_portable(__VA_ARGS__)
#else
#define SEND(name, ...) pw_##name##_portable(__VA_ARGS__)
#define DECLARE(name, ...) void pw_##name##_portable(__VA_ARGS__)
#endif

DECLARE(multiply, pw_kind, const float *, ptrdiff_t, int32_t, const void *, size_t, int32_t, int32_t,
        float *, ptrdiff_t, bool);
void pw_multiply(pw_isa isa, pw_kind kind, const float *x, ptrdiff_t xs, int32_t rows,
                 const void *panels, size_t bytes, int32_t count, int32_t k, float *y, ptrdiff_t ys,
                 bool accumulate) {
    SEND(multiply, kind, x, xs, rows, panels, bytes, count, k, y, ys, accumulate);
}

DECLARE(shrink, pw_kind, const float *, ptrdiff_t, int32_t, const void *, int32_t, int32_t, float *,
        ptrdiff_t, bool);
void pw_shrink(pw_isa isa, pw_kind kind, const float *x, ptrdiff_t xs, int32_t rows, const void *a,
               int32_t k, int32_t width, float *t, ptrdiff_t ts, bool accumulate) {
    SEND(shrink, kind, x, xs, rows, a, k, width, t, ts, accumulate);
}

DECLARE(rms_norm, const float *, const float *, float, int32_t, float *);
void pw_rms_norm(pw_isa isa, const float *x, const float *weight, float epsilon, int32_t n, float *y) {
    SEND(rms_norm, x, weight, epsilon, n, y);
}

DECLARE(silu_multiply, float *, const float *, int32_t);
void pw_silu_multiply(pw_isa isa, float *gate, const float *up, int32_t n) {
    SEND(silu_multiply, gate, up, n);
}

DECLARE(add, const float *, int32_t, float *);
void pw_add(pw_isa isa, const float *x, int32_t n, float *y) { SEND(add, x, n, y); }

DECLARE(rotate, float *, int32_t, int32_t, const float *, const float *);
void pw_rotate(pw_isa isa, float *x, int32_t heads, int32_t size, const float *cosines,
               const float *sines) {
    SEND(rotate, x, heads, size, cosines, sines);
}

DECLARE(attend, const pw_attention *);
void pw_attend(pw_isa isa, const pw_attention *job) { SEND(attend, job); }

void pw_store_token(const float *key, const float *value, int32_t heads, int32_t size, int32_t slot,
                    int32_t block, float *keys, float *values) {
    for (int32_t h = 0; h < heads; h++) {
        float *column = keys + (size_t)h * block * size + (size_t)(slot / 16) * size * 16 + slot % 16;
        float *row = values + ((size_t)h * block + slot) * size;
        for (int32_t i = 0; i < size; i++) {
            column[i * 16] = key[h * size + i];
            row[i] = value[h * size + i];
        }
    }
}

DECLARE(largest, const float *, int32_t, int32_t *);
int32_t pw_largest(pw_isa isa, const float *x, int32_t n) {
    int32_t found;
    SEND(largest, x, n, &found);
    return found;
}

DECLARE(read, const float *, size_t, float *);
float pw_read(pw_isa isa, const float *x, size_t n) {
    float sum;
    SEND(read, x, n, &sum);
    return sum;
}

void pw_wait(const uint32_t *word, uint32_t value, int32_t microseconds) {
    struct timespec most = {microseconds / 1000000, microseconds % 1000000 * 1000L};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &most, NULL, 0);
}

void pw_wake(const uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
}

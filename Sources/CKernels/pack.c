// Between matrices as files have them, row by row, and panels.
#include "CKernels.h"

#include <string.h>

size_t pw_panel_bytes(pw_kind kind, size_t k) {
    switch (kind) {
        case pw_f32: return k * 128;
        case pw_f16:
        case pw_bf16: return k * 64;
        case pw_q8_0: return k / 32 * 1088;
        case pw_q4_0: return k / 32 * 576;
        case pw_q4_1: return k / 32 * 640;
    }
    return 0;
}

#define INTERLEAVE(type)                                                       \
    for (size_t i = 0; i < k; i += 16) {                                       \
        size_t n = k - i < 16 ? k - i : 16;                                    \
        for (int32_t r = 0; r < width; r++) {                                  \
            type *out = (type *)target + i * width + r;                        \
            if (r < rows) {                                                    \
                type in[16];                                                   \
                memcpy(in, (const char *)source[r] + i * sizeof(type), n * sizeof(type)); \
                for (size_t j = 0; j < n; j++) out[j * width] = in[j];         \
            } else                                                             \
                for (size_t j = 0; j < n; j++) out[j * width] = 0;             \
        }                                                                      \
    }

void pw_interleave(const void *const *source, int32_t rows, size_t k, int32_t element_bytes,
                   int32_t width, void *target) {
    if (element_bytes == 4) INTERLEAVE(uint32_t) else INTERLEAVE(uint16_t)
}

void pw_interleave_blocks(pw_kind kind, const void *const *source, int32_t rows, size_t k,
                          void *target) {
    uint8_t *out = target;
    size_t head = kind == pw_q4_1 ? 4 : 2, bytes = head + (kind == pw_q8_0 ? 32 : 16);
    for (size_t b = 0; b < k / 32; b++) {
        uint8_t *scales = out, *least = out + 64, *quants = out + (kind == pw_q4_1 ? 128 : 64);
        memset(out, 0, pw_panel_bytes(kind, 32));
        for (int32_t c = 0; c < rows; c++) {
            const uint8_t *in = (const uint8_t *)source[c] + b * bytes;
            memcpy(scales + 2 * c, in, 2);
            if (kind == pw_q4_1) memcpy(least + 2 * c, in + 2, 2);
            in += head;
            // Of a block, byte j has element j in its low half and element j + 16 in its high one.
            if (kind == pw_q8_0)
                for (int j = 0; j < 32; j++) quants[j * 32 + c] = in[j];
            else
                for (int j = 0; j < 16; j++) {
                    quants[j * 16 + c % 16] |= (in[j] & 15) << (c / 16 * 4);
                    quants[(j + 16) * 16 + c % 16] |= (in[j] >> 4) << (c / 16 * 4);
                }
        }
        out += pw_panel_bytes(kind, 32);
    }
}

static float half(const uint8_t *p) {
    _Float16 h;
    memcpy(&h, p, 2);
    return (float)h;
}

void pw_column(pw_kind kind, const void *panel, size_t k, int32_t column, float *target) {
#pragma clang fp contract(off)
    const uint8_t *p = panel;
    for (size_t i = 0; i < k; i++) {
        if (kind == pw_f32) memcpy(target + i, p + (i * 32 + column) * 4, 4);
        else if (kind == pw_f16) target[i] = half(p + (i * 32 + column) * 2);
        else if (kind == pw_bf16) {
            uint16_t word;
            memcpy(&word, p + (i * 32 + column) * 2, 2);
            uint32_t bits = (uint32_t)word << 16;
            memcpy(target + i, &bits, 4);
        } else {
            const uint8_t *block = p + i / 32 * pw_panel_bytes(kind, 32);
            const uint8_t *quants = block + (kind == pw_q4_1 ? 128 : 64);
            float scale = half(block + 2 * column);
            if (kind == pw_q8_0) target[i] = (int8_t)quants[i % 32 * 32 + column] * scale;
            else {
                int bits = quants[i % 32 * 16 + column % 16] >> (column / 16 * 4) & 15;
                if (kind == pw_q4_0) target[i] = (float)(bits - 8) * scale;
                else target[i] = (float)bits * scale + half(block + 64 + 2 * column);
            }
        }
    }
}

typedef float v4 __attribute__((vector_size(16)));

void pw_set_aside(const void *source, size_t bytes, void *target) {
    const v4 *from = source;
    v4 *to = target;
    // Stores that go past the caches need not read first what they overwrite.
    for (size_t i = 0; i < bytes / 16; i++) __builtin_nontemporal_store(from[i], to + i);
    // Nor do they come in order: others must see them before they hear that the work is done.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

uint64_t pw_checksum(const void *memory, size_t bytes) {
    const uint8_t *p = memory;
    uint64_t lane[8];
    for (int l = 0; l < 8; l++) lane[l] = 0x9e3779b97f4a7c15u * (l + 1);
    for (size_t i = 0; i + 64 <= bytes; i += 64) {
        uint64_t word[8];
        memcpy(word, p + i, 64);
        for (int l = 0; l < 8; l++) {
            lane[l] = (lane[l] ^ word[l]) * 0x100000001b3u;
            lane[l] ^= lane[l] >> 29;
        }
    }
    for (size_t i = bytes / 64 * 64; i < bytes; i++) lane[0] = (lane[0] ^ p[i]) * 0x100000001b3u;
    uint64_t sum = 0;
    for (int l = 0; l < 8; l++) sum = (sum ^ lane[l]) * 0xbf58476d1ce4e5b9u;
    return sum;
}

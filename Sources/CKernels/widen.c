// Conversions between stored elements and floats. The loops are plain C that the compiler turns
// into vectors, twice: for AVX2 and for any processor, chosen when the program is loaded.
#include "widen.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#define CLONED __attribute__((target_clones("avx2", "default")))
#else
#define CLONED
#endif

// A fused multiply-add would round once where the reference rounds twice.
#pragma clang fp contract(off)

enum { BLOCK = 32, SUPERBLOCK = 256 };

typedef struct { uint8_t scale[2]; int8_t quants[BLOCK]; } block_q8_0;
typedef struct { uint8_t scale[2]; uint8_t quants[BLOCK / 2]; } block_q4_0;
typedef struct { uint8_t scale[2]; uint8_t minimum[2]; uint8_t quants[BLOCK / 2]; } block_q4_1;
typedef struct {
  uint8_t low[SUPERBLOCK / 2];
  uint8_t high[SUPERBLOCK / 4];
  int8_t scales[SUPERBLOCK / 16];
  uint8_t scale[2];
} block_q6_k;

static inline float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline uint32_t load16(const uint8_t *source) {
  uint16_t bits;
  memcpy(&bits, source, sizeof bits);
  return bits;
}

// IEEE binary16 (1 sign, 5 exponent, 10 fraction bits) without branches. Subnormals are normal
// numbers less 2^-14, so that a processor that flushes subnormal floats to zero does not matter.
static inline float half(const uint8_t *source) {
  const uint32_t bits = load16(source);
  const uint32_t magnitude = (bits & 0x7fffu) << 13;
  const uint32_t normal = magnitude + (112u << 23);
  const uint32_t special = (normal + (112u << 23)) | (magnitude > 0x0f800000u ? 1u << 22 : 0);
  const uint32_t small =
      bits_of_float(float_of_bits(normal + (1u << 23)) - float_of_bits(113u << 23));
  const uint32_t exponent = magnitude & 0x0f800000u;
  const uint32_t result = exponent == 0x0f800000u ? special : exponent == 0 ? small : normal;
  return float_of_bits(result | (bits & 0x8000u) << 16);
}

CLONED void pitwall_widen_f16(const void *source, float *target, size_t count) {
  const uint8_t *bytes = source;
  for (size_t i = 0; i < count; i++) target[i] = half(bytes + 2 * i);
}

CLONED void pitwall_widen_bf16(const void *source, float *target, size_t count) {
  const uint8_t *bytes = source;
  for (size_t i = 0; i < count; i++) target[i] = float_of_bits(load16(bytes + 2 * i) << 16);
}

CLONED void pitwall_widen_q8_0(const void *source, float *restrict target, size_t count) {
  const block_q8_0 *blocks = source;
  for (size_t b = 0; b < count / BLOCK; b++) {
    const float scale = half(blocks[b].scale);
    for (int i = 0; i < BLOCK; i++) target[b * BLOCK + i] = scale * (float)blocks[b].quants[i];
  }
}

CLONED void pitwall_widen_q4_0(const void *source, float *restrict target, size_t count) {
  const block_q4_0 *blocks = source;
  for (size_t b = 0; b < count / BLOCK; b++) {
    const float scale = half(blocks[b].scale);
    float *low = target + b * BLOCK, *high = low + BLOCK / 2;
    for (int i = 0; i < BLOCK / 2; i++) low[i] = scale * (float)((blocks[b].quants[i] & 15) - 8);
    for (int i = 0; i < BLOCK / 2; i++) high[i] = scale * (float)((blocks[b].quants[i] >> 4) - 8);
  }
}

CLONED void pitwall_widen_q4_1(const void *source, float *restrict target, size_t count) {
  const block_q4_1 *blocks = source;
  for (size_t b = 0; b < count / BLOCK; b++) {
    const float scale = half(blocks[b].scale), minimum = half(blocks[b].minimum);
    float *low = target + b * BLOCK, *high = low + BLOCK / 2;
    for (int i = 0; i < BLOCK / 2; i++)
      low[i] = scale * (float)(blocks[b].quants[i] & 15) + minimum;
    for (int i = 0; i < BLOCK / 2; i++)
      high[i] = scale * (float)(blocks[b].quants[i] >> 4) + minimum;
  }
}

// Two halves of 128; in each, four runs of 32 share 64 bytes of low and 32 bytes of high bits.
CLONED void pitwall_widen_q6_k(const void *source, float *restrict target, size_t count) {
  const block_q6_k *blocks = source;
  for (size_t b = 0; b < count / SUPERBLOCK; b++) {
    const float scale = half(blocks[b].scale);
    for (int run = 0; run < 8; run++) {
      const int part = run & 3;
      const uint8_t *low = blocks[b].low + 64 * (run >> 2) + 32 * (part & 1);
      const uint8_t *high = blocks[b].high + 32 * (run >> 2);
      const int8_t *scales = blocks[b].scales + 2 * run;
      const int low_shift = part < 2 ? 0 : 4, high_shift = 2 * part;
      float *out = target + b * SUPERBLOCK + 32 * run;
      for (int i = 0; i < 32; i++) {
        const int quant = ((low[i] >> low_shift) & 15) | ((high[i] >> high_shift) & 3) << 4;
        out[i] = scale * (float)scales[i >> 4] * (float)(quant - 32);
      }
    }
  }
}

// Rounding to nearest, ties to even, of the bits themselves.
static inline uint16_t half_bits(float value) {
  const uint32_t bits = bits_of_float(value), magnitude = bits & 0x7fffffffu;
  const uint32_t sign = bits >> 16 & 0x8000u;
  // A NaN stays one, quiet; from 65520 on, all is infinity.
  if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x1ffu));
  if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);
  // Subnormal: beside one half, the last bit of a float's fraction is 2^-24.
  if (magnitude < 0x38800000u)
    return (uint16_t)(sign | (bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000u));
  return (uint16_t)(sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13);
}

void pitwall_narrow_f16(const float *source, uint16_t *target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = half_bits(source[i]);
}

CLONED void pitwall_narrow_bf16(
    const float *restrict source, uint16_t *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = bits_of_float(source[i]);
    const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    // Rounding could turn a NaN into an infinity.
    const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    target[i] = (uint16_t)(is_nan ? (bits >> 16 | 0x40u) : rounded);
  }
}

#ifndef PITWALL_WIDEN_H
#define PITWALL_WIDEN_H

#include <stddef.h>
#include <stdint.h>

// Stored elements to floats, exactly: each product and sum is rounded to float once, in the order
// of ggml's reference (dequantize_row_*), so that all implementations give the same bits. NaNs keep
// their payload, quiet.
//
// Sources may lie at any alignment. `count` is in elements; for the quantised types it is a
// multiple of the block: 32, for Q6_K 256.
void pitwall_widen_f16(const void *source, float *target, size_t count);
void pitwall_widen_bf16(const void *source, float *target, size_t count);
void pitwall_widen_q8_0(const void *source, float *target, size_t count);
void pitwall_widen_q4_0(const void *source, float *target, size_t count);
void pitwall_widen_q4_1(const void *source, float *target, size_t count);
void pitwall_widen_q6_k(const void *source, float *target, size_t count);

// Floats to 16 bits, rounded to nearest, ties to even.
void pitwall_narrow_f16(const float *source, uint16_t *target, size_t count);
void pitwall_narrow_bf16(const float *source, uint16_t *target, size_t count);

#endif

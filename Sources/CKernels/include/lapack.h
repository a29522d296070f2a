#ifndef PITWALL_LAPACK_H
#define PITWALL_LAPACK_H

#include <stddef.h>
#include <stdint.h>

// Singular value decomposition by divide and conquer, as LAPACK documents it: matrices by columns,
// every argument by address, the length of `jobz` last. OpenBLAS has it, but not every package of
// OpenBLAS has a header for it.
void sgesdd_(const char *jobz, const int32_t *m, const int32_t *n, float *a, const int32_t *lda,
             float *s, float *u, const int32_t *ldu, float *vt, const int32_t *ldvt, float *work,
             const int32_t *lwork, int32_t *iwork, int32_t *info, size_t jobz_length);

#endif

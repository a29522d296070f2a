#include "CKernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)
#define ROWS 12
#define NAME(x) pw_##x##_avx512
#include "body.h"
#pragma clang attribute pop
#endif

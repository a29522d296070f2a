#include "CKernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define ROWS 3
#define NAME(x) pw_##x##_avx2
#include "body.h"
#pragma clang attribute pop
#endif

#include "CKernels.h"
#define ROWS 3
#define NAME(x) pw_##x##_portable
#include "body.h"

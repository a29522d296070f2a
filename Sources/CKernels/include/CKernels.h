#ifndef PITWALL_CKERNELS_H
#define PITWALL_CKERNELS_H

// The door to OpenBLAS, and kernels that no library has.
#include <cblas.h>

#include "lapack.h"

#include "widen.h"

#endif

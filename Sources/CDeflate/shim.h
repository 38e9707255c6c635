// SPDX-License-Identifier: Apache-2.0
#ifndef KOUAN_CDEFLATE_SHIM_H
#define KOUAN_CDEFLATE_SHIM_H

#include <libdeflate.h>

#endif

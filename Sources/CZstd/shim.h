// SPDX-License-Identifier: Apache-2.0
#ifndef KOUAN_CZSTD_SHIM_H
#define KOUAN_CZSTD_SHIM_H

#include <zstd.h>

// Both are macros of casts, which are not imported.
static const unsigned long long kouan_zstd_content_size_unknown = ZSTD_CONTENTSIZE_UNKNOWN;
static const unsigned long long kouan_zstd_content_size_error = ZSTD_CONTENTSIZE_ERROR;

#endif

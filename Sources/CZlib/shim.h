// SPDX-License-Identifier: Apache-2.0
#ifndef KOUAN_CZLIB_SHIM_H
#define KOUAN_CZLIB_SHIM_H

#include <zlib.h>

// deflateInit and inflateInit are macros that pass the header's version and the size of z_stream.
static inline int kouan_deflate_init(z_stream *stream, int level) { return deflateInit(stream, level); }
static inline int kouan_inflate_init(z_stream *stream) { return inflateInit(stream); }

#endif

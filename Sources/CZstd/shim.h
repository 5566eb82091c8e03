/// What drctl uses of libzstd (1.5 or newer): the stable API only.
#ifndef CZSTD_SHIM_H
#define CZSTD_SHIM_H

#include <zstd.h>
#include <zstd_errors.h>

#endif

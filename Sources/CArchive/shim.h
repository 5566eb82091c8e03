/// What drctl uses of libarchive (3.6 or newer): formats in and out, never its disk reader or writer.
#ifndef CARCHIVE_SHIM_H
#define CARCHIVE_SHIM_H

#include <archive.h>
#include <archive_entry.h>

#endif

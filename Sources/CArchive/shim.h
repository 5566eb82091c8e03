/// What drctl uses of libarchive (3.6 or newer): formats in and out, never its disk reader or writer.
#ifndef CARCHIVE_SHIM_H
#define CARCHIVE_SHIM_H

#include <archive.h>
#include <archive_entry.h>

/// archive_set_error(3) is variadic, which Swift cannot call.
static inline void carchive_set_error(struct archive *archive, int number, const char *text) {
    archive_set_error(archive, number, "%s", text);
}

#endif

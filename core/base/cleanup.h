/* cleanup.h: scope frees.  CLEANUP_x on a local that owns something makes every return safe; steal() takes out what leaves. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H
#include <stdlib.h>
#include <unistd.h>
#include <stdio.h>

static inline void cleanup_free(void *p) { free(*(void **)p); }
static inline void cleanup_fd(int *fd) { if (*fd >= 0) close(*fd); }
static inline void cleanup_file(FILE **f) { if (*f != NULL) fclose(*f); }

/* Being cleaned up is a use: gcc knows, clang has to be told. */
#define CLEANUP(fn) __attribute__((cleanup(fn), unused))
#define CLEANUP_FREE CLEANUP(cleanup_free)
#define CLEANUP_FD CLEANUP(cleanup_fd)
#define CLEANUP_FILE CLEANUP(cleanup_file)

/* Takes the pointer out of an owning variable. */
#define steal(pp) __extension__ ({ __typeof__(*(pp)) stolen_ = *(pp); *(pp) = NULL; stolen_; })
#define steal_fd(pfd) __extension__ ({ int stolen_ = *(pfd); *(pfd) = -1; stolen_; })
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#endif

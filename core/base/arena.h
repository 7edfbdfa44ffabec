/* arena.h: memory that is freed all at once; for descriptions built from the catalog and thrown away after a driver call. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>
#include "base/cleanup.h"

struct arena { struct arena_block *blocks; };
#define ARENA_INIT { NULL }
/* Zeroed, aligned for anything; aborts when memory is out.  One thread. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *text);          /* NULL stays NULL */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);
#define CLEANUP_ARENA CLEANUP(arena_free)

/* A NULL-terminated growing list of pointers in an arena. */
struct ptrs { const void **at; size_t n, cap; };
void ptrs_add(struct arena *a, struct ptrs *p, const void *item);
#endif

/* arena.c: see arena.h. */
#include "config.h"
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    max_align_t bytes[];
};

void *
arena_alloc(struct arena *a, size_t size)
{
    struct arena_block *b = a->blocks;
    void *p;

    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (b == NULL || b->size - b->used < size) {
        size_t room = size > 4096 ? size : 4096;

        b = xcalloc(1, sizeof *b + room);
        b->size = room;
        b->next = a->blocks;
        a->blocks = b;
    }
    p = (char *)b->bytes + b->used;
    b->used += size;
    return p;
}

char *
arena_strdup(struct arena *a, const char *text)
{
    size_t len;
    char *copy;

    if (text == NULL)
        return NULL;
    len = strlen(text) + 1;
    copy = arena_alloc(a, len);
    memcpy(copy, text, len);
    return copy;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = arena_alloc(a, (size_t)(len > 0 ? len : 0) + 1);
    va_start(ap, fmt);
    vsnprintf(text, (size_t)(len > 0 ? len : 0) + 1, fmt, ap);
    va_end(ap);
    return text;
}

void
arena_free(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *b = a->blocks;

        a->blocks = b->next;
        free(b);
    }
}

void
ptrs_add(struct arena *a, struct ptrs *p, const void *item)
{
    if (p->n + 1 >= p->cap) {
        size_t cap = p->cap > 0 ? p->cap * 2 : 8;
        const void **at = arena_alloc(a, cap * sizeof *at);

        if (p->n > 0)
            memcpy(at, p->at, p->n * sizeof *at);
        p->at = at;
        p->cap = cap;
    }
    p->at[p->n++] = item;
    p->at[p->n] = NULL;
}

/* inspect_parts.h: what inspect.c and inspect_formats.c share. */
#ifndef MEDIA_INSPECT_PARTS_H
#define MEDIA_INSPECT_PARTS_H
#include "media/inspect.h"

enum {
    INSPECT_HEAD = 1 << 20,
    INSPECT_TAIL = 1536,
    INSPECT_WINDOW = 128 << 10,
};

/* The bytes of an image that were kept.  All borrowed. */
struct inspect_view {
    const unsigned char *head, *tail, *window;
    size_t head_len, tail_len, window_len;
    uint64_t window_at;         /* where the window begins in the file; 0: there is none */
    uint64_t file_bytes;
};

int inspect_has(const struct inspect_view *v, uint64_t offset, const void *bytes, size_t len);
/* Where, beside head and tail, bytes are needed to judge this image; 0: nowhere. */
uint64_t inspect_window(const struct inspect_view *v);
/* Looks into the format that r->format names. */
void inspect_inside(const struct inspect_view *v, struct inspect_result *r);
/* The first reason stays. */
void inspect_unsafe(struct inspect_result *r, const char *fmt, ...) CAIRN_PRINTF(2, 3);
#endif

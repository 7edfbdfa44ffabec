/* multipart.h: reads multipart/form-data as it comes, in constant memory: whatever a form holds, the reader holds one delimiter and one head. */
#ifndef OBJECT_MULTIPART_H
#define OBJECT_MULTIPART_H
#include <stddef.h>
#include <cairn/error.h>

#define MULTIPART_BOUNDARY_MAX 200
#define MULTIPART_HEAD_MAX 8192         /* bytes of the headers of one part */
#define MULTIPART_PARTS_MAX 10000

/* NULL: its headers do not say. */
struct multipart_part { char *disposition, *name, *filename, *type, *encoding; };

/* Each -1 with 'err' stops the reading.  begin(), any number of bytes(), end(), for each part. */
struct multipart_events {
    int (*begin)(void *arg, const struct multipart_part *part, struct cairn_error *err);
    int (*bytes)(void *arg, const char *bytes, size_t len, struct cairn_error *err);
    int (*end)(void *arg, struct cairn_error *err);
};

struct multipart;
/* NULL: this cannot be a boundary. */
struct multipart *multipart_new(const char *boundary, const struct multipart_events *events, void *arg);
void multipart_free(struct multipart *m);
/* The next bytes, in pieces of any size.  What follows the last boundary is passed over. */
int multipart_feed(struct multipart *m, const char *bytes, size_t len, struct cairn_error *err);
/* That was all: -1 when the last boundary has not come. */
int multipart_finish(const struct multipart *m, struct cairn_error *err);
/* The parameter of a header such as 'form-data; name="x"', malloc'd; NULL: it has none.  Quotes within a value stay, as browsers send them. */
char *multipart_param(const char *header, const char *name);
#endif

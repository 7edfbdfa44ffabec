/* intake.h: bytes on their way into an image store: written, hashed and inspected in one pass.
 *
 * One thread at a time for each; may block as long as the driver does. */
#ifndef MEDIA_INTAKE_H
#define MEDIA_INTAKE_H
#include "base/json.h"
#include "plugin/plugin.h"

#define INTAKE_MD5    33                /* hexadecimal digits and NUL */
#define INTAKE_SHA512 129

struct intake;
struct intake_facts {
    char handle[256];                   /* in the store */
    uint64_t size, virtual_size;        /* virtual_size 0: not known */
    char md5[INTAKE_MD5], sha512[INTAKE_SHA512];
};

/* 'name' is what the store is asked to call them, 'size_hint' 0 if unknown; 'store' is borrowed for the intake's life. */
int intake_open(struct driver *store, const char *name, uint64_t size_hint, struct intake **ret, struct cairn_error *err);
int intake_write(struct intake *in, const void *bytes, size_t len, struct cairn_error *err);
uint64_t intake_size(const struct intake *in);
/* After the last byte: are they an image of 'format', and safe?  CAIRN_INVALID says why not. */
int intake_verdict(struct intake *in, const char *format, struct cairn_error *err);
/* After intake_verdict(), whatever it said: the bytes appear in the store. */
int intake_commit(struct intake *in, struct intake_facts *ret, struct cairn_error *err);
/* Drops what is not committed; NULL is allowed. */
void intake_free(struct intake *in);
static inline void cleanup_intake(struct intake **in) { intake_free(*in); }
#define CLEANUP_INTAKE CLEANUP(cleanup_intake)

json_t *intake_facts_json(const struct intake_facts *facts);
#endif

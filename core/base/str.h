/* str.h: a growing byte string, and small string helpers. */
#ifndef BASE_STR_H
#define BASE_STR_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cairn/error.h>
#include "base/cleanup.h"

/* Always NUL-terminated once something was added.  Out of memory aborts: the daemon is restarted and resumes from the catalog. */
struct str { char *text; size_t len, cap; };
#define STR_INIT { NULL, 0, 0 }
void str_free(struct str *s);               /* frees the bytes, not 's' */
void str_reset(struct str *s);              /* keeps the memory */
void str_add(struct str *s, const char *text);
void str_add_n(struct str *s, const char *bytes, size_t len);
void str_add_c(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) CAIRN_PRINTF(2, 3);
void str_reserve(struct str *s, size_t more);
char *str_take(struct str *s);              /* malloc'd, "" if empty; 's' is empty afterwards */
#define CLEANUP_STR CLEANUP(str_free)

/* malloc'd or abort. */
char *xstrdup(const char *text);            /* NULL stays NULL */
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *fmt, ...) CAIRN_PRINTF(1, 2);
void *xcalloc(size_t n, size_t size);
void *xmalloc(size_t size);
void *xrealloc(void *p, size_t size);

int str_eq(const char *a, const char *b);   /* NULL equals only NULL */
int str_starts(const char *text, const char *prefix);
int str_ends(const char *text, const char *suffix);
/* Whole string as decimal; -1 unless all of it is a number in [min, max]. */
int str_to_int(const char *text, int64_t min, int64_t max, int64_t *ret);
int str_to_bool(const char *text, int *ret);            /* yes no true false on off 1 0, case free */
int str_to_size(const char *text, int64_t *ret_bytes);  /* 10G 512M 4096, powers of 1024 */
int str_to_duration(const char *text, int64_t *ret_ms); /* 10s 500ms 2m 1h 1d; bare number: seconds */
int str_is_utf8(const char *text, size_t len);
/* Bytes of the valid UTF-8 character that 'text' begins with; 0: none. */
size_t str_utf8_char(const char *text, size_t len);
/* Characters, not bytes, of valid UTF-8. */
size_t str_utf8_len(const char *text);
/* Edit distance for "did you mean"; the nearest of 'names' or NULL when none is near. */
const char *str_nearest(const char *word, const char *const *names, size_t count);
/* Constant-time comparison of secrets. */
int str_secret_eq(const void *a, const void *b, size_t len);
/* Base64; url: URL-safe alphabet without padding.  Decode answers malloc'd bytes, NULL if it is not base64. */
char *str_base64(const void *bytes, size_t len, int url);
unsigned char *str_unbase64(const char *text, size_t len, int url, size_t *ret_len);
#endif

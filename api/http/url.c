/* url.c: splits a request's URI and decodes its parts, strictly: what is not valid UTF-8 or holds a NUL never gets further. */
#include "config.h"
#include "http/internal.h"
#include <string.h>

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes [from, end) to 'to', NUL-terminated; answers the place behind the NUL, or NULL for a bad escape, a NUL or bytes that are not UTF-8. */
static char *
decode(char *to, const char *from, const char *end, int plus)
{
    char *start = to;

    for (; from < end; from++) {
        if (*from == '%') {
            int hi, lo;

            if (end - from < 3 || (hi = hex_digit(from[1])) < 0 || (lo = hex_digit(from[2])) < 0 || (hi | lo) == 0)
                return NULL;
            *to++ = (char)(hi << 4 | lo);
            from += 2;
        } else {
            *to++ = *from == '+' && plus ? ' ' : *from;
        }
    }
    *to = '\0';
    return str_is_utf8(start, (size_t)(to - start)) ? to + 1 : NULL;
}

/* "a=1&b": at most HTTP_QUERY_MAX pairs. */
static int
parse_query(struct cairn_request *req, const char *text, char *to)
{
    size_t count = 1;
    const char *p;

    for (p = text; *p != '\0'; p++)
        count += *p == '&';
    if (count > HTTP_QUERY_MAX)
        return -1;
    req->query = xcalloc(count, sizeof *req->query);
    for (p = text; *p != '\0';) {
        const char *end = p + strcspn(p, "&"), *eq = memchr(p, '=', (size_t)(end - p));
        struct query *q = &req->query[req->query_len];

        if (end > p) {
            q->name = to;
            if ((to = decode(to, p, eq != NULL ? eq : end, 1)) == NULL)
                return -1;
            q->value = "";
            if (eq != NULL) {
                q->value = to;
                if ((to = decode(to, eq + 1, end, 1)) == NULL)
                    return -1;
            }
            req->query_len++;
        }
        p = *end != '\0' ? end + 1 : end;
    }
    return 0;
}

void
url_parse(struct cairn_request *req, const char *uri)
{
    size_t len = strlen(uri), path_len = strcspn(uri, "?#");
    char *next;

    /* Raw path, decoded path, decoded query: none is longer than its source; each query part adds one NUL where '=' or '&' was. */
    req->uri = xmalloc(2 * (path_len + 1) + len + 2);
    memcpy(req->uri, uri, path_len);
    req->uri[path_len] = '\0';
    req->decoded = req->uri + path_len + 1;
    req->below = req->decoded;
    if (uri[0] != '/' || (next = decode(req->decoded, uri, uri + path_len, 0)) == NULL) {
        req->decoded[0] = '/';
        req->decoded[1] = '\0';
        req->bad_uri = 1;
    } else if (uri[path_len] == '?' && parse_query(req, uri + path_len + 1, next) < 0) {
        req->bad_uri = 1;
    }
}

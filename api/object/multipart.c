/* multipart.c: multipart/form-data, byte by byte. */
#include "config.h"
#include "object/multipart.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum state { PREAMBLE, BEHIND, HEAD, BODY, EPILOGUE };

struct multipart {
    const struct multipart_events *events;
    void *arg;
    enum state state;
    char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* CR LF "--" boundary: its only CR is its first byte */
    size_t delimiter_len, matched;
    char head[MULTIPART_HEAD_MAX + 1];  /* BEHIND: the rest of the boundary's line; HEAD: lines of headers */
    size_t head_len;
    unsigned parts;
    struct multipart_part part;
};

static void
part_clear(struct multipart_part *p)
{
    free(p->disposition);
    free(p->name);
    free(p->filename);
    free(p->type);
    free(p->encoding);
    *p = (struct multipart_part){ 0 };
}

struct multipart *
multipart_new(const char *boundary, const struct multipart_events *events, void *arg)
{
    size_t len = strlen(boundary);
    struct multipart *m;

    if (len == 0 || len > MULTIPART_BOUNDARY_MAX || strpbrk(boundary, "\r\n") != NULL)
        return NULL;
    m = xcalloc(1, sizeof *m);
    m->events = events;
    m->arg = arg;
    m->delimiter_len = (size_t)snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%s", boundary);
    m->matched = 2;                     /* the first one stands at the beginning of a line already */
    return m;
}

void
multipart_free(struct multipart *m)
{
    if (m == NULL)
        return;
    part_clear(&m->part);
    free(m);
}

/* --- headers */

char *
multipart_param(const char *header, const char *name)
{
    size_t name_len = strlen(name);
    const char *at = strchr(header, ';');

    while (at != NULL) {
        const char *eq, *value, *end;

        at += 1 + strspn(at + 1, " \t");
        eq = at + strcspn(at, "=;");
        if (*eq != '=') {
            at = *eq == ';' ? eq : NULL;
            continue;
        }
        value = eq + 1;
        if (*value == '"') {            /* to the quote that a ';' or the end follows */
            end = ++value;
            while (*end != '\0' && !(*end == '"' && (end[1 + strspn(end + 1, " \t")] == ';' || end[1 + strspn(end + 1, " \t")] == '\0')))
                end++;
        } else {
            end = value + strcspn(value, ";");
        }
        if ((size_t)(eq - at) == name_len && strncasecmp(at, name, name_len) == 0) {
            while (value[-1] != '"' && end > value && strchr(" \t", end[-1]) != NULL)
                end--;
            return xstrndup(value, (size_t)(end - value));
        }
        at = strchr(end, ';');
    }
    return NULL;
}

static void
take_header(struct multipart_part *p, const char *line)
{
    static const struct { const char *name; size_t at; } plain[] = {
        { "Content-Type", offsetof(struct multipart_part, type) }, { "Content-Encoding", offsetof(struct multipart_part, encoding) },
    };
    const char *colon = strchr(line, ':'), *value;
    size_t name_len = colon != NULL ? (size_t)(colon - line) : 0;

    if (colon == NULL)
        return;
    value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        char **to = (char **)(void *)((char *)p + plain[i].at);

        if (strlen(plain[i].name) == name_len && strncasecmp(line, plain[i].name, name_len) == 0 && *to == NULL)
            *to = xstrdup(value);
    }
    if (name_len != strlen("Content-Disposition") || strncasecmp(line, "Content-Disposition", name_len) != 0 || p->disposition != NULL)
        return;
    p->disposition = xstrndup(value, strcspn(value, "; \t"));
    p->name = multipart_param(value, "name");
    p->filename = multipart_param(value, "filename");
}

/* Lines, the folded ones put together. */
static void
take_head(struct multipart *m)
{
    char *line = m->head, *end;

    for (char *p = m->head; *p != '\0'; p++)
        if ((p[0] == '\n' || (p[0] == '\r' && p[1] == '\n')) && (p[p[0] == '\r' ? 2 : 1] == ' ' || p[p[0] == '\r' ? 2 : 1] == '\t'))
            memset(p, ' ', p[0] == '\r' ? 2 : 1);
    for (; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        if (*end == '\n')
            *end++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        for (size_t n = strlen(line); n > 0 && strchr(" \t", line[n - 1]) != NULL; n--)
            line[n - 1] = '\0';
        take_header(&m->part, line);
    }
}

/* --- the bytes */

static int
refuse(struct cairn_error *err, const char *why)
{
    return cairn_fail(err, CAIRN_INVALID, "%s", why);
}

/* Before the first boundary there may be empty lines. */
static int
preamble(struct multipart *m, char c, struct cairn_error *err)
{
    if (c == m->delimiter[m->matched])
        m->matched++;
    else if (c == '\r' && m->matched == 2)
        m->matched = 1;
    else
        return refuse(err, "invalid starting boundary");
    if (m->matched == m->delimiter_len)
        m->state = BEHIND;
    return 0;
}

/* The rest of a boundary's line: "--" behind the last, nothing but blanks behind the others. */
static int
behind(struct multipart *m, char c, struct cairn_error *err)
{
    if (c != '\n') {
        if (m->head_len >= 64 || c == '\0')
            return refuse(err, "what follows a boundary is not the end of its line");
        m->head[m->head_len++] = c;
        if (m->head_len == 2 && memcmp(m->head, "--", 2) == 0)
            m->state = EPILOGUE;
        return 0;
    }
    m->head[m->head_len] = '\0';
    if (m->head[strspn(m->head, " \t\r")] != '\0')
        return refuse(err, "what follows a boundary is not the end of its line");
    if (++m->parts > MULTIPART_PARTS_MAX)
        return refuse(err, "the form has too many parts");
    m->head_len = 0;
    m->state = HEAD;
    return 0;
}

static int
head(struct multipart *m, char c, struct cairn_error *err)
{
    size_t n = m->head_len;

    if (n >= MULTIPART_HEAD_MAX || c == '\0')
        return refuse(err, c == '\0' ? "the headers of a part hold a zero byte" : "the headers of a part are too long");
    m->head[m->head_len++] = c;
    if (c != '\n' || !(n == 0 || m->head[n - 1] == '\n' || (m->head[n - 1] == '\r' && (n == 1 || m->head[n - 2] == '\n'))))
        return 0;
    m->head[m->head_len] = '\0';        /* an empty line ends them */
    take_head(m);
    m->head_len = m->matched = 0;
    m->state = BODY;
    return m->events->begin(m->arg, &m->part, err);
}

/* '*ret_used' bytes of the body, up to the end of a delimiter. */
static int
body(struct multipart *m, const char *p, size_t len, size_t *ret_used, struct cairn_error *err)
{
    size_t i = 0;

    while (i < len) {
        size_t n = m->matched;

        if (n == 0) {
            const char *cr = memchr(p + i, '\r', len - i);

            n = cr != NULL ? (size_t)(cr - (p + i)) : len - i;
            if (n > 0 && m->events->bytes(m->arg, p + i, n, err) < 0)
                return -1;
            i += n + (cr != NULL);
            m->matched = cr != NULL;
        } else if (p[i] != m->delimiter[n]) {   /* it only looked like one; this byte may begin another */
            m->matched = 0;
            if (m->events->bytes(m->arg, m->delimiter, n, err) < 0)
                return -1;
        } else {
            i++;
            if (++m->matched == m->delimiter_len) {
                m->state = BEHIND;
                part_clear(&m->part);
                *ret_used = i;
                return m->events->end(m->arg, err);
            }
        }
    }
    *ret_used = len;
    return 0;
}

int
multipart_feed(struct multipart *m, const char *bytes, size_t len, struct cairn_error *err)
{
    size_t i = 0, used;

    while (i < len) {
        used = 1;
        switch (m->state) {
        case PREAMBLE:
            if (preamble(m, bytes[i], err) < 0)
                return -1;
            break;
        case BEHIND:
            if (behind(m, bytes[i], err) < 0)
                return -1;
            break;
        case HEAD:
            if (head(m, bytes[i], err) < 0)
                return -1;
            break;
        case BODY:
            if (body(m, bytes + i, len - i, &used, err) < 0)
                return -1;
            break;
        case EPILOGUE:
            return 0;
        }
        i += used;
    }
    return 0;
}

int
multipart_finish(const struct multipart *m, struct cairn_error *err)
{
    if (m->state == EPILOGUE)
        return 0;
    return refuse(err, m->state == PREAMBLE ? "invalid starting boundary" : "the form ends before its last boundary");
}

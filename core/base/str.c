/* str.c: the growing byte string, allocation that cannot fail, and small readers of text. */
#include <config.h>
#include "base/str.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void __attribute__((noreturn))
out_of_memory(void)
{
    static const char text[] = "cairn: out of memory\n";
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);

    (void)n;
    abort();
}

void *
xmalloc(size_t size)
{
    void *p = malloc(size > 0 ? size : 1);

    if (p == NULL)
        out_of_memory();
    return p;
}

void *
xcalloc(size_t n, size_t size)
{
    void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

    if (p == NULL)
        out_of_memory();
    return p;
}

void *
xrealloc(void *p, size_t size)
{
    p = realloc(p, size > 0 ? size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

char *
xstrdup(const char *text)
{
    return text != NULL ? xstrndup(text, strlen(text)) : NULL;
}

char *
xstrndup(const char *text, size_t len)
{
    char *copy;

    len = strnlen(text, len);
    copy = xmalloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *
xasprintf(const char *fmt, ...)
{
    char *text;
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (len < 0)
        out_of_memory();
    return text;
}

void
str_free(struct str *s)
{
    free(s->text);
    *s = (struct str)STR_INIT;
}

void
str_reset(struct str *s)
{
    s->len = 0;
    if (s->text != NULL)
        s->text[0] = '\0';
}

void
str_reserve(struct str *s, size_t more)
{
    size_t need, cap;

    if (more >= SIZE_MAX / 4 - s->len)
        out_of_memory();
    need = s->len + more + 1;
    if (need <= s->cap)
        return;
    cap = s->cap < 64 ? 64 : s->cap * 2;
    if (cap < need)
        cap = need;
    s->text = xrealloc(s->text, cap);
    s->text[s->len] = '\0';
    s->cap = cap;
}

void
str_add_n(struct str *s, const char *bytes, size_t len)
{
    str_reserve(s, len);
    if (len > 0)
        memcpy(s->text + s->len, bytes, len);
    s->len += len;
    s->text[s->len] = '\0';
}

void
str_add(struct str *s, const char *text)
{
    str_add_n(s, text, strlen(text));
}

void
str_add_c(struct str *s, char c)
{
    str_reserve(s, 1);
    s->text[s->len++] = c;
    s->text[s->len] = '\0';
}

void
str_addf(struct str *s, const char *fmt, ...)
{
    va_list ap;
    int len;

    str_reserve(s, 64);
    va_start(ap, fmt);
    len = vsnprintf(s->text + s->len, s->cap - s->len, fmt, ap);
    va_end(ap);
    if (len < 0)
        abort();        /* a format that does not exist */
    if ((size_t)len >= s->cap - s->len) {
        str_reserve(s, (size_t)len);
        va_start(ap, fmt);
        vsnprintf(s->text + s->len, s->cap - s->len, fmt, ap);
        va_end(ap);
    }
    s->len += (size_t)len;
}

char *
str_take(struct str *s)
{
    char *text = s->text != NULL ? s->text : xstrdup("");

    *s = (struct str)STR_INIT;
    return text;
}

int
str_eq(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

int
str_ends(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);

    return len >= tail && memcmp(text + len - tail, suffix, tail) == 0;
}

/* Reads digits at '*p' and steps over them; -1 without digits or above 'max'. */
static int
read_digits(const char **p, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (!isdigit((unsigned char)**p))
        return -1;
    for (; isdigit((unsigned char)**p); (*p)++) {
        uint64_t digit = (uint64_t)(**p - '0');

        if (value > (max - digit) / 10)
            return -1;
        value = value * 10 + digit;
    }
    *ret = value;
    return 0;
}

int
str_to_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    uint64_t value;
    int64_t result;
    int minus;

    if (text == NULL)
        return -1;
    minus = *text == '-';
    text += minus;
    if (read_digits(&text, minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX, &value) < 0 || *text != '\0')
        return -1;
    result = (int64_t)(minus ? 0 - value : value);
    if (result < min || result > max)
        return -1;
    *ret = result;
    return 0;
}

int
str_to_bool(const char *text, int *ret)
{
    static const struct { const char *word; int value; } words[] = {
        { "yes", 1 }, { "true", 1 }, { "on", 1 }, { "1", 1 }, { "no", 0 }, { "false", 0 }, { "off", 0 }, { "0", 0 },
    };

    for (size_t i = 0; text != NULL && i < ARRAY_LEN(words); i++)
        if (strcasecmp(text, words[i].word) == 0) {
            *ret = words[i].value;
            return 0;
        }
    return -1;
}

struct unit {
    const char *name;
    int64_t factor;
};

static int
read_with_unit(const char *text, const struct unit *units, size_t count, int64_t *ret)
{
    uint64_t value;

    if (text == NULL || read_digits(&text, INT64_MAX, &value) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, units[i].name) == 0) {
            if (value > (uint64_t)(INT64_MAX / units[i].factor))
                return -1;
            *ret = (int64_t)value * units[i].factor;
            return 0;
        }
    return -1;
}

int
str_to_size(const char *text, int64_t *ret_bytes)
{
    static const struct unit units[] = {
        { "", 1 }, { "B", 1 },
        { "K", INT64_C(1) << 10 }, { "KiB", INT64_C(1) << 10 }, { "M", INT64_C(1) << 20 }, { "MiB", INT64_C(1) << 20 },
        { "G", INT64_C(1) << 30 }, { "GiB", INT64_C(1) << 30 }, { "T", INT64_C(1) << 40 }, { "TiB", INT64_C(1) << 40 },
        { "P", INT64_C(1) << 50 }, { "PiB", INT64_C(1) << 50 },
    };

    return read_with_unit(text, units, ARRAY_LEN(units), ret_bytes);
}

int
str_to_duration(const char *text, int64_t *ret_ms)
{
    static const struct unit units[] = {
        { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
    };

    return read_with_unit(text, units, ARRAY_LEN(units), ret_ms);
}

/* Length of the valid UTF-8 character at 'p', 0 if it is none: overlong forms, surrogates and what lies above U+10FFFF are none. */
static size_t
utf8_char(const unsigned char *p, size_t len)
{
    static const struct { unsigned char lo, hi; unsigned char second_lo, second_hi; unsigned char len; } forms[] = {
        { 0x00, 0x7f, 0, 0, 1 },          { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 },    { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 },    { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (p[0] < forms[i].lo || p[0] > forms[i].hi)
            continue;
        if (forms[i].len > len)
            return 0;
        if (forms[i].len > 1 && (p[1] < forms[i].second_lo || p[1] > forms[i].second_hi))
            return 0;
        for (size_t k = 2; k < forms[i].len; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].len;
    }
    return 0;
}

size_t
str_utf8_char(const char *text, size_t len)
{
    return len > 0 ? utf8_char((const unsigned char *)text, len) : 0;
}

int
str_is_utf8(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = (unsigned char)text[0] < 0x80 ? 1 : utf8_char((const unsigned char *)text, len);

        if (n == 0)
            return 0;
        text += n;
        len -= n;
    }
    return 1;
}

size_t
str_utf8_len(const char *text)
{
    size_t len = 0;

    for (; *text != '\0'; text++)
        len += ((unsigned char)*text & 0xc0) != 0x80;
    return len;
}

/* Levenshtein's distance, case free, of words up to 63 bytes. */
static unsigned
distance(const char *a, const char *b)
{
    size_t len_a = strlen(a), len_b = strlen(b);
    unsigned row[64];

    if (len_a > 63 || len_b > 63)
        return UINT_MAX;
    for (size_t j = 0; j <= len_b; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= len_a; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= len_b; j++) {
            unsigned above = row[j];
            unsigned best = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));

            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[len_b];
}

const char *
str_nearest(const char *word, const char *const *names, size_t count)
{
    unsigned best = 2 + (unsigned)(strlen(word) / 5);       /* farther is no slip of the finger */
    const char *nearest = NULL;

    for (size_t i = 0; i < count; i++) {
        unsigned d = distance(word, names[i]);

        if (d <= best && d < strlen(names[i]) && (nearest == NULL || d < best)) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

int
str_secret_eq(const void *a, const void *b, size_t len)
{
    const volatile unsigned char *p = a, *q = b;
    unsigned char diff = 0;

    for (size_t i = 0; i < len; i++)
        diff = (unsigned char)(diff | (p[i] ^ q[i]));
    return diff == 0;
}

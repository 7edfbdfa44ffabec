/* json_out.c: writes JSON text straight into a str; commas and escapes are done here. */
#include <config.h>
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
append(const char *bytes, size_t len, void *s)
{
    str_add_n(s, bytes, len);
    return 0;
}

static int
plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void
add_escape(struct str *s, unsigned char c)
{
    static const char shorts[][3] = { "\"\"", "\\\\", "\bb", "\ff", "\nn", "\rr", "\tt" };

    for (size_t i = 0; i < ARRAY_LEN(shorts); i++)
        if ((unsigned char)shorts[i][0] == c) {
            str_add_c(s, '\\');
            str_add_c(s, shorts[i][1]);
            return;
        }
    str_addf(s, "\\u%04x", c);
}

/* Bytes that are no UTF-8 become U+FFFD: whatever is stored, what we send is JSON. */
static void
add_string(struct str *s, const char *text)
{
    size_t len = strlen(text);

    str_reserve(s, len + 2);
    str_add_c(s, '"');
    while (len > 0) {
        size_t run = 0, n = 1;

        while (run < len && plain((unsigned char)text[run]))
            run++;
        if (run > 0) {
            str_add_n(s, text, run);
            n = run;
        } else if ((unsigned char)text[0] < 0x80) {
            add_escape(s, (unsigned char)text[0]);
        } else if ((n = str_utf8_char(text, len)) > 0) {
            str_add_n(s, text, n);
        } else {
            str_add(s, "\xef\xbf\xbd");
            n = 1;
        }
        text += n;
        len -= n;
    }
    str_add_c(s, '"');
}

/* The comma, and the key if there is one. */
static void
begin(struct json_out *o, const char *key)
{
    if (o->need_comma)
        str_add_c(o->s, ',');
    if (key != NULL) {
        add_string(o->s, key);
        str_add_c(o->s, ':');
    }
    o->need_comma = 1;
}

void
jo_init(struct json_out *o, struct str *s)
{
    o->s = s;
    o->need_comma = 0;
}

void
jo_object(struct json_out *o, const char *key)
{
    begin(o, key);
    str_add_c(o->s, '{');
    o->need_comma = 0;
}

void
jo_end_object(struct json_out *o)
{
    str_add_c(o->s, '}');
    o->need_comma = 1;
}

void
jo_array(struct json_out *o, const char *key)
{
    begin(o, key);
    str_add_c(o->s, '[');
    o->need_comma = 0;
}

void
jo_end_array(struct json_out *o)
{
    str_add_c(o->s, ']');
    o->need_comma = 1;
}

void
jo_str(struct json_out *o, const char *key, const char *value)
{
    begin(o, key);
    if (value != NULL)
        add_string(o->s, value);
    else
        str_add_n(o->s, "null", 4);
}

void
jo_int(struct json_out *o, const char *key, int64_t value)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        *--p = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        *--p = '-';
    begin(o, key);
    str_add_n(o->s, p, (size_t)(digits + sizeof digits - p));
}

/* The shortest of two precisions that reads back as the same number, and always as a real. */
void
jo_real(struct json_out *o, const char *key, double value)
{
    char text[40];

    if (!isfinite(value)) {
        jo_null(o, key);
        return;
    }
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value);
    begin(o, key);
    str_add(o->s, text);
    if (strpbrk(text, ".e") == NULL)
        str_add_n(o->s, ".0", 2);
}

void
jo_bool(struct json_out *o, const char *key, int value)
{
    jo_raw(o, key, value ? "true" : "false");
}

void
jo_null(struct json_out *o, const char *key)
{
    jo_raw(o, key, NULL);
}

void
jo_raw(struct json_out *o, const char *key, const char *json)
{
    begin(o, key);
    str_add(o->s, json != NULL ? json : "null");
}

void
jo_json(struct json_out *o, const char *key, const json_t *value)
{
    begin(o, key);
    if (value == NULL)
        str_add(o->s, "null");
    else if (json_dump_callback(value, append, o->s, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
        abort();
}

void
jo_strf(struct json_out *o, const char *key, const char *fmt, ...)
{
    CLEANUP_FREE char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    jo_str(o, key, text);
}

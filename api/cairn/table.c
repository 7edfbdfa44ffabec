/* table.c: tables on the terminal; see tool.h. */
#include "config.h"
#include "cairn/tool.h"

#include "base/clock.h"

#define COLUMNS_MAX 16

struct table {
    size_t columns, cells_count, cells_cap;
    size_t width[COLUMNS_MAX];
    char **cells;                       /* owned; the heads are the first row */
};

static void
put(struct table *t, char *text)
{
    size_t column = t->cells_count % t->columns, width = str_utf8_len(text);

    if (t->cells_count == t->cells_cap) {
        t->cells_cap = t->cells_cap > 0 ? 2 * t->cells_cap : 64;
        t->cells = xrealloc(t->cells, t->cells_cap * sizeof *t->cells);
    }
    for (char *p = text; *p != '\0'; p++) {     /* what stands in a catalog may not move a terminal's cursor */
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    }
    t->cells[t->cells_count++] = text;
    if (width > t->width[column])
        t->width[column] = width;
}

struct table *
table_new(const char *first, ...)
{
    struct table *t = xcalloc(1, sizeof *t);
    const char *heads[COLUMNS_MAX];
    va_list ap;

    va_start(ap, first);
    for (const char *head = first; head != NULL && t->columns < COLUMNS_MAX; head = va_arg(ap, const char *))
        heads[t->columns++] = head;
    va_end(ap);
    for (size_t i = 0; i < t->columns; i++)
        put(t, xstrdup(heads[i]));
    return t;
}

void
table_add(struct table *t, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    put(t, xstrdup(text));
}

void
table_print(struct table *t, const char *when_empty)
{
    if (t->cells_count <= t->columns) {
        puts(when_empty);
    } else {
        for (size_t i = 0; i < t->cells_count; i++) {
            size_t column = i % t->columns;
            int last = column + 1 == t->columns;

            fputs(t->cells[i], stdout);
            if (last)
                putchar('\n');
            else
                printf("%*s", (int)(t->width[column] - str_utf8_len(t->cells[i]) + 2), "");
        }
    }
    for (size_t i = 0; i < t->cells_count; i++)
        free(t->cells[i]);
    free(t->cells);
    free(t);
}

char *
age_text(int64_t us, char buf[24])
{
    int64_t s = us / 1000000;

    if (s < 120)
        snprintf(buf, 24, "%lld s", (long long)s);
    else if (s < 2 * 3600)
        snprintf(buf, 24, "%lld min", (long long)(s / 60));
    else if (s < 48 * 3600)
        snprintf(buf, 24, "%lld h", (long long)(s / 3600));
    else
        snprintf(buf, 24, "%lld d", (long long)(s / 86400));
    return buf;
}

char *
time_text(int64_t us, char buf[40])
{
    char *dot;

    clock_format(us, CLOCK_MICRO_Z, buf);
    if ((dot = strchr(buf, '.')) != NULL)
        strcpy(dot + 4, "Z");           /* milliseconds tell enough */
    return buf;
}

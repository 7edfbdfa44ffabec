/* report.c: what a request of many parts answers with: lines that tell of all, and a list of what failed, as text, JSON or XML. */
#include "config.h"
#include "object/private.h"

#include <string.h>

static void
write_text(struct str *out, const struct report_line *lines, size_t count, const json_t *failed)
{
    size_t i;
    json_t *row;

    for (i = 0; i < count; i++)
        str_addf(out, "%s: %s\n", lines[i].name, lines[i].value);
    str_add(out, "Errors:\n");
    json_array_foreach(failed, i, row)
        str_addf(out, "%s, %s\n", json_string_value(json_array_get(row, 0)), json_string_value(json_array_get(row, 1)));
}

static void
write_json(struct str *out, const struct report_line *lines, size_t count, const json_t *failed)
{
    struct json_out o;

    jo_init(&o, out);
    jo_object(&o, NULL);
    for (size_t i = 0; i < count; i++)
        if (lines[i].is_number)
            jo_raw(&o, lines[i].name, lines[i].value);
        else
            jo_str(&o, lines[i].name, lines[i].value);
    if (failed != NULL)
        jo_json(&o, "Errors", failed);
    else
        jo_raw(&o, "Errors", "[]");
    jo_end_object(&o);
}

static void
write_xml(struct str *out, const char *root, const struct report_line *lines, size_t count, const json_t *failed)
{
    size_t i;
    json_t *row;

    str_addf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s>\n", root);
    for (i = 0; i < count; i++) {
        char tag[40];

        snprintf(tag, sizeof tag, "%s", lines[i].name);
        for (char *p = tag; *p != '\0'; p++)
            *p = *p == ' ' ? '_' : (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        str_addf(out, "<%s>", tag);
        listing_xml(out, lines[i].value);
        str_addf(out, "</%s>\n", tag);
    }
    str_add(out, "<errors>\n");
    json_array_foreach(failed, i, row) {
        str_add(out, "<object><name>");
        listing_xml(out, json_string_value(json_array_get(row, 0)));
        str_add(out, "</name><status>");
        listing_xml(out, json_string_value(json_array_get(row, 1)));
        str_add(out, "</status></object>\n");
    }
    str_addf(out, "</errors>\n</%s>\n", root);
}

void
report_write(struct str *out, int format, const char *root, const struct report_line *lines, size_t count, const json_t *failed)
{
    if (format == LIST_JSON)
        write_json(out, lines, count, failed);
    else if (format == LIST_XML)
        write_xml(out, root, lines, count, failed);
    else
        write_text(out, lines, count, failed);
}

const char *
report_type(int format)
{
    return format == LIST_JSON ? "application/json" : format == LIST_XML ? "application/xml" : "text/plain; charset=UTF-8";
}

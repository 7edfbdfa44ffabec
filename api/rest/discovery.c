/* discovery.c: the documents that clients ask for first, which versions there are and where, written from the service's table of releases. */
#include <config.h>
#include "rest/engine.h"

#include <string.h>

static void
write_link(struct json_out *out, const char *rel, const char *type, const char *href)
{
    jo_object(out, NULL);
    jo_str(out, "rel", rel);
    if (type != NULL)
        jo_str(out, "type", type);
    jo_str(out, "href", href);
    jo_end_object(out);
}

static void
write_release(struct rest_call *call, const struct rest_release *r, const char *key, int whole)
{
    const struct { const char *name, *value; } texts[] = {
        { "id", r->id }, { "status", r->status }, { "version", r->version }, { "min_version", r->min_version }, { "updated", r->updated },
    };
    CLEANUP_FREE char *self = rest_url(call, "%s/", r->path);
    struct json_out *out = call->out;

    jo_object(out, key);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].value != NULL)
            jo_str(out, texts[i].name, texts[i].value);
    jo_array(out, "links");
    write_link(out, "self", NULL, self);
    if (whole && r->manual != NULL)
        write_link(out, "describedby", "text/html", r->manual);
    jo_end_array(out);
    if (whole && r->media_type != NULL) {
        jo_array(out, "media-types");
        jo_object(out, NULL);
        jo_str(out, "base", "application/json");
        jo_str(out, "type", r->media_type);
        jo_end_object(out);
        jo_end_array(out);
    }
    jo_end_object(out);
}

int
rest_releases(struct rest_call *call, struct cairn_error *err)
{
    const struct rest_release *all = call->service->releases;
    int values = call->service->releases_in_values;

    (void)err;
    jo_object(call->out, NULL);
    if (values) {
        CLEANUP_FREE char *location = rest_url(call, "%s/", all->path);

        rest_header(call, "Location", location);
        jo_object(call->out, "versions");
    }
    jo_array(call->out, values ? "values" : "versions");
    for (const struct rest_release *r = all; r->id != NULL; r++)
        write_release(call, r, NULL, values);
    jo_end_array(call->out);
    if (values)
        jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

int
rest_release(struct rest_call *call, struct cairn_error *err)
{
    const struct rest_release *r = call->service->releases;

    while (r->id != NULL && strcmp(r->path, call->route->path) != 0)
        r++;
    if (r->id == NULL)
        return cairn_fail(err, CAIRN_INTERNAL, "no release of service '%s' is at '%s'", call->service->name, call->route->path);
    jo_object(call->out, NULL);
    write_release(call, r, "version", 1);
    jo_end_object(call->out);
    return 0;
}

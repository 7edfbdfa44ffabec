/* version.c: microversions on the wire: which one a request asks for, and the headers that say which one answers. */
#include <config.h>
#include "rest/engine.h"

#include <ctype.h>
#include <string.h>

#define HEADER "OpenStack-API-Version"

/* "2.60" or "latest" of 'len' characters. */
static int
parse(const struct rest_versioning *v, const char *text, size_t len, struct rest_version *ret, struct cairn_error *err)
{
    CLEANUP_FREE char *copy = xstrndup(text, len < 64 ? len : 64);
    CLEANUP_FREE char *major = NULL;
    const char *dot = strchr(copy, '.');
    int64_t a, b;

    if (strcmp(copy, "latest") == 0) {
        *ret = v->max;
        return 0;
    }
    major = xstrndup(copy, dot != NULL ? (size_t)(dot - copy) : 0);
    if (dot == NULL || !isdigit((unsigned char)major[0]) || !isdigit((unsigned char)dot[1]) || (major[0] == '0' && major[1] != '\0')
        || (dot[1] == '0' && dot[2] != '\0') || str_to_int(major, 0, 9999, &a) < 0 || str_to_int(dot + 1, 0, 9999, &b) < 0)
        return cairn_fail(err, CAIRN_INVALID, "API Version String %s is of invalid format. Must be of format MajorNum.MinorNum.", copy);
    ret->major = (uint16_t)a;
    ret->minor = (uint16_t)b;
    return 0;
}

/* The part of "compute 2.60, volume 3.0" that is for 'type'; NULL: none. */
static const char *
find_type(const char *header, const char *type, size_t *ret_len)
{
    size_t type_len = strlen(type);

    while (*header != '\0') {
        size_t len;

        header += strspn(header, ", \t");
        len = strcspn(header, ",");
        if (len > type_len && strncasecmp(header, type, type_len) == 0 && (header[type_len] == ' ' || header[type_len] == '\t')) {
            const char *value = header + type_len;
            size_t left = len - type_len;

            while (left > 0 && (*value == ' ' || *value == '\t')) {
                value++;
                left--;
            }
            while (left > 0 && (value[left - 1] == ' ' || value[left - 1] == '\t'))
                left--;
            *ret_len = left;
            return value;
        }
        header += len;
    }
    return NULL;
}

static void
answer_headers(struct rest_call *call, const struct rest_versioning *v)
{
    char text[64];

    snprintf(text, sizeof text, "%s %u.%u", v->type, (unsigned)call->version.major, (unsigned)call->version.minor);
    rest_header(call, HEADER, text);
    if (v->legacy_header == NULL) {
        rest_header(call, "Vary", HEADER);
        return;
    }
    snprintf(text, sizeof text, HEADER ", %s", v->legacy_header);
    rest_header(call, "Vary", text);
    snprintf(text, sizeof text, "%u.%u", (unsigned)call->version.major, (unsigned)call->version.minor);
    rest_header(call, v->legacy_header, text);
}

int
version_choose(struct rest_call *call, struct cairn_error *err)
{
    const struct rest_versioning *v = call->service->versioning;
    const char *header, *value = NULL;
    struct rest_version asked;
    size_t len = 0;

    if (v == NULL)
        return 0;
    asked = call->version = v->min;
    if ((header = http_header(call->req, HEADER)) != NULL)
        value = find_type(header, v->type, &len);
    if (value == NULL && v->legacy_header != NULL && (value = http_header(call->req, v->legacy_header)) != NULL)
        len = strlen(value);
    if (value != NULL && parse(v, value, len, &asked, err) < 0) {
        answer_headers(call, v);
        return -1;
    }
    if (version_cmp(asked, v->min) < 0 || version_cmp(asked, v->max) > 0) {
        answer_headers(call, v);
        return cairn_fail(err, CAIRN_NOT_ACCEPTABLE, "Version %u.%u is not supported by the API. Minimum is %u.%u and maximum is %u.%u.",
                          (unsigned)asked.major, (unsigned)asked.minor, (unsigned)v->min.major, (unsigned)v->min.minor, (unsigned)v->max.major, (unsigned)v->max.minor);
    }
    call->version = asked;
    answer_headers(call, v);
    return 0;
}

int
rest_since(const struct rest_call *call, int major, int minor)
{
    struct rest_version at = { (uint16_t)major, (uint16_t)minor };

    return version_cmp(call->version, at) >= 0;
}

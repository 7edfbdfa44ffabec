/* schema.c: bodies and query parameters against tables: types, bounds, unknown keys, nulls, defaults; and values as columns keep them. */
#include <config.h>
#include "rest/engine.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "rest/address.h"

#define SHOWN_MAX 80            /* bytes of a wrong value that a message repeats */

static json_t *normal(struct rest_call *call, const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err);

const struct rest_attr *
attr_find(const struct rest_attr *attrs, const char *name, struct rest_version version)
{
    if (attrs != NULL)
        for (const struct rest_attr *a = attrs; a->name != NULL; a++)
            if (strcmp(a->name, name) == 0 && version_in(version, a->since, a->until))
                return a;
    return NULL;
}

const struct rest_attr *
attr_query(const struct rest_resource *r, const char *name, struct rest_version version, unsigned flag)
{
    const struct rest_attr *const tables[] = { r->attrs, r->query };

    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct rest_attr *a = tables[i]; a != NULL && a->name != NULL; a++)
            if ((a->flags & flag) && strcmp(a->name, name) == 0 && version_in(version, a->since, a->until))
                return a;
    return NULL;
}

/* "Invalid input for field/attribute NAME. Value: V. REASON" without the value where it is a secret. */
CAIRN_PRINTF(5, 6) static int
bad(const struct rest_attr *attr, const char *where, const json_t *value, struct cairn_error *err, const char *fmt, ...)
{
    CLEANUP_FREE char *text = value != NULL && (attr->flags & REST_SECRET) == 0 ? json_text(value) : NULL;
    const char *shown = text;
    size_t len = text != NULL ? strlen(text) : 0;
    char reason[512];
    va_list ap;

    if (json_is_string(value) && text != NULL && len >= 2) {    /* without the quotes */
        shown = text + 1;
        len -= 2;
    }
    if (len > SHOWN_MAX)
        for (len = SHOWN_MAX; len > 0 && ((unsigned char)shown[len] & 0xc0) == 0x80;)
            len--;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    if (text == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s. %s.", where, reason);
    return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s. Value: %.*s. %s.", where, (int)len, shown, reason);
}

static json_t *
none(int failed)
{
    (void)failed;
    return NULL;
}

/* --- one function per kind of type; each answers a new reference in canonical form, or NULL */

static json_t *
normal_string(const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    int64_t max = attr->max != 0 ? attr->max : attr->type == REST_TEXT ? 65535 : 255;
    const char *text = json_string_value(value);
    size_t len, start = 0, end;
    char number[32];

    if (text == NULL && (attr->flags & REST_LAX) && json_is_integer(value)) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return json_string(number);
    }
    if (text == NULL)
        return none(bad(attr, where, value, err, "It is not of type 'string'"));
    end = strlen(text);
    if (attr->flags & REST_TRIM) {
        while (isspace((unsigned char)text[start]))
            start++;
        while (end > start && isspace((unsigned char)text[end - 1]))
            end--;
    }
    if (start > 0 || text[end] != '\0')
        value = json_stringn(text + start, end - start);
    else
        json_incref(value);
    len = str_utf8_len(json_string_value(value));
    if ((int64_t)len > max)
        bad(attr, where, value, err, "It is too long: %zu characters, at most %" PRId64 " are allowed", len, max);
    else if ((int64_t)len < attr->min)
        bad(attr, where, value, err, "It is too short: %" PRId64 " characters are the least", attr->min);
    else
        return value;
    json_decref(value);
    return NULL;
}

static json_t *
normal_number(const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    int64_t i = 0;
    char *end = NULL;
    double d;

    if (attr->type == REST_REAL) {
        if (json_is_string(value) && (attr->flags & REST_LAX) && json_string_length(value) > 0) {
            d = strtod(json_string_value(value), &end);
            if (*end != '\0')
                return none(bad(attr, where, value, err, "It is not of type 'number'"));
        } else if (json_is_number(value)) {
            d = json_number_value(value);
        } else {
            return none(bad(attr, where, value, err, "It is not of type 'number'"));
        }
        if ((attr->min != 0 || attr->max != 0) && !(d >= (double)attr->min && d <= (double)attr->max))
            return none(bad(attr, where, value, err, "It is not between %" PRId64 " and %" PRId64, attr->min, attr->max));
        return json_real(d);
    }
    if (json_is_integer(value))
        i = json_integer_value(value);
    else if (!(attr->flags & REST_LAX) || !json_is_string(value) || str_to_int(json_string_value(value), INT64_MIN, INT64_MAX, &i) < 0)
        return none(bad(attr, where, value, err, "It is not of type 'integer'"));
    if ((attr->min != 0 || attr->max != 0) && i < attr->min)
        return none(bad(attr, where, value, err, "%" PRId64 " is less than the minimum of %" PRId64, i, attr->min));
    if ((attr->min != 0 || attr->max != 0) && i > attr->max)
        return none(bad(attr, where, value, err, "%" PRId64 " is greater than the maximum of %" PRId64, i, attr->max));
    return json_integer(i);
}

static json_t *
normal_bool(const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    int flag;

    if (json_is_boolean(value))
        return json_incref(value);
    if (attr->flags & REST_LAX) {
        if (json_is_integer(value) && (json_integer_value(value) == 0 || json_integer_value(value) == 1))
            return json_boolean(json_integer_value(value));
        if (json_is_string(value) && str_to_bool(json_string_value(value), &flag) == 0)
            return json_boolean(flag);
    }
    return none(bad(attr, where, value, err, "It is not of type 'boolean'"));
}

static json_t *
normal_id(const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    const char *text = json_string_value(value);
    char lower[ID_UUID];
    size_t i;

    if (text == NULL || !(id_is_uuid(text) || (attr->type == REST_ID && id_is_hex32(text))))
        return none(bad(attr, where, value, err, "It is not a %s", attr->type == REST_ID ? "valid id" : "'uuid'"));
    for (i = 0; text[i] != '\0' && i < sizeof lower - 1; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    lower[i] = '\0';
    return json_string(lower);
}

static json_t *
normal_address(const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    const char *text = json_string_value(value);
    char canonical[ADDRESS_TEXT];
    char hint[ADDRESS_TEXT];
    int family = 0;

    if (text == NULL)
        return none(bad(attr, where, value, err, "It is not of type 'string'"));
    switch ((unsigned)attr->type) {
    case REST_CIDR:
        if (address_cidr(text, (attr->flags & REST_LAX) != 0, canonical, hint) < 0)
            return none(hint[0] != '\0' ? bad(attr, where, value, err, "It isn't a recognized IP subnet cidr, '%s' is recommended", hint)
                                        : bad(attr, where, value, err, "It isn't a valid IP subnet cidr"));
        return json_string(canonical);
    case REST_MAC:
        if (address_mac(text, canonical) < 0)
            return none(bad(attr, where, value, err, "It is not a valid MAC address"));
        return json_string(canonical);
    default:
        if (address_ip(text, canonical, &family) < 0 || (attr->type == REST_IPV4 && family != 4) || (attr->type == REST_IPV6 && family != 6))
            return none(bad(attr, where, value, err, "It is not a valid IP%s address", attr->type == REST_IPV4 ? "v4" : attr->type == REST_IPV6 ? "v6" : ""));
        return json_string(canonical);
    }
}

static json_t *
normal_enum(const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    CLEANUP_STR struct str all = STR_INIT;
    const char *text = json_string_value(value);

    for (size_t i = 0; attr->choices[i] != NULL; i++) {
        if (text != NULL && ((attr->flags & REST_LAX) ? strcasecmp(text, attr->choices[i]) : strcmp(text, attr->choices[i])) == 0)
            return json_string(attr->choices[i]);
        str_addf(&all, "%s'%s'", i > 0 ? ", " : "", attr->choices[i]);
    }
    return none(bad(attr, where, value, err, "It is not one of [%s]", all.text != NULL ? all.text : ""));
}

static json_t *
normal_list(struct rest_call *call, const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    CLEANUP_JSON json_t *list = NULL;
    size_t n = json_array_size(value);
    int scalars = attr->of != NULL && attr->of[0].name != NULL && attr->of[0].name[0] == '\0';

    if (!json_is_array(value))
        return none(bad(attr, where, value, err, "It is not of type 'array'"));
    if (attr->max > 0 && n > (size_t)attr->max)
        return none(bad(attr, where, NULL, err, "It has %zu items, at most %" PRId64 " are allowed", n, attr->max));
    if (n < (size_t)attr->min)
        return none(bad(attr, where, NULL, err, "It has %zu items, at least %" PRId64 " are needed", n, attr->min));
    list = json_array();
    for (size_t i = 0; i < n; i++) {
        CLEANUP_FREE char *at = xasprintf("%s[%zu]", where, i);
        json_t *item = json_array_get(value, i);

        if (attr->of == NULL) {
            json_array_append(list, item);
        } else if (scalars) {
            json_t *ok = normal(call, &attr->of[0], item, at, err);

            if (ok == NULL)
                return NULL;
            json_array_append_new(list, ok);
        } else {
            CLEANUP_JSON json_t *copy = json_is_object(item) ? json_copy(item) : NULL;

            if (copy == NULL)
                return none(bad(attr, at, item, err, "It is not of type 'object'"));
            if (schema_check(call, attr->of, copy, CHECK_BODY, at, err) < 0)
                return NULL;
            json_array_append(list, copy);
        }
        for (size_t j = 0; (attr->flags & REST_UNIQUE) && j < i; j++)
            if (json_equal(json_array_get(list, j), json_array_get(list, i)))
                return none(bad(attr, where, item, err, "It has non-unique elements: duplicate items are not allowed"));
    }
    return steal(&list);
}

static json_t *
normal_map(const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    int64_t max = attr->max != 0 ? attr->max : 255;
    const char *key;
    json_t *item;

    if (!json_is_object(value))
        return none(bad(attr, where, value, err, "It is not of type 'object'"));
    json_object_foreach(value, key, item) {
        if (key[0] == '\0' || (int64_t)str_utf8_len(key) > max)
            return none(bad(attr, where, NULL, err, "A key has no or more than %" PRId64 " characters", max));
        if (!json_is_string(item))
            return none(bad(attr, where, item, err, "The value of '%.60s' is not of type 'string'", key));
        if ((int64_t)str_utf8_len(json_string_value(item)) > max)
            return none(bad(attr, where, item, err, "The value of '%.60s' is too long: at most %" PRId64 " characters are allowed", key, max));
    }
    return json_incref(value);
}

static json_t *
normal_object(struct rest_call *call, const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    CLEANUP_JSON json_t *copy = NULL;

    if (!json_is_object(value))
        return none(bad(attr, where, value, err, "It is not of type 'object'"));
    if (attr->of == NULL)
        return json_incref(value);
    copy = json_copy(value);
    if (attr->flags & REST_OPEN) {      /* known keys are checked, others pass */
        for (const struct rest_attr *a = attr->of; a->name != NULL; a++) {
            CLEANUP_FREE char *at = xasprintf("%s.%s", where, a->name);
            json_t *item = json_object_get(copy, a->name), *ok;

            if (item == NULL || !version_in(call->version, a->since, a->until))
                continue;
            if ((ok = normal(call, a, item, at, err)) == NULL)
                return NULL;
            json_object_set_new(copy, a->name, ok);
        }
        return steal(&copy);
    }
    return schema_check(call, attr->of, copy, CHECK_BODY, where, err) < 0 ? NULL : steal(&copy);
}

static json_t *
normal(struct rest_call *call, const struct rest_attr *attr, json_t *value, const char *where, struct cairn_error *err)
{
    json_t *ok = NULL;
    int64_t us;

    if (json_is_null(value)) {
        if ((attr->flags & REST_NULL) == 0)
            return none(bad(attr, where, value, err, "None is not allowed"));
        return json_incref(value);
    }
    switch (attr->type) {
    case REST_STRING: case REST_TEXT:
        ok = normal_string(attr, value, where, err);
        break;
    case REST_INT: case REST_REAL:
        ok = normal_number(attr, value, where, err);
        break;
    case REST_BOOL:
        ok = normal_bool(attr, value, where, err);
        break;
    case REST_UUID: case REST_ID:
        ok = normal_id(attr, value, where, err);
        break;
    case REST_TIME:
        if (!json_is_string(value) || clock_parse(json_string_value(value), &us) < 0)
            bad(attr, where, value, err, "It is not a valid 'date-time'");
        else
            ok = json_incref(value);
        break;
    case REST_IP: case REST_IPV4: case REST_IPV6: case REST_CIDR: case REST_MAC:
        ok = normal_address(attr, value, where, err);
        break;
    case REST_ENUM:
        ok = normal_enum(attr, value, where, err);
        break;
    case REST_OBJECT:
        ok = normal_object(call, attr, value, where, err);
        break;
    case REST_LIST:
        ok = normal_list(call, attr, value, where, err);
        break;
    case REST_MAP:
        ok = normal_map(attr, value, where, err);
        break;
    case REST_JSON:
        ok = json_incref(value);
        break;
    }
    if (ok != NULL && attr->check != NULL && attr->check(call, ok, err) < 0) {
        json_decref(ok);
        return NULL;
    }
    return ok;
}

/* --- whole objects */

/* Resources say which attributes may be given when; in other bodies all may, but those that are only shown. */
static int
writable(const struct rest_attr *attr, enum check_mode mode)
{
    switch (mode) {
    case CHECK_CREATE:
        return (attr->flags & REST_CREATE) != 0;
    case CHECK_UPDATE:
        return (attr->flags & REST_UPDATE) != 0;
    case CHECK_BODY: case CHECK_PART:
        return (attr->flags & (REST_CREATE | REST_UPDATE)) != 0 || (attr->flags & REST_READ) == 0;
    }
    return 0;
}

/* Two rows of one name (an attribute that changed with a version, or that is read one way and written another): the one that fits. */
static const struct rest_attr *
find_writable(const struct rest_attr *attrs, const char *name, struct rest_version version, enum check_mode mode)
{
    for (const struct rest_attr *a = attrs; a->name != NULL; a++)
        if (strcmp(a->name, name) == 0 && version_in(version, a->since, a->until) && writable(a, mode))
            return a;
    return strcmp(name, "*") == 0 ? NULL : find_writable(attrs, "*", version, mode);
}

static int
check_key(struct rest_call *call, const struct rest_attr *attrs, json_t *object, const char *key, enum check_mode mode, const char *where, struct cairn_error *err)
{
    const struct rest_attr *attr = find_writable(attrs, key, call->version, mode);
    CLEANUP_FREE char *at = where[0] != '\0' ? xasprintf("%s.%s", where, key) : NULL;
    json_t *ok;

    if (attr == NULL) {
        const struct rest_attr *shown = attr_find(attrs, key, call->version);

        if (!call->service->unknown_is_error) {
            if (shown != NULL)
                json_object_del(object, key);
            return 0;
        }
        if (shown != NULL)
            return cairn_fail(err, CAIRN_INVALID, mode == CHECK_UPDATE ? "Cannot update read-only attribute %.60s" : "Attribute '%.60s' not allowed in %s",
                              key, http_method(call->req));
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s. Unrecognized attribute(s) '%.60s': Additional properties are not allowed ('%.60s' was unexpected)",
                          where[0] != '\0' ? where : "of the body", key, key);
    }
    if ((ok = normal(call, attr, json_object_get(object, key), at != NULL ? at : key, err)) == NULL)
        return -1;
    json_object_set_new(object, key, ok);
    return 0;
}

int
schema_check(struct rest_call *call, const struct rest_attr *attrs, json_t *object, enum check_mode mode, const char *where, struct cairn_error *err)
{
    CLEANUP_JSON json_t *as_given = NULL;
    const char *key;
    json_t *value;

    if (where == NULL)
        where = "";
    if (!json_is_object(object))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s. It is not of type 'object'", where[0] != '\0' ? where : "of the body");
    as_given = json_copy(object);
    json_object_foreach(as_given, key, value)
        if (check_key(call, attrs, object, key, mode, where, err) < 0)
            return -1;
    if (mode == CHECK_UPDATE || mode == CHECK_PART)
        return 0;
    for (const struct rest_attr *a = attrs; a->name != NULL; a++) {
        if (!version_in(call->version, a->since, a->until) || !writable(a, mode) || json_object_get(object, a->name) != NULL)
            continue;
        if (a->flags & REST_REQUIRED)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute %s. '%s' is a required property: required attribute '%s' not specified",
                              where[0] != '\0' ? where : "of the body", a->name, a->name);
        if (a->dflt != NULL)
            json_object_set_new(object, a->name, json_loads(a->dflt, JSON_DECODE_ANY, NULL));
    }
    return 0;
}

int
schema_write_policies(struct rest_call *call, const struct rest_attr *attrs, enum check_mode mode, struct cairn_error *err)
{
    if (attrs == NULL || call->body == NULL)
        return 0;
    for (const struct rest_attr *a = attrs; a->name != NULL; a++) {
        CLEANUP_JSON json_t *dflt = NULL;

        if (a->write_policy == NULL || !rest_given(call, a->name) || !version_in(call->version, a->since, a->until) || !writable(a, mode))
            continue;
        if (mode != CHECK_UPDATE && a->dflt != NULL && (dflt = json_loads(a->dflt, JSON_DECODE_ANY, NULL)) != NULL
            && json_equal(dflt, json_object_get(call->body, a->name)))
            continue;                   /* what everybody gets */
        if (rest_allow(call, a->write_policy, err) < 0)
            return -1;
    }
    return 0;
}

/* --- values for SQL */

int
schema_text_value(const struct rest_attr *attr, const char *text, struct rest_values *values, struct cairn_error *err)
{
    char canonical[ADDRESS_TEXT], hint[ADDRESS_TEXT];
    int64_t i;
    int flag;

    switch (attr->type) {
    case REST_INT:
        if (str_to_int(text, INT64_MIN, INT64_MAX, &i) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter %s. Value: %.80s. An integer is expected.", attr->name, text);
        rest_push_int(values, i);
        return 0;
    case REST_BOOL:
        if (str_to_bool(text, &flag) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter %s. Value: %.80s. A boolean is expected.", attr->name, text);
        rest_push_int(values, flag);
        return 0;
    case REST_TIME:
        if (clock_parse(text, &i) < 0)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter %s. Value: %.80s. A time in ISO 8601 is expected.", attr->name, text);
        rest_push_int(values, i);
        return 0;
    case REST_REAL:
        values_real(values, strtod(text, NULL));
        return 0;
    case REST_UUID: case REST_ID: {
        CLEANUP_FREE char *lower = xstrdup(text);

        for (char *c = lower; *c != '\0'; c++)
            *c = (char)tolower((unsigned char)*c);
        rest_push_text(values, lower);
        return 0;
    }
    case REST_IP: case REST_IPV4: case REST_IPV6:
        rest_push_text(values, address_ip(text, canonical, &flag) == 0 ? canonical : text);
        return 0;
    case REST_CIDR:
        rest_push_text(values, address_cidr(text, 1, canonical, hint) == 0 ? canonical : text);
        return 0;
    case REST_MAC:
        rest_push_text(values, address_mac(text, canonical) == 0 ? canonical : text);
        return 0;
    case REST_STRING: case REST_TEXT: case REST_ENUM: case REST_OBJECT: case REST_LIST: case REST_MAP: case REST_JSON:
        rest_push_text(values, text);
        return 0;
    }
    return 0;
}

int
schema_check_query(struct rest_call *call, const struct rest_attr *attrs, struct cairn_error *err)
{
    struct call *c = call_of(call);

    for (size_t i = 0; i < c->query_count; i++) {
        const struct rest_attr *attr = attr_find(attrs, c->query_names[i], call->version);
        struct rest_values values = { NULL, 0, 0 };
        CLEANUP_JSON json_t *text = NULL;
        json_t *ok;
        int fine;

        if (attr == NULL) {
            if (query_is_strict(call))
                return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameters. Additional properties are not allowed ('%.60s' was unexpected)", c->query_names[i]);
            continue;
        }
        for (size_t j = 0; j < i && (attr->flags & REST_UNIQUE); j++)
            if (strcmp(c->query_names[j], attr->name) == 0)
                return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter %s. It stands more than once.", attr->name);
        fine = schema_text_value(attr, c->query_values[i], &values, err);
        values_free(&values);
        if (fine < 0)
            return -1;
        if (attr->type == REST_INT && (attr->min != 0 || attr->max != 0)) {
            int64_t n;

            if (str_to_int(c->query_values[i], attr->min, attr->max, &n) < 0)
                return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter %s. Value: %.80s. It is not between %" PRId64 " and %" PRId64 ".",
                                  attr->name, c->query_values[i], attr->min, attr->max);
        } else if (attr->type == REST_STRING || attr->type == REST_TEXT || attr->type == REST_ENUM) {
            text = json_string(c->query_values[i]);
            if (text == NULL || (ok = normal(call, attr, text, attr->name, err)) == NULL)
                return text == NULL ? cairn_fail(err, CAIRN_INVALID, "Query parameter %s is not UTF-8.", attr->name) : -1;
            json_decref(ok);
        }
    }
    return 0;
}

void
schema_bind(const struct rest_attr *attr, const json_t *value, struct rest_values *values)
{
    int64_t us = 0;

    if (value == NULL || json_is_null(value)) {
        values_null(values);
        return;
    }
    switch (attr->type) {
    case REST_INT:
        rest_push_int(values, json_integer_value(value));
        return;
    case REST_BOOL:
        rest_push_int(values, json_is_true(value));
        return;
    case REST_REAL:
        values_real(values, json_number_value(value));
        return;
    case REST_TIME:
        if (json_is_integer(value))         /* a hook's own, in microseconds already */
            us = json_integer_value(value);
        else
            (void)clock_parse(json_string_value(value), &us);
        rest_push_int(values, us);
        return;
    case REST_OBJECT: case REST_LIST: case REST_MAP: case REST_JSON: {
        CLEANUP_FREE char *text = json_text(value);

        rest_push_text(values, text);
        return;
    }
    case REST_STRING: case REST_TEXT: case REST_UUID: case REST_ID: case REST_IP: case REST_IPV4: case REST_IPV6: case REST_CIDR: case REST_MAC:
    case REST_ENUM:
        rest_push_text(values, json_is_string(value) ? json_string_value(value) : "");
        return;
    }
}

/* fields.c: the attributes of an image and the rules for writing them; an image as a JSON document, from and to the catalog. */
#include <config.h>
#include "image/private.h"

#include <string.h>
#include "base/clock.h"

#define PROPERTY_NAME_MAX  255          /* characters */
#define PROPERTY_VALUE_MAX 65535        /* bytes */
#define TAG_MAX            255          /* characters */

const char *const image_visibilities[] = { "private", "shared", "community", "public", NULL };
const char *const image_member_statuses[] = { "pending", "accepted", "rejected", NULL };
static const char *const disk_formats[] = { "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "ploop", "iso", NULL };
static const char *const container_formats[] = { "ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed", NULL };
static const char *const statuses[] = { "queued", "saving", "active", "killed", "deleted", "uploading", "importing", "deactivated", NULL };

#define NUMBER_MAX INT32_MAX
const struct image_field image_fields[] = {
    { "id",               "id",                 FIELD_UUID, FIELD_CREATE,    0, 0, NULL, "An identifier for the image" },
    { "name",             "name",               FIELD_TEXT, FIELD_WRITE,     1, 255, NULL, "Descriptive name for the image" },
    { "visibility",       "visibility",         FIELD_ENUM, FIELD_WRITE,     0, 0, image_visibilities, "Who can see and use the image" },
    { "protected",        "protected",          FIELD_BOOL, FIELD_WRITE,     0, 0, NULL, "If true, the image cannot be deleted" },
    { "os_hidden",        "hidden",             FIELD_BOOL, FIELD_WRITE,     0, 0, NULL, "If true, the image is left out of lists that do not ask for hidden ones" },
    { "disk_format",      "disk_format",        FIELD_ENUM, FIELD_WRITE,     1, 0, disk_formats, "Format of the disk" },
    { "container_format", "container_format",   FIELD_ENUM, FIELD_WRITE,     1, 0, container_formats, "Format of what the disk is wrapped in" },
    { "min_disk",         "min_disk_gib",       FIELD_INT,  FIELD_WRITE,     0, NUMBER_MAX, NULL, "Disk in GiB that a server needs to boot the image" },
    { "min_ram",          "min_ram_mib",        FIELD_INT,  FIELD_WRITE,     0, NUMBER_MAX, NULL, "Memory in MiB that a server needs to boot the image" },
    { "owner",            "owner",              FIELD_TEXT, FIELD_WRITE,     1, 255, NULL, "Project that owns the image" },
    { "tags",             NULL,                 FIELD_TAGS, FIELD_WRITE,     0, TAG_MAX, NULL, "Strings that describe the image" },
    { "status",           "status",             FIELD_ENUM, FIELD_READ_ONLY, 0, 0, statuses, "Status of the image" },
    { "checksum",         "checksum",           FIELD_TEXT, FIELD_READ_ONLY, 1, 32, NULL, "MD5 of the image's data" },
    { "os_hash_algo",     "os_hash_algo",       FIELD_TEXT, FIELD_READ_ONLY, 1, 64, NULL, "Algorithm of os_hash_value" },
    { "os_hash_value",    "os_hash_value",      FIELD_TEXT, FIELD_READ_ONLY, 1, 128, NULL, "Digest of the image's data, in hexadecimal digits" },
    { "size",             "size_bytes",         FIELD_INT,  FIELD_READ_ONLY, 1, 0, NULL, "Size of the image's data in bytes" },
    { "virtual_size",     "virtual_size_bytes", FIELD_INT,  FIELD_READ_ONLY, 1, 0, NULL, "Size of the disk inside the image in bytes" },
    { "created_at",       "created_us",         FIELD_TIME, FIELD_READ_ONLY, 0, 0, NULL, "When the image was registered" },
    { "updated_at",       "updated_us",         FIELD_TIME, FIELD_READ_ONLY, 0, 0, NULL, "When the image last changed" },
    { "self",             NULL,                 FIELD_TEXT, FIELD_RESERVED,  0, 0, NULL, "URL of the image" },
    { "file",             NULL,                 FIELD_TEXT, FIELD_RESERVED,  0, 0, NULL, "URL of the image's data" },
    { "schema",           NULL,                 FIELD_TEXT, FIELD_RESERVED,  0, 0, NULL, "URL of this description" },
    { "direct_url",       NULL,                 FIELD_TEXT, FIELD_RESERVED,  0, 0, NULL, "URL of the image's data in its store; not shown by this cloud" },
    { "locations",        NULL,                 FIELD_TEXT, FIELD_RESERVED,  0, 0, NULL, "Where the image's data are; not shown by this cloud" },
    { "stores",           NULL,                 FIELD_TEXT, FIELD_RESERVED,  0, 0, NULL, "Stores that have the image's data" },
    { NULL, NULL, FIELD_TEXT, FIELD_WRITE, 0, 0, NULL, NULL }
};

const struct image_field *
image_field(const char *name)
{
    for (const struct image_field *f = image_fields; f->name != NULL; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

int
image_is_choice(const char *const *choices, const char *text)
{
    while (*choices != NULL && strcmp(*choices, text) != 0)
        choices++;
    return *choices != NULL;
}

/* --- limits */

int64_t
image_limit(const struct rest_env *env, const char *key)
{
    return config_int(env->config, "image", key);
}

int
image_check_limit(const struct rest_env *env, const char *key, int64_t count, struct cairn_error *err)
{
    int64_t max = image_limit(env, key);

    if (max < 0 || count <= max)
        return 0;
    return cairn_fail(err, CAIRN_OVER_QUOTA, "The limit has been exceeded on the number of allowed image %.*s. Attempted: %lld, Maximum: %lld",
                      (int)strcspn(key, "_"), key, (long long)count, (long long)max);
}

/* --- checks of one value */

static int
check_tags(const struct image_field *f, const json_t *value, struct cairn_error *err)
{
    size_t i;
    json_t *tag;

    if (!json_is_array(value))
        return cairn_fail(err, CAIRN_INVALID, "Invalid value for 'tags': a list of strings is expected.");
    json_array_foreach(value, i, tag)
        if (!json_is_string(tag) || json_string_length(tag) == 0 || str_utf8_len(json_string_value(tag)) > (size_t)f->max)
            return cairn_fail(err, CAIRN_INVALID, "Invalid value for 'tags': a tag is a string of 1 to %lld characters.", (long long)f->max);
    return 0;
}

static int
check_type(const struct image_field *f, const json_t *value, struct cairn_error *err)
{
    const char *text = json_string_value(value);

    if (json_is_null(value) && f->nullable)
        return 0;
    switch (f->kind) {
    case FIELD_TEXT: case FIELD_TIME:
        if (text == NULL || str_utf8_len(text) > (size_t)f->max)
            return cairn_fail(err, CAIRN_INVALID, "Invalid value for '%s': a string of at most %lld characters is expected.", f->name, (long long)f->max);
        return 0;
    case FIELD_ENUM:
        if (text == NULL || !image_is_choice(f->choices, text))
            return cairn_fail(err, CAIRN_INVALID, "Invalid value '%.60s' for '%s': it is not one of the values that the image schema lists.",
                              text != NULL ? text : "(not a string)", f->name);
        return 0;
    case FIELD_INT:
        if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > f->max)
            return cairn_fail(err, CAIRN_INVALID, "Invalid value for '%s': a number from 0 to %lld is expected.", f->name, (long long)f->max);
        return 0;
    case FIELD_BOOL:
        if (!json_is_boolean(value))
            return cairn_fail(err, CAIRN_INVALID, "Invalid value for '%s': true or false is expected.", f->name);
        return 0;
    case FIELD_UUID:
        if (text == NULL || !id_is_uuid(text))
            return cairn_fail(err, CAIRN_INVALID, "Invalid value for '%s': image id does not look like a UUID.", f->name);
        return 0;
    case FIELD_TAGS:
        return check_tags(f, value, err);
    }
    return 0;
}

static int
check_access(const struct rest_call *call, const struct image_field *f, struct cairn_error *err)
{
    if (f->access == FIELD_RESERVED)
        return cairn_fail(err, CAIRN_DENIED, "Attribute '%s' is reserved.", f->name);
    if (f->access == FIELD_READ_ONLY || (f->access == FIELD_CREATE && call->object != NULL))
        return cairn_fail(err, CAIRN_DENIED, "Attribute '%s' is read-only.", f->name);
    return 0;
}

/* What depends on the image and on who asks, for a value that differs from what is there. */
static int
check_change(struct rest_call *call, const struct image_field *f, const json_t *value, struct cairn_error *err)
{
    const char *text = json_string_value(value);
    const char *status = call->object != NULL ? row_text(call->object, "status") : "queued";

    if (strcmp(f->name, "visibility") == 0 && strcmp(text, "public") == 0)
        return rest_allow(call, "publicize_image", err);
    if (strcmp(f->name, "visibility") == 0 && strcmp(text, "community") == 0)
        return rest_allow(call, "communitize_image", err);
    if (strcmp(f->name, "owner") == 0 && !call->auth->is_admin && (call->object != NULL || !str_eq(text, call->auth->project_id)))
        return cairn_fail(err, CAIRN_DENIED, "Owner can only be set to another project by an administrator.");
    if ((strcmp(f->name, "disk_format") == 0 || strcmp(f->name, "container_format") == 0) && strcmp(status, "queued") != 0)
        return cairn_fail(err, CAIRN_DENIED, "Attribute %s can be only replaced for a queued image.", f->name);
    return 0;
}

static int
check_property(const char *name, const json_t *value, struct cairn_error *err)
{
    if (str_starts(name, "os_glance_"))
        return cairn_fail(err, CAIRN_DENIED, "Attribute '%.80s' is reserved.", name);
    if (name[0] == '\0' || str_utf8_len(name) > PROPERTY_NAME_MAX)
        return cairn_fail(err, CAIRN_INVALID, "The name of a property has 1 to %d characters.", PROPERTY_NAME_MAX);
    if (!json_is_string(value))
        return cairn_fail(err, CAIRN_INVALID, "Invalid value for property '%.80s': a string is expected.", name);
    if (json_string_length(value) > PROPERTY_VALUE_MAX)
        return cairn_fail(err, CAIRN_INVALID, "The value of property '%.80s' is longer than %d bytes.", name, PROPERTY_VALUE_MAX);
    return 0;
}

/* --- the document */

json_t *
document_new(void)
{
    return json_pack("{s:n, s:s, s:b, s:b, s:n, s:n, s:i, s:i, s:n, s:[]}", "name", "visibility", "shared", "protected", 0, "os_hidden", 0, "disk_format",
                     "container_format", "min_disk", 0, "min_ram", 0, "owner", "tags");
}

static json_t *
text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *
field_of_row(const struct image_field *f, struct rows *row)
{
    if (f->kind == FIELD_INT)
        return json_integer(row_int(row, f->column));
    if (f->kind == FIELD_BOOL)
        return json_boolean(row_int(row, f->column));
    return text_or_null(row_text(row, f->column));
}

int
document_load(struct rest_call *call, json_t **ret, struct cairn_error *err)
{
    CLEANUP_JSON json_t *doc = json_object();
    CLEANUP_ROWS struct rows *tags = NULL;
    CLEANUP_ROWS struct rows *properties = NULL;
    const char *id = row_text(call->object, "id");
    json_t *list = json_array();
    int rc;

    json_object_set_new(doc, "tags", list);
    for (const struct image_field *f = image_fields; f->name != NULL; f++)
        if (f->access == FIELD_WRITE && f->column != NULL)
            json_object_set_new(doc, f->name, field_of_row(f, call->object));
    if (tx_query(call->tx, &tags, err, "select tag from image_tags where image_id = ? order by tag", "s", id) < 0)
        return -1;
    while ((rc = rows_next(tags, err)) == 1)
        json_array_append_new(list, json_string(row_text(tags, "tag")));
    if (rc < 0 || tx_query(call->tx, &properties, err, "select name, value from image_properties where image_id = ?", "s", id) < 0)
        return -1;
    while ((rc = rows_next(properties, err)) == 1)
        json_object_set_new(doc, row_text(properties, "name"), json_string(row_text(properties, "value")));
    if (rc == 0)
        *ret = steal(&doc);
    return rc;
}

int
document_set(struct rest_call *call, json_t *doc, const char *name, const json_t *value, struct cairn_error *err)
{
    const struct image_field *f = image_field(name);

    if (f != NULL) {
        if (check_access(call, f, err) < 0 || check_type(f, value, err) < 0)
            return -1;
        if (!json_equal(json_object_get(doc, name), value) && check_change(call, f, value, err) < 0)
            return -1;
    } else if (check_property(name, value, err) < 0) {
        return -1;
    }
    json_object_set_new(doc, name, json_deep_copy(value));
    return 0;
}

int
document_remove(json_t *doc, const char *name, struct cairn_error *err)
{
    if (image_field(name) != NULL)
        return cairn_fail(err, CAIRN_DENIED, "Property %s may not be removed.", name);
    if (str_starts(name, "os_glance_"))
        return cairn_fail(err, CAIRN_DENIED, "Attribute '%.80s' is reserved.", name);
    if (json_object_del(doc, name) < 0)
        return cairn_fail(err, CAIRN_CONFLICT, "Property %.80s does not exist.", name);
    return 0;
}

/* --- to the catalog */

static int
write_tags(struct rest_call *call, const char *id, const json_t *tags, struct cairn_error *err)
{
    int64_t count;
    size_t i;
    json_t *tag;

    json_array_foreach(tags, i, tag)
        if (tx_exec(call->tx, err, "insert into image_tags (image_id, tag) values (?, ?) on conflict do nothing", "ss", id, json_string_value(tag)) < 0)
            return -1;
    if (tx_int(call->tx, &count, 0, err, "select count(*) from image_tags where image_id = ?", "s", id) < 0)
        return -1;
    return image_check_limit(call->env, "tags_max", count, err);
}

static int
write_properties(struct rest_call *call, const char *id, const json_t *doc, struct cairn_error *err)
{
    const char *name;
    json_t *value;
    int64_t count = 0;

    json_object_foreach((json_t *)(uintptr_t)doc, name, value) {
        if (image_field(name) != NULL)
            continue;
        count += !str_starts(name, "os_glance_");
        if (tx_exec(call->tx, err, "insert into image_properties (image_id, name, value) values (?, ?, ?)", "sss", id, name, json_string_value(value)) < 0)
            return -1;
    }
    return image_check_limit(call->env, "properties_max", count, err);
}

int
document_insert(struct rest_call *call, const char *id, const json_t *doc, struct cairn_error *err)
{
    int64_t now = clock_us();

    if (tx_exec(call->tx, err, "insert into images (id, owner, name, status, visibility, protected, hidden, disk_format, container_format, min_disk_gib,"
                " min_ram_mib, created_us, updated_us) values (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?)", "ssssiissiiii", id, json_str(doc, "owner"),
                json_str(doc, "name"), json_str(doc, "visibility"), (int64_t)json_bool(doc, "protected", 0), (int64_t)json_bool(doc, "os_hidden", 0),
                json_str(doc, "disk_format"), json_str(doc, "container_format"), json_int(doc, "min_disk", 0), json_int(doc, "min_ram", 0), now, now) < 0) {
        if (err->code == CAIRN_EXISTS)
            return cairn_fail(err, CAIRN_EXISTS, "Image ID %s already exists!", id);
        return -1;
    }
    if (write_tags(call, id, json_object_get(doc, "tags"), err) < 0)
        return -1;
    return write_properties(call, id, doc, err);
}

int
document_update(struct rest_call *call, const char *id, const json_t *doc, struct cairn_error *err)
{
    if (tx_exec(call->tx, err, "update images set owner = ?, name = ?, visibility = ?, protected = ?, hidden = ?, disk_format = ?, container_format = ?,"
                " min_disk_gib = ?, min_ram_mib = ?, updated_us = ? where id = ?", "sssiissiiis", json_str(doc, "owner"), json_str(doc, "name"),
                json_str(doc, "visibility"), (int64_t)json_bool(doc, "protected", 0), (int64_t)json_bool(doc, "os_hidden", 0), json_str(doc, "disk_format"),
                json_str(doc, "container_format"), json_int(doc, "min_disk", 0), json_int(doc, "min_ram", 0), clock_us(), id) < 0 ||
        tx_exec(call->tx, err, "delete from image_tags where image_id = ?", "s", id) < 0 ||
        tx_exec(call->tx, err, "delete from image_properties where image_id = ?", "s", id) < 0 ||
        write_tags(call, id, json_object_get(doc, "tags"), err) < 0)
        return -1;
    return write_properties(call, id, doc, err);
}

int
image_touch(struct tx *tx, const char *id, struct cairn_error *err)
{
    return tx_exec(tx, err, "update images set updated_us = ? where id = ?", "is", clock_us(), id);
}

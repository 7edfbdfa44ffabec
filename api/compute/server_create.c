/* server_create.c: POST /servers: checks what is asked and looks it up; server_insert.c writes it, all in one transaction. */
#include "config.h"
#include "compute/server_wish.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "base/arena.h"
#include "base/ids.h"
#include "base/str.h"
#include "flow/server.h"
#include "network/network_api.h"

#define COUNT_MAX 1000

/* --- the body */

static int
user_data_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *s = json_string_value(value);
    CLEANUP_FREE unsigned char *bytes = NULL;
    size_t len;

    (void)call;
    if (s != NULL && *s != '\0' && (bytes = str_unbase64(s, strlen(s), 0, &len)) == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute user_data. It is not base64.");
    return 0;
}

static int
networks_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const char *s = json_string_value(value);

    if (s != NULL) {
        if (rest_since(call, 2, 37) && (strcmp(s, "auto") == 0 || strcmp(s, "none") == 0))
            return 0;
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute networks. Value: %.32s. It is a list%s.", s,
                          rest_since(call, 2, 37) ? ", 'auto' or 'none'" : "");
    }
    if (!json_is_array(value) || json_array_size(value) > SERVER_NICS_MAX)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute networks. It is a list of at most %d networks.", SERVER_NICS_MAX);
    return 0;
}

static int
tags_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    const json_t *tag;
    size_t i;

    (void)call;
    json_array_foreach((json_t *)value, i, tag)
        if (server_tag_check(json_string_value(tag), err) < 0)
            return -1;
    return 0;
}

static const char *const disk_configs[] = { "AUTO", "MANUAL", NULL };
static const struct rest_attr name_item[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255 }, { .name = NULL },
};
static const struct rest_attr tag_item[] = { { .name = "", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 60 }, { .name = NULL } };
static const struct rest_attr cert_item[] = { { .name = "", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255 }, { .name = NULL } };

const struct rest_attr server_create_body[] = {
    { .name = "name", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255, .check = server_name_check },
    { .name = "imageRef", .type = REST_STRING, .flags = REST_CREATE, .max = 2048 },
    { .name = "flavorRef", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED | REST_LAX, .min = 1, .max = 2048 },
    { .name = "adminPass", .type = REST_STRING, .flags = REST_CREATE | REST_SECRET, .max = 255 },
    { .name = "metadata", .type = REST_MAP, .flags = REST_CREATE, .max = 255, .dflt = "{}", .check = server_metadata_check },
    { .name = "networks", .type = REST_JSON, .flags = REST_CREATE, .check = networks_check, .until = { 2, 36 } },
    { .name = "networks", .type = REST_JSON, .flags = REST_CREATE | REST_REQUIRED, .check = networks_check, .since = { 2, 37 } },
    { .name = "OS-DCF:diskConfig", .type = REST_ENUM, .choices = disk_configs, .flags = REST_CREATE, .dflt = "\"MANUAL\"" },
    { .name = "accessIPv4", .type = REST_STRING, .flags = REST_CREATE, .max = 45, .check = server_access_v4_check },
    { .name = "accessIPv6", .type = REST_STRING, .flags = REST_CREATE, .max = 45, .check = server_access_v6_check },
    { .name = "personality", .type = REST_LIST, .of = server_file_item, .flags = REST_CREATE, .max = 1000, .until = { 2, 56 } },
    { .name = "availability_zone", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255 },
    { .name = "block_device_mapping", .type = REST_JSON, .flags = REST_CREATE },
    { .name = "block_device_mapping_v2", .type = REST_JSON, .flags = REST_CREATE },
    { .name = "config_drive", .type = REST_BOOL, .flags = REST_CREATE | REST_LAX | REST_NULL },
    { .name = "key_name", .type = REST_STRING, .flags = REST_CREATE | REST_NULL, .max = 255 },
    { .name = "min_count", .type = REST_INT, .flags = REST_CREATE | REST_LAX, .min = 1, .max = INT32_MAX },
    { .name = "max_count", .type = REST_INT, .flags = REST_CREATE | REST_LAX, .min = 1, .max = INT32_MAX },
    { .name = "return_reservation_id", .type = REST_BOOL, .flags = REST_CREATE | REST_LAX },
    { .name = "security_groups", .type = REST_LIST, .of = name_item, .flags = REST_CREATE, .max = 64 },
    { .name = "user_data", .type = REST_TEXT, .flags = REST_CREATE | REST_NULL | REST_SECRET, .max = 65535, .check = user_data_check },
    { .name = "description", .type = REST_TEXT, .flags = REST_CREATE | REST_NULL, .max = 255, .since = { 2, 19 } },
    { .name = "tags", .type = REST_LIST, .of = tag_item, .flags = REST_CREATE | REST_UNIQUE, .max = 50, .since = { 2, 52 },
      .check = tags_check },
    { .name = "trusted_image_certificates", .type = REST_LIST, .of = cert_item, .flags = REST_CREATE | REST_NULL, .max = 50, .since = { 2, 63 } },
    { .name = "host", .type = REST_STRING, .flags = REST_CREATE, .max = 255, .since = { 2, 74 } },
    { .name = "hypervisor_hostname", .type = REST_STRING, .flags = REST_CREATE, .max = 255, .since = { 2, 74 } },
    { .name = "hostname", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 63, .since = { 2, 90 },
      .check = server_hostname_check },
    { .name = NULL },
};

/* --- what was asked, looked up */

static void
wish_free(struct wish *w)
{
    json_decref(w->image_properties);
    json_decref(w->flavor);
    arena_free(&w->a);
}

/* imageRef may be a URL that ends in the id. */
static const char *
last_part(const char *ref)
{
    const char *slash = strrchr(ref, '/');

    return slash != NULL ? slash + 1 : ref;
}

static int
find_image_properties(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    w->image_properties = json_object();
    if (tx_query(call->tx, &r, err, "select name, value from image_properties where image_id = ?", "s", w->image_id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        const char *name = row_text(r, "name"), *value = row_text(r, "value");

        if (str_starts(name, "hw_") || str_starts(name, "os_") || strcmp(name, "img_config_drive") == 0)
            json_object_set_new(w->image_properties, name, json_string(value));
    }
    return rc;
}

static int
find_image(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *ref = rest_str(call, "imageRef"), *id;
    int rc;

    if (ref == NULL || *ref == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid imageRef provided: a server needs an image (booting from volumes is not supported by this cloud yet)");
    id = last_part(ref);
    if (!id_is_uuid(id))
        return cairn_fail(err, CAIRN_INVALID, "Invalid imageRef provided.");
    if (tx_query(call->tx, &r, err,
                 "select name, status, disk_format, store, size_bytes, virtual_size_bytes, min_disk_gib, min_ram_mib from images i where id = ? and"
                 " (? or owner = ? or visibility in ('public', 'community') or (visibility = 'shared' and exists (select 1 from image_members m"
                 " where m.image_id = i.id and m.member = ?)))", "siss", id, (int64_t)call->auth->is_admin, call->auth->project_id,
                 call->auth->project_id) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_INVALID, "Image %s could not be found.", id);
    w->image_id = arena_strdup(&w->a, id);
    w->image_name = arena_strdup(&w->a, row_null(r, "name") ? "" : row_text(r, "name"));
    w->image_format = arena_strdup(&w->a, row_text(r, "disk_format"));
    w->image_store = arena_strdup(&w->a, row_text(r, "store"));
    w->image_min_disk = row_int(r, "min_disk_gib");
    w->image_min_ram = row_int(r, "min_ram_mib");
    w->image_virtual = row_int(r, "virtual_size_bytes");
    int64_t size = row_int(r, "size_bytes");
    if (w->image_virtual < size && w->image_format != NULL && strcmp(w->image_format, "raw") == 0)
        w->image_virtual = size;
    if (strcmp(row_text(r, "status"), "active") != 0)
        return cairn_fail(err, CAIRN_INVALID, "Image %s is not active.", id);
    if (w->image_format == NULL || (strcmp(w->image_format, "raw") != 0 && strcmp(w->image_format, "qcow2") != 0))
        return cairn_fail(err, CAIRN_INVALID, "Image %s has disk format %s; servers of this cloud boot from raw and qcow2", id,
                          w->image_format != NULL ? w->image_format : "none");
    return find_image_properties(call, w, err);
}

static int
find_flavor(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *flavor = NULL;
    int64_t disk, ram;

    w->flavor_id = arena_strdup(&w->a, last_part(rest_str(call, "flavorRef")));
    if (flavor_find(call, w->flavor_id, &flavor, err) < 0 || flavor_snapshot(call, flavor, &w->flavor, err) < 0)
        return -1;
    (void)row_int(flavor, "disabled");
    disk = json_int(w->flavor, "disk", 0);
    ram = json_int(w->flavor, "ram", 0);
    if (ram < w->image_min_ram)
        return cairn_fail(err, CAIRN_INVALID, "Flavor's memory is too small for requested image: it has %lld MiB, the image asks for %lld MiB.",
                          (long long)ram, (long long)w->image_min_ram);
    if (disk > 0 && disk < w->image_min_disk)
        return cairn_fail(err, CAIRN_INVALID, "Flavor's disk is too small for requested image. Flavor disk is %lld GiB, image's minimum is %lld GiB.",
                          (long long)disk, (long long)w->image_min_disk);
    if (disk > 0 && disk * GIB < w->image_virtual)
        return cairn_fail(err, CAIRN_INVALID, "Flavor's disk is too small for requested image. Flavor disk is %lld bytes, image is %lld bytes.",
                          (long long)(disk * GIB), (long long)w->image_virtual);
    return 0;
}

static int
find_key(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    CLEANUP_FREE char *data = NULL;

    w->key_name = rest_str(call, "key_name");
    if (w->key_name == NULL || *w->key_name == '\0') {
        w->key_name = NULL;
        return 0;
    }
    if (tx_text(call->tx, &data, err, "select public_key from keypairs where user_id = ? and name = ?", "ss", call->auth->user_id, w->key_name) < 0)
        return -1;
    if (data == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Invalid key_name provided.");
    w->key_data = arena_strdup(&w->a, data);
    return 0;
}

static int
find_groups(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    const json_t *list = rest_value(call, "security_groups"), *item;
    char id[ID_UUID];
    size_t i;

    json_array_foreach((json_t *)list, i, item) {
        const char *name = json_str(item, "name");

        if (name == NULL)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute security_groups. Each has a name.");
        if (network_group_find(call, call->auth->project_id, name, id, err) < 0) {
            if (err->code == CAIRN_NOT_FOUND)
                return cairn_fail(err, CAIRN_INVALID, "Security group %.255s not found for project %s.", name, call->auth->project_id);
            return -1;
        }
        ptrs_add(&w->a, &w->groups, arena_strdup(&w->a, id));
    }
    return 0;
}

static int
read_nic(struct rest_call *call, const json_t *item, struct nic_wish *nic, struct cairn_error *err)
{
    static const char *const known[] = { "uuid", "port", "fixed_ip", "tag" };
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)item, key, value) {
        int ok = 0;

        for (size_t i = 0; i < ARRAY_LEN(known); i++)
            ok |= strcmp(known[i], key) == 0 && (json_is_string(value) || json_is_null(value));
        if (!ok)
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute networks. Additional properties are not allowed ('%.64s' was unexpected)",
                              key);
    }
    nic->network_id = json_str(item, "uuid");
    nic->port_id = json_str(item, "port");
    nic->fixed_ip = json_str(item, "fixed_ip");
    nic->tag = json_str(item, "tag");
    if (nic->port_id == NULL && nic->network_id == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute networks. Each needs a uuid or a port.");
    if (nic->port_id != NULL && nic->fixed_ip != NULL)
        return cairn_fail(err, CAIRN_INVALID, "Specified Fixed IP '%.45s' cannot be used with port '%s': the two cannot be specified together.",
                          nic->fixed_ip, nic->port_id);
    if (!id_is_uuid(nic->port_id != NULL ? nic->port_id : nic->network_id))
        return cairn_fail(err, CAIRN_INVALID, "Bad networks format: network uuid is not in proper format (%.64s)",
                          nic->port_id != NULL ? nic->port_id : nic->network_id);
    /* Tags of networks came with 2.32, were lost with 2.37 and are back since 2.42. */
    if (nic->tag != NULL && (!rest_since(call, 2, 32) || (rest_since(call, 2, 37) && !rest_since(call, 2, 42)) || strlen(nic->tag) > 60 || strpbrk(nic->tag, ",/") != NULL || *nic->tag == '\0'))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute tag. Value: %.64s", nic->tag);
    return 0;
}

/* No networks named: the one there is; none is fine; of several the user must choose. */
static int
choose_network(struct rest_call *call, struct wish *w, int must, struct cairn_error *err)
{
    char ids[1][ID_UUID];
    unsigned n = 0;

    if (network_candidates(call, call->auth->project_id, ids, 1, &n, err) < 0)
        return -1;
    if (n > 1)
        return cairn_fail(err, CAIRN_CONFLICT, "Multiple possible networks found, use a Network ID to be more specific.");
    if (n == 0)
        return must ? cairn_fail(err, CAIRN_INVALID, "Unable to automatically allocate a network for project %s: it has none and auto-allocation is not"
                                                     " supported by this cloud", call->auth->project_id) : 0;
    w->nics[0].network_id = arena_strdup(&w->a, ids[0]);
    w->nics_count = 1;
    return 0;
}

static int
find_networks(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    const json_t *networks = rest_value(call, "networks"), *item;
    const char *word = json_string_value(networks);
    size_t i;

    if (word != NULL && strcmp(word, "none") == 0)
        return 0;
    if (word != NULL || networks == NULL || json_array_size(networks) == 0)
        return choose_network(call, w, word != NULL, err);
    json_array_foreach((json_t *)networks, i, item) {
        if (!json_is_object(item))
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute networks. Each is an object.");
        if (read_nic(call, item, &w->nics[i], err) < 0)
            return -1;
        if (w->nics[i].port_id == NULL && network_usable(call, w->nics[i].network_id, err) < 0) {
            if (err->code == CAIRN_NOT_FOUND)
                return cairn_fail(err, CAIRN_INVALID, "Network %s could not be found.", w->nics[i].network_id);
            return -1;
        }
        if (w->nics[i].port_id != NULL && (rest_int(call, "max_count", 1) > 1 || rest_int(call, "min_count", 1) > 1))
            return cairn_fail(err, CAIRN_INVALID, "Unable to launch multiple instances with a single configured port ID. Please launch your instance"
                                                  " one by one with different ports.");
        w->nics_count++;
    }
    return 0;
}

/* The one mapping that a cloud without volumes can serve: boot from the image on a local disk. */
static int
check_block_devices(struct rest_call *call, struct cairn_error *err)
{
    const json_t *v2 = rest_value(call, "block_device_mapping_v2"), *v1 = rest_value(call, "block_device_mapping"), *item;
    size_t i;

    if (v1 != NULL && json_array_size(v1) > 0)
        return cairn_fail(err, CAIRN_INVALID, "Block Device Mapping is Invalid: volumes are not supported by this cloud yet");
    if (v2 != NULL && !json_is_array(v2))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute block_device_mapping_v2. It is a list.");
    json_array_foreach((json_t *)v2, i, item) {
        const char *source = json_str(item, "source_type"), *destination = json_str(item, "destination_type"), *image = rest_str(call, "imageRef"),
                   *uuid = json_str(item, "uuid");

        if (i > 0 || source == NULL || strcmp(source, "image") != 0 || (destination != NULL && strcmp(destination, "local") != 0) || image == NULL ||
            uuid == NULL || strcmp(last_part(image), uuid) != 0)
            return cairn_fail(err, CAIRN_INVALID, "Block Device Mapping is Invalid: volumes are not supported by this cloud yet; only the image itself can be"
                                                  " mapped, to destination_type local");
    }
    if (server_files_check(call, err) < 0)
        return -1;
    if (json_array_size(rest_value(call, "trusted_image_certificates")) > 0)
        return cairn_fail(err, CAIRN_INVALID, "Image certificate validation is not supported by this cloud");
    return 0;
}

/* "zone", "zone:host" or "zone:host:node" (the last two for administrators), and 2.74's host. */
static int
find_place(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    const char *zone = rest_str(call, "availability_zone"), *host = rest_str(call, "host");
    int64_t known = 1;
    char *copy, *colon;

    if (host == NULL)
        host = rest_str(call, "hypervisor_hostname");
    if (host != NULL && rest_allow(call, "compute:servers:create:requested_destination", err) < 0)
        return -1;
    if (zone != NULL && *zone != '\0') {
        copy = arena_strdup(&w->a, zone);
        if ((colon = strchr(copy, ':')) != NULL) {
            *colon++ = '\0';
            colon[strcspn(colon, ":")] = '\0';
            if (rest_allow(call, "os_compute_api:servers:create:forced_host", err) < 0)
                return -1;
            host = *colon != '\0' ? colon : host;
        }
        w->zone = *copy != '\0' ? copy : NULL;
    }
    if (w->zone != NULL &&
        tx_int(call->tx, &known, 0, err, "select count(*) from hosts where availability_zone = ?", "s", w->zone) < 0)
        return -1;
    if (known == 0)
        return cairn_fail(err, CAIRN_INVALID, "The requested availability zone is not available");
    if (host != NULL && tx_int(call->tx, &known, 0, err, "select count(*) from hosts where name = ?", "s", host) < 0)
        return -1;
    if (known == 0)
        return cairn_fail(err, CAIRN_INVALID, "Compute host %.255s could not be found.", host);
    w->forced_host = arena_strdup(&w->a, host);
    return 0;
}

/* os:scheduler_hints {"group": UUID} beside the server. */
static int
find_group(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *group = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_JSON json_t *rules = NULL;
    const json_t *hints = json_object_get(call->document, "os:scheduler_hints");
    const char *id;
    int rc;

    if (hints == NULL)
        hints = json_object_get(call->document, "OS-SCH-HNT:scheduler_hints");
    if (hints != NULL && !json_is_object(hints))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute os:scheduler_hints. It is not of type 'object'.");
    if (json_object_get(hints, "group") == NULL)
        return 0;
    id = json_str(hints, "group");
    if (id == NULL || !id_is_uuid(id))
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute group. Value: %.64s is not a UUID.", id != NULL ? id : "(no string)");
    if (tx_query(call->tx, &group, err, "select policy, rules from server_groups where id = ? and project_id = ?", "ss", id, call->auth->project_id) < 0 ||
        (rc = rows_next(group, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_INVALID, "Instance group %s could not be found.", id);
    rules = json_of_column(row_text(group, "rules"));
    w->group_id = arena_strdup(&w->a, id);
    w->group_policy = arena_strdup(&w->a, row_text(group, "policy"));
    w->group_max_per_host = json_int(rules, "max_server_per_host", 1);
    if (tx_query(call->tx, &r, err, "select h.name as name from servers s left join hosts h on h.id = s.host_id where s.group_id = ? and"
                                    " s.deleted_us is null", "s", id) < 0)
        return -1;
    for (; (rc = rows_next(r, err)) == 1; w->group_members++)
        if (!row_null(r, "name"))
            ptrs_add(&w->a, &w->group_hosts, arena_strdup(&w->a, row_text(r, "name")));
    return rc;
}

/* --- quota: counted, in the same transaction */

static int
take_quota(struct rest_call *call, struct wish *w, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *project = call->auth->project_id;
    int64_t vcpus = json_int(w->flavor, "vcpus", 1), ram = json_int(w->flavor, "ram", 1), used, cores, mem, meta_max, group_max;

    /* From indexes alone: nothing else of a request depends on how many servers there are. */
    if (tx_query(call->tx, &r, err,
                 "select (select count(*) from servers where project_id = ? and deleted_us is null) as n, coalesce(sum(vcpus), 0) as cores,"
                 " coalesce(sum(ram_mib), 0) as ram from allocations where project_id = ?", "ss", project, project) < 0 ||
        rows_next(r, err) < 0)
        return -1;
    used = row_int(r, "n");
    cores = row_int(r, "cores");
    mem = row_int(r, "ram");
    /* Fewer than asked for is fine down to min_count. */
    for (;; w->count--) {
        if (rest_quota(call, "compute", project, "instances", used, w->count, err) == 0 &&
            rest_quota(call, "compute", project, "cores", cores, w->count * vcpus, err) == 0 &&
            rest_quota(call, "compute", project, "ram", mem, w->count * ram, err) == 0)
            break;
        if (err->code != CAIRN_OVER_QUOTA || w->count <= w->min_count)
            return -1;
        cairn_error_clear(err);
    }
    group_max = w->group_id != NULL ? rest_quota_limit(call->tx, call->env, "compute", project, "server_group_members") : -1;
    if (group_max >= 0 && w->group_members + w->count > group_max)
        return cairn_fail(err, CAIRN_OVER_QUOTA, "Quota exceeded, too many servers in group: it has %lld, at most %lld are allowed", (long long)w->group_members,
                          (long long)group_max);
    meta_max = rest_quota_limit(call->tx, call->env, "compute", project, "metadata_items");
    if (meta_max >= 0 && (int64_t)json_object_size(rest_value(call, "metadata")) > meta_max)
        return cairn_fail(err, CAIRN_OVER_QUOTA, "Maximum number of metadata items exceeds %lld", (long long)meta_max);
    return 0;
}

/* --- together */

static void
random_word(char *buf, size_t len)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    unsigned char bytes[64];

    id_random(bytes, sizeof bytes);
    for (size_t i = 0; i + 1 < len; i++)
        buf[i] = letters[bytes[i] % (sizeof letters - 1)];
    buf[len - 1] = '\0';
}

static int
reply(struct rest_call *call, struct wish *w, const char *id, struct cairn_error *err)
{
    struct json_out *o = call->out;
    CLEANUP_FREE char *location = rest_url(call, "/v2.1/servers/%s", id);
    const json_t *groups = rest_value(call, "security_groups"), *item;
    size_t i;

    (void)err;
    jo_object(o, NULL);
    if (rest_bool(call, "return_reservation_id", 0)) {
        jo_str(o, "reservation_id", w->reservation);
        jo_end_object(o);
        return 0;
    }
    rest_header(call, "Location", location);
    jo_object(o, "server");
    jo_str(o, "id", id);
    compute_links(call, o, "servers", id);
    jo_str(o, "OS-DCF:diskConfig", rest_str(call, "OS-DCF:diskConfig"));
    jo_str(o, "adminPass", rest_str(call, "adminPass") != NULL ? rest_str(call, "adminPass") : w->password);
    jo_array(o, "security_groups");
    json_array_foreach((json_t *)groups, i, item) {
        jo_object(o, NULL);
        jo_str(o, "name", json_str(item, "name"));
        jo_end_object(o);
    }
    if (json_array_size(groups) == 0) {
        jo_object(o, NULL);
        jo_str(o, "name", "default");
        jo_end_object(o);
    }
    jo_end_array(o);
    jo_end_object(o);
    jo_end_object(o);
    return 0;
}

int
server_create(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP(wish_free) struct wish w = { .a = ARENA_INIT };
    char id[ID_UUID], first[ID_UUID] = "";

    w.min_count = rest_int(call, "min_count", 1);
    w.count = rest_given(call, "max_count") ? rest_int(call, "max_count", 1) : w.min_count;
    if (w.min_count > w.count)
        return cairn_fail(err, CAIRN_INVALID, "min_count must be <= max_count");
    if (w.count > COUNT_MAX)
        return cairn_fail(err, CAIRN_INVALID, "max_count %lld: at most %d servers can be created at once", (long long)w.count, COUNT_MAX);
    if (call->auth->project_id[0] == '\0')
        return cairn_fail(err, CAIRN_DENIED, "a server belongs to a project: use a token that is scoped to one");
    if (check_block_devices(call, err) < 0 || find_image(call, &w, err) < 0 || find_flavor(call, &w, err) < 0 || find_key(call, &w, err) < 0 ||
        find_place(call, &w, err) < 0 || find_group(call, &w, err) < 0 || find_groups(call, &w, err) < 0 || find_networks(call, &w, err) < 0 ||
        take_quota(call, &w, err) < 0)
        return -1;
    snprintf(w.reservation, sizeof w.reservation, "r-");
    random_word(w.reservation + 2, 9);
    random_word(w.password, 13);
    for (int64_t i = 0; i < w.count; i++) {
        if (server_insert(call, &w, i, id, err) < 0)
            return -1;
        if (i == 0)
            memcpy(first, id, sizeof first);
    }
    return reply(call, &w, first, err);
}

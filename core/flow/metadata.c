/* metadata.c: what a guest may ask about itself: the openstack and the EC2 trees, for the metadata service and config drives. */
#include "config.h"
#define LOG_MODULE "flow"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "flow/network.h"
#include "flow/server.h"

/* One server as its guest sees it; read once for each question. */
struct guest {
    struct arena a;
    const char *id, *name, *hostname, *project_id, *key_name, *key_data, *key_type, *user_data, *zone, *image_id, *flavor, *reservation_id, *password;
    int64_t number, launch_index;
    json_t *meta;               /* user's metadata */
    json_t *files;              /* [{path, contents}] */
    json_t *ports;              /* [{id, mac, network_id, mtu, tag, ips: [{ip, version, cidr, gateway, dns, routes}]}] */
};

static void
guest_free(struct guest *g)
{
    json_decref(g->meta);
    json_decref(g->files);
    json_decref(g->ports);
    arena_free(&g->a);
}

static int
guest_ports(struct tx *tx, struct guest *g, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    json_t *port = NULL, *ips = NULL;
    int rc;

    g->ports = json_array();
    if (tx_query(tx, &r, err,
                 "select p.id as id, p.mac_address as mac, p.tag as tag, n.id as network_id, n.mtu as mtu, f.ip_address as ip, s.cidr as cidr,"
                 " s.ip_version as version, s.gateway_ip as gateway, s.dns_nameservers as dns, s.host_routes as routes,"
                 " s.enable_dhcp as dhcp, s.id as subnet_id from ports p join networks n on n.id = p.network_id"
                 " left join fixed_ips f on f.port_id = p.id left join subnets s on s.id = f.subnet_id"
                 " where p.device_id = ? order by p.created_us, p.id, f.position", "s", g->id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1) {
        if (port == NULL || strcmp(json_str(port, "id"), row_text(r, "id")) != 0) {
            port = json_pack("{s:s,s:s,s:s,s:I,s:s*}", "id", row_text(r, "id"), "mac", row_text(r, "mac"), "network_id",
                             row_text(r, "network_id"), "mtu", (json_int_t)row_int(r, "mtu"), "tag", row_text(r, "tag"));
            ips = json_array();
            json_object_set_new(port, "ips", ips);
            json_array_append_new(g->ports, port);
        }
        if (!row_null(r, "ip")) {
            json_t *ip = json_pack("{s:s,s:s,s:I,s:s*,s:b,s:s}", "ip", row_text(r, "ip"), "cidr", row_text(r, "cidr"), "version",
                                   (json_int_t)row_int(r, "version"), "gateway", row_text(r, "gateway"), "dhcp", (int)row_int(r, "dhcp"),
                                   "subnet_id", row_text(r, "subnet_id"));

            json_object_set_new(ip, "dns", json_of_column(row_text(r, "dns")));
            json_object_set_new(ip, "routes", json_of_column(row_text(r, "routes")));
            json_array_append_new(ips, ip);
        }
    }
    return rc;
}

static int
guest_files(struct tx *tx, struct guest *g, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    g->files = json_array();
    if (tx_query(tx, &r, err, "select path, contents from server_files where server_id = ? order by position", "s", g->id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        json_array_append_new(g->files, json_pack("{s:s,s:s}", "path", row_text(r, "path"), "contents", row_text(r, "contents")));
    return rc;
}

static int
guest_read(struct tx *tx, const char *server_id, struct guest *g, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_JSON json_t *flavor = NULL;
    int rc;

    if (tx_query(tx, &r, err,
                 "select name, hostname, project_id, key_name, key_data, key_type, user_data, availability_zone, image_id, flavor, reservation_id, number,"
                 " launch_index, metadata, guest_password from servers where id = ? and deleted_us is null", "s", server_id) < 0 || (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "server %s is not in the catalog", server_id);
    g->id = arena_strdup(&g->a, server_id);
    g->name = arena_strdup(&g->a, row_text(r, "name"));
    g->hostname = arena_strdup(&g->a, row_text(r, "hostname"));
    g->project_id = arena_strdup(&g->a, row_text(r, "project_id"));
    g->key_name = arena_strdup(&g->a, row_text(r, "key_name"));
    g->key_data = arena_strdup(&g->a, row_text(r, "key_data"));
    g->key_type = arena_strdup(&g->a, row_text(r, "key_type"));
    g->user_data = arena_strdup(&g->a, row_text(r, "user_data"));
    g->zone = arena_strdup(&g->a, row_text(r, "availability_zone"));
    g->image_id = arena_strdup(&g->a, row_text(r, "image_id"));
    g->reservation_id = arena_strdup(&g->a, row_text(r, "reservation_id"));
    g->password = arena_strdup(&g->a, row_text(r, "guest_password"));
    g->number = row_int(r, "number");
    g->launch_index = row_int(r, "launch_index");
    flavor = json_of_column(row_text(r, "flavor"));
    g->flavor = arena_strdup(&g->a, json_str(flavor, "original_name"));
    g->meta = json_of_column(row_text(r, "metadata"));
    return guest_files(tx, g, err) < 0 ? -1 : guest_ports(tx, g, err);
}

/* The first address of a version, "" if none. */
static const char *
first_ip(const struct guest *g, int version)
{
    size_t i, j;
    const json_t *port, *ip;

    json_array_foreach(g->ports, i, port)
        json_array_foreach(json_object_get(port, "ips"), j, ip)
            if (json_int(ip, "version", 0) == version)
                return json_str(ip, "ip");
    return "";
}

/* --- documents: each appends its text; -1 = there is no such thing for this guest */

static int
doc_meta_data_json(struct guest *g, struct str *out)
{
    struct json_out o;
    unsigned char seed[64];
    size_t i;
    const json_t *port;

    jo_init(&o, out);
    jo_object(&o, NULL);
    jo_str(&o, "uuid", g->id);
    jo_str(&o, "name", g->name);
    jo_str(&o, "hostname", g->hostname);
    jo_int(&o, "launch_index", g->launch_index);
    jo_str(&o, "availability_zone", g->zone != NULL ? g->zone : "nova");
    jo_str(&o, "project_id", g->project_id);
    if (json_object_size(g->meta) > 0)
        jo_json(&o, "meta", g->meta);
    if (json_array_size(g->files) > 0) {
        jo_array(&o, "files");
        for (size_t f = 0; f < json_array_size(g->files); f++) {
            jo_object(&o, NULL);
            jo_strf(&o, "content_path", "/content/%04zu", f);
            jo_str(&o, "path", json_str(json_array_get(g->files, f), "path"));
            jo_end_object(&o);
        }
        jo_end_array(&o);
    }
    if (g->key_name != NULL && g->key_data != NULL) {
        jo_object(&o, "public_keys");
        jo_str(&o, g->key_name, g->key_data);
        jo_end_object(&o);
        jo_array(&o, "keys");
        jo_object(&o, NULL);
        jo_str(&o, "name", g->key_name);
        jo_str(&o, "type", g->key_type != NULL ? g->key_type : "ssh");
        jo_str(&o, "data", g->key_data);
        jo_end_object(&o);
        jo_end_array(&o);
    }
    jo_array(&o, "devices");
    json_array_foreach(g->ports, i, port) {
        if (json_str(port, "tag") == NULL)
            continue;
        jo_object(&o, NULL);
        jo_str(&o, "type", "nic");
        jo_str(&o, "mac", json_str(port, "mac"));
        jo_array(&o, "tags");
        jo_str(&o, NULL, json_str(port, "tag"));
        jo_end_array(&o);
        jo_end_object(&o);
    }
    jo_end_array(&o);
    jo_array(&o, "dedicated_cpus");
    jo_end_array(&o);
    id_random(seed, sizeof seed);
    CLEANUP_FREE char *text = str_base64(seed, sizeof seed, 0);
    jo_str(&o, "random_seed", text);
    jo_end_object(&o);
    return 0;
}

/* The mask or prefix of "10.0.0.0/24". */
static int
prefix_of(const char *cidr)
{
    const char *slash = cidr != NULL ? strchr(cidr, '/') : NULL;

    return slash != NULL ? atoi(slash + 1) : 0;
}

static void
net_entry(struct json_out *o, const json_t *port, const json_t *ip, size_t i, size_t j)
{
    int v4 = json_int(ip, "version", 4) == 4, prefix = prefix_of(json_str(ip, "cidr"));
    const json_t *item;
    size_t k;

    jo_object(o, NULL);
    jo_strf(o, "id", "network%zu%s%zu", i, j > 0 ? "_" : "", j > 0 ? j : 0);
    jo_strf(o, "link", "tap%.11s", json_str(port, "id"));
    jo_str(o, "network_id", json_str(port, "network_id"));
    if (json_bool(ip, "dhcp", 0) && v4) {
        jo_str(o, "type", "ipv4_dhcp");
        jo_end_object(o);
        return;
    }
    jo_str(o, "type", v4 ? "ipv4" : "ipv6");
    jo_str(o, "ip_address", json_str(ip, "ip"));
    if (v4) {
        uint32_t mask = prefix > 0 ? ~UINT32_C(0) << (32 - prefix) : 0;

        jo_strf(o, "netmask", "%u.%u.%u.%u", mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255);
    } else {
        jo_strf(o, "netmask", "%d", prefix);
    }
    jo_array(o, "routes");
    if (json_str(ip, "gateway") != NULL) {
        jo_object(o, NULL);
        jo_str(o, "network", v4 ? "0.0.0.0" : "::");
        jo_str(o, "netmask", v4 ? "0.0.0.0" : "::");
        jo_str(o, "gateway", json_str(ip, "gateway"));
        jo_end_object(o);
    }
    jo_end_array(o);
    jo_array(o, "services");
    json_array_foreach(json_object_get(ip, "dns"), k, item) {
        jo_object(o, NULL);
        jo_str(o, "type", "dns");
        jo_str(o, "address", json_string_value(item));
        jo_end_object(o);
    }
    jo_end_array(o);
    jo_end_object(o);
}

static int
doc_network_data_json(struct guest *g, struct str *out)
{
    struct json_out o;
    const json_t *port, *ip;
    size_t i, j;

    jo_init(&o, out);
    jo_object(&o, NULL);
    jo_array(&o, "links");
    json_array_foreach(g->ports, i, port) {
        jo_object(&o, NULL);
        jo_strf(&o, "id", "tap%.11s", json_str(port, "id"));
        jo_str(&o, "vif_id", json_str(port, "id"));
        jo_str(&o, "type", "bridge");
        jo_int(&o, "mtu", json_int(port, "mtu", 1500));
        jo_str(&o, "ethernet_mac_address", json_str(port, "mac"));
        jo_end_object(&o);
    }
    jo_end_array(&o);
    jo_array(&o, "networks");
    json_array_foreach(g->ports, i, port)
        json_array_foreach(json_object_get(port, "ips"), j, ip)
            net_entry(&o, port, ip, i, j);
    jo_end_array(&o);
    jo_array(&o, "services");
    jo_end_array(&o);
    jo_end_object(&o);
    return 0;
}

static int
doc_user_data(struct guest *g, struct str *out)
{
    CLEANUP_FREE unsigned char *bytes = NULL;
    size_t len;

    if (g->user_data == NULL || (bytes = str_unbase64(g->user_data, strlen(g->user_data), 0, &len)) == NULL)
        return -1;
    str_add_n(out, (const char *)bytes, len);
    return 0;
}

static int
doc_vendor_data(struct guest *g, struct str *out)
{
    (void)g;
    str_add(out, "{}");
    return 0;
}

static int
text_or_none(struct str *out, const char *text)
{
    if (text == NULL)
        return -1;
    str_add(out, text);
    return 0;
}

static int doc_ami_id(struct guest *g, struct str *out) { return text_or_none(out, g->image_id[0] != '\0' ? g->image_id : "None"); }
static int doc_launch_index(struct guest *g, struct str *out) { str_addf(out, "%lld", (long long)g->launch_index); return 0; }
static int doc_manifest(struct guest *g, struct str *out) { (void)g; return text_or_none(out, ""); }
static int doc_hostname(struct guest *g, struct str *out) { return text_or_none(out, g->hostname); }
static int doc_action(struct guest *g, struct str *out) { (void)g; return text_or_none(out, "none"); }
static int doc_instance_id(struct guest *g, struct str *out) { str_addf(out, "i-%08llx", (unsigned long long)g->number); return 0; }
static int doc_flavor(struct guest *g, struct str *out) { return text_or_none(out, g->flavor); }
static int doc_local_ipv4(struct guest *g, struct str *out) { return text_or_none(out, first_ip(g, 4)); }
static int doc_zone(struct guest *g, struct str *out) { return text_or_none(out, g->zone != NULL ? g->zone : "nova"); }
static int doc_reservation(struct guest *g, struct str *out) { return text_or_none(out, g->reservation_id); }
static int doc_public_ipv4(struct guest *g, struct str *out) { (void)g; return text_or_none(out, ""); }
static int doc_root_device(struct guest *g, struct str *out) { (void)g; return text_or_none(out, "/dev/vda"); }
static int doc_ami(struct guest *g, struct str *out) { (void)g; return text_or_none(out, "vda"); }
static int doc_password(struct guest *g, struct str *out) { return text_or_none(out, g->password != NULL ? g->password : ""); }
static int doc_key(struct guest *g, struct str *out) { return text_or_none(out, g->key_data); }

static int
doc_key_list(struct guest *g, struct str *out)
{
    if (g->key_name == NULL)
        return -1;
    str_addf(out, "0=%s", g->key_name);
    return 0;
}

/* Every path; directories are derived from it.  '@' marks what is only there with a key or user data (its function says so). */
static const char type_json[] = "application/json", type_text[] = "text/plain", type_bytes[] = "application/octet-stream";
static const struct doc { const char *path; const char *type; int (*write)(struct guest *g, struct str *out); int on_drive; } docs[] = {
    { "openstack/%/meta_data.json",    type_json, doc_meta_data_json, 1 },
    { "openstack/%/network_data.json", type_json, doc_network_data_json, 1 },
    { "openstack/%/password",          type_text, doc_password, 0 },
    { "openstack/%/user_data",         type_bytes, doc_user_data, 1 },
    { "openstack/%/vendor_data.json",  type_json, doc_vendor_data, 1 },
    { "openstack/%/vendor_data2.json", type_json, doc_vendor_data, 1 },
    { "%/meta-data/ami-id",            type_text, doc_ami_id, 0 },
    { "%/meta-data/ami-launch-index",  type_text, doc_launch_index, 0 },
    { "%/meta-data/ami-manifest-path", type_text, doc_manifest, 0 },
    { "%/meta-data/block-device-mapping/ami",  type_text, doc_ami, 0 },
    { "%/meta-data/block-device-mapping/root", type_text, doc_root_device, 0 },
    { "%/meta-data/hostname",          type_text, doc_hostname, 0 },
    { "%/meta-data/instance-action",   type_text, doc_action, 0 },
    { "%/meta-data/instance-id",       type_text, doc_instance_id, 0 },
    { "%/meta-data/instance-type",     type_text, doc_flavor, 0 },
    { "%/meta-data/local-hostname",    type_text, doc_hostname, 0 },
    { "%/meta-data/local-ipv4",        type_text, doc_local_ipv4, 0 },
    { "%/meta-data/placement/availability-zone", type_text, doc_zone, 0 },
    { "%/meta-data/public-hostname",   type_text, doc_hostname, 0 },
    { "%/meta-data/public-ipv4",       type_text, doc_public_ipv4, 0 },
    { "%/meta-data/public-keys/",      type_text, doc_key_list, 0 },
    { "%/meta-data/public-keys/0/openssh-key", type_text, doc_key, 0 },
    { "%/meta-data/reservation-id",    type_text, doc_reservation, 0 },
    { "%/meta-data/security-groups",   type_text, NULL, 0 },
    { "%/user-data",                   type_bytes, doc_user_data, 0 },
};
/* Versions that clients ask for; '%' stands for any of a tree's. */
static const char *const openstack_versions[] = { "2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15", "2016-06-30", "2016-10-06", "2017-02-22",
                                                  "2018-08-27", "2020-10-14", "latest", NULL };
static const char *const ec2_versions[] = { "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
                                            "2009-04-04", "latest", NULL };

static int
doc_groups(struct tx *tx, struct guest *g, struct str *out, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_query(tx, &r, err,
                 "select distinct s.name as name from security_groups s join port_security_groups g on g.security_group_id = s.id"
                 " join ports p on p.id = g.port_id where p.device_id = ? order by s.name", "s", g->id) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1)
        str_addf(out, "%s%s", out->len > 0 ? "\n" : "", row_text(r, "name"));
    return rc;
}

/* Puts 'version' of a path in place of '%': "latest/meta-data/x" -> "%/meta-data/x".  0: not a version that is known. */
static int
normalise(const char *path, char *buf, size_t size)
{
    int openstack = strncmp(path, "openstack/", 10) == 0;
    const char *version = openstack ? path + 10 : path, *rest = strchr(version, '/');
    size_t len = rest != NULL ? (size_t)(rest - version) : strlen(version);
    const char *const *known = openstack ? openstack_versions : ec2_versions;

    for (; *known != NULL; known++)
        if (strlen(*known) == len && strncmp(*known, version, len) == 0) {
            snprintf(buf, size, "%s%%%s", openstack ? "openstack/" : "", rest != NULL ? rest : "");
            return 1;
        }
    return 0;
}

static void
list_versions(struct str *out, const char *const *versions)
{
    for (; *versions != NULL; versions++)
        str_addf(out, "%s%s", out->len > 0 ? "\n" : "", *versions);
}

/* The entries below 'dir' ("%/meta-data/"), each once; those whose document this guest does not have are left out. */
static int
list_directory(struct tx *tx, struct guest *g, const char *dir, struct str *out, struct cairn_error *err)
{
    size_t len = strlen(dir);
    char last[128] = "";
    int found = 0;

    for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
        CLEANUP_STR struct str probe = STR_INIT;
        const char *name = docs[i].path + len, *slash;
        char entry[128];

        if (strncmp(docs[i].path, dir, len) != 0 || *name == '\0')
            continue;
        if (docs[i].write != NULL && docs[i].write(g, &probe) < 0)
            continue;
        slash = strchr(name, '/');
        snprintf(entry, sizeof entry, "%.*s", (int)(slash != NULL ? slash - name + 1 : (long)strlen(name)), name);
        if (strcmp(entry, last) == 0)
            continue;
        snprintf(last, sizeof last, "%s", entry);
        str_addf(out, "%s%s", found ? "\n" : "", entry);
        found = 1;
    }
    (void)tx;
    return found ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "no such metadata");
}

/* File 'i' of those that the server was given; its bytes. */
static int
write_file(const struct guest *g, size_t i, struct str *out)
{
    const char *text = json_str(json_array_get(g->files, i), "contents");
    CLEANUP_FREE unsigned char *bytes = NULL;
    size_t len = 0;

    if (text == NULL || ((bytes = str_unbase64(text, strlen(text), 0, &len)) == NULL && *text != '\0'))
        return -1;
    str_add_n(out, (const char *)bytes, len);
    return 0;
}

static int
write_document(struct tx *tx, struct guest *g, const char *path, struct str *out, const char **ret_type, struct cairn_error *err)
{
    char pattern[256], dir[260];

    *ret_type = type_text;
    if (*path == '\0') {
        list_versions(out, ec2_versions);
        return 0;
    }
    if (strcmp(path, "openstack") == 0 || strcmp(path, "openstack/") == 0) {
        list_versions(out, openstack_versions);
        return 0;
    }
    if (strncmp(path, "openstack/content/", 18) == 0) {
        int64_t i;

        *ret_type = type_bytes;
        return str_to_int(path + 18, 0, INT32_MAX, &i) == 0 && write_file(g, (size_t)i, out) == 0 ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "no such file");
    }
    if (strlen(path) < 200 && normalise(path, pattern, sizeof pattern)) {
        for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
            if (strcmp(docs[i].path, pattern) != 0)
                continue;
            *ret_type = docs[i].type;
            if (docs[i].write == NULL)
                return doc_groups(tx, g, out, err);
            if (docs[i].write(g, out) == 0)
                return 0;
            return cairn_fail(err, CAIRN_NOT_FOUND, "no such metadata");
        }
        snprintf(dir, sizeof dir, "%s%s", pattern, pattern[strlen(pattern) - 1] == '/' ? "" : "/");
        return list_directory(tx, g, dir, out, err);
    }
    return cairn_fail(err, CAIRN_NOT_FOUND, "no such metadata");
}

int
metadata_document(struct tx *tx, const char *server_id, const char *path, char **ret_text, size_t *ret_len, const char **ret_type,
                  struct cairn_error *err)
{
    CLEANUP(guest_free) struct guest g = { .a = ARENA_INIT };
    CLEANUP_STR struct str out = STR_INIT;

    while (*path == '/')
        path++;
    if (guest_read(tx, server_id, &g, err) < 0 || write_document(tx, &g, path, &out, ret_type, err) < 0)
        return -1;
    *ret_len = out.len;
    *ret_text = str_take(&out);
    return 0;
}

int
metadata_set_password(struct tx *tx, const char *server_id, const char *path, const char *text, size_t len, struct cairn_error *err)
{
    char pattern[256], copy[METADATA_PASSWORD_MAX + 1];

    while (*path == '/')
        path++;
    if (strlen(path) >= 200 || !normalise(path, pattern, sizeof pattern) || strcmp(pattern, "openstack/%/password") != 0)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "only the password can be posted");
    if (len > METADATA_PASSWORD_MAX || memchr(text, '\0', len) != NULL || !str_is_utf8(text, len))
        return cairn_fail(err, CAIRN_INVALID, "a password is text of at most %d bytes", METADATA_PASSWORD_MAX);
    memcpy(copy, text, len);
    copy[len] = '\0';
    /* Once set it stays until its owner clears it: whoever gets into the guest later cannot put another in its place. */
    if (tx_exec(tx, err, "update servers set guest_password = ? where id = ? and coalesce(guest_password, '') = '' and deleted_us is null", "ss", copy, server_id) < 0)
        return -1;
    return tx_changes(tx) == 1 ? 0 : cairn_fail(err, CAIRN_CONFLICT, "the password is set already");
}

int
metadata_files(struct tx *tx, const char *server_id, int (*fn)(void *arg, const char *path, const char *bytes, size_t len, struct cairn_error *err),
               void *arg, struct cairn_error *err)
{
    CLEANUP(guest_free) struct guest g = { .a = ARENA_INIT };

    if (guest_read(tx, server_id, &g, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
        CLEANUP_STR struct str out = STR_INIT;
        char path[128];

        if (!docs[i].on_drive || docs[i].write(&g, &out) < 0)
            continue;
        snprintf(path, sizeof path, "openstack/latest/%s", docs[i].path + strlen("openstack/%/"));
        if (fn(arg, path, out.text != NULL ? out.text : "", out.len, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < json_array_size(g.files); i++) {
        CLEANUP_STR struct str out = STR_INIT;
        char path[64];

        snprintf(path, sizeof path, "openstack/content/%04zu", i);
        if (write_file(&g, i, &out) == 0 && fn(arg, path, out.text != NULL ? out.text : "", out.len, err) < 0)
            return -1;
    }
    return 0;
}

int
metadata_whose(struct tx *tx, const char *network_id, const char *address, char ret_server_id[ID_UUID], struct cairn_error *err)
{
    CLEANUP_FREE char *id = NULL;

    if (tx_text(tx, &id, err,
                "select p.device_id from ports p join fixed_ips f on f.port_id = p.id where p.network_id = ? and f.ip_address = ?", "ss",
                network_id, address) < 0)
        return -1;
    if (id == NULL || id[0] == '\0')
        return cairn_fail(err, CAIRN_NOT_FOUND, "no server has address %s in network %s", address, network_id);
    snprintf(ret_server_id, ID_UUID, "%s", id);
    return 0;
}

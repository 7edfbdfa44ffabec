/* compute_test.c: what the compute service promises, at many microversions, through its application. */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "compute/compute.h"
#include "network/network_api.h"
#include "service.h"

#define HOST "00000000-0000-4000-8000-0000000000a1"
#define IMAGE "00000000-0000-4000-8000-000000000011"
#define HIDDEN_IMAGE "00000000-0000-4000-8000-000000000012"
#define NOWHERE "00000000-0000-4000-8000-00000000dead"

static const struct cairn_key daemon_keys[] = { CAIRN_KEY("state_dir", CAIRN_KEY_PATH, "/nowhere", "Where."), { 0 } };
static const struct cairn_key host_keys[] = { CAIRN_KEY("storage", CAIRN_KEY_STRING, NULL, "Of disks."), { 0 } };
static const struct cairn_key networking_keys[] = {
    CAIRN_KEY("tenant_type", CAIRN_KEY_STRING, "local", "Kind of network that users get: local or vxlan."),
    CAIRN_KEY_RANGE("vni_min", "1", 1, 16777215, "First VXLAN identifier given out."),
    CAIRN_KEY_RANGE("vni_max", "16777215", 1, 16777215, "Last VXLAN identifier given out."),
    CAIRN_KEY_RANGE("mtu", "1500", 68, 65535, "MTU of the underlay; networks get what their encapsulation leaves."),
    CAIRN_KEY("physical_networks", CAIRN_KEY_LIST, "host", "Names that flat and VLAN networks may use."),
    CAIRN_KEY_RANGE("vlan_min", "1", 1, 4094, "First VLAN id given out."),
    CAIRN_KEY_RANGE("vlan_max", "4094", 1, 4094, "Last VLAN id given out."),
    CAIRN_KEY("dns_domain", CAIRN_KEY_STRING, "", "Domain of host names given by DHCP."),
    CAIRN_KEY_RANGE("max_fixed_ips", "5", 1, 1000, "Addresses on one port."),
    { 0 },
};
static const struct config_section sections[] = {
    { "daemon", "It.", daemon_keys }, { "host", "This host.", host_keys }, { "networking", "Networks.", networking_keys },
    { "scheduler", "Placement.", scheduler_keys }, { "quota", "Limits.", rest_quota_keys }, { NULL, NULL, NULL },
};
static struct scheduler *scheduler;
static struct http_app *app, *networks;

static void
add_rows(void)
{
    struct tx *tx;

    sql("insert into hosts (id, number, name, driver, availability_zone, heartbeat_us, hypervisor_type, hypervisor_version, arch, cpu_info, host_ip, vcpus,"
        " ram_mib, disk_gib, vcpu_ratio, ram_ratio, disk_ratio, reserved_vcpus, reserved_ram_mib, reserved_disk_gib, created_us, updated_us)"
        " values ('" HOST "', 1, 'h1', 'c1', 'nova', %lld, 'QEMU', 8000000, 'x86_64', '{\"arch\": \"x86_64\"}', '127.0.0.1', 64, 65536, 1000, 1, 1, 1, 0,"
        " 512, 0, 1, 1)", (long long)clock_us());
    sql("insert into images (id, name, status, visibility, disk_format, size_bytes, virtual_size_bytes, store, handle, created_us, updated_us)"
        " values ('" IMAGE "', 'small', 'active', 'public', 'raw', 1048576, 1048576, 's1', 'x', 1, 1)");
    sql("insert into images (id, owner, name, status, visibility, disk_format, size_bytes, virtual_size_bytes, store, handle, created_us, updated_us)"
        " values ('" HIDDEN_IMAGE "', '" P2 "', 'theirs', 'active', 'private', 'raw', 1048576, 1048576, 's1', 'x', 1, 1)");
    sql("insert into image_properties (image_id, name, value) values ('" IMAGE "', 'hw_rng_model', 'virtio'), ('" IMAGE "', 'colour', 'red')");
    sql("insert into domains (id, name, created_us) values ('default', 'Default', 1)");
    sql("insert into projects (id, domain_id, name, created_us) values ('" P1 "', 'default', 'one', 1), ('" P2 "', 'default', 'two', 1)");
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_int_eq(compute_seed_flavors(tx, &err), 0);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
}

static void
setup(void)
{
    unit_cloud(sections);
    ck_assert_msg(scheduler_open(plugins, config, &scheduler, &err) == 0, "%s", err.message);
    service_begin();
    env.scheduler = scheduler;
    networks = service_app(&network_service);
    app = service_app(&compute_service);
    add_rows();
}

static void
teardown(void)
{
    scheduler_close(scheduler);
    service_end();
}

/* COMPUTE_TEST_TRACE=FILE: every call and reply as a line of JSON, to be checked against published schemas. */
static void
trace(const char *method, const char *path, const char *version, const char *body, const struct wire_reply *r)
{
    const char *name = getenv("COMPUTE_TEST_TRACE"), *location = name != NULL ? wire_header("Location") : NULL;
    FILE *f = name != NULL ? fopen(name, "a") : NULL;

    if (f == NULL)
        return;
    fprintf(f, "{\"call\": \"%s %s\", \"version\": \"%s\", \"location\": %d, \"status\": %d, \"sent\": %s, \"reply\": %s}\n", method, path, version,
            location != NULL, r->status, body != NULL ? body : "null", r->text[0] != '\0' ? r->text : "null");
    fclose(f);
}

/* 'path' is below /v2.1 and may have a query behind '?'. */
static const struct wire_reply *
ask(struct auth *who, const char *version, const char *method, const char *path, const char *body)
{
    CLEANUP_FREE char *headers = xasprintf("X-OpenStack-Nova-API-Version: %s\n", version);
    CLEANUP_FREE char *whole = xasprintf("/v2.1%s", path);
    char *query = strchr(whole, '?');
    const struct wire_reply *r;

    if (query != NULL)
        *query++ = '\0';
    r = wire_ask(app, who, method, whole, query, headers, body);
    trace(method, path, version, body, r);
    return r;
}

/* A path with the id in it. */
static const struct wire_reply *
at(struct auth *who, const char *version, const char *method, const char *path_fmt, const char *id, const char *body)
{
    char path[512];
    const char *mark = strstr(path_fmt, "%s");

    ck_assert_ptr_nonnull(mark);
    snprintf(path, sizeof path, "%.*s%s%s", (int)(mark - path_fmt), path_fmt, id, mark + 2);
    return ask(who, version, method, path, body);
}

/* Status and a part of the fault's sentence; the fault has its name and its code. */
#define ASSERT_FAULT(r, want, name, part) do { const struct wire_reply *r_ = (r); json_t *f_ = json_object_get(r_->json, (name)); ASSERT_STATUS(r_, want); \
    ck_assert_msg(f_ != NULL && json_int(f_, "code", 0) == (want) && strstr(json_str(f_, "message"), (part)) != NULL, "%s", r_->text); } while (0)

static char *
create_server(struct auth *who, const char *version, const char *more)
{
    CLEANUP_FREE char *body = xasprintf("{\"server\": {\"name\": \"web\", \"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\"%s}}", more);
    const struct wire_reply *r = ask(who, version, "POST", "/servers", body);

    ASSERT_STATUS(r, 202);
    return xstrdup(json_str(json_object_get(r->json, "server"), "id"));
}

static char *
make_network(struct auth *who, const char *path, const char *key, const char *fields)
{
    CLEANUP_FREE char *body = xasprintf("{\"%s\": {%s}}", key, fields);
    const struct wire_reply *r = wire_ask(networks, who, "POST", path, NULL, NULL, body);

    ASSERT_STATUS(r, 201);
    return xstrdup(json_str(json_object_get(r->json, key), "id"));
}

static char *
make_net_with_subnet(struct auth *who, const char *name, const char *cidr)
{
    CLEANUP_FREE char *fields = xasprintf("\"name\": \"%s\"", name);
    char *net = make_network(who, "/v2.0/networks", "network", fields);
    CLEANUP_FREE char *sub = xasprintf("\"network_id\": \"%s\", \"ip_version\": 4, \"cidr\": \"%s\"", net, cidr);

    free(make_network(who, "/v2.0/subnets", "subnet", sub));
    return net;
}

/* As if the build was done. */
static void
settle(const char *id, const char *vm_state)
{
    sql("update servers set vm_state = '%s', task_state = null, power_state = 1, launched_us = 1000000 where id = '%s'", vm_state, id);
    sql("update tasks set state = 'done' where object_id = '%s'", id);
}

static const json_t *
server_of(const struct wire_reply *r)
{
    ASSERT_STATUS(r, 200);
    return json_object_get(r->json, "server");
}

static const char *const versions[] = { "2.1", "2.2", "2.3", "2.8", "2.9", "2.13", "2.16", "2.19", "2.26", "2.28", "2.33", "2.36", "2.39", "2.47", "2.48",
    "2.51", "2.53", "2.54", "2.55", "2.57", "2.58", "2.61", "2.62", "2.63", "2.64", "2.70", "2.71", "2.73", "2.75", "2.79", "2.84", "2.88", "2.90", "2.93" };

static int
since(const char *version, int minor)
{
    return atoi(version + 2) >= minor;
}

/* --- versions and faults */

START_TEST(versions_are_told_and_checked)
{
    const struct wire_reply *r = wire_ask(app, NULL, "GET", "/", NULL, NULL, NULL);
    json_t *list = json_object_get(r->json, "versions");

    ASSERT_STATUS(r, 200);
    ck_assert_str_eq(json_str(json_array_get(list, 0), "id"), "v2.0");
    ck_assert_str_eq(json_str(json_array_get(list, 1), "version"), "2.93");
    ASSERT_STATUS(wire_ask(app, NULL, "GET", "/v2.1", NULL, NULL, NULL), 200);
    ASSERT_STATUS(ask(member, "2.94", "GET", "/servers", NULL), 406);
    ASSERT_STATUS(ask(member, "two", "GET", "/servers", NULL), 400);
    ASSERT_STATUS(ask(member, "2.60", "GET", "/servers", NULL), 200);
    ck_assert_str_eq(wire_header("X-OpenStack-Nova-API-Version"), "2.60");
    ck_assert_ptr_nonnull(wire_header("X-Compute-Request-Id"));
    ASSERT_STATUS(wire_ask(app, NULL, "GET", "/v2.1/servers", NULL, NULL, NULL), 401);
    ASSERT_FAULT(ask(member, "2.1", "GET", "/servers/" NOWHERE, NULL), 404, "itemNotFound", "Instance " NOWHERE " could not be found.");
    ASSERT_STATUS(ask(member, "2.1", "GET", "/servers/web", NULL), 404);
}
END_TEST

/* --- flavors */

START_TEST(flavors_are_made_shown_and_deleted)
{
    const char *v = versions[_i];
    const struct wire_reply *r = ask(admin, v, "POST", "/flavors", "{\"flavor\": {\"name\": \"f\", \"id\": \"f1\", \"ram\": 64, \"vcpus\": \"1\", \"disk\": 0,"
                                                                   " \"OS-FLV-EXT-DATA:ephemeral\": 1, \"swap\": 32, \"rxtx_factor\": 2}}");
    json_t *f = json_object_get(r->json, "flavor");

    ASSERT_STATUS(r, 200);
    ck_assert_int_eq((int)json_int(f, "swap", 0), 32);
    ck_assert_int_eq(json_object_get(f, "description") != NULL, since(v, 55));
    ck_assert_int_eq(json_object_get(f, "extra_specs") != NULL, since(v, 61));
    ASSERT_STATUS(ask(admin, v, "POST", "/flavors/f1/os-extra_specs", "{\"extra_specs\": {\"hw:cpu_policy\": \"shared\"}}"), 200);
    ASSERT_STATUS(ask(member, v, "GET", "/flavors/f1/os-extra_specs/hw:cpu_policy", NULL), 200);
    ASSERT_STATUS(ask(member, v, "GET", "/flavors/f1/os-extra_specs", NULL), 200);
    ASSERT_STATUS(ask(admin, v, "PUT", "/flavors/f1/os-extra_specs/hw:cpu_policy", "{\"hw:cpu_policy\": \"dedicated\"}"), 200);
    ASSERT_FAULT(ask(admin, v, "PUT", "/flavors/f1/os-extra_specs/hw:cpu_policy", "{\"other\": \"x\"}"), 400, "badRequest", "mismatch");
    ASSERT_STATUS(ask(member, v, "GET", "/flavors/f1", NULL), 200);
    ASSERT_STATUS(ask(member, v, "GET", "/flavors", NULL), 200);
    ASSERT_STATUS(ask(member, v, "GET", "/flavors/detail?limit=2", NULL), 200);
    ASSERT_STATUS(ask(admin, v, "DELETE", "/flavors/f1/os-extra_specs/hw:cpu_policy", NULL), 200);
    ASSERT_STATUS(ask(admin, v, "DELETE", "/flavors/f1/os-extra_specs/hw:cpu_policy", NULL), 404);
    ASSERT_STATUS(ask(admin, v, "PUT", "/flavors/f1", "{\"flavor\": {\"description\": \"d\"}}"), since(v, 55) ? 200 : 404);
    ASSERT_STATUS(ask(admin, v, "DELETE", "/flavors/f1", NULL), 202);
    ASSERT_FAULT(ask(admin, v, "GET", "/flavors/f1", NULL), 404, "itemNotFound", "Flavor f1 could not be found.");
}
END_TEST

static const struct { const char *fields; int status; } flavor_bodies[] = {
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1", 200 },
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": 1", 400 },
    { "\"name\": \"f\", \"ram\": 0, \"vcpus\": 1, \"disk\": 1", 400 },
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": -1, \"disk\": 1", 400 },
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 2147483648", 400 },
    { "\"name\": \" \", \"ram\": 64, \"vcpus\": 1, \"disk\": 1", 400 },
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1, \"rxtx_factor\": 0", 400 },
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1, \"description\": \"d\"", 400 },
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1, \"id\": \"a b \"", 400 },
    { "\"name\": \"f\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1, \"id\": \"42\"", 409 },
    { "\"name\": \"m1.nano\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1", 409 },
};

START_TEST(flavors_are_checked)
{
    CLEANUP_FREE char *body = xasprintf("{\"flavor\": {%s}}", flavor_bodies[_i].fields);

    ASSERT_STATUS(ask(admin, "2.1", "POST", "/flavors", body), flavor_bodies[_i].status);
    if (flavor_bodies[_i].status != 400)
        ASSERT_STATUS(ask(member, "2.1", "POST", "/flavors", body), 403);
}
END_TEST

START_TEST(private_flavors_are_for_those_who_were_let_in)
{
    ASSERT_STATUS(ask(admin, "2.1", "POST", "/flavors", "{\"flavor\": {\"name\": \"p\", \"id\": \"p\", \"ram\": 64, \"vcpus\": 1, \"disk\": 1,"
                                                        " \"os-flavor-access:is_public\": false}}"), 200);
    ASSERT_STATUS(ask(member, "2.1", "GET", "/flavors/p", NULL), 404);
    ASSERT_STATUS(ask(admin, "2.1", "POST", "/flavors/p/action", "{\"addTenantAccess\": {\"tenant\": \"" P1 "\"}}"), 200);
    ASSERT_STATUS(ask(admin, "2.1", "POST", "/flavors/p/action", "{\"addTenantAccess\": {\"tenant\": \"" P1 "\"}}"), 409);
    ASSERT_STATUS(ask(member, "2.1", "GET", "/flavors/p", NULL), 200);
    ASSERT_STATUS(ask(stranger, "2.1", "GET", "/flavors/p", NULL), 404);
    ASSERT_STATUS(ask(admin, "2.1", "GET", "/flavors/p/os-flavor-access", NULL), 200);
    ASSERT_STATUS(ask(admin, "2.1", "GET", "/flavors/42/os-flavor-access", NULL), 404);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(admin, "2.1", "GET", "/flavors?is_public=false", NULL)->json, "flavors")), 1);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(admin, "2.1", "GET", "/flavors?is_public=None", NULL)->json, "flavors")), 7);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "2.1", "GET", "/flavors?minRam=4096", NULL)->json, "flavors")), 2);
    ASSERT_STATUS(ask(admin, "2.1", "POST", "/flavors/p/action", "{\"removeTenantAccess\": {\"tenant\": \"" P1 "\"}}"), 200);
    ASSERT_STATUS(ask(admin, "2.1", "POST", "/flavors/p/action", "{\"removeTenantAccess\": {\"tenant\": \"" P1 "\"}}"), 404);
}
END_TEST

/* --- key pairs */

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2Jc0sJ9Wm1QeN4E5H5h1q0y3Qm0mF3mP0T0cJ8J9bR me"

START_TEST(key_pairs_are_made_listed_and_deleted)
{
    const char *v = versions[_i];
    const struct wire_reply *r = ask(member, v, "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"k1\", \"public_key\": \"" KEY "\"}}");

    ASSERT_STATUS(r, since(v, 2) ? 201 : 200);
    ck_assert_ptr_null(json_object_get(json_object_get(r->json, "keypair"), "private_key"));
    r = ask(member, v, "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"k2\"}}");
    if (since(v, 92))
        ASSERT_STATUS(r, 400);
    else
        ck_assert_msg(strstr(r->text, "BEGIN RSA PRIVATE KEY") != NULL, "%s", r->text);
    ASSERT_STATUS(ask(member, v, "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"k1\", \"public_key\": \"" KEY "\"}}"), 409);
    ASSERT_STATUS(ask(member, v, "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"k3\", \"public_key\": \"ssh-rsa AAAA\"}}"), 400);
    ASSERT_STATUS(ask(member, v, "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"a/b\", \"public_key\": \"" KEY "\"}}"), 400);
    ASSERT_STATUS(ask(member, v, "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"a@b\", \"public_key\": \"" KEY "\"}}"), since(v, 92) ? 201 : 400);
    ASSERT_STATUS(ask(member, v, "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"k4\", \"public_key\": \"" KEY "\", \"type\": \"ssh\"}}"),
                  since(v, 2) ? 201 : 400);
    ASSERT_STATUS(ask(member, v, "GET", "/os-keypairs/k1", NULL), 200);
    ASSERT_STATUS(ask(stranger, v, "GET", "/os-keypairs/k1", NULL), 404);
    r = ask(member, v, "GET", "/os-keypairs?limit=1", NULL);
    ASSERT_STATUS(r, 200);
    if (since(v, 35))
        ck_assert_int_eq((int)json_array_size(json_object_get(r->json, "keypairs")), 1);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(stranger, v, "GET", "/os-keypairs", NULL)->json, "keypairs")), 0);
    if (since(v, 10)) {
        ASSERT_STATUS(ask(stranger, v, "GET", "/os-keypairs?user_id=u1", NULL), 403);
        ASSERT_STATUS(ask(admin, v, "GET", "/os-keypairs/k1?user_id=u1", NULL), 200);
    }
    ASSERT_STATUS(ask(member, v, "DELETE", "/os-keypairs/k1", NULL), since(v, 2) ? 204 : 202);
    ASSERT_STATUS(ask(member, v, "DELETE", "/os-keypairs/k1", NULL), 404);
}
END_TEST

/* --- servers */

/* A server with all that it can have, on two networks. */
static char *
rich_server(const char *version)
{
    CLEANUP_FREE char *a = make_net_with_subnet(member, "a-net", "10.1.0.0/24");
    CLEANUP_FREE char *b = make_net_with_subnet(member, "b-net", "10.2.0.0/24");
    CLEANUP_FREE char *fields = xasprintf("\"network_id\": \"%s\"", b);
    CLEANUP_FREE char *port = make_network(member, "/v2.0/ports", "port", fields);
    CLEANUP_FREE char *more = xasprintf(", \"networks\": [{\"uuid\": \"%s\", \"fixed_ip\": \"10.1.0.77\"}, {\"port\": \"%s\"}], \"key_name\": \"k\","
        " \"metadata\": {\"a\": \"b\"}, \"user_data\": \"aGVsbG8=\", \"config_drive\": true, \"security_groups\": [{\"name\": \"default\"}]%s%s", a, port,
        since(version, 19) ? ", \"description\": \"about\"" : "", since(version, 52) ? ", \"tags\": [\"t1\", \"t2\"]" : "");

    ask(member, "2.1", "POST", "/os-keypairs", "{\"keypair\": {\"name\": \"k\", \"public_key\": \"" KEY "\"}}");
    return create_server(member, version, more);
}

START_TEST(servers_are_shown_as_each_version_wants)
{
    const char *v = versions[_i];
    CLEANUP_FREE char *id = rich_server(v);
    const json_t *s = server_of(at(member, v, "GET", "/servers/%s", id, NULL));

    ck_assert_str_eq(json_str(s, "status"), "BUILD");
    ck_assert_str_eq(json_str(s, "config_drive"), "True");
    ck_assert_int_eq((int)json_object_size(json_object_get(s, "addresses")), 2);
    ck_assert_str_eq(json_str(json_array_get(json_object_get(json_object_get(s, "addresses"), "a-net"), 0), "addr"), "10.1.0.77");
    ck_assert_ptr_null(json_object_get(s, "OS-EXT-SRV-ATTR:host"));
    ck_assert_int_eq(json_object_get(s, "locked") != NULL, since(v, 9));
    ck_assert_int_eq(json_object_get(s, "description") != NULL, since(v, 19));
    ck_assert_int_eq(json_object_get(s, "tags") != NULL, since(v, 26));
    ck_assert_int_eq(json_object_get(json_object_get(s, "flavor"), "original_name") != NULL, since(v, 47));
    ck_assert_int_eq(json_object_get(s, "server_groups") != NULL, since(v, 71));
    settle(id, "active");
    s = server_of(at(admin, v, "GET", "/servers/%s", id, NULL));
    ck_assert_str_eq(json_str(s, "OS-EXT-SRV-ATTR:host"), "h1");
    ck_assert_int_eq(json_object_get(s, "host_status") != NULL, since(v, 16));
    ck_assert_int_eq(json_object_get(s, "OS-EXT-SRV-ATTR:user_data") != NULL, since(v, 3));
    for (int i = 0; i < 2; i++) {
        ASSERT_STATUS(ask(i ? admin : member, v, "GET", i ? "/servers/detail?all_tenants=1" : "/servers/detail", NULL), 200);
        ASSERT_STATUS(ask(i ? admin : member, v, "GET", i ? "/servers?all_tenants=1" : "/servers", NULL), 200);
    }
    s = server_of(at(member, v, "PUT", "/servers/%s", id, "{\"server\": {\"name\": \"new\", \"accessIPv4\": \"10.0.0.1\", \"accessIPv6\": \"\"}}"));
    ck_assert_str_eq(json_str(s, "name"), "new");
    ck_assert_int_eq(json_object_get(s, "key_name") != NULL, since(v, 75));
    ASSERT_STATUS(at(member, v, "PUT", "/servers/%s", id, "{\"server\": {\"description\": \"d\"}}"), since(v, 19) ? 200 : 400);
    ASSERT_STATUS(at(member, v, "GET", "/servers/%s/ips", id, NULL), 200);
    ASSERT_STATUS(at(member, v, "GET", "/servers/%s/ips/a-net", id, NULL), 200);
    ASSERT_STATUS(at(member, v, "GET", "/servers/%s/ips/c-net", id, NULL), 404);
    ck_assert_int_eq((int)json_array_size(json_object_get(at(member, v, "GET", "/servers/%s/os-interface", id, NULL)->json, "interfaceAttachments")), 2);
    ASSERT_STATUS(at(member, v, "GET", "/servers/%s/os-interface/" NOWHERE, id, NULL), 404);
    ASSERT_STATUS(at(member, v, "GET", "/servers/%s/os-security-groups", id, NULL), 200);
    ASSERT_STATUS(at(member, v, "GET", "/servers/%s/os-instance-actions", id, NULL), 200);
    for (int i = 0; i < 2; i++)
        ASSERT_STATUS(at(i ? admin : member, v, "GET", "/servers/%s/os-instance-actions/req-00000000-0000-4000-8000-000000000000", id, NULL), 200);
    ASSERT_STATUS(at(member, v, "GET", "/servers/%s/os-instance-actions/req-none", id, NULL), 404);
    sql("update servers set vm_state = 'error', fault_code = 500, fault_message = 'bad', fault_details = 'why', fault_us = 5 where id = '%s'", id);
    ck_assert_str_eq(json_str(json_object_get(server_of(at(admin, v, "GET", "/servers/%s", id, NULL)), "fault"), "message"), "bad");
    ASSERT_STATUS(at(member, v, "DELETE", "/servers/%s", id, NULL), 204);
    ASSERT_STATUS(at(member, v, "DELETE", "/servers/%s", id, NULL), 204);
    ck_assert_str_eq(json_str(server_of(at(member, v, "GET", "/servers/%s", id, NULL)), "OS-EXT-STS:task_state"), "deleting");
}
END_TEST

static const struct { const char *version, *fields; int status; const char *says; } server_bodies[] = {
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\"", 202, NULL },
    { "2.1", "\"imageRef\": \"http://x/images/" IMAGE "\", \"flavorRef\": \"http://x/flavors/42\"", 202, NULL },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": 42", 202, NULL },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"99\"", 400, "Flavor 99 could not be found" },
    { "2.1", "\"imageRef\": \"" IMAGE "\"", 400, "flavorRef" },
    { "2.1", "\"flavorRef\": \"42\"", 400, "imageRef" },
    { "2.1", "\"imageRef\": \"x\", \"flavorRef\": \"42\"", 400, "Invalid imageRef provided." },
    { "2.1", "\"imageRef\": \"" NOWHERE "\", \"flavorRef\": \"42\"", 400, "could not be found" },
    { "2.1", "\"imageRef\": \"" HIDDEN_IMAGE "\", \"flavorRef\": \"42\"", 400, "could not be found" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"key_name\": \"none\"", 400, "Invalid key_name provided." },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"name\": \"\"", 400, "name" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"user_data\": \"%%\"", 400, "user_data" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"metadata\": {\"a\": 1}", 400, "metadata" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"accessIPv4\": \"oops\"", 400, "accessIPv4" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"bogus\": 1", 400, "bogus" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"min_count\": 0", 400, "min_count" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"min_count\": 3, \"max_count\": 2", 400, "min_count" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"availability_zone\": \"moon\"", 400, "availability zone" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"availability_zone\": \"nova:h1\"", 403, "forced_host" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": [{\"uuid\": \"" NOWHERE "\"}]", 400, "could not be found" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": [{\"port\": \"" NOWHERE "\"}]", 400, "could not be found" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": [{\"uuid\": \"x\"}]", 400, "networks" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": \"none\"", 400, "networks" },
    { "2.37", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": \"none\"", 202, NULL },
    { "2.37", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\"", 400, "networks" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"security_groups\": [{\"name\": \"none\"}]", 400, "not found" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"tags\": [\"a\"]", 400, "tags" },
    { "2.52", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": \"none\", \"tags\": [\"a\"]", 202, NULL },
    { "2.52", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": \"none\", \"tags\": [\"a,b\"]", 400, "a,b" },
    { "2.18", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"description\": \"x\"", 400, "description" },
    { "2.1", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"block_device_mapping_v2\": [{\"source_type\": \"volume\"}]", 400, "Block Device" },
    { "2.74", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": \"none\", \"host\": \"h1\"", 403, "requested_destination" },
    { "2.90", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": \"none\", \"hostname\": \"a b\"", 400, "hostname" },
    { "2.90", "\"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\", \"networks\": \"none\", \"hostname\": \"ab\"", 202, NULL },
};

START_TEST(what_a_server_is_made_of_is_checked)
{
    CLEANUP_FREE char *body = xasprintf("{\"server\": {%s%s}}", strstr(server_bodies[_i].fields, "\"name\": \"\"") ? "" : "\"name\": \"web\", ",
                                        server_bodies[_i].fields);
    const struct wire_reply *r = ask(member, server_bodies[_i].version, "POST", "/servers", body);

    ck_assert_msg(r->status == server_bodies[_i].status && (server_bodies[_i].says == NULL || strstr(r->text, server_bodies[_i].says) != NULL), "%d %s for %s",
                  r->status, r->text, body);
    ck_assert_int_eq((int)number("select count(*) from servers"), server_bodies[_i].status == 202);
    if (r->status == 202)
        ASSERT_STATUS(ask(reader, server_bodies[_i].version, "POST", "/servers", body), 403);
}
END_TEST

START_TEST(several_servers_are_numbered)
{
    const struct wire_reply *r;

    free(make_net_with_subnet(member, "a-net", "10.1.0.0/24"));
    r = ask(member, "2.1", "POST", "/servers", "{\"server\": {\"name\": \"web\", \"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\","
        " \"min_count\": 2, \"max_count\": \"3\", \"return_reservation_id\": true}}");
    ASSERT_STATUS(r, 202);
    ck_assert_ptr_nonnull(json_str(r->json, "reservation_id"));
    ck_assert_int_eq((int)number("select count(*) from servers where name in ('web-1', 'web-2', 'web-3')"), 3);
    ck_assert_int_eq((int)number("select count(*) from ports p join servers s on s.id = p.device_id join hosts h on h.id = s.host_id"
                                 " where p.device_owner = 'compute:nova' and p.host = h.name and p.vif_type = 'tap'"), 3);
    ck_assert_int_eq((int)number("select count(*) from allocations"), 3);
    ck_assert_int_eq((int)number("select count(*) from tasks where kind = 'server-build'"), 3);
    ck_assert_int_eq((int)number("select count(*) from server_disks where role = 'root' and store = 's1'"), 3);
    sql("insert into quotas (service, project_id, resource, hard_limit) values ('compute', '" P1 "', 'instances', 4)");
    ASSERT_FAULT(ask(member, "2.1", "POST", "/servers", "{\"server\": {\"name\": \"web\", \"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\","
                     " \"min_count\": 2}}"), 403, "forbidden", "Quota exceeded for instances");
    ASSERT_STATUS(ask(member, "2.1", "POST", "/servers", "{\"server\": {\"name\": \"x\", \"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\","
                     " \"min_count\": 1, \"max_count\": 5}}"), 202);
    ck_assert_int_eq((int)number("select count(*) from servers"), 4);
}
END_TEST

START_TEST(a_server_that_fits_nowhere_is_an_error_that_can_be_read)
{
    const json_t *s;

    sql("update hosts set ram_mib = 600");
    CLEANUP_FREE char *id = create_server(member, "2.1", "");
    s = server_of(at(member, "2.1", "GET", "/servers/%s", id, NULL));
    ck_assert_str_eq(json_str(s, "status"), "ERROR");
    ck_assert_ptr_nonnull(strstr(json_str(json_object_get(s, "fault"), "message"), "No valid host was found"));
    ck_assert_str_eq(json_str(s, "OS-EXT-AZ:availability_zone"), "");
    ck_assert_str_eq(json_str(s, "hostId"), "");
    ck_assert_ptr_null(json_string_value(json_object_get(s, "OS-EXT-STS:task_state")));
    ASSERT_STATUS(ask(admin, "2.93", "GET", "/servers/detail?all_tenants=1", NULL), 200);
    ASSERT_STATUS(at(member, "2.1", "DELETE", "/servers/%s", id, NULL), 204);
}
END_TEST

static const struct { struct auth **who; const char *query; int count; } filters[] = {
    { &member, "", 2 }, { &member, "name=web", 1 }, { &member, "name=^we", 1 }, { &member, "name=w.*b$", 1 }, { &member, "name=eb", 1 },
    { &member, "name=xx", 0 }, { &member, "status=ACTIVE", 1 }, { &member, "status=active", 1 }, { &member, "status=SHUTOFF", 1 },
    { &member, "status=BUILD", 0 }, { &member, "flavor=42", 2 }, { &member, "flavor=1", 0 }, { &member, "image=" IMAGE, 2 },
    { &member, "limit=1", 1 }, { &member, "sort_key=display_name&sort_dir=asc", 2 }, { &member, "changes-since=2020-01-01T00:00:00Z", 2 },
    { &member, "changes-since=2099-01-01T00:00:00Z", 0 }, { &member, "ip=10", 0 }, { &member, "all_tenants=0", 2 }, { &member, "key_name=k", 2 },
    { &member, "tags=t1", 1 }, { &member, "not-tags=t1", 1 }, { &member, "tags-any=t1,t2", 1 },  { &member, "tags=t1,t2", 0 },
    { &admin, "", 0 }, { &admin, "all_tenants=1", 2 }, { &admin, "all_tenants=1&host=h1", 2 }, { &admin, "all_tenants=1&project_id=" P2, 0 },
    { &admin, "all_tenants=1&host=h2", 0 }, { &stranger, "", 0 }, { &reader, "", 2 }, { &member, "reservation_id=r-none", 0 },
    { &member, "status=DELETED", -403 }, { &member, "all_tenants=1", -403 }, { &member, "changes-since=yesterday", -400 }, { &member, "limit=-1", -400 },
    { &member, "marker=" NOWHERE, -400 }, { &member, "sort_key=created_at&sort_dir=up", -400 }, { &admin, "deleted=true&all_tenants=1", 0 },
    { &admin, "all_tenants=1&key_name=k", 0 }, { &admin, "tenant_id=" P2, 0 }, { &member, "sort_key=host", -403 }, { &member, "sort_key=vcpus", 2 },
    { &member, "sort_key=nonsense", -400 }, { &member, "status=ACTIVE&status=SHUTOFF", 2 }, { &member, "nonsense=1", 2 },
};

START_TEST(lists_of_servers_are_filtered)
{
    CLEANUP_FREE char *a = create_server(member, "2.1", "");
    CLEANUP_FREE char *b = create_server(member, "2.1", "");
    const struct wire_reply *r;

    sql("update servers set name = 'other' where id = '%s'", b);
    sql("insert into server_tags values ('%s', 't1')", a);
    settle(a, "active");
    settle(b, "stopped");
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        for (int detail = 0; detail < 2; detail++) {
            CLEANUP_FREE char *path = xasprintf("/servers%s?%s", detail ? "/detail" : "", filters[i].query);

            r = ask(*filters[i].who, "2.26", "GET", path, NULL);
            if (filters[i].count < 0)
                ck_assert_msg(r->status == -filters[i].count, "%s: %d %s", path, r->status, r->text);
            else
                ck_assert_msg(r->status == 200 && (int)json_array_size(json_object_get(r->json, "servers")) == filters[i].count, "%s: %d %s", path, r->status,
                              r->text);
        }
}
END_TEST

START_TEST(servers_of_others_are_not_there)
{
    static const struct { const char *method, *path, *body; } calls[] = {
        { "GET", "/servers/%s", NULL }, { "PUT", "/servers/%s", "{\"server\": {\"name\": \"x\"}}" }, { "DELETE", "/servers/%s", NULL },
        { "GET", "/servers/%s/metadata", NULL }, { "POST", "/servers/%s/metadata", "{\"metadata\": {\"a\": \"b\"}}" }, { "GET", "/servers/%s/tags", NULL },
        { "PUT", "/servers/%s/tags/t", NULL }, { "GET", "/servers/%s/ips", NULL }, { "GET", "/servers/%s/os-interface", NULL },
        { "GET", "/servers/%s/os-security-groups", NULL }, { "GET", "/servers/%s/os-instance-actions", NULL },
        { "POST", "/servers/%s/action", "{\"os-stop\": null}" }, { "POST", "/servers/%s/action", "{\"lock\": null}" },
        { "POST", "/servers/%s/action", "{\"os-getConsoleOutput\": {}}" },
    };
    CLEANUP_FREE char *id = create_server(member, "2.1", "");

    settle(id, "active");
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        ASSERT_FAULT(at(stranger, "2.26", calls[i].method, calls[i].path, id, calls[i].body), 404, "itemNotFound", "could not be found");
        if (strcmp(calls[i].method, "GET") != 0)
            ASSERT_STATUS(at(reader, "2.26", calls[i].method, calls[i].path, id, calls[i].body), 403);
    }
    ck_assert_int_eq((int)number("select count(*) from tasks where kind <> 'server-build'"), 0);
}
END_TEST

static const struct { const char *body, *name, *fits, *not_fits, *task_state; } actions[] = {
    { "{\"os-start\": null}", "start", "stopped", "active", "powering-on" },
    { "{\"os-stop\": null}", "stop", "active", "stopped", "powering-off" },
    { "{\"reboot\": {\"type\": \"SOFT\"}}", "reboot", "active", "stopped", "rebooting" },
    { "{\"reboot\": {\"type\": \"HARD\"}}", "reboot", "stopped", "building", "rebooting_hard" },
    { "{\"pause\": null}", "pause", "active", "paused", "pausing" },
    { "{\"unpause\": null}", "unpause", "paused", "active", "unpausing" },
    { "{\"suspend\": null}", "suspend", "active", "suspended", "suspending" },
    { "{\"resume\": null}", "resume", "suspended", "active", "resuming" },
};

START_TEST(actions_are_taken_in_the_right_states_only)
{
    CLEANUP_FREE char *id = create_server(member, "2.1", "");
    char says[200];

    settle(id, actions[_i].not_fits);
    snprintf(says, sizeof says, "Cannot '%s' instance %s while it is in vm_state %s", actions[_i].name, id, actions[_i].not_fits);
    ASSERT_FAULT(at(member, "2.1", "POST", "/servers/%s/action", id, actions[_i].body), 409, "conflictingRequest", says);
    settle(id, actions[_i].fits);
    ASSERT_STATUS(at(member, "2.1", "POST", "/servers/%s/action", id, "{\"lock\": null}"), 202);
    ASSERT_STATUS(at(member, "2.1", "POST", "/servers/%s/action", id, actions[_i].body), 409);
    ASSERT_STATUS(at(member, "2.1", "DELETE", "/servers/%s", id, NULL), 409);
    ASSERT_STATUS(at(member, "2.1", "POST", "/servers/%s/action", id, "{\"unlock\": null}"), 202);
    ASSERT_STATUS(at(member, "2.1", "POST", "/servers/%s/action", id, actions[_i].body), 202);
    ck_assert_str_eq(wire_header("X-OpenStack-Nova-API-Version"), "2.1");
    ck_assert_str_eq(json_str(server_of(at(member, "2.1", "GET", "/servers/%s", id, NULL)), "OS-EXT-STS:task_state"), actions[_i].task_state);
    snprintf(says, sizeof says, "Cannot '%s' instance %s while it is in task_state %s", actions[_i].name, id, actions[_i].task_state);
    ASSERT_FAULT(at(member, "2.1", "POST", "/servers/%s/action", id, actions[_i].body), 409, "conflictingRequest", says);
}
END_TEST

START_TEST(actions_are_checked)
{
    CLEANUP_FREE char *id = create_server(member, "2.1", "");
    static const struct { struct auth **who; const char *version, *body; int status; } calls[] = {
        { &member, "2.1", "{\"reboot\": {\"type\": \"warm\"}}", 400 }, { &member, "2.1", "{\"reboot\": {}}", 400 }, { &member, "2.1", "{\"bogus\": null}", 400 },
        { &member, "2.1", "{}", 400 }, { &member, "2.72", "{\"lock\": {\"locked_reason\": \"x\"}}", 400 },
        { &member, "2.73", "{\"lock\": {\"locked_reason\": \"x\"}}", 202 }, { &member, "2.73", "{\"unlock\": null}", 202 },
        { &member, "2.1", "{\"os-resetState\": {\"state\": \"error\"}}", 403 }, { &admin, "2.1", "{\"os-resetState\": {\"state\": \"error\"}}", 202 },
        { &admin, "2.1", "{\"os-resetState\": {\"state\": \"gone\"}}", 400 }, { &member, "2.1", "{\"os-getConsoleOutput\": {\"length\": \"x\"}}", 400 },
        { &member, "2.1", "{\"forceDelete\": null}", 202 },
    };

    settle(id, "active");
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        ASSERT_STATUS(at(*calls[i].who, calls[i].version, "POST", "/servers/%s/action", id, calls[i].body), calls[i].status);
}
END_TEST

START_TEST(a_lock_of_an_administrator_stays)
{
    CLEANUP_FREE char *id = create_server(member, "2.1", "");

    settle(id, "active");
    ASSERT_STATUS(at(admin, "2.1", "POST", "/servers/%s/action", id, "{\"lock\": null}"), 202);
    ck_assert(json_is_true(json_object_get(server_of(at(member, "2.9", "GET", "/servers/%s", id, NULL)), "locked")));
    ASSERT_STATUS(at(member, "2.1", "POST", "/servers/%s/action", id, "{\"unlock\": null}"), 403);
    ASSERT_STATUS(at(member, "2.1", "POST", "/servers/%s/action", id, "{\"lock\": null}"), 202);
    ASSERT_STATUS(at(member, "2.1", "POST", "/servers/%s/action", id, "{\"unlock\": null}"), 403);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "2.73", "GET", "/servers?locked=true", NULL)->json, "servers")), 1);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "2.73", "GET", "/servers?locked=false", NULL)->json, "servers")), 0);
    ASSERT_STATUS(at(admin, "2.1", "POST", "/servers/%s/action", id, "{\"os-stop\": null}"), 202);
    ASSERT_STATUS(at(admin, "2.1", "POST", "/servers/%s/action", id, "{\"unlock\": null}"), 202);
    ck_assert_int_eq((int)json_array_size(json_object_get(ask(member, "2.73", "GET", "/servers?locked=false", NULL)->json, "servers")), 1);
}
END_TEST

START_TEST(metadata_and_tags_are_kept)
{
    CLEANUP_FREE char *id = create_server(member, "2.1", ", \"metadata\": {\"a\": \"1\"}");
    static const struct { const char *method, *path, *body; int status; const char *says; } calls[] = {
        { "GET", "/metadata", NULL, 200, "\"a\"" }, { "POST", "/metadata", "{\"metadata\": {\"b\": \"2\"}}", 200, "\"a\"" },
        { "PUT", "/metadata", "{\"metadata\": {\"c\": \"3\"}}", 200, "\"c\"" }, { "GET", "/metadata/a", NULL, 404, "not found" },
        { "GET", "/metadata/c", NULL, 200, "\"3\"" }, { "PUT", "/metadata/d", "{\"meta\": {\"d\": \"4\"}}", 200, "\"4\"" },
        { "PUT", "/metadata/d", "{\"meta\": {\"e\": \"4\"}}", 400, "mismatch" }, { "PUT", "/metadata/d", "{\"meta\": {\"d\": \"4\", \"e\": \"5\"}}", 400, "too many" },
        { "POST", "/metadata", "{\"metadata\": {\"b\": 2}}", 400, "metadata" }, { "POST", "/metadata", "{\"metadata\": {\"\": \"2\"}}", 400, "key" },
        { "POST", "/metadata", "{\"metadata\": [1]}", 400, "metadata" }, { "POST", "/metadata", "{}", 400, "metadata" },
        { "DELETE", "/metadata/d", NULL, 204, "" }, { "DELETE", "/metadata/d", NULL, 404, "not found" },
        { "GET", "/tags", NULL, 200, "[]" }, { "PUT", "/tags/t1", NULL, 201, "" }, { "PUT", "/tags/t1", NULL, 204, "" }, { "GET", "/tags/t1", NULL, 204, "" },
        { "GET", "/tags/t2", NULL, 404, "t2" }, { "PUT", "/tags", "{\"tags\": [\"x\", \"y\"]}", 200, "\"y\"" },
        { "PUT", "/tags", "{\"tags\": [\"x\", \"x\"]}", 400, "tags" }, { "PUT", "/tags", "{\"tags\": [\"a,b\"]}", 400, "a,b" },
        { "DELETE", "/tags/x", NULL, 204, "" }, { "DELETE", "/tags/x", NULL, 404, "x" }, { "DELETE", "/tags", NULL, 204, "" }, { "GET", "/tags", NULL, 200, "[]" },
    };

    settle(id, "active");
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        CLEANUP_FREE char *path = xasprintf("/servers/%s%s", id, calls[i].path);
        const struct wire_reply *r = ask(member, "2.26", calls[i].method, path, calls[i].body);

        ck_assert_msg(r->status == calls[i].status && strstr(r->text, calls[i].says) != NULL, "%s %s: %d %s", calls[i].method, calls[i].path, r->status, r->text);
        ck_assert(r->status != 204 || r->text[0] == '\0');
    }
    ASSERT_STATUS(at(member, "2.25", "GET", "/servers/%s/tags", id, NULL), 404);
    sql("insert into quotas (service, project_id, resource, hard_limit) values ('compute', '" P1 "', 'metadata_items', 1)");
    ASSERT_FAULT(at(member, "2.1", "POST", "/servers/%s/metadata", id, "{\"metadata\": {\"x\": \"1\", \"y\": \"2\"}}"), 403, "forbidden", "metadata items");
}
END_TEST

START_TEST(groups_of_servers_and_hints)
{
    const char *v = versions[_i];
    const struct wire_reply *r = ask(member, v, "POST", "/os-server-groups", since(v, 64) ? "{\"server_group\": {\"name\": \"g\", \"policy\": \"anti-affinity\"}}"
                                                                             : "{\"server_group\": {\"name\": \"g\", \"policies\": [\"anti-affinity\"]}}");
    CLEANUP_FREE char *group = NULL, *body = NULL;

    ASSERT_STATUS(r, 200);
    group = xstrdup(json_str(json_object_get(r->json, "server_group"), "id"));
    body = xasprintf("{\"server\": {\"name\": \"web\", \"imageRef\": \"" IMAGE "\", \"flavorRef\": \"42\"%s}, \"os:scheduler_hints\": {\"group\": \"%s\"}}",
                     since(v, 37) ? ", \"networks\": \"none\"" : "", group);
    r = ask(member, v, "POST", "/servers", body);
    ASSERT_STATUS(r, 202);
    CLEANUP_FREE char *id = xstrdup(json_str(json_object_get(r->json, "server"), "id"));
    if (since(v, 71))
        ck_assert_str_eq(json_string_value(json_array_get(json_object_get(server_of(at(member, v, "GET", "/servers/%s", id, NULL)), "server_groups"), 0)), group);
    r = at(member, v, "GET", "/os-server-groups/%s", group, NULL);
    ASSERT_STATUS(r, 200);
    ck_assert_ptr_nonnull(strstr(r->text, id));
    ASSERT_STATUS(ask(member, v, "GET", "/os-server-groups", NULL), 200);
    ASSERT_STATUS(at(stranger, v, "GET", "/os-server-groups/%s", group, NULL), 404);
    ASSERT_STATUS(at(stranger, v, "DELETE", "/os-server-groups/%s", group, NULL), 404);
    /* The one host is taken: apart means nowhere. */
    ASSERT_STATUS(ask(member, v, "POST", "/servers", body), 202);
    ck_assert_int_eq((int)number("select count(*) from servers where vm_state = 'error'"), 1);
    ASSERT_STATUS(at(member, v, "DELETE", "/os-server-groups/%s", group, NULL), 204);
    ASSERT_STATUS(at(member, v, "DELETE", "/os-server-groups/%s", group, NULL), 404);
    ASSERT_STATUS(ask(member, v, "POST", "/servers", body), 400);
    ASSERT_STATUS(ask(member, v, "POST", "/os-server-groups", since(v, 64) ? "{\"server_group\": {\"name\": \"g\", \"policy\": \"x\"}}"
                                                                : "{\"server_group\": {\"name\": \"g\", \"policies\": []}}"), 400);
}
END_TEST

/* --- hosts, quotas, limits */

START_TEST(hosts_are_shown_to_administrators)
{
    const char *v = versions[_i];
    const char *host = since(v, 53) ? HOST : "1";
    static const char *const paths[] = { "/os-services", "/os-services?host=h1", "/os-services?binary=nova-compute", "/os-hypervisors", "/os-hypervisors/detail",
                                         "/os-availability-zone/detail" };

    free(create_server(member, "2.1", ""));
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        ASSERT_STATUS(ask(member, v, "GET", paths[i], NULL), 403);
        ASSERT_STATUS(ask(admin, v, "GET", paths[i], NULL), 200);
        ck_assert_ptr_nonnull(strstr(ask(admin, v, "GET", paths[i], NULL)->text, "h1"));
    }
    ASSERT_STATUS(at(admin, v, "GET", "/os-hypervisors/%s", host, NULL), 200);
    ASSERT_STATUS(ask(admin, v, "GET", "/os-hypervisors/7", NULL), since(v, 53) ? 400 : 404);
    ASSERT_STATUS(ask(admin, v, "GET", "/os-hypervisors/statistics", NULL), since(v, 88) ? 404 : 200);
    ASSERT_STATUS(ask(member, v, "GET", "/os-availability-zone", NULL), 200);
    ASSERT_STATUS(ask(member, v, "GET", "/extensions", NULL), 200);
    ASSERT_STATUS(ask(member, v, "GET", "/extensions/os-keypairs", NULL), 200);
    if (since(v, 53)) {
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/" HOST, "{\"status\": \"disabled\", \"disabled_reason\": \"tired\"}"), 200);
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/" NOWHERE, "{\"status\": \"disabled\"}"), 404);
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/" HOST, "{}"), 400);
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/" HOST, "{\"forced_down\": true}"), 200);
        ck_assert_int_eq((int)number("select count(*) from hosts where enabled = 0 and forced_down = 1 and disabled_reason = 'tired'"), 1);
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/" HOST, "{\"status\": \"enabled\"}"), 200);
        ck_assert_int_eq((int)number("select count(*) from hosts where enabled = 1 and disabled_reason is null"), 1);
    } else {
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/disable-log-reason", "{\"host\": \"h1\", \"binary\": \"nova-compute\", \"disabled_reason\": \"x\"}"), 200);
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/disable", "{\"host\": \"h1\", \"binary\": \"nova-compute\"}"), 200);
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/enable", "{\"host\": \"h1\", \"binary\": \"nova-compute\"}"), 200);
        ASSERT_STATUS(ask(admin, v, "PUT", "/os-services/enable", "{\"host\": \"h2\", \"binary\": \"nova-compute\"}"), 404);
    }
}
END_TEST

START_TEST(quotas_and_limits_are_shown_and_set)
{
    const char *v = versions[_i];
    const struct wire_reply *r;

    free(create_server(member, "2.1", ""));
    ASSERT_STATUS(ask(member, v, "GET", "/os-quota-sets/" P1, NULL), 200);
    ASSERT_STATUS(ask(member, v, "GET", "/os-quota-sets/" P2, NULL), 403);
    ASSERT_STATUS(ask(admin, v, "GET", "/os-quota-sets/" P2, NULL), 200);
    ASSERT_STATUS(ask(admin, v, "GET", "/os-quota-sets/nobody", NULL), 400);
    ASSERT_STATUS(ask(member, v, "GET", "/os-quota-sets/" P1 "/defaults", NULL), 200);
    r = ask(member, v, "GET", "/os-quota-sets/" P1 "/detail", NULL);
    ck_assert_int_eq((int)json_int(json_object_get(json_object_get(r->json, "quota_set"), "instances"), "in_use", -1), 1);
    ASSERT_STATUS(ask(member, v, "PUT", "/os-quota-sets/" P1, "{\"quota_set\": {\"instances\": 5}}"), 403);
    ASSERT_STATUS(ask(admin, v, "PUT", "/os-quota-sets/" P1, "{\"quota_set\": {\"instances\": 0}}"), 400);
    ASSERT_STATUS(ask(admin, v, "PUT", "/os-quota-sets/" P1, "{\"quota_set\": {\"instances\": -2}}"), 400);
    ASSERT_STATUS(ask(admin, v, "PUT", "/os-quota-sets/" P1, "{\"quota_set\": {\"bogus\": 2}}"), 400);
    ASSERT_STATUS(ask(admin, v, "PUT", "/os-quota-sets/" P1, "{\"quota_set\": {\"instances\": 0, \"force\": true}}"), 200);
    r = ask(member, v, "GET", "/limits", NULL);
    ASSERT_STATUS(r, 200);
    ck_assert_int_eq((int)json_int(json_object_get(json_object_get(r->json, "limits"), "absolute"), "maxTotalInstances", -1), 0);
    ASSERT_STATUS(ask(member, v, "GET", "/limits?tenant_id=" P2, NULL), 403);
    ASSERT_STATUS(ask(admin, v, "DELETE", "/os-quota-sets/" P1, NULL), 202);
    r = ask(member, v, "GET", "/limits", NULL);
    ck_assert_int_eq((int)json_int(json_object_get(json_object_get(r->json, "limits"), "absolute"), "maxTotalInstances", -1), 10);
}
END_TEST

int
main(void)
{
    const TTest *const once[] = {
        versions_are_told_and_checked, private_flavors_are_for_those_who_were_let_in, several_servers_are_numbered,
        a_server_that_fits_nowhere_is_an_error_that_can_be_read, lists_of_servers_are_filtered, servers_of_others_are_not_there, actions_are_checked,
        a_lock_of_an_administrator_stays, metadata_and_tags_are_kept,
    };
    const TTest *const each_version[] = {
        flavors_are_made_shown_and_deleted, key_pairs_are_made_listed_and_deleted, servers_are_shown_as_each_version_wants, groups_of_servers_and_hints,
        hosts_are_shown_to_administrators, quotas_and_limits_are_shown_and_set,
    };
    TCase *tcase = tcase_create("compute");
    Suite *suite = suite_create("compute");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ARRAY_LEN(once); i++)
        tcase_add_test(tcase, once[i]);
    for (size_t i = 0; i < ARRAY_LEN(each_version); i++)
        tcase_add_loop_test(tcase, each_version[i], 0, (int)ARRAY_LEN(versions));
    tcase_add_loop_test(tcase, flavors_are_checked, 0, (int)ARRAY_LEN(flavor_bodies));
    tcase_add_loop_test(tcase, what_a_server_is_made_of_is_checked, 0, (int)ARRAY_LEN(server_bodies));
    tcase_add_loop_test(tcase, actions_are_taken_in_the_right_states_only, 0, (int)ARRAY_LEN(actions));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}

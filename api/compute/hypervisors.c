/* hypervisors.c: the compute resource "os-hypervisors": hosts by their hypervisors, what they have, and which servers are on them. */
#include "config.h"
#include "compute/compute.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"

#define HYPERVISOR_COLUMNS \
    "select h.id as id, h.number as number, h.name as name, h.driver as driver, h.enabled as enabled, h.disabled_reason as disabled_reason, h.forced_down as forced_down," \
    " h.heartbeat_us as heartbeat_us, h.hypervisor_type as type, h.hypervisor_version as version, h.cpu_info as cpu_info, h.host_ip as ip," \
    " h.vcpus as vcpus, h.ram_mib as ram_mib, h.disk_gib as disk_gib, coalesce(a.vcpus, 0) as vcpus_used," \
    " coalesce(a.ram_mib, 0) + h.reserved_ram_mib as ram_used, coalesce(a.disk_gib, 0) as disk_used, coalesce(a.n, 0) as servers" \
    " from hosts h left join (select host_id, sum(vcpus) as vcpus, sum(ram_mib) as ram_mib, sum(disk_gib) as disk_gib, count(*) as n" \
    " from allocations group by host_id) a on a.host_id = h.id"

/* As uptime(1) says it; NULL when the host's driver, and so the host, is not here. */
static const char *
uptime_of(struct rest_call *call, const char *driver, char *buf, size_t size)
{
    CLEANUP_DRIVER struct driver *here = plugins_get(call->env->plugins, CAIRN_COMPUTE, driver);
    CLEANUP_FILE FILE *up = fopen("/proc/uptime", "re");
    CLEANUP_FILE FILE *load = fopen("/proc/loadavg", "re");
    char now[CLOCK_TEXT];
    double seconds, one, five, fifteen;
    int64_t minutes;

    if (here == NULL || up == NULL || load == NULL || fscanf(up, "%lf", &seconds) != 1 ||
        fscanf(load, "%lf %lf %lf", &one, &five, &fifteen) != 3)
        return NULL;
    minutes = (int64_t)seconds / 60;
    clock_format(clock_us(), CLOCK_Z, now);
    snprintf(buf, size, " %.8s up %lld days, %2lld:%02lld,  0 users,  load average: %.2f, %.2f, %.2f\n", now + 11, (long long)(minutes / 1440),
             (long long)(minutes / 60 % 24), (long long)(minutes % 60), one, five, fifteen);
    return buf;
}

static void
write_hypervisor(struct rest_call *call, struct rows *r, int detail)
{
    const char *driver = row_text(r, "driver");
    char uptime[128];
    struct json_out *o = call->out;
    const char *id = row_text(r, "id"), *name = row_text(r, "name"), *cpu_info = row_text(r, "cpu_info"), *reason = row_text(r, "disabled_reason"),
               *ip = row_text(r, "ip"), *type = row_text(r, "type");
    int64_t number = row_int(r, "number"), down = row_int(r, "forced_down"), beat = row_int(r, "heartbeat_us"), enabled = row_int(r, "enabled"),
            version = row_int(r, "version"), vcpus = row_int(r, "vcpus"), vcpus_used = row_int(r, "vcpus_used"), ram = row_int(r, "ram_mib"),
            ram_used = row_int(r, "ram_used"), disk = row_int(r, "disk_gib"), disk_used = row_int(r, "disk_used"), servers = row_int(r, "servers");

    if (rest_since(call, 2, 53))
        jo_str(o, "id", id);
    else
        jo_int(o, "id", number);
    jo_str(o, "hypervisor_hostname", name);
    jo_str(o, "state", down || beat < clock_us() - HOST_ALIVE_US ? "down" : "up");
    jo_str(o, "status", enabled ? "enabled" : "disabled");
    if (!detail)
        return;
    jo_str(o, "host_ip", ip);
    jo_str(o, "hypervisor_type", type);
    jo_int(o, "hypervisor_version", version);
    jo_object(o, "service");
    if (rest_since(call, 2, 53))
        jo_str(o, "id", id);
    else
        jo_int(o, "id", number);
    jo_str(o, "host", name);
    jo_str(o, "disabled_reason", reason);
    jo_end_object(o);
    if (rest_since(call, 2, 88)) {      /* sizes are placement's since then */
        jo_str(o, "uptime", uptime_of(call, driver, uptime, sizeof uptime));
        return;
    }
    jo_int(o, "vcpus", vcpus);
    jo_int(o, "vcpus_used", vcpus_used);
    jo_int(o, "memory_mb", ram);
    jo_int(o, "memory_mb_used", ram_used);
    jo_int(o, "free_ram_mb", ram - ram_used);
    jo_int(o, "local_gb", disk);
    jo_int(o, "local_gb_used", disk_used);
    jo_int(o, "free_disk_gb", disk - disk_used);
    jo_int(o, "disk_available_least", disk - disk_used);
    jo_int(o, "running_vms", servers);
    jo_int(o, "current_workload", 0);
    if (rest_since(call, 2, 28))
        jo_raw(o, "cpu_info", cpu_info);
    else
        jo_str(o, "cpu_info", cpu_info);
}

/* --- servers of hypervisors: one statement for a whole page, in the order of the hypervisors */

struct on_hosts { struct rows *rows; int more; };

static void
on_hosts_close(struct on_hosts *on)
{
    rows_close(on->rows);
}

static int
on_hosts_open(struct rest_call *call, struct on_hosts *ret, struct cairn_error *err)
{
    if (tx_query(call->tx, &ret->rows, err, "select h.number as host, s.id as id, s.number as number from servers s join hosts h on h.id = s.host_id"
                                            " where s.deleted_us is null order by h.number, s.number", "") < 0)
        return -1;
    ret->more = rows_next(ret->rows, err);
    return ret->more < 0 ? -1 : 0;
}

/* Those on the hypervisor 'number', which comes after all asked for before; without any the member is left out unless 'always'. */
static int
on_hosts_write(struct rest_call *call, struct on_hosts *on, int64_t number, int always, struct cairn_error *err)
{
    struct json_out *o = call->out;
    int open = 0;

    while (on->more == 1 && row_int(on->rows, "host") < number)
        on->more = rows_next(on->rows, err);
    for (; on->more == 1 && row_int(on->rows, "host") == number; on->more = rows_next(on->rows, err)) {
        if (!open++)
            jo_array(o, "servers");
        jo_object(o, NULL);
        jo_strf(o, "name", "instance-%08llx", (unsigned long long)row_int(on->rows, "number"));
        jo_str(o, "uuid", row_text(on->rows, "id"));
        jo_end_object(o);
    }
    if (!open && always)
        jo_array(o, "servers");
    if (open || always)
        jo_end_array(o);
    return on->more < 0 ? -1 : 0;
}

static int
wants_servers(struct rest_call *call, int *ret, struct cairn_error *err)
{
    const char *text = rest_since(call, 2, 53) ? rest_query(call, "with_servers") : NULL;

    *ret = 0;
    if (text != NULL && compute_to_bool(text, ret) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter with_servers. Value: %.32s. A boolean is expected.", text);
    return 0;
}

/* --- lists */

enum { PLAIN, DETAIL };

/* 'text' anywhere in a name; '%' and '_' stand for themselves. */
static char *
like_of(const char *text)
{
    struct str like = STR_INIT;

    for (str_add_c(&like, '%'); *text != '\0'; text++)
        str_addf(&like, strchr("%_!", *text) != NULL ? "!%c" : "%c", *text);
    str_add_c(&like, '%');
    return str_take(&like);
}

struct wanted {
    int detail, with_servers, paged;
    const char *like;                   /* NULL: all */
    int64_t limit, after;
};

static int
write_list(struct rest_call *call, const struct wanted *w, const char *none, struct cairn_error *err)
{
    CLEANUP(on_hosts_close) struct on_hosts on = { NULL, 0 };
    CLEANUP_ROWS struct rows *r = NULL;
    struct json_out *o = call->out;
    char last[64] = "";
    int64_t n = 0;
    int rc;

    if (tx_query(call->tx, &r, err, HYPERVISOR_COLUMNS " where h.number > ? and (? is null or h.name like ? escape '!') order by h.number limit ?", "issi",
                 w->after, w->like, w->like, w->limit + 1) < 0 || (w->with_servers && on_hosts_open(call, &on, err) < 0))
        return -1;
    jo_object(o, NULL);
    jo_array(o, "hypervisors");
    while ((rc = rows_next(r, err)) == 1 && n++ < w->limit) {
        jo_object(o, NULL);
        write_hypervisor(call, r, w->detail);
        if (w->with_servers && on_hosts_write(call, &on, row_int(r, "number"), rest_since(call, 2, 75), err) < 0)
            return -1;
        jo_end_object(o);
        snprintf(last, sizeof last, rest_since(call, 2, 53) ? "%s" : "%.0s%lld", row_text(r, "id"), (long long)row_int(r, "number"));
    }
    jo_end_array(o);
    if (rc < 0)
        return -1;
    if (n == 0 && w->like != NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "No hypervisor matching '%.255s' could be found.", none);
    if (rc == 1 && w->paged) {
        CLEANUP_FREE char *next = rest_url(call, "/v2.1/os-hypervisors%s?limit=%lld&marker=%s%s", w->detail ? "/detail" : "", (long long)w->limit, last,
                                           w->with_servers ? "&with_servers=True" : "");

        jo_array(o, "hypervisors_links");
        jo_object(o, NULL);
        jo_str(o, "rel", "next");
        jo_str(o, "href", next);
        jo_end_object(o);
        jo_end_array(o);
    }
    jo_end_object(o);
    return 0;
}

static int
list(struct rest_call *call, int detail, struct cairn_error *err)
{
    const char *marker = rest_since(call, 2, 33) ? rest_query(call, "marker") : NULL,
               *pattern = rest_since(call, 2, 53) ? rest_query(call, "hypervisor_hostname_pattern") : NULL;
    CLEANUP_FREE char *like = pattern != NULL ? like_of(pattern) : NULL;
    struct wanted w = { .detail = detail, .limit = 1000, .like = like, .paged = pattern == NULL && rest_since(call, 2, 33) };

    if (wants_servers(call, &w.with_servers, err) < 0)
        return -1;
    if (pattern != NULL && (marker != NULL || rest_query(call, "limit") != NULL))
        return cairn_fail(err, CAIRN_INVALID, "Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.");
    if (w.paged && rest_query(call, "limit") != NULL && str_to_int(rest_query(call, "limit"), 0, INT32_MAX, &w.limit) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for query parameter limit. Value: %.32s. It is a whole number.", rest_query(call, "limit"));
    if (w.limit == 0 || w.limit > 1000)
        w.limit = 1000;
    if (marker != NULL) {
        if (tx_int(call->tx, &w.after, -1, err, "select number from hosts where (? and id = ?) or (not ? and cast(number as text) = ?)", "isis",
                   (int64_t)rest_since(call, 2, 53), marker, (int64_t)rest_since(call, 2, 53), marker) < 0)
            return -1;
        if (w.after < 0)
            return cairn_fail(err, CAIRN_INVALID, "marker [%.64s] not found", marker);
    }
    return write_list(call, &w, pattern, err);
}

static int hypervisors_list(struct rest_call *call, struct cairn_error *err) { return list(call, PLAIN, err); }
static int hypervisors_detail(struct rest_call *call, struct cairn_error *err) { return list(call, DETAIL, err); }

/* Up to 2.52 patterns stand in the path. */
static int
search(struct rest_call *call, int with_servers, struct cairn_error *err)
{
    CLEANUP_FREE char *like = like_of(rest_param(call, "id"));
    struct wanted w = { .limit = 1000, .like = like, .with_servers = with_servers };

    return write_list(call, &w, rest_param(call, "id"), err);
}

static int hypervisors_search(struct rest_call *call, struct cairn_error *err) { return search(call, 0, err); }
static int hypervisors_servers(struct rest_call *call, struct cairn_error *err) { return search(call, 1, err); }

/* --- one */

static int
find(struct rest_call *call, struct rows **ret, struct cairn_error *err)
{
    const char *id = rest_param(call, "id");
    int rc;

    if (rest_since(call, 2, 53) && !id_is_uuid(id))
        return cairn_fail(err, CAIRN_INVALID, "Invalid uuid %.64s", id);
    if (tx_query(call->tx, ret, err, HYPERVISOR_COLUMNS " where (? and h.id = ?) or (not ? and cast(h.number as text) = ?)", "isis",
                 (int64_t)rest_since(call, 2, 53), id, (int64_t)rest_since(call, 2, 53), id) < 0 || (rc = rows_next(*ret, err)) < 0)
        return -1;
    return rc == 1 ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Hypervisor with ID '%.64s' could not be found.", id);
}

static int
hypervisor_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP(on_hosts_close) struct on_hosts on = { NULL, 0 };
    CLEANUP_ROWS struct rows *r = NULL;
    int with_servers;

    if (wants_servers(call, &with_servers, err) < 0 || find(call, &r, err) < 0 || (with_servers && on_hosts_open(call, &on, err) < 0))
        return -1;
    jo_object(call->out, NULL);
    jo_object(call->out, "hypervisor");
    write_hypervisor(call, r, DETAIL);
    if (with_servers && on_hosts_write(call, &on, row_int(r, "number"), rest_since(call, 2, 75), err) < 0)
        return -1;
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
hypervisor_uptime(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *uptime;
    char text[128];

    if (find(call, &r, err) < 0)
        return -1;
    if ((uptime = uptime_of(call, row_text(r, "driver"), text, sizeof text)) == NULL)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "The uptime of host %.255s cannot be had from here.", row_text(r, "name"));
    jo_object(call->out, NULL);
    jo_object(call->out, "hypervisor");
    write_hypervisor(call, r, PLAIN);
    jo_str(call->out, "uptime", uptime);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static int
hypervisor_statistics(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    static const char *const names[] = { "count", "vcpus", "vcpus_used", "memory_mb", "memory_mb_used", "local_gb", "local_gb_used", "free_ram_mb",
                                         "free_disk_gb", "disk_available_least", "running_vms" };

    if (tx_query(call->tx, &r, err,
                 "select count(*) as count, coalesce(sum(vcpus), 0) as vcpus, coalesce(sum(vcpus_used), 0) as vcpus_used,"
                 " coalesce(sum(ram_mib), 0) as memory_mb, coalesce(sum(ram_used), 0) as memory_mb_used, coalesce(sum(disk_gib), 0) as local_gb,"
                 " coalesce(sum(disk_used), 0) as local_gb_used, coalesce(sum(ram_mib - ram_used), 0) as free_ram_mb,"
                 " coalesce(sum(disk_gib - disk_used), 0) as free_disk_gb, coalesce(sum(disk_gib - disk_used), 0) as disk_available_least,"
                 " coalesce(sum(servers), 0) as running_vms from (" HYPERVISOR_COLUMNS ") t where enabled = 1", "") < 0 || rows_next(r, err) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_object(call->out, "hypervisor_statistics");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        jo_int(call->out, names[i], row_int(r, names[i]));
    jo_int(call->out, "current_workload", 0);
    jo_end_object(call->out);
    jo_end_object(call->out);
    return 0;
}

static const struct rest_attr list_query[] = {
    { .name = "limit", .type = REST_INT, .max = INT32_MAX, .flags = REST_UNIQUE, .since = { 2, 33 } },
    { .name = "marker", .type = REST_STRING, .flags = REST_UNIQUE, .since = { 2, 33 } },
    { .name = "hypervisor_hostname_pattern", .type = REST_STRING, .min = 1, .flags = REST_UNIQUE, .since = { 2, 53 } },
    { .name = "with_servers", .type = REST_BOOL, .flags = REST_UNIQUE, .since = { 2, 53 } },
    { .name = NULL },
};
static const struct rest_attr show_query[] = {
    { .name = "with_servers", .type = REST_BOOL, .flags = REST_UNIQUE, .since = { 2, 53 } }, { .name = NULL },
};

#define HYPER "os_compute_api:os-hypervisors:"
#define PATH "/v2.1/os-hypervisors"
const struct rest_route hypervisor_routes[] = {
    { .method = "GET", .path = PATH, .rule = HYPER "list", .status = 200, .query = list_query, .strict_since = { 2, 53 }, .handle = hypervisors_list },
    { .method = "GET", .path = PATH "/detail", .rule = HYPER "list-detail", .status = 200, .query = list_query, .strict_since = { 2, 53 },
      .handle = hypervisors_detail },
    { .method = "GET", .path = PATH "/statistics", .rule = HYPER "statistics", .status = 200, .handle = hypervisor_statistics, .until = { 2, 87 } },
    { .method = "GET", .path = PATH "/{id}", .rule = HYPER "show", .status = 200, .query = show_query, .strict_since = { 2, 53 },
      .handle = hypervisor_show },
    { .method = "GET", .path = PATH "/{id}/uptime", .rule = HYPER "uptime", .status = 200, .handle = hypervisor_uptime, .until = { 2, 87 } },
    { .method = "GET", .path = PATH "/{id}/search", .rule = HYPER "search", .status = 200, .handle = hypervisors_search, .until = { 2, 52 } },
    { .method = "GET", .path = PATH "/{id}/servers", .rule = HYPER "servers", .status = 200, .handle = hypervisors_servers, .until = { 2, 52 } },
    { .method = NULL },
};

/* server_actions.c: POST /servers/{id}/action: power, lock, console, state. */
#include "config.h"
#include "compute/compute.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "flow/server.h"
#include "plugin/compute.h"

static int
act(struct rest_call *call, const char *kind, const char *task_state, const json_t *payload, struct cairn_error *err)
{
    return server_act(call->tx, rest_param(call, "id"), kind, task_state, payload, http_request_id(call->req), call->auth->project_id,
                      call->auth->user_id, err);
}

static int do_start(struct rest_call *call, struct cairn_error *err) { return act(call, "server-start", "powering-on", NULL, err); }
static int do_stop(struct rest_call *call, struct cairn_error *err) { return act(call, "server-stop", "powering-off", NULL, err); }
static int do_pause(struct rest_call *call, struct cairn_error *err) { return act(call, "server-pause", "pausing", NULL, err); }
static int do_unpause(struct rest_call *call, struct cairn_error *err) { return act(call, "server-unpause", "unpausing", NULL, err); }
static int do_suspend(struct rest_call *call, struct cairn_error *err) { return act(call, "server-suspend", "suspending", NULL, err); }
static int do_resume(struct rest_call *call, struct cairn_error *err) { return act(call, "server-resume", "resuming", NULL, err); }

/* --- reboot: the only action whose guard depends on its body: a hard reboot also mends servers that are off or in error. */

static const char *const reboot_types[] = { "SOFT", "HARD", "soft", "hard", "Soft", "Hard", NULL };
static const struct rest_attr reboot_body[] = {
    { .name = "type", .type = REST_ENUM, .choices = reboot_types, .flags = REST_CREATE | REST_REQUIRED },
    { .name = NULL },
};

static int
do_reboot(struct rest_call *call, struct cairn_error *err)
{
    int hard = strcasecmp(rest_str(call, "type"), "hard") == 0;
    CLEANUP_JSON json_t *payload = json_pack("{s:b}", "hard", hard);

    if (server_guard(call, hard ? "active,stopped,paused,suspended,error" : "active", err) < 0)
        return -1;
    return act(call, "server-reboot", hard ? "rebooting_hard" : "rebooting", payload, err);
}

/* --- lock */

static const struct rest_attr lock_body[] = {
    { .name = "locked_reason", .type = REST_STRING, .flags = REST_CREATE, .min = 1, .max = 255, .since = { 2, 73 } },
    { .name = NULL },
};

static int
set_locked(struct rest_call *call, int locked, const char *reason, struct cairn_error *err)
{
    return tx_exec(call->tx, err, "update servers set locked = ?, locked_reason = ?, updated_us = ? where id = ?", "isis", (int64_t)locked, reason,
                   clock_us(), rest_param(call, "id"));
}

/* servers.locked says who: somebody of the project, or an administrator from outside, whose lock stays until one unlocks it. */
enum { UNLOCKED, LOCKED_BY_OWNER, LOCKED_BY_ADMIN };

static int
do_lock(struct rest_call *call, struct cairn_error *err)
{
    int owner = strcmp(call->auth->project_id, row_text(call->object, "project_id")) == 0,
        kept = row_int(call->object, "locked") == LOCKED_BY_ADMIN;

    return set_locked(call, owner && !kept ? LOCKED_BY_OWNER : LOCKED_BY_ADMIN, call->body != NULL ? rest_str(call, "locked_reason") : NULL, err);
}

static int
do_unlock(struct rest_call *call, struct cairn_error *err)
{
    if (row_int(call->object, "locked") == LOCKED_BY_ADMIN && rest_allow(call, "os_compute_api:os-lock-server:unlock:unlock_override", err) < 0)
        return -1;
    return set_locked(call, UNLOCKED, NULL, err);
}

/* --- reset state: the catalog's word, nothing else */

static const char *const reset_states[] = { "active", "error", NULL };
static const struct rest_attr reset_body[] = {
    { .name = "state", .type = REST_ENUM, .choices = reset_states, .flags = REST_CREATE | REST_REQUIRED },
    { .name = NULL },
};

static int
do_reset_state(struct rest_call *call, struct cairn_error *err)
{
    return tx_exec(call->tx, err, "update servers set vm_state = ?, task_state = null, updated_us = ? where id = ?", "sis", rest_str(call, "state"),
                   clock_us(), rest_param(call, "id"));
}

/* --- console log and diagnostics: asked of the driver, outside any transaction */

static int
find_driver(struct rest_call *call, struct driver **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *instance = NULL;
    struct tx *tx;
    int rc;

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0)
        return -1;
    rc = tx_text(tx, &instance, err, "select h.driver from servers s join hosts h on h.id = s.host_id where s.id = ?", "s", rest_param(call, "id"));
    tx_rollback(tx);
    if (rc < 0)
        return -1;
    *ret = instance != NULL ? plugins_get(call->env->plugins, CAIRN_COMPUTE, instance) : NULL;
    return *ret != NULL ? 0 : cairn_fail(err, CAIRN_CONFLICT, "Instance %s is not ready: it has no host", rest_param(call, "id"));
}

static int
length_check(struct rest_call *call, const json_t *value, struct cairn_error *err)
{
    int64_t n;

    (void)call;
    if (json_is_null(value) || (json_is_integer(value) && json_integer_value(value) >= -1) ||
        (json_is_string(value) && str_to_int(json_string_value(value), -1, INT32_MAX, &n) == 0))
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute length. It is a whole number from -1 (all).");
}

static const struct rest_attr console_body[] = {
    { .name = "length", .type = REST_JSON, .flags = REST_CREATE | REST_NULL, .check = length_check },
    { .name = NULL },
};

/* The last 'lines' lines of text. */
static const char *
tail(const char *text, size_t len, int64_t lines)
{
    const char *p = text + len;

    if (lines < 0)
        return text;
    if (lines == 0)
        return p;
    if (p > text && p[-1] == '\n')
        p--;
    while (p > text && (p[-1] != '\n' || --lines > 0))
        p--;
    return p;
}

#define CONSOLE_MAX ((size_t)102400)

/* Guests write what they like: whatever is not UTF-8 text goes out as '?', so that the answer is JSON. */
static void
make_text(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

        if (c == '\0' || n == 0 || i + n > len || (n > 1 && !str_is_utf8(text + i, n)))
            text[i] = '?';
        else
            i += n - 1;
    }
}

static int
do_console(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *d = NULL;
    CLEANUP_FREE char *text = NULL;
    const json_t *length = rest_value(call, "length");
    int64_t lines = -1;
    size_t len = 0;

    if (json_is_integer(length))
        lines = json_integer_value(length);
    else if (json_is_string(length) && str_to_int(json_string_value(length), -1, INT32_MAX, &lines) < 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute length.");
    if (find_driver(call, &d, err) < 0 || rest_move(call, d, err) < 0)
        return -1;
    if (compute_console_log(d, rest_param(call, "id"), CONSOLE_MAX, &text, &len, err) < 0) {
        if (err->code == CAIRN_NOT_FOUND)
            return cairn_fail(err, CAIRN_CONFLICT, "Instance %s is not ready: it has no console yet", rest_param(call, "id"));
        return -1;
    }
    make_text(text, len);
    jo_object(call->out, NULL);
    jo_str(call->out, "output", tail(text, len, lines));
    jo_end_object(call->out);
    return 0;
}

static int
do_diagnostics(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *d = NULL;
    struct cairn_server_stats s = { .size = sizeof s };
    struct json_out *o = call->out;

    if (find_driver(call, &d, err) < 0 || rest_move(call, d, err) < 0 || compute_server_diagnostics(d, rest_param(call, "id"), &s, err) < 0)
        return -1;
    jo_object(o, NULL);
    jo_int(o, "cpu0_time", (int64_t)s.cpu_ns);
    jo_int(o, "memory", (int64_t)(s.ram_bytes >> 10));
    jo_int(o, "memory-rss", (int64_t)(s.ram_used_bytes >> 10));
    jo_int(o, "vda_read", (int64_t)s.disk_read_bytes);
    jo_int(o, "vda_read_req", (int64_t)s.disk_read_ops);
    jo_int(o, "vda_write", (int64_t)s.disk_write_bytes);
    jo_int(o, "vda_write_req", (int64_t)s.disk_write_ops);
    jo_int(o, "vda_errors", -1);
    jo_int(o, "tap_rx", (int64_t)s.net_rx_bytes);
    jo_int(o, "tap_rx_packets", (int64_t)s.net_rx_packets);
    jo_int(o, "tap_tx", (int64_t)s.net_tx_bytes);
    jo_int(o, "tap_tx_packets", (int64_t)s.net_tx_packets);
    jo_end_object(o);
    return 0;
}

/* What the catalog knows of a server's shape. */
struct shape { int64_t vcpus, nics, disks, config_drive; char hypervisor[32]; };

static int
read_shape(struct rest_call *call, struct shape *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    CLEANUP_JSON json_t *flavor = NULL;

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0 ||
        tx_query(tx, &r, err,
                 "select s.flavor as flavor, s.config_drive as config_drive, h.hypervisor_type as hypervisor,"
                 " (select count(*) from ports p where p.device_id = s.id) as nics,"
                 " (select count(*) from server_disks d where d.server_id = s.id) as disks"
                 " from servers s join hosts h on h.id = s.host_id where s.id = ?", "s", rest_param(call, "id")) < 0)
        return -1;
    if (rows_next(r, err) != 1)
        return cairn_fail(err, CAIRN_CONFLICT, "Instance %s is not ready: it has no host", rest_param(call, "id"));
    flavor = json_of_column(row_text(r, "flavor"));
    ret->vcpus = json_int(flavor, "vcpus", 1);
    ret->config_drive = row_int(r, "config_drive");
    ret->nics = row_int(r, "nics");
    ret->disks = row_int(r, "disks");
    snprintf(ret->hypervisor, sizeof ret->hypervisor, "%s", row_text(r, "hypervisor"));
    for (char *c = ret->hypervisor; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    return 0;
}

/* From 2.48 on in one form for all hypervisors; what is only known in sum stands in the first element of its list. */
static int
do_diagnostics_248(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_DRIVER struct driver *d = NULL;
    struct cairn_server_stats s = { .size = sizeof s };
    struct shape shape = { 0 };
    struct json_out *o = call->out;
    static const char *const states[] = { "pending", "running", "pending", "paused", "shutdown", "pending", "crashed", "suspended" };

    if (find_driver(call, &d, err) < 0 || rest_move(call, d, err) < 0 || compute_server_diagnostics(d, rest_param(call, "id"), &s, err) < 0 ||
        read_shape(call, &shape, err) < 0)
        return -1;
    jo_object(o, NULL);
    jo_str(o, "state", states[s.power % ARRAY_LEN(states)]);
    jo_str(o, "driver", "libvirt");
    jo_str(o, "hypervisor", shape.hypervisor);
    jo_str(o, "hypervisor_os", "linux");
    jo_int(o, "uptime", (int64_t)s.uptime_s);
    jo_bool(o, "config_drive", (int)shape.config_drive);
    jo_int(o, "num_cpus", shape.vcpus);
    jo_int(o, "num_nics", shape.nics);
    jo_int(o, "num_disks", shape.disks);
    jo_array(o, "cpu_details");
    jo_object(o, NULL);
    jo_int(o, "id", 0);
    jo_int(o, "time", (int64_t)s.cpu_ns);
    jo_null(o, "utilisation");
    jo_end_object(o);
    jo_end_array(o);
    jo_array(o, "nic_details");
    if (shape.nics > 0) {
        jo_object(o, NULL);
        jo_null(o, "mac_address");
        jo_int(o, "rx_octets", (int64_t)s.net_rx_bytes);
        jo_int(o, "rx_packets", (int64_t)s.net_rx_packets);
        jo_null(o, "rx_errors");
        jo_null(o, "rx_drop");
        jo_null(o, "rx_rate");
        jo_int(o, "tx_octets", (int64_t)s.net_tx_bytes);
        jo_int(o, "tx_packets", (int64_t)s.net_tx_packets);
        jo_null(o, "tx_errors");
        jo_null(o, "tx_drop");
        jo_null(o, "tx_rate");
        jo_end_object(o);
    }
    jo_end_array(o);
    jo_array(o, "disk_details");
    jo_object(o, NULL);
    jo_int(o, "read_bytes", (int64_t)s.disk_read_bytes);
    jo_int(o, "read_requests", (int64_t)s.disk_read_ops);
    jo_int(o, "write_bytes", (int64_t)s.disk_write_bytes);
    jo_int(o, "write_requests", (int64_t)s.disk_write_ops);
    jo_int(o, "errors_count", -1);
    jo_end_object(o);
    jo_end_array(o);
    jo_object(o, "memory_details");
    jo_int(o, "maximum", (int64_t)(s.ram_bytes >> 20));
    jo_int(o, "used", (int64_t)(s.ram_used_bytes >> 20));
    jo_end_object(o);
    jo_end_object(o);
    return 0;
}

#define ACTION .method = "POST", .path = "/v2.1/servers/{id}/action", .object = &servers_resource
#define DIAGNOSTICS "os_compute_api:os-server-diagnostics"
const struct rest_route server_action_routes[] = {
    { ACTION, .action = "os-start", .rule = "os_compute_api:servers:start", .status = 202, .states = "stopped", .handle = do_start },
    { ACTION, .action = "os-stop", .rule = "os_compute_api:servers:stop", .status = 202, .states = "active,error", .handle = do_stop },
    { ACTION, .action = "reboot", .rule = "os_compute_api:servers:reboot", .status = 202, .body = reboot_body, .handle = do_reboot },
    { ACTION, .action = "pause", .rule = "os_compute_api:os-pause-server:pause", .status = 202, .states = "active", .handle = do_pause },
    { ACTION, .action = "unpause", .rule = "os_compute_api:os-pause-server:unpause", .status = 202, .states = "paused", .handle = do_unpause },
    { ACTION, .action = "suspend", .rule = "os_compute_api:os-suspend-server:suspend", .status = 202, .states = "active", .handle = do_suspend },
    { ACTION, .action = "resume", .rule = "os_compute_api:os-suspend-server:resume", .status = 202, .states = "suspended", .handle = do_resume },
    { ACTION, .action = "lock", .rule = "os_compute_api:os-lock-server:lock", .status = 202, .body = lock_body, .handle = do_lock },
    { ACTION, .action = "unlock", .rule = "os_compute_api:os-lock-server:unlock", .status = 202, .handle = do_unlock },
    { ACTION, .action = "os-resetState", .rule = "os_compute_api:os-admin-actions:reset_state", .status = 202, .body = reset_body,
      .handle = do_reset_state },
    { ACTION, .action = "os-getConsoleOutput", .rule = "os_compute_api:os-console-output", .status = 200, .flags = REST_NO_TX | REST_BLOCKING,
      .body = console_body, .handle = do_console },
    { .method = "GET", .path = "/v2.1/servers/{id}/diagnostics", .object = &servers_resource, .rule = DIAGNOSTICS, .status = 200,
      .flags = REST_NO_TX | REST_BLOCKING, .handle = do_diagnostics, .until = { 2, 47 } },
    { .method = "GET", .path = "/v2.1/servers/{id}/diagnostics", .object = &servers_resource, .rule = DIAGNOSTICS, .status = 200,
      .flags = REST_NO_TX | REST_BLOCKING, .handle = do_diagnostics_248, .since = { 2, 48 } },
    { .method = NULL },
};

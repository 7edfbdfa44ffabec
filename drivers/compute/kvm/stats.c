/* stats.c: what runs here and what it uses: lists, states, counters, the host's inventory. */

#include "kvm.h"
#include <sys/stat.h>
#include <time.h>

/* -- states --------------------------------------------------------------------------------------------------------------------------- */

static int
state_of(virDomainPtr dom, struct cairn_server_state *ret_state, struct cairn_error *err)
{
    struct cairn_server_state state = { .size = sizeof state };

    if (virDomainGetUUIDString(dom, state.id) < 0 || kvm_power(dom, &state.power, state.reason, sizeof state.reason, err) < 0)
        return -1;
    *ret_state = state;
    return 0;
}

int
kvm_server_state(void *self, const char *id, struct cairn_server_state *ret_state, struct cairn_error *err)
{
    CLEANUP_DOM dom = kvm_find(self, id, err);

    return dom == NULL ? -1 : state_of(dom, ret_state, err);
}

static void
free_records(virDomainStatsRecordPtr **records)
{
    if (*records != NULL)
        virDomainStatsRecordListFree(*records);
}
#define CLEANUP_RECORDS CLEANUP(free_records) virDomainStatsRecordPtr *

/* One question for all domains, instead of one each. */
static int
all_records(struct kvm *kvm, unsigned int what, virDomainStatsRecordPtr **ret_records, struct cairn_error *err)
{
    CLEANUP_CONN conn = kvm_connection(kvm, err);
    int count;

    if (conn == NULL)
        return -1;
    count = virConnectGetAllDomainStats(conn, what, ret_records, 0);
    return count < 0 ? kvm_fail_libvirt(err, "cannot list the domains") : count;
}

static int
get_int(const virDomainStatsRecord *record, const char *name)
{
    int value = 0;

    return virTypedParamsGetInt(record->params, record->nparams, name, &value) == 1 ? value : 0;
}

static uint64_t
get_number(const virDomainStatsRecord *record, const char *name)
{
    unsigned long long value = 0;
    unsigned int small = 0;
    const virTypedParameter *param = virTypedParamsGet(record->params, record->nparams, name);

    if (param == NULL)
        return 0;
    if (param->type == VIR_TYPED_PARAM_UINT)
        return virTypedParamsGetUInt(record->params, record->nparams, name, &small) == 1 ? small : 0;
    return virTypedParamsGetULLong(record->params, record->nparams, name, &value) == 1 ? value : 0;
}

static uint32_t
record_power(const virDomainStatsRecord *record, char *reason, size_t size)
{
    int state = get_int(record, "state.state");
    int saved = state == VIR_DOMAIN_SHUTOFF && virDomainHasManagedSaveImage(record->dom, 0) == 1;

    return kvm_power_of(state, get_int(record, "state.reason"), saved, reason, size);
}

int
kvm_server_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_RECORDS records = NULL;
    int count = all_records(kvm, VIR_DOMAIN_STATS_STATE, &records, err);

    for (int i = 0; i < count; i++) {
        struct cairn_server_state state = { .size = sizeof state };

        if (!kvm_is_ours(kvm, records[i]->dom) || virDomainGetUUIDString(records[i]->dom, state.id) < 0)
            continue;
        state.power = record_power(records[i], state.reason, sizeof state.reason);
        if (kvm->host->emit(sink, &state))
            break;
    }
    return count < 0 ? -1 : 0;
}

/* -- counters ------------------------------------------------------------------------------------------------------------------------- */

/* "net.COUNT" devices, each with these fields. */
static const struct sum { const char *group, *field; size_t at; } sums[] = {
    { "net",   "rx.bytes", offsetof(struct cairn_server_stats, net_rx_bytes) },
    { "net",   "rx.pkts",  offsetof(struct cairn_server_stats, net_rx_packets) },
    { "net",   "tx.bytes", offsetof(struct cairn_server_stats, net_tx_bytes) },
    { "net",   "tx.pkts",  offsetof(struct cairn_server_stats, net_tx_packets) },
    { "block", "rd.bytes", offsetof(struct cairn_server_stats, disk_read_bytes) },
    { "block", "rd.reqs",  offsetof(struct cairn_server_stats, disk_read_ops) },
    { "block", "wr.bytes", offsetof(struct cairn_server_stats, disk_write_bytes) },
    { "block", "wr.reqs",  offsetof(struct cairn_server_stats, disk_write_ops) },
};

/* Seconds since QEMU started: its serial socket is made then. */
static uint64_t
uptime_of(struct kvm *kvm, const char *id)
{
    char path[KVM_PATH_MAX];
    struct stat st;
    time_t now = time(NULL);

    kvm_serial_path(kvm, id, path);
    return stat(path, &st) == 0 && st.st_mtime <= now ? (uint64_t)(now - st.st_mtime) : 0;
}

static void
stats_of(struct kvm *kvm, const virDomainStatsRecord *record, struct cairn_server_stats *ret_stats)
{
    struct cairn_server_stats stats = { .size = sizeof stats };
    uint64_t unused, available;
    char name[64];

    if (virDomainGetUUIDString(record->dom, stats.id) < 0)
        stats.id[0] = '\0';
    stats.power = record_power(record, NULL, 0);
    stats.cpu_ns = get_number(record, "cpu.time");
    stats.ram_bytes = get_number(record, "balloon.current") * 1024;
    available = get_number(record, "balloon.available");
    unused = get_number(record, "balloon.unused");      /* known once the guest's balloon driver reports */
    stats.ram_used_bytes = (available > unused && unused > 0 ? available - unused : get_number(record, "balloon.rss")) * 1024;
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        uint64_t count, *total = (uint64_t *)(void *)((char *)&stats + sums[i].at);

        snprintf(name, sizeof name, "%s.count", sums[i].group);
        count = get_number(record, name);
        for (uint64_t k = 0; k < count && k < 1024; k++) {
            snprintf(name, sizeof name, "%s.%u.%s", sums[i].group, (unsigned)k, sums[i].field);
            *total += get_number(record, name);
        }
    }
    if (stats.power == CAIRN_POWER_RUNNING || stats.power == CAIRN_POWER_PAUSED)
        stats.uptime_s = uptime_of(kvm, stats.id);
    *ret_stats = stats;
}

#define ALL_COUNTERS (VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK)

int
kvm_server_stats(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_RECORDS records = NULL;
    int count = all_records(kvm, ALL_COUNTERS, &records, err);

    for (int i = 0; i < count; i++) {
        struct cairn_server_stats stats;

        if (!kvm_is_ours(kvm, records[i]->dom))
            continue;
        stats_of(kvm, records[i], &stats);
        if (kvm->host->emit(sink, &stats))
            break;
    }
    return count < 0 ? -1 : 0;
}

int
kvm_server_diagnostics(void *self, const char *id, struct cairn_server_stats *ret_stats, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_DOM dom = kvm_find(kvm, id, err);
    CLEANUP_RECORDS records = NULL;
    virDomainPtr list[2] = { dom, NULL };

    if (dom == NULL)
        return -1;
    if (virDomainListGetStats(list, ALL_COUNTERS, &records, 0) < 1)
        return kvm_fail_libvirt(err, "server %s: no counters", id);
    stats_of(kvm, records[0], ret_stats);
    return 0;
}

/* -- the host --------------------------------------------------------------------------------------------------------------------------- */

/* A JSON text of bounded length; names of CPUs, vendors and features are plain words, and what is not is left out. */
struct json_text {
    char *out;
    size_t size, len;
};

static int
json_put(struct json_text *json, const char *fmt, ...) CAIRN_PRINTF(2, 3);

/* 0 and unchanged if it does not fit, with room left to close all brackets. */
static int
json_put(struct json_text *json, const char *fmt, ...)
{
    size_t room = json->size - json->len;
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(json->out + json->len, room, fmt, ap);
    va_end(ap);
    if (len < 0 || (size_t)len + 4 >= room) {
        json->out[json->len] = '\0';
        return 0;
    }
    json->len += (size_t)len;
    return 1;
}

static int
plain_word(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")] == '\0';
}

static void
cpu_info(const xmlNode *cpu, const virNodeInfo *node, struct cairn_compute_info *info)
{
    struct json_text json = { info->cpu_info_json, sizeof info->cpu_info_json, 0 };
    char vendor[64], feature[64];
    int first = 1;

    kvm_get_text(kvm_child(cpu, "vendor"), vendor, sizeof vendor);
    json_put(&json, "{\"arch\":\"%s\",\"model\":\"%s\",\"vendor\":\"%s\",", info->arch, plain_word(info->cpu_model) ? info->cpu_model : "",
             plain_word(vendor) ? vendor : "");
    json_put(&json, "\"topology\":{\"cells\":%u,\"sockets\":%u,\"cores\":%u,\"threads\":%u},\"features\":[", node->nodes, node->sockets, node->cores,
             node->threads);
    for (xmlNode *f = kvm_child(cpu, "feature"); f != NULL; f = kvm_next(f))
        if (plain_word(kvm_get_attr(f, "name", feature, sizeof feature)) && json_put(&json, "%s\"%s\"", first ? "" : ",", feature))
            first = 0;
    snprintf(json.out + json.len, json.size - json.len, "]}");
}

int
kvm_host_info(void *self, struct cairn_compute_info *ret_info, struct cairn_error *err)
{
    struct kvm *kvm = self;
    CLEANUP_CONN conn = kvm_connection(kvm, err);
    CLEANUP_STR text = conn != NULL ? virConnectGetCapabilities(conn) : NULL;
    CLEANUP_DOC caps = NULL;
    struct cairn_compute_info info = { .size = sizeof info };
    unsigned long version;
    virNodeInfo node;
    xmlNode *cpu;

    if (conn == NULL)
        return -1;
    if (text == NULL || virNodeGetInfo(conn, &node) < 0 || virConnectGetVersion(conn, &version) < 0)
        return kvm_fail_libvirt(err, "the host's figures");
    caps = kvm_parse(text, err);
    if (caps == NULL)
        return -1;
    cpu = kvm_child(xmlDocGetRootElement(caps), "host/cpu");
    info.vcpus = node.cpus;
    info.ram_bytes = (uint64_t)node.memory * 1024;
    info.accelerated = kvm->machine.accelerated;
    info.hypervisor_version_number = (uint32_t)version;
    snprintf(info.hypervisor_type, sizeof info.hypervisor_type, "QEMU");
    snprintf(info.hypervisor_version, sizeof info.hypervisor_version, "%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
    kvm_get_text(kvm_child(cpu, "arch"), info.arch, sizeof info.arch);
    kvm_get_text(kvm_child(cpu, "model"), info.cpu_model, sizeof info.cpu_model);
    cpu_info(cpu, &node, &info);
    *ret_info = info;
    return 0;
}

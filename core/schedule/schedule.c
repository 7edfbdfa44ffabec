/* schedule.c: the decision: filters say which hosts may, weighers which of them shall, and the claim is written. */
#include <config.h>
#define LOG_MODULE "schedule"
#include "schedule/schedule.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "schedule/internal.h"
#include "task/task.h"

const struct cairn_key scheduler_keys[] = {
    CAIRN_KEY("filters", CAIRN_KEY_LIST, "alive, capacity, image, zone, affinity",
              "Plugins that decide which hosts a server may go to, in this order."),
    CAIRN_KEY("weighers", CAIRN_KEY_LIST, "ram:1.0, disk:0.1, affinity:1.0",
              "Plugins that decide which of these hosts is best, as NAME:WEIGHT; a negative weight turns the preference round."),
    { 0 },
};

/* What a decision went through: for the sentence that tells it. */
struct account {
    size_t hosts, ignored, not_forced, removed[STAGES_MAX];
    double free_vcpus, free_ram_mib, free_disk_gib;     /* the largest among those that capacity removed */
};

/* --- opening */

static int
load_stage(struct plugins *plugins, const char *name, struct stage *stage, struct cairn_error *err)
{
    struct driver *d = plugins_get(plugins, CAIRN_SCHEDULER, name);

    if (d == NULL) {
        if (plugins_load_with(plugins, CAIRN_SCHEDULER, name, name, NULL, 0, err) < 0)
            return -1;
        d = plugins_get(plugins, CAIRN_SCHEDULER, name);
        if (d == NULL)
            return cairn_fail(err, CAIRN_INTERNAL, "the plugin went away while it was loaded");
    }
    stage->driver = d;
    stage->plugin = (const struct cairn_scheduler_plugin *)(const void *)driver_table(d);
    stage->name = driver_instance(d);
    stage->weight = 1;
    return 0;
}

/* Plugins of a list "a,b:1.5" as the configuration gives it. */
static int
load_list(struct plugins *plugins, const char *key, const char *list, int weights, struct stage *stages, size_t *count,
          struct cairn_error *err)
{
    for (const char *p = list; p != NULL && *p != '\0';) {
        size_t len = strcspn(p, ",");
        CLEANUP_FREE char *word = xstrndup(p, len);
        char *colon = weights ? strchr(word, ':') : NULL, *end = NULL;
        double weight = 1;

        if (colon != NULL) {
            *colon = '\0';
            weight = strtod(colon + 1, &end);
            if (end == colon + 1 || *end != '\0' || !isfinite(weight))
                return cairn_fail(err, CAIRN_INVALID, "[scheduler] %s: '%s' is no weight for '%s'", key, colon + 1, word);
        }
        if (*count == STAGES_MAX)
            return cairn_fail(err, CAIRN_INVALID, "[scheduler] %s: more than %d plugins", key, STAGES_MAX);
        if (load_stage(plugins, word, &stages[*count], err) < 0)
            return cairn_error_context(err, "[scheduler] %s", key);
        stages[(*count)++].weight = weight;
        if (weights ? stages[*count - 1].plugin->weigh == NULL : stages[*count - 1].plugin->filter == NULL)
            return cairn_fail(err, CAIRN_INVALID, "[scheduler] %s: the plugin '%s' is no %s", key, word, weights ? "weigher" : "filter");
        p += len + (p[len] == ',');
    }
    return 0;
}

int
scheduler_open(struct plugins *plugins, const struct config *config, struct scheduler **ret, struct cairn_error *err)
{
    struct scheduler *s = xcalloc(1, sizeof *s);

    mutex_init(&s->lock);
    if (load_list(plugins, "filters", config_string(config, "scheduler", "filters"), 0, s->filters, &s->filters_count, err) < 0 ||
        load_list(plugins, "weighers", config_string(config, "scheduler", "weighers"), 1, s->weighers, &s->weighers_count, err) < 0) {
        scheduler_close(s);
        return -1;
    }
    *ret = s;
    return 0;
}

void
scheduler_close(struct scheduler *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->filters_count; i++)
        driver_put(s->filters[i].driver);
    for (size_t i = 0; i < s->weighers_count; i++)
        driver_put(s->weighers[i].driver);
    picture_drop(s);
    mutex_destroy(&s->lock);
    free(s);
}

/* --- deciding */

static int
is_listed(const char *const *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

/* "HOST" or "ZONE:HOST". */
static int
is_forced(const char *forced, const struct cairn_place_host *host)
{
    const char *colon = strchr(forced, ':');
    size_t zone = colon != NULL ? (size_t)(colon - forced) : 0;

    if (colon == NULL)
        return strcmp(forced, host->name) == 0;
    return strcmp(colon + 1, host->name) == 0 &&
           (zone == 0 || (strlen(host->availability_zone) == zone && strncmp(forced, host->availability_zone, zone) == 0));
}

static void
note_free(struct account *a, const struct cairn_place_host *h)
{
    a->free_vcpus = fmax(a->free_vcpus, fmin(h->vcpu_total, h->vcpu_capacity - h->vcpu_used));
    a->free_ram_mib = fmax(a->free_ram_mib, fmin(h->ram_mib_total, h->ram_mib_capacity - h->ram_mib_used));
    a->free_disk_gib = fmax(a->free_disk_gib, fmin(h->disk_gib_total, h->disk_gib_capacity - h->disk_gib_used));
}

/* Judges one host; 1: it may. */
static int
judge(const struct scheduler *s, const struct cairn_place_request *request, struct seen_host *seen, int64_t now, struct account *a)
{
    seen->host.alive = !seen->forced_down && now - seen->heartbeat_us < HOST_ALIVE_US;
    if (is_listed(request->ignore_hosts, request->ignore_hosts_count, seen->host.name)) {
        a->ignored++;
        return 0;
    }
    if (request->forced_host != NULL && !is_forced(request->forced_host, &seen->host)) {
        a->not_forced++;
        return 0;
    }
    for (size_t i = 0; i < s->filters_count; i++)
        if (!s->filters[i].plugin->filter(driver_self(s->filters[i].driver), request, &seen->host)) {
            a->removed[i]++;
            if (strcmp(s->filters[i].name, "capacity") == 0)
                note_free(a, &seen->host);
            return 0;
        }
    return 1;
}

/* Each weigher's opinion, spread over 0 to 1 among the candidates, times its weight. */
static void
weigh(struct scheduler *s, const struct cairn_place_request *request)
{
    CLEANUP_FREE double *opinions = xcalloc(s->count + 1, sizeof *opinions);

    for (size_t w = 0; w < s->weighers_count; w++) {
        const struct stage *stage = &s->weighers[w];
        double least = INFINITY, most = -INFINITY;

        for (size_t i = 0; i < s->count; i++) {
            if (s->hosts[i].out)
                continue;
            opinions[i] = stage->plugin->weigh(driver_self(stage->driver), request, &s->hosts[i].host);
            if (!isfinite(opinions[i]))
                opinions[i] = 0;
            least = fmin(least, opinions[i]);
            most = fmax(most, opinions[i]);
        }
        for (size_t i = 0; i < s->count && most > least; i++)
            if (!s->hosts[i].out)
                s->hosts[i].weight += stage->weight * (opinions[i] - least) / (most - least);
    }
}

/* The heaviest; among equals the one with the fewest servers; then by name. */
static struct seen_host *
best(struct scheduler *s)
{
    struct seen_host *found = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct seen_host *h = &s->hosts[i];

        if (!h->out && (found == NULL || h->weight > found->weight ||
                        (!(h->weight < found->weight) && h->host.servers < found->host.servers)))
            found = h;
    }
    return found;
}

static void
survey(struct scheduler *s, const struct cairn_place_request *request, struct account *a)
{
    int64_t now = clock_us();

    memset(a, 0, sizeof *a);
    a->hosts = s->count;
    for (size_t i = 0; i < s->count; i++) {
        s->hosts[i].weight = 0;
        s->hosts[i].out = !judge(s, request, &s->hosts[i], now, a);
    }
    weigh(s, request);
}

/* The best host that holds what the picture promised; NULL: none. */
static int
propose(struct scheduler *s, struct tx *tx, const struct cairn_place_request *request, int fresh, struct seen_host **ret,
        struct account *a, struct cairn_error *err)
{
    struct seen_host *host;
    struct account again;
    int there = 1;

    survey(s, request, a);
    while ((host = best(s)) != NULL && !fresh) {
        if (picture_refresh(host, tx, &there, err) < 0)
            return -1;
        memset(&again, 0, sizeof again);
        if (there && judge(s, request, host, clock_us(), &again))
            break;
        host->out = 1;
    }
    *ret = host;
    return 0;
}

static int
refuse(const struct scheduler *s, const struct cairn_place_request *request, const struct account *a, struct cairn_error *err)
{
    CLEANUP_STR struct str text = STR_INIT;

    str_addf(&text, "no valid host: %zu host%s", a->hosts, a->hosts == 1 ? "" : "s");
    if (request->forced_host != NULL && a->hosts > 0 && a->not_forced + a->ignored == a->hosts)
        str_addf(&text, "; none is the '%s' that was asked for", request->forced_host);
    else if (a->not_forced > 0)
        str_addf(&text, "; %zu not asked for", a->not_forced);
    if (a->ignored > 0)
        str_addf(&text, "; %zu ignored", a->ignored);
    for (size_t i = 0, n = 0; i < s->filters_count; i++) {
        if (a->removed[i] == 0)
            continue;
        str_addf(&text, "%s%s removed %zu", n++ > 0 ? ", " : "; ", s->filters[i].name, a->removed[i]);
        if (strcmp(s->filters[i].name, "capacity") == 0)
            str_addf(&text, " (largest free: %.0f VCPUs, %.0f MiB, %.0f GiB)", floor(a->free_vcpus), floor(a->free_ram_mib),
                     floor(a->free_disk_gib));
    }
    return cairn_fail(err, CAIRN_NO_HOST, "%s", text.text);
}

static int
write_claim(struct tx *tx, const struct seen_host *host, const struct cairn_place_request *request, const char *user_id, const struct account *a,
            struct cairn_error *err)
{
    char detail[400];

    if (tx_exec(tx, err,
                "insert into allocations (consumer_id, host_id, vcpus, ram_mib, disk_gib, project_id, user_id) values (?, ?, ?, ?, ?, ?, ?)",
                "ssiiiss", request->server_id, host->id, (int64_t)request->vcpus, (int64_t)request->ram_mib, (int64_t)request->disk_gib,
                request->project_id, user_id) < 0)
        return cairn_error_context(err, "allocation of %s on host '%s'", request->server_id, host->host.name);
    snprintf(detail, sizeof detail, "%s, of %zu hosts", host->host.name, a->hosts);
    if (timeline_add(tx, log_request(), request->server_id, NULL, "schedule", "claim", detail, 0, CAIRN_OK, err) < 0)
        return -1;
    change_note(host->id);      /* read again at the next look: this may yet be rolled back */
    return 0;
}

static int
decide(struct tx *tx, struct scheduler *s, const struct cairn_place_request *request, const char *user_id, char ret_host_id[ID_UUID],
       char ret_host_name[256], struct cairn_error *err)
{
    int fresh = s->hosts == NULL || s->catalog != tx_catalog(tx) || clock_mono_ms() - s->taken_ms > PICTURE_MAX_AGE_MS;
    struct seen_host *host = NULL;
    struct account account;

    if ((fresh ? picture_take(s, tx, err) : picture_follow(s, tx, err)) < 0 ||
        propose(s, tx, request, fresh, &host, &account, err) < 0)
        return -1;
    if (host == NULL && !fresh && (picture_take(s, tx, err) < 0 || propose(s, tx, request, 1, &host, &account, err) < 0))
        return -1;
    if (host == NULL)
        return refuse(s, request, &account, err);
    if (write_claim(tx, host, request, user_id, &account, err) < 0)
        return -1;
    memcpy(ret_host_id, host->id, ID_UUID);
    snprintf(ret_host_name, 256, "%s", host->host.name);
    return 0;
}

int
schedule_claim(struct tx *tx, struct scheduler *s, const struct cairn_place_request *request, const char *user_id,
               char ret_host_id[ID_UUID], char ret_host_name[256], struct cairn_error *err)
{
    int64_t began;
    int rc;

    mutex_lock(&s->lock);
    began = clock_us();
    rc = decide(tx, s, request, user_id, ret_host_id, ret_host_name, err);
    atomic_fetch_add(&s->spent_us, (uint64_t)(clock_us() - began));
    mutex_unlock(&s->lock);
    if (rc == 0 || err->code == CAIRN_NO_HOST)
        atomic_fetch_add(rc == 0 ? &s->placed : &s->refused, 1);
    return rc;
}

void
scheduler_metrics(struct scheduler *s, struct str *out)
{
    str_addf(out, "# HELP cairn_placements_total Decisions of the scheduler.\n# TYPE cairn_placements_total counter\n"
                  "cairn_placements_total{result=\"placed\"} %" PRIu64 "\ncairn_placements_total{result=\"no-host\"} %" PRIu64 "\n"
                  "# HELP cairn_placement_seconds_total Time that they took.\n# TYPE cairn_placement_seconds_total counter\n"
                  "cairn_placement_seconds_total %.6f\n", atomic_load(&s->placed), atomic_load(&s->refused),
             (double)atomic_load(&s->spent_us) / 1e6);
}

int
schedule_release(struct tx *tx, const char *consumer_id, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int rc;

    if (tx_query(tx, &rows, err, "select host_id from allocations where consumer_id = ?", "s", consumer_id) < 0)
        return -1;
    while ((rc = rows_next(rows, err)) > 0)
        change_note(row_text(rows, "host_id"));
    rows_close(steal(&rows));
    return rc < 0 ? -1 : tx_exec(tx, err, "delete from allocations where consumer_id = ?", "s", consumer_id);
}

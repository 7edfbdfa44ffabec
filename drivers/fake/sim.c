/* sim.c: what the fake drivers share; see sim.h. */
#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

enum { RULES_MAX = 128, SCRIPT_MAX = 64 * 1024, STEP_MS = 10 };

/* -- the hash table -- */

static size_t
hash_of(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32);
}

void *
sim_map_get(const struct sim_map *map, const char *key)
{
    if (map->slots_len == 0)
        return NULL;
    for (struct sim_entry *e = map->slots[hash_of(key) % map->slots_len]; e != NULL; e = e->next)
        if (strcmp(e->key, key) == 0)
            return e->value;
    return NULL;
}

static int
map_grow(struct sim_map *map)
{
    size_t wanted = map->slots_len == 0 ? 64 : 2 * map->slots_len;
    struct sim_entry **slots = calloc(wanted, sizeof *slots);

    if (slots == NULL)
        return -1;
    for (size_t i = 0; i < map->slots_len; i++) {
        for (struct sim_entry *e = map->slots[i], *next; e != NULL; e = next) {
            size_t to = hash_of(e->key) % wanted;

            next = e->next;
            e->next = slots[to];
            slots[to] = e;
        }
    }
    free(map->slots);
    map->slots = slots;
    map->slots_len = wanted;
    return 0;
}

int
sim_map_put(struct sim_map *map, const char *key, void *value, struct cairn_error *err)
{
    struct sim_entry *e = malloc(sizeof *e);
    size_t to;

    if (e == NULL || (map->len >= map->slots_len && map_grow(map) < 0)) {
        free(e);
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    }
    to = hash_of(key) % map->slots_len;
    *e = (struct sim_entry){ key, value, map->slots[to] };
    map->slots[to] = e;
    map->len++;
    return 0;
}

void *
sim_map_take(struct sim_map *map, const char *key)
{
    if (map->slots_len == 0)
        return NULL;
    for (struct sim_entry **at = &map->slots[hash_of(key) % map->slots_len]; *at != NULL; at = &(*at)->next) {
        if (strcmp((*at)->key, key) == 0) {
            struct sim_entry *e = *at;
            void *value = e->value;

            *at = e->next;
            free(e);
            map->len--;
            return value;
        }
    }
    return NULL;
}

void
sim_map_each(const struct sim_map *map, int (*fn)(void *arg, void *value), void *arg)
{
    for (size_t i = 0; i < map->slots_len; i++)
        for (struct sim_entry *e = map->slots[i]; e != NULL; e = e->next)
            if (fn(arg, e->value))
                return;
}

void
sim_map_free(struct sim_map *map, void (*free_value)(void *value))
{
    for (size_t i = 0; i < map->slots_len; i++) {
        for (struct sim_entry *e = map->slots[i], *next; e != NULL; e = next) {
            next = e->next;
            free_value(e->value);
            free(e);
        }
    }
    free(map->slots);
    *map = (struct sim_map){ 0 };
}

/* -- worlds -- */

static pthread_mutex_t worlds_lock = PTHREAD_MUTEX_INITIALIZER;     /* guards 'worlds' and every refs */
static struct sim_world *worlds;

struct sim_world *
sim_world_get(const char *name, size_t size, void (*end)(struct sim_world *world), struct cairn_error *err)
{
    struct sim_world *world;

    pthread_mutex_lock(&worlds_lock);
    for (world = worlds; world != NULL; world = world->next)
        if (world->end == end && strcmp(world->name, name) == 0)
            break;
    if (world == NULL && (world = calloc(1, size)) != NULL) {
        pthread_mutex_init(&world->lock, NULL);
        world->end = end;
        snprintf(world->name, sizeof world->name, "%s", name);
        world->next = worlds;
        worlds = world;
    }
    if (world != NULL)
        world->refs++;
    else
        cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    pthread_mutex_unlock(&worlds_lock);
    return world;
}

void
sim_world_put(struct sim_world *world)
{
    pthread_mutex_lock(&worlds_lock);
    if (world != NULL && --world->refs == 0) {
        for (struct sim_world **at = &worlds; *at != NULL; at = &(*at)->next) {
            if (*at == world) {
                *at = world->next;
                break;
            }
        }
        world->end(world);
        pthread_mutex_destroy(&world->lock);
        free(world);
    }
    pthread_mutex_unlock(&worlds_lock);
}

/* -- rules -- */

const struct cairn_key sim_key_delay = CAIRN_KEY("delay", CAIRN_KEY_DURATION, "0ms", "How long each operation takes.");
const struct cairn_key sim_key_delay_op = CAIRN_KEY("delay_op", CAIRN_KEY_LIST, NULL,
    "How long single operations take beyond that: 'server_create=2s, volume_create=300ms'.");
const struct cairn_key sim_key_fail = CAIRN_KEY("fail", CAIRN_KEY_LIST, NULL,
    "Operations that fail: 'server_create=no_space, port_plug=unavailable:3' (the code, and how often; without a number always).");
const struct cairn_key sim_key_script = CAIRN_KEY("script", CAIRN_KEY_PATH, NULL,
    "File of rules that is read while running; without it 'script' in the driver's run directory.");

enum behaviour { FAIL, DELAY, HANG, LATE, RUBBISH };
static const char *const behaviours[] = { "fail", "delay", "hang", "late", "rubbish" };

struct rule {
    char op[48];                /* "*": any */
    enum behaviour what;
    uint32_t code;              /* FAIL */
    int64_t ms;                 /* DELAY, LATE, HANG; -1: no end */
    int64_t count;              /* how often still; -1: always */
    char path[256];             /* HANG until this exists */
};
struct rules {
    struct rule rule[RULES_MAX];
    size_t len;
};
struct sim {
    const struct cairn_host *host;      /* borrowed */
    char script[1024];                  /* immutable after sim_new() */
    int64_t delay_ms;                   /* immutable after sim_new() */
    pthread_mutex_t lock;               /* guards what follows; not held while waiting */
    struct rules fixed;                 /* from the settings */
    struct rules scripted;              /* from the file as it was at 'seen' */
    struct stat seen;
};

int64_t
sim_mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
sleep_ms(int64_t ms)
{
    struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

/* "no_space" or a number. */
static int
code_of(const char *text, uint32_t *ret_code)
{
    static const struct { const char *name; uint32_t code; } codes[] = {
#define X(name, number, text_) { #name, number },
        CAIRN_ERROR_CODES(X)
#undef X
    };
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    for (size_t i = 1; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcasecmp(codes[i].name + strlen("CAIRN_"), text) == 0 || (*end == '\0' && end != text && number == codes[i].code)) {
            *ret_code = codes[i].code;
            return 0;
        }
    }
    return -1;
}

static int
duration_of(const char *text, int64_t *ret_ms)
{
    static const struct { const char *unit; int64_t ms; } units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 }, { "h", 3600000 } };
    char *end;
    int64_t number = strtoll(text, &end, 10);

    for (size_t i = 0; end != text && number >= 0 && number < 1000000000 && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            *ret_ms = number * units[i].ms;
            return 0;
        }
    }
    return -1;
}

/* One rule in words; 'arg' and 'count' may be NULL. */
static int
rule_add(struct rules *rules, const char *op, const char *what, const char *arg, const char *count, struct cairn_error *err)
{
    struct rule rule = { .count = -1, .ms = -1 };
    size_t b = 0;
    int bad = 0;

    while (b < sizeof behaviours / sizeof behaviours[0] && strcmp(behaviours[b], what) != 0)
        b++;
    if (rules->len == RULES_MAX)
        return cairn_fail(err, CAIRN_INVALID, "more than %d rules for the simulation", RULES_MAX);
    if (b == sizeof behaviours / sizeof behaviours[0] || strlen(op) >= sizeof rule.op)
        return cairn_fail(err, CAIRN_INVALID, "'%.40s %.40s': no such behaviour; there are fail, delay, hang, late, rubbish", op, what);
    snprintf(rule.op, sizeof rule.op, "%s", op);
    rule.what = (enum behaviour)b;
    switch (rule.what) {
    case FAIL:
        bad = arg == NULL || code_of(arg, &rule.code) < 0;
        break;
    case DELAY:
    case LATE:
        bad = arg == NULL || duration_of(arg, &rule.ms) < 0;
        break;
    case HANG:
        if (arg != NULL && arg[0] == '/')
            bad = (size_t)snprintf(rule.path, sizeof rule.path, "%s", arg) >= sizeof rule.path;
        else
            bad = arg != NULL && duration_of(arg, &rule.ms) < 0;
        break;
    case RUBBISH:
        count = arg;
        break;
    }
    if (count != NULL) {
        char *end;

        rule.count = strtoll(count, &end, 10);
        bad = bad || *end != '\0' || end == count || rule.count < 1;
    }
    if (bad)
        return cairn_fail(err, CAIRN_INVALID, "'%.40s %s %.60s %.20s': the argument is wrong", op, what, arg != NULL ? arg : "",
                          count != NULL ? count : "");
    rules->rule[rules->len++] = rule;
    return 0;
}

/* "op=value[:count],op=value" */
static int
rules_of_setting(struct rules *rules, const char *what, const char *list, struct cairn_error *err)
{
    char text[4096], *save = NULL;

    if (list == NULL)
        return 0;
    if ((size_t)snprintf(text, sizeof text, "%s", list) >= sizeof text)
        return cairn_fail(err, CAIRN_INVALID, "the list of operations that %s is too long", what);
    for (char *item = strtok_r(text, ",", &save); item != NULL; item = strtok_r(NULL, ",", &save)) {
        char *value = strchr(item, '='), *count = NULL;

        item += strspn(item, " ");
        if (value == NULL)
            return cairn_fail(err, CAIRN_INVALID, "'%.80s': need OPERATION=VALUE", item);
        *value++ = '\0';
        if ((count = strchr(value, ':')) != NULL)
            *count++ = '\0';
        if (rule_add(rules, item, what, value, count, err) < 0)
            return -1;
    }
    return 0;
}

static void
rules_of_script(struct sim *sim, FILE *file)
{
    char line[512];
    size_t total = 0;

    sim->scripted.len = 0;
    while (fgets(line, sizeof line, file) != NULL && (total += strlen(line)) < SCRIPT_MAX) {
        struct cairn_error err = CAIRN_ERROR_INIT;
        char *save = NULL, *op = strtok_r(line, " \t\n", &save), *what, *arg, *count;

        if (op == NULL || op[0] == '#')
            continue;
        what = strtok_r(NULL, " \t\n", &save);
        arg = strtok_r(NULL, " \t\n", &save);
        count = strtok_r(NULL, " \t\n", &save);
        if (rule_add(&sim->scripted, op, what != NULL ? what : "", arg, count, &err) < 0)
            sim->host->log(sim->host->instance, CAIRN_LOG_WARN, "%s: %s", sim->script, err.message);
    }
}

/* Reads the script again when it is another one than before.  The lock is held. */
static void
script_look(struct sim *sim)
{
    struct stat st;
    FILE *file;

    if (stat(sim->script, &st) < 0) {
        sim->scripted.len = 0;
        memset(&sim->seen, 0, sizeof sim->seen);
        return;
    }
    if (st.st_ino == sim->seen.st_ino && st.st_size == sim->seen.st_size && st.st_mtim.tv_sec == sim->seen.st_mtim.tv_sec &&
        st.st_mtim.tv_nsec == sim->seen.st_mtim.tv_nsec)
        return;
    if ((file = fopen(sim->script, "re")) == NULL)
        return;
    rules_of_script(sim, file);
    fclose(file);
    sim->seen = st;
}

/* The first rule for 'op' with this behaviour, used up once; 0: there is none.  'look': has the script changed? (once for each call) */
static int
rule_use(struct sim *sim, const char *op, enum behaviour what, int look, struct rule *ret_rule)
{
    struct rules *const sets[] = { &sim->scripted, &sim->fixed };
    int found = 0;

    pthread_mutex_lock(&sim->lock);
    if (look)
        script_look(sim);
    for (size_t s = 0; s < 2 && !found; s++) {
        for (size_t i = 0; i < sets[s]->len && !found; i++) {
            struct rule *rule = &sets[s]->rule[i];

            if (rule->what != what || rule->count == 0 || (strcmp(rule->op, "*") != 0 && strcmp(rule->op, op) != 0))
                continue;
            if (rule->count > 0)
                rule->count--;
            *ret_rule = *rule;
            found = 1;
        }
    }
    pthread_mutex_unlock(&sim->lock);
    return found;
}

/* A hung call hears nobody: it ends when its time is over, its file appears or its rule is gone. */
static void
hang(struct sim *sim, const char *op, const struct rule *rule)
{
    int64_t end = sim_mono_ms() + rule->ms;
    struct rule now;
    struct stat st;

    for (;;) {
        if (rule->path[0] != '\0' && stat(rule->path, &st) == 0)
            return;
        if (rule->ms >= 0 && sim_mono_ms() >= end)
            return;
        if (rule->count < 0 && !rule_use(sim, op, HANG, 1, &now))
            return;
        sleep_ms(STEP_MS);
    }
}

int
sim_before(struct sim *sim, struct cairn_op *op, const char *name, struct cairn_error *err)
{
    struct rule rule;
    int64_t ms = sim->delay_ms, end;

    if (rule_use(sim, name, HANG, 1, &rule))
        hang(sim, name, &rule);
    if (rule_use(sim, name, DELAY, 0, &rule))
        ms += rule.ms;
    for (end = ms > 0 ? sim_mono_ms() + ms : 0; ms > 0; ms = end - sim_mono_ms()) {
        if (op != NULL && sim->host->cancelled(op))
            return cairn_fail(err, CAIRN_CANCELLED, "%s was called off", name);
        sleep_ms(ms < STEP_MS ? ms : STEP_MS);
    }
    if (rule_use(sim, name, FAIL, 0, &rule))
        return cairn_fail(err, rule.code, "%s fails because the simulation was told so", name);
    return 0;
}

int
sim_after(struct sim *sim, const char *name)
{
    struct rule rule;

    if (rule_use(sim, name, LATE, 1, &rule))
        sleep_ms(rule.ms);
    return rule_use(sim, name, RUBBISH, 0, &rule);
}

int
sim_new(const struct cairn_host *host, struct sim **ret_sim, struct cairn_error *err)
{
    struct sim *sim = calloc(1, sizeof *sim);
    const char *script = host->get_string(host->instance, "script");

    if (sim == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    sim->host = host;
    sim->delay_ms = host->get_int(host->instance, "delay");
    if (script != NULL)
        snprintf(sim->script, sizeof sim->script, "%s", script);
    else
        snprintf(sim->script, sizeof sim->script, "%s/script", host->run_dir);
    if (rules_of_setting(&sim->fixed, "fail", host->get_string(host->instance, "fail"), err) < 0 ||
        rules_of_setting(&sim->fixed, "delay", host->get_string(host->instance, "delay_op"), err) < 0) {
        free(sim);
        return -1;
    }
    pthread_mutex_init(&sim->lock, NULL);
    *ret_sim = sim;
    return 0;
}

void
sim_free(struct sim *sim)
{
    if (sim != NULL)
        pthread_mutex_destroy(&sim->lock);
    free(sim);
}

/* -- the life of an instance -- */

int
sim_configure(const struct cairn_host *host, size_t size, size_t world_size, void (*end)(struct sim_world *world), void **ret_self,
              struct cairn_error *err)
{
    struct sim_instance *inst = calloc(1, size);

    if (inst == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    inst->host = host;
    if (sim_new(host, &inst->sim, err) < 0 || (inst->world = sim_world_get(host->state_dir, world_size, end, err)) == NULL) {
        sim_destroy(inst);
        return -1;
    }
    *ret_self = inst;
    return 0;
}

void
sim_destroy(void *self)
{
    struct sim_instance *inst = self;

    if (inst == NULL)
        return;
    sim_world_put(inst->world);
    sim_free(inst->sim);
    free(inst);
}

int
sim_start(void *self, struct cairn_error *err)
{
    struct sim_instance *inst = self;

    return sim_before(inst->sim, NULL, "start", err);
}

void
sim_stop(void *self)
{
    struct sim_instance *inst = self;

    inst->host->log(inst->host->instance, CAIRN_LOG_DEBUG, "the simulation '%s' stops", inst->host->name);
}

int
sim_health(void *self, struct cairn_health *ret_health, struct cairn_error *err)
{
    struct sim_instance *inst = self;

    if (sim_before(inst->sim, NULL, "health", err) < 0)
        return -1;
    ret_health->ok = 1;
    snprintf(ret_health->text, sizeof ret_health->text, "simulated: nothing here is real");
    return 0;
}

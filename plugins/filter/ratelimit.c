/* ratelimit.c: filter "ratelimit": a token bucket per address, user or project, in a table of fixed size.
 *
 * Behind token_auth it can count by user or project; before it, by address only. */

#include <arpa/inet.h>
#include <cairn/filter.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define WAYS 8u                         /* buckets that a hash may be in */
#define SHARDS 16u
#define SHARD_SETS 64u                  /* SHARDS * SHARD_SETS * WAYS = 8192 callers at once */
#define UNIT 1000                       /* a request costs 1000 thousandths */

struct bucket {
    uint64_t hash;                      /* 0: free */
    int64_t level;                      /* thousandths of requests left */
    int64_t at_ms;
};
struct shard {
    pthread_mutex_t lock;
    struct bucket buckets[SHARD_SETS][WAYS];    /* lock */
};
enum by { BY_ADDRESS, BY_USER, BY_PROJECT };
/* Immutable after configure() but the shards. */
struct ratelimit {
    enum by by;
    int64_t rate, burst;                /* requests a second; at once */
    uint64_t seed;
    struct shard *shards;               /* NULL: no limit */
};

static const struct cairn_key ratelimit_rate = CAIRN_KEY_RANGE("rate", "0", 0, 1000000, "requests a second that one caller may make for long; 0: no limit");
static const struct cairn_key ratelimit_burst = CAIRN_KEY_RANGE("burst", "0", 0, 10000000, "requests that a quiet caller may make at once; 0: twice the rate");
static const struct cairn_key ratelimit_by = CAIRN_KEY("by", CAIRN_KEY_STRING, "address", "who is a caller: address, user or project");
static const struct cairn_key *const ratelimit_keys[] = { &ratelimit_rate, &ratelimit_burst, &ratelimit_by, NULL };

static void
ratelimit_destroy(void *self)
{
    struct ratelimit *r = self;

    if (r == NULL)
        return;
    for (unsigned i = 0; r->shards != NULL && i < SHARDS; i++)
        pthread_mutex_destroy(&r->shards[i].lock);
    free(r->shards);
    free(r);
}

static int
ratelimit_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    static const char *const names[] = { "address", "user", "project" };
    const char *by = host->get_string(host->instance, "by");
    struct ratelimit *r;
    unsigned i;

    for (i = 0; i < 3 && strcmp(by, names[i]) != 0; i++)
        ;
    if (i == 3)
        return cairn_fail(err, CAIRN_INVALID, "by = %s: must be address, user or project", by);
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    r->by = (enum by)i;
    r->rate = host->get_int(host->instance, "rate");
    r->burst = host->get_int(host->instance, "burst");
    if (r->burst == 0)
        r->burst = 2 * r->rate;
    if (r->rate > 0) {
        r->shards = calloc(SHARDS, sizeof *r->shards);
        if (r->shards == NULL || getrandom(&r->seed, sizeof r->seed, 0) != (ssize_t)sizeof r->seed) {
            free(r->shards);
            free(r);
            return cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
        }
        for (i = 0; i < SHARDS; i++)
            pthread_mutex_init(&r->shards[i].lock, NULL);
    }
    *ret_self = r;
    return 0;
}

/* Seeded, so that nobody can aim for somebody else's bucket. */
static uint64_t
hash_bytes(uint64_t seed, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t h = seed ^ UINT64_C(0xcbf29ce484222325);

    while (len-- > 0) {
        h = (h ^ *p++) * UINT64_C(0x100000001b3);
        h ^= h >> 29;
    }
    h = (h ^ seed) * UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 32;
    return h != 0 ? h : 1;
}

/* Somebody with IPv6 has a whole /64 of addresses. */
static uint64_t
hash_address(uint64_t seed, const char *text)
{
    struct in6_addr six;

    if (inet_pton(AF_INET6, text, &six) == 1)
        return hash_bytes(seed, &six, 8);
    return hash_bytes(seed, text, strlen(text));
}

static uint64_t
caller_hash(const struct ratelimit *r, const struct cairn_http *http, const struct cairn_request *req)
{
    const char *id = NULL;

    if (r->by != BY_ADDRESS)
        id = http->note(req, r->by == BY_USER ? "identity.user_id" : "identity.project_id");
    return id != NULL && id[0] != '\0' ? hash_bytes(r->seed, id, strlen(id)) : hash_address(r->seed, http->client_address(req));
}

static int64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
refill(const struct ratelimit *r, struct bucket *b, int64_t now)
{
    int64_t full = r->burst * UNIT, gone = now - b->at_ms;

    b->at_ms = now;
    b->level = gone > full / r->rate ? full : b->level + gone * r->rate;        /* ms * per second = thousandths */
    if (b->level > full)
        b->level = full;
}

/* The caller's bucket; a new caller takes the place of the one that has used its bucket least lately. */
static struct bucket *
find_bucket(const struct ratelimit *r, struct bucket set[WAYS], uint64_t hash, int64_t now)
{
    struct bucket *b = &set[0];

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].hash == hash) {
            refill(r, &set[i], now);
            return &set[i];
        }
        if (set[i].hash == 0 || (b->hash != 0 && set[i].at_ms < b->at_ms))
            b = &set[i];
    }
    *b = (struct bucket){ .hash = hash, .level = r->burst * UNIT, .at_ms = now };
    return b;
}

static uint32_t
ratelimit_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    struct ratelimit *r = self;
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct shard *shard;
    struct bucket *b;
    uint64_t hash;
    int64_t wait_s;
    char text[24];

    if (r->shards == NULL)
        return CAIRN_FILTER_PASS;
    hash = caller_hash(r, http, req);
    shard = &r->shards[hash % SHARDS];
    pthread_mutex_lock(&shard->lock);
    b = find_bucket(r, shard->buckets[hash / SHARDS % SHARD_SETS], hash, now_ms());
    wait_s = b->level >= UNIT ? 0 : (UNIT - b->level + r->rate * 1000 - 1) / (r->rate * 1000);
    if (wait_s == 0)
        b->level -= UNIT;
    pthread_mutex_unlock(&shard->lock);
    if (wait_s == 0)
        return CAIRN_FILTER_PASS;
    snprintf(text, sizeof text, "%lld", (long long)wait_s);
    http->set_reply_header(req, "Retry-After", text);
    cairn_fail(&err, CAIRN_RATE_LIMITED, "Too many requests: more than %lld a second. Try again in %s s.", (long long)r->rate, text);
    http->fault(req, 429, &err);
    return CAIRN_FILTER_REPLIED;
}

static const struct cairn_filter_plugin ratelimit_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "ratelimit", struct cairn_filter_plugin),
    .threads     = CAIRN_THREADS_PARALLEL,
    .version     = "1",
    .description = "a token bucket for each caller",
    .keys        = ratelimit_keys,
    .configure   = ratelimit_configure,
    .destroy     = ratelimit_destroy,
    .before      = ratelimit_before,
};
CAIRN_DRIVER_EXPORT(ratelimit_filter)

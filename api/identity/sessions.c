/* sessions.c: see sessions.h. */
#include "config.h"
#include "identity/sessions.h"

#include <stdatomic.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/thread.h"
#include "identity/resources.h"
#include "identity/revoke.h"
#include "identity/token.h"
#include "identity/who.h"

#define LOG_MODULE "identity"
#include "base/log.h"

#define HASH_LEN 32
#define SETS 256                        /* x WAYS tokens are remembered */
#define WAYS 4
#define SHARDS 16
#define TEXT_KEPT_MAX 16384             /* larger descriptions are rendered anew */
#define GENERATION "identity.generation"

struct slot {
    uint8_t hash[HASH_LEN];             /* SHA-256 of the token's text */
    uint64_t generation;                /* 0: never used */
    int64_t used_ms;
    struct auth *auth;                  /* one reference */
    char *text;                         /* owned; NULL until somebody asked */
};

static struct {
    struct catalog *catalog;            /* immutable while open */
    struct key_ring *ring;
    int64_t lifetime_us;
    EVP_MD *sha256;                     /* looked up once */

    atomic_uint_fast64_t generation;    /* of this process: begins at 1, advances with every change that it hears of */
    atomic_uint_fast64_t committed;     /* own changes; 'seen' lags until they were read back */
    atomic_uint_fast64_t seen;
    atomic_int_fast64_t polled_ms;
    struct mutex poll;                  /* one refresh at a time; held during two small reads */
    int64_t stored GUARDED_BY(poll);    /* generation in the catalog when last read */

    struct mutex lock[SHARDS];
    struct slot slot[SETS][WAYS];       /* guarded by lock[set % SHARDS] */
    atomic_ulong hits, misses, refused;
} s = { .poll = MUTEX_INIT };

/* --- news: own commits, and what other processes wrote */
static int
read_news(void)
{
    struct cairn_error err = CAIRN_ERROR_INIT;
    CLEANUP_TX struct tx *tx = NULL;
    uint64_t committed = atomic_load(&s.committed);
    int64_t stored = 0, before;

    mutex_lock(&s.poll);
    before = s.stored;
    mutex_unlock(&s.poll);
    if (tx_begin(s.catalog, TX_READ, &tx, &err) < 0
        || tx_int(tx, &stored, 0, &err, "select cast(value as bigint) from settings where name = '" GENERATION "'", "") < 0
        || (stored != before && revoke_load(tx, s.lifetime_us, &err) < 0)) {
        log_warn("cannot look for changes of identity: %s", err.message);
        return -1;
    }
    if (stored != before && keys_reload(s.ring, &err) < 0)
        log_warn("token keys are not read again: %s", err.message);
    if (stored != before && identity_state.credential_keys != NULL && keys_reload(identity_state.credential_keys, &err) < 0)
        log_warn("credential keys are not read again: %s", err.message);
    mutex_lock(&s.poll);
    s.stored = stored;
    mutex_unlock(&s.poll);
    if (stored != before)
        atomic_fetch_add(&s.generation, 1);
    atomic_store(&s.seen, committed);
    atomic_store(&s.polled_ms, clock_mono_ms());
    return 0;
}

static struct mutex news_lock = MUTEX_INIT;    /* taken around read_news(); never with another lock of ours held */

void
sessions_refresh(void)
{
    mutex_lock(&news_lock);
    if (s.catalog != NULL)
        read_news();
    mutex_unlock(&news_lock);
}

/* 0, or -1: the catalog does not answer, so nothing may be believed. */
static int
catch_up(struct cairn_error *err)
{
    int result = 0;

    if (atomic_load(&s.seen) == atomic_load(&s.committed) && clock_mono_ms() - atomic_load(&s.polled_ms) < SESSION_POLL_MS)
        return 0;
    mutex_lock(&news_lock);
    if (atomic_load(&s.seen) != atomic_load(&s.committed) || clock_mono_ms() - atomic_load(&s.polled_ms) >= SESSION_POLL_MS)
        result = read_news();
    mutex_unlock(&news_lock);
    return result < 0 ? cairn_fail(err, CAIRN_UNAVAILABLE, "tokens cannot be checked now; try again in a moment") : 0;
}

static void
committed(void *arg)
{
    (void)arg;
    atomic_fetch_add(&s.generation, 1);
    atomic_fetch_add(&s.committed, 1);
}

int
sessions_changed(struct tx *tx, struct cairn_error *err)
{
    if (tx_exec(tx, err,
                "insert into settings (name, value) values ('" GENERATION "', '1')"
                " on conflict (name) do update set value = cast(cast(settings.value as bigint) + 1 as text)", "") < 0)
        return -1;
    tx_on_commit(tx, committed, NULL);
    return 0;
}

/* --- the table */
static void
hash_of(const char *token, uint8_t hash[HASH_LEN])
{
    unsigned len = HASH_LEN;

    EVP_Digest(token, strlen(token), hash, &len, s.sha256, NULL);
}

static struct slot *
find_slot(const uint8_t hash[HASH_LEN], unsigned set)
{
    for (int i = 0; i < WAYS; i++) {
        if (s.slot[set][i].auth != NULL && memcmp(s.slot[set][i].hash, hash, HASH_LEN) == 0)
            return &s.slot[set][i];
    }
    return NULL;
}

static void
slot_clear(struct slot *slot)
{
    auth_put(slot->auth);
    free(slot->text);
    *slot = (struct slot){ 0 };
}

static unsigned
set_of(const uint8_t hash[HASH_LEN])
{
    return hash[0] % SETS;
}

static struct auth *
recall(const uint8_t hash[HASH_LEN], uint64_t generation)
{
    unsigned set = set_of(hash);
    struct auth *found = NULL;
    struct slot *slot;

    mutex_lock(&s.lock[set % SHARDS]);
    slot = find_slot(hash, set);
    if (slot != NULL && slot->generation == generation) {
        slot->used_ms = clock_mono_ms();
        found = auth_ref(slot->auth);
    }
    mutex_unlock(&s.lock[set % SHARDS]);
    return found;
}

static void
keep(const uint8_t hash[HASH_LEN], uint64_t generation, struct auth *auth)
{
    unsigned set = set_of(hash);
    struct slot *slot;

    mutex_lock(&s.lock[set % SHARDS]);
    slot = find_slot(hash, set);
    if (slot == NULL) {
        slot = &s.slot[set][0];
        for (int i = 1; i < WAYS; i++) {
            if (s.slot[set][i].used_ms < slot->used_ms)
                slot = &s.slot[set][i];
        }
    }
    slot_clear(slot);
    auth->remembered = set;
    memcpy(slot->hash, hash, HASH_LEN);
    slot->generation = generation;
    slot->used_ms = clock_mono_ms();
    slot->auth = auth_ref(auth);
    mutex_unlock(&s.lock[set % SHARDS]);
}

/* Its slot, unless it was resolved anew since, and says something else. */
static struct slot *
slot_of(const struct auth *who)
{
    for (int i = 0; i < WAYS; i++)
        if (s.slot[who->remembered][i].auth == who)
            return &s.slot[who->remembered][i];
    return NULL;
}

int
session_text(const struct auth *who, struct str *out)
{
    uint64_t generation = atomic_load(&s.generation);
    unsigned set = who->remembered;
    struct slot *slot;
    int found = 0;

    mutex_lock(&s.lock[set % SHARDS]);
    slot = slot_of(who);
    if (slot != NULL && slot->generation == generation && slot->text != NULL) {
        str_add(out, slot->text);
        found = 1;
    }
    mutex_unlock(&s.lock[set % SHARDS]);
    return found;
}

void
session_keep_text(const struct auth *who, const char *text)
{
    unsigned set = who->remembered;
    struct slot *slot;

    if (strlen(text) > TEXT_KEPT_MAX)
        return;
    mutex_lock(&s.lock[set % SHARDS]);
    slot = slot_of(who);
    if (slot != NULL) {
        free(slot->text);
        slot->text = xstrdup(text);
    }
    mutex_unlock(&s.lock[set % SHARDS]);
}

/* --- the check */
static int
refuse(struct cairn_error *err, const char *why)
{
    atomic_fetch_add(&s.refused, 1);
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "%s", why);
}

static int
resolve(const char *text, int allow_expired, uint64_t generation, const uint8_t hash[HASH_LEN], struct auth **ret, struct cairn_error *err)
{
    struct token token;
    struct auth *auth;
    int64_t now = clock_us();
    CLEANUP_TX struct tx *tx = NULL;

    atomic_fetch_add(&s.misses, 1);
    if (token_unseal(s.ring, text, &token, err) < 0) {
        atomic_fetch_add(&s.refused, 1);
        return -1;
    }
    if (token.expires_us + (allow_expired ? EXPIRED_WINDOW_US : 0) <= now)
        return refuse(err, "the token has expired");
    if (tx_begin(s.catalog, TX_READ, &tx, err) < 0 || who_resolve(tx, &token, text, &auth, err) < 0)
        return -1;
    if (revoke_hits(auth)) {
        auth_put(auth);
        return refuse(err, "the token was revoked");
    }
    if (token.expires_us > now)
        keep(hash, generation, auth);
    *ret = auth;
    return 0;
}

int
session_check(const char *token, int allow_expired, struct auth **ret, struct cairn_error *err)
{
    struct cairn_error unheard = CAIRN_ERROR_INIT;
    uint8_t hash[HASH_LEN];
    struct auth *auth;
    uint64_t generation;

    if (err == NULL)
        err = &unheard;
    if (s.catalog == NULL || token == NULL || strnlen(token, TOKEN_TEXT_MAX) >= TOKEN_TEXT_MAX)
        return refuse(err, "this is no token of this cloud");
    if (catch_up(err) < 0)
        return -1;
    /* Read before the catalog is: what changes meanwhile makes the answer stale at once, never the other way round. */
    generation = atomic_load(&s.generation);
    hash_of(token, hash);
    auth = recall(hash, generation);
    if (auth == NULL)
        return resolve(token, allow_expired, generation, hash, ret, err);
    if (auth->expires_us <= clock_us() && !allow_expired) {
        auth_put(auth);
        return refuse(err, "the token has expired");
    }
    atomic_fetch_add(&s.hits, 1);
    *ret = auth;
    return 0;
}

int
sessions_open(struct catalog *catalog, struct key_ring *ring, int64_t lifetime_us, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t stored;

    for (int i = 0; i < SHARDS; i++)
        mutex_init(&s.lock[i]);
    revoke_forget();
    if (tx_begin(catalog, TX_READ, &tx, err) < 0
        || tx_int(tx, &stored, 0, err, "select cast(value as bigint) from settings where name = '" GENERATION "'", "") < 0
        || revoke_load(tx, lifetime_us, err) < 0)
        return -1;
    if (s.sha256 == NULL && (s.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL)
        return cairn_fail(err, CAIRN_INTERNAL, "there is no SHA-256");
    mutex_lock(&s.poll);
    s.stored = stored;
    mutex_unlock(&s.poll);
    s.ring = ring;
    s.lifetime_us = lifetime_us;
    atomic_fetch_add(&s.generation, 1);
    atomic_store(&s.seen, atomic_load(&s.committed));
    atomic_store(&s.polled_ms, clock_mono_ms());
    s.catalog = catalog;
    return 0;
}

void
sessions_close(void)
{
    mutex_lock(&news_lock);
    s.catalog = NULL;
    s.ring = NULL;
    EVP_MD_free(s.sha256);
    s.sha256 = NULL;
    for (int set = 0; set < SETS; set++) {
        for (int i = 0; i < WAYS; i++)
            slot_clear(&s.slot[set][i]);
    }
    mutex_unlock(&news_lock);
    revoke_forget();
}

void
sessions_metrics(struct str *out)
{
    str_addf(out, "# TYPE cairn_token_checks_total counter\n"
                  "cairn_token_checks_total{result=\"remembered\"} %lu\n"
                  "cairn_token_checks_total{result=\"resolved\"} %lu\n"
                  "cairn_token_checks_total{result=\"refused\"} %lu\n"
                  "# TYPE cairn_token_revocations gauge\ncairn_token_revocations %u\n",
             atomic_load(&s.hits), atomic_load(&s.misses), atomic_load(&s.refused), revoke_count());
}

/* password.c: see password.h. */
#include "config.h"
#include "identity/password.h"

#include <crypt.h>
#include <stdatomic.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "base/thread.h"

#define REMEMBER_MS (5 * 60 * 1000)
#define WAIT_MS 10000
#define DIGEST_LEN 32
#define MEMORY_SETS 64
#define MEMORY_WAYS 4

static const struct scheme {
    const char *name, *prefix;
    unsigned cost;                      /* a usual one: some 50 to 100 ms */
    size_t secret_max;                  /* bytes that count */
} schemes[] = {
    { "yescrypt", "$y$",  5,  CRYPT_MAX_PASSPHRASE_SIZE - 1 },      /* the first is the default; it and scrypt want memory, too */
    { "scrypt",   "$7$",  7,  CRYPT_MAX_PASSPHRASE_SIZE - 1 },
    { "bcrypt",   "$2b$", 12, PASSWORD_BCRYPT_MAX },
};

/* Written by password_scheme(), which no other call runs beside. */
static struct {
    const struct scheme *scheme;
    unsigned cost;
    char sample[CRYPT_GENSALT_OUTPUT_SIZE];     /* a setting; what nobody's secret is hashed with, so that an unknown user costs what a known one does */
} chosen = { .scheme = schemes };

static struct {
    struct mutex lock;
    struct cond freed;
    unsigned parallel GUARDED_BY(lock), waiting_max GUARDED_BY(lock);
    unsigned running GUARDED_BY(lock), waiting GUARDED_BY(lock);
} gate = { .lock = MUTEX_INIT, .parallel = 2, .waiting_max = 16 };

/* Verified secrets.  A fixed table: strangers cannot make it grow, and only what verified gets in. */
static struct {
    struct mutex lock;
    struct { uint8_t digest[DIGEST_LEN]; int64_t until_ms; } slot[MEMORY_SETS][MEMORY_WAYS] GUARDED_BY(lock);
    uint8_t key[32];                    /* immutable after start_once() */
} memory = { .lock = MUTEX_INIT };

static atomic_ulong hashed, remembered;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int
make_setting(char setting[CRYPT_GENSALT_OUTPUT_SIZE], struct cairn_error *err)
{
    unsigned cost = chosen.cost != 0 ? chosen.cost : chosen.scheme->cost;
    char seed[32];

    id_random(seed, sizeof seed);
    if (crypt_gensalt_rn(chosen.scheme->prefix, cost, seed, sizeof seed, setting, CRYPT_GENSALT_OUTPUT_SIZE) == NULL)
        return cairn_fail(err, CAIRN_INVALID, "the system's crypt offers no %s of cost %u", chosen.scheme->name, cost);
    return 0;
}

static void
start_once(void)
{
    cond_init(&gate.freed);
    id_random(memory.key, sizeof memory.key);
    if (chosen.sample[0] == '\0' && make_setting(chosen.sample, NULL) < 0)
        chosen.sample[0] = '\0';
}

int
password_scheme(const char *name, unsigned cost, struct cairn_error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (strcmp(schemes[i].name, name) != 0)
            continue;
        chosen.scheme = &schemes[i];
        chosen.cost = cost;
        return make_setting(chosen.sample, err);
    }
    return cairn_fail(err, CAIRN_INVALID, "'%s' is no scheme for passwords: yescrypt, scrypt or bcrypt", name);
}

void
password_limits(unsigned parallel, unsigned waiting)
{
    mutex_lock(&gate.lock);
    gate.parallel = parallel > 0 ? parallel : 1;
    gate.waiting_max = waiting;
    mutex_unlock(&gate.lock);
}

void
password_counts(unsigned long *ret_hashed, unsigned long *ret_remembered)
{
    *ret_hashed = atomic_load(&hashed);
    *ret_remembered = atomic_load(&remembered);
}

static int
gate_enter(struct cairn_error *err)
{
    int64_t deadline = clock_mono_ms() + WAIT_MS;
    int in = 0;

    pthread_once(&once, start_once);
    mutex_lock(&gate.lock);
    if (gate.running < gate.parallel || gate.waiting < gate.waiting_max) {
        gate.waiting++;
        while (gate.running >= gate.parallel && clock_mono_ms() < deadline)
            cond_wait_ms(&gate.freed, &gate.lock, deadline - clock_mono_ms());
        gate.waiting--;
        if (gate.running < gate.parallel) {
            gate.running++;
            in = 1;
        }
    }
    mutex_unlock(&gate.lock);
    return in ? 0 : cairn_fail(err, CAIRN_UNAVAILABLE, "too many logins at once; try again in a moment");
}

static void
gate_leave(void)
{
    mutex_lock(&gate.lock);
    gate.running--;
    cond_signal(&gate.freed);
    mutex_unlock(&gate.lock);
}

/* '*ret' malloc'd; NULL when the library refuses the setting. */
static int
hash_with(const char *secret, const char *setting, char **ret, struct cairn_error *err)
{
    struct crypt_data *data;
    const char *out;

    if (gate_enter(err) < 0)
        return -1;
    data = xcalloc(1, sizeof *data);    /* 32 KiB: not for a stack */
    out = crypt_r(secret, setting, data);
    *ret = out == NULL || out[0] == '*' ? NULL : xstrdup(out);
    explicit_bzero(data, sizeof *data);
    free(data);
    gate_leave();
    atomic_fetch_add(&hashed, 1);
    return 0;
}

static void
digest_of(const char *user_id, const char *hash, const char *secret, uint8_t out[DIGEST_LEN])
{
    unsigned len = DIGEST_LEN;
    CLEANUP_STR struct str text = STR_INIT;

    str_add_n(&text, user_id, strlen(user_id) + 1);     /* NULs part what could else run together */
    str_add_n(&text, hash, strlen(hash) + 1);
    str_add(&text, secret);
    HMAC(EVP_sha256(), memory.key, sizeof memory.key, (const unsigned char *)text.text, text.len, out, &len);
    explicit_bzero(text.text, text.len);
}

static int
is_remembered(const uint8_t digest[DIGEST_LEN])
{
    int64_t now = clock_mono_ms();
    unsigned set = digest[0] % MEMORY_SETS;
    int found = 0;

    mutex_lock(&memory.lock);
    for (int i = 0; i < MEMORY_WAYS; i++)
        found |= str_secret_eq(memory.slot[set][i].digest, digest, DIGEST_LEN) & (memory.slot[set][i].until_ms > now);
    mutex_unlock(&memory.lock);
    return found;
}

static void
remember(const uint8_t digest[DIGEST_LEN])
{
    unsigned set = digest[0] % MEMORY_SETS;
    int oldest = 0;

    mutex_lock(&memory.lock);
    for (int i = 1; i < MEMORY_WAYS; i++) {
        if (memory.slot[set][i].until_ms < memory.slot[set][oldest].until_ms)
            oldest = i;
    }
    memcpy(memory.slot[set][oldest].digest, digest, DIGEST_LEN);
    memory.slot[set][oldest].until_ms = clock_mono_ms() + REMEMBER_MS;
    mutex_unlock(&memory.lock);
}

int
password_hash(const char *secret, char **ret_hash, struct cairn_error *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    if (secret[0] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "a password may not be empty");
    if (strlen(secret) > chosen.scheme->secret_max)
        return cairn_fail(err, CAIRN_INVALID, "a password may have at most %zu bytes", chosen.scheme->secret_max);
    if (make_setting(setting, err) < 0 || hash_with(secret, setting, ret_hash, err) < 0)
        return -1;
    if (*ret_hash == NULL)
        return cairn_fail(err, CAIRN_INTERNAL, "the system's crypt refused to hash");
    return 0;
}

static int
wrong(struct cairn_error *err)
{
    return cairn_fail(err, CAIRN_UNAUTHENTICATED, "the user's name or password is wrong");
}

int
password_verify(const char *user_id, const char *secret, const char *hash, struct cairn_error *err)
{
    uint8_t digest[DIGEST_LEN];
    int same;
    CLEANUP_FREE char *computed = NULL;

    pthread_once(&once, start_once);
    if (strlen(secret) >= CRYPT_MAX_PASSPHRASE_SIZE)
        return wrong(err);
    /* bcrypt would take any secret that begins alike. */
    if (hash != NULL && str_starts(hash, "$2") && strlen(secret) > PASSWORD_BCRYPT_MAX)
        hash = NULL;
    digest_of(user_id != NULL ? user_id : "", hash != NULL ? hash : "", secret, digest);
    if (hash != NULL && is_remembered(digest)) {
        atomic_fetch_add(&remembered, 1);
        return 0;
    }
    if (hash_with(secret, hash != NULL ? hash : chosen.sample, &computed, err) < 0)
        return -1;
    if (computed == NULL || hash == NULL)
        return wrong(err);
    same = strlen(computed) == strlen(hash) && str_secret_eq(computed, hash, strlen(hash));
    explicit_bzero(computed, strlen(computed));
    if (!same)
        return wrong(err);
    remember(digest);
    return 0;
}

/* How much of a hash tells scheme and cost: "$y$j9T$", "$2b$12$"; scrypt has eleven characters and nothing behind them. */
static size_t
cost_len(const char *hash)
{
    const char *at = hash;

    if (str_starts(hash, "$7$"))
        return strnlen(hash, 14);
    for (int dollars = 0; dollars < 3 && at != NULL; dollars++)
        at = strchr(dollars == 0 ? hash : at + 1, '$');
    return at != NULL ? (size_t)(at - hash) + 1 : strlen(hash);
}

int
password_outdated(const char *hash)
{
    size_t len;

    pthread_once(&once, start_once);
    len = cost_len(chosen.sample);
    return cost_len(hash) != len || strncmp(hash, chosen.sample, len) != 0;
}

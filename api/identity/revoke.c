/* revoke.c: see revoke.h.  In memory an event hangs in a hash table under its most telling field, so that a check looks at a handful of
 * chains, however many events there are.  Events that no live token can meet are dropped when their chain is next added to. */
#include "config.h"
#include "identity/revoke.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"

#define BUCKETS 1024

/* X(field): the most telling first. */
#define FIELDS(X) X(audit_id) X(audit_chain_id) X(delegation_id) X(user_id) X(project_id) X(domain_id) X(role_id)
enum field {
#define X(name) F_##name,
    FIELDS(X)
#undef X
    FIELD_COUNT                 /* an event without any field: every token */
};

struct event {
    struct event *next;
    int64_t before_us, revoked_us;
    enum field key;
    char *value[FIELD_COUNT];   /* owned; "" any */
};

static struct {
    struct mutex lock;
    struct event *bucket[BUCKETS] GUARDED_BY(lock);
    int64_t last_seq GUARDED_BY(lock);
    unsigned count GUARDED_BY(lock);
} events = { .lock = MUTEX_INIT };

int
revoke_add(struct tx *tx, const struct revocation *what, int64_t keep_us, struct cairn_error *err)
{
    int64_t now = clock_us();
#define TEXT(field) (what->field != NULL ? what->field : "")

    /* The newest row stays, so that numbers never start again. */
    if (keep_us > 0 && tx_exec(tx, err, "delete from revocations where revoked_us < ? and seq < (select max(seq) from revocations)", "i", now - keep_us) < 0)
        return -1;
    return tx_exec(tx, err,
                   "insert into revocations (seq, user_id, project_id, domain_id, role_id, audit_id, audit_chain_id, delegation_id, delegation, issued_before_us, revoked_us)"
                   " values ((select coalesce(max(seq), 0) + 1 from revocations), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "ssssssssii",
                   TEXT(user_id), TEXT(project_id), TEXT(domain_id), TEXT(role_id), TEXT(audit_id), TEXT(chain_id), TEXT(delegation_id), TEXT(delegation), now, now);
#undef TEXT
}

static unsigned
bucket_of(enum field key, const char *value)
{
    uint32_t h = 2166136261u ^ (uint32_t)key;

    for (; *value != '\0'; value++)
        h = (h ^ (uint8_t)*value) * 16777619u;
    return h % BUCKETS;
}

static void
event_free(struct event *e)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        free(e->value[i]);
    free(e);
}

static void
insert(struct event *e, int64_t dead_before_us)
    REQUIRES(events.lock)
{
    struct event **at = &events.bucket[bucket_of(e->key, e->key < FIELD_COUNT ? e->value[e->key] : "")], *old;

    for (struct event **p = at; (old = *p) != NULL;) {
        if (old->revoked_us < dead_before_us) {
            *p = old->next;
            event_free(old);
            events.count--;
        } else {
            p = &old->next;
        }
    }
    e->next = *at;
    *at = e;
    events.count++;
}

int
revoke_load(struct tx *tx, int64_t keep_us, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int64_t last, dead = clock_us() - keep_us;
    int got;

    mutex_lock(&events.lock);
    last = events.last_seq;
    mutex_unlock(&events.lock);
    if (tx_query(tx, &rows, err,
                 "select seq, audit_id, audit_chain_id, delegation_id, user_id, project_id, domain_id, role_id, issued_before_us, revoked_us"
                 " from revocations where seq > ? order by seq", "i", last) < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        struct event *e = xcalloc(1, sizeof *e);

#define X(name) e->value[F_##name] = xstrdup(row_text(rows, #name));
        FIELDS(X)
#undef X
        e->before_us = row_int(rows, "issued_before_us");
        e->revoked_us = row_int(rows, "revoked_us");
        while (e->key < FIELD_COUNT && e->value[e->key][0] == '\0')
            e->key++;
        mutex_lock(&events.lock);
        events.last_seq = row_int(rows, "seq");
        if (e->revoked_us < dead)
            event_free(e);
        else
            insert(e, dead);
        mutex_unlock(&events.lock);
    }
    return got;
}

static int
one_of(const char *text, const char *const *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(list[i], text) == 0)
            return 1;
    }
    return 0;
}

static int
matches(const struct event *e, const struct auth *who)
{
    const char *const domains[] = { who->domain_id, who->user_domain_id, who->project_domain_id };
    const char *const users[] = { who->user_id, who->trustor_id, who->trustee_id };     /* a trust dies with either */
#define SAME(field, text) (e->value[field][0] == '\0' || strcmp(e->value[field], text) == 0)

    return who->issued_us <= e->before_us
           && SAME(F_audit_id, who->audit_id) && SAME(F_audit_chain_id, who->audit_chain_id)
           && SAME(F_delegation_id, who->delegation_id) && SAME(F_project_id, who->project_id)
           && (e->value[F_user_id][0] == '\0' || one_of(e->value[F_user_id], users, 3))
           && (e->value[F_domain_id][0] == '\0' || one_of(e->value[F_domain_id], domains, 3))
           && (e->value[F_role_id][0] == '\0' || one_of(e->value[F_role_id], who->role_ids, who->roles_count));
#undef SAME
}

static int
chain_hits(enum field key, const char *value, const struct auth *who)
    REQUIRES(events.lock)
{
    if (key < FIELD_COUNT && value[0] == '\0')
        return 0;
    for (const struct event *e = events.bucket[bucket_of(key, value)]; e != NULL; e = e->next) {
        if (e->key == key && matches(e, who))
            return 1;
    }
    return 0;
}

int
revoke_hits(const struct auth *who)
{
    int hit;

    mutex_lock(&events.lock);
    hit = chain_hits(F_audit_id, who->audit_id, who) || chain_hits(F_audit_chain_id, who->audit_chain_id, who)
          || chain_hits(F_delegation_id, who->delegation_id, who) || chain_hits(F_user_id, who->user_id, who)
          || chain_hits(F_user_id, who->trustor_id, who) || chain_hits(F_user_id, who->trustee_id, who) || chain_hits(F_project_id, who->project_id, who)
          || chain_hits(F_domain_id, who->domain_id, who) || chain_hits(F_domain_id, who->user_domain_id, who)
          || chain_hits(F_domain_id, who->project_domain_id, who) || chain_hits(FIELD_COUNT, "", who);
    for (unsigned i = 0; i < who->roles_count && !hit; i++)
        hit = chain_hits(F_role_id, who->role_ids[i], who);
    mutex_unlock(&events.lock);
    return hit;
}

unsigned
revoke_count(void)
{
    unsigned count;

    mutex_lock(&events.lock);
    count = events.count;
    mutex_unlock(&events.lock);
    return count;
}

void
revoke_forget(void)
{
    mutex_lock(&events.lock);
    for (int i = 0; i < BUCKETS; i++) {
        struct event *e, *next;

        for (e = events.bucket[i]; e != NULL; e = next) {
            next = e->next;
            event_free(e);
        }
        events.bucket[i] = NULL;
    }
    events.count = 0;
    events.last_seq = 0;
    mutex_unlock(&events.lock);
}

/* copies.c: see copies.h. */
#include "config.h"
#include "identity/copies.h"

#include <openssl/evp.h>

#include "base/clock.h"
#include "identity/external.h"
#include "identity/resources.h"
#include "identity/revoke.h"

#define LOG_MODULE "identity"
#include "base/log.h"

const struct copy_kind copy_users = { "user", "users", user_goes };
const struct copy_kind copy_groups = { "group", "groups_", group_goes };

void
copy_id(const char *domain_id, const struct copy_kind *kind, const char *local_id, char out[COPY_ID])
{
    CLEANUP_STR struct str text = STR_INIT;
    unsigned char digest[32];
    unsigned len = sizeof digest;

    str_add_n(&text, domain_id, strlen(domain_id) + 1);         /* NULs part what could else run together */
    str_add_n(&text, kind->name, strlen(kind->name) + 1);
    str_add(&text, local_id);
    EVP_Digest(text.text, text.len, digest, &len, EVP_sha256(), NULL);
    for (unsigned i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* --- rows */

int
copy_drop(struct tx *tx, const struct copy_kind *kind, const char *id, struct cairn_error *err)
{
    char sql[64];
    struct revocation what = { .user_id = id };

    snprintf(sql, sizeof sql, "delete from %s where id = ?", kind->table);
    if (kind->goes(tx, id, err) < 0 || tx_exec(tx, err, sql, "s", id) < 0)
        return -1;
    return kind == &copy_users ? revoke_add(tx, &what, identity_state.lifetime_us, err) : 0;
}

/* The name is free for this id: another copy that has it was renamed or replaced there.  '*ret' 0: somebody of the catalog's own has it. */
static int
free_name(struct tx *tx, const struct copy_kind *kind, const char *domain_id, const char *name, const char *id, int *ret, struct cairn_error *err)
{
    CLEANUP_FREE char *holder = NULL;
    char sql[96];
    int is_copy;

    snprintf(sql, sizeof sql, "select id from %s where domain_id = ? and name = ? and id <> ?", kind->table);
    *ret = 1;
    if (tx_text(tx, &holder, err, sql, "sss", domain_id, name, id) < 0)
        return -1;
    if (holder == NULL)
        return 0;
    if (external_is(tx, holder, &is_copy, err) < 0)
        return -1;
    *ret = is_copy;
    return is_copy ? copy_drop(tx, kind, holder, err) : 0;
}

static int
note_id(struct tx *tx, const struct copy_kind *kind, const char *domain_id, const char *local_id, const char *id, struct cairn_error *err)
{
    return tx_exec(tx, err, "insert into external_ids (public_id, kind, domain_id, local_id) values (?, ?, ?, ?) on conflict do nothing", "ssss", id, kind->name, domain_id,
                   local_id);
}

int
copy_store_user(struct tx *tx, const char *domain_id, const struct cairn_auth_user *u, char id[COPY_ID], int *ret_changed, struct cairn_error *err)
{
    struct revocation what = { .user_id = id };
    int64_t was;
    int is_free;

    copy_id(domain_id, &copy_users, u->id, id);
    if (free_name(tx, &copy_users, domain_id, u->name, id, &is_free, err) < 0)
        return -1;
    if (!is_free) {
        log_warn("user '%s' of domain %s is left out: the catalog has a user of that name there", u->name, domain_id);
        id[0] = '\0';
        return 0;
    }
    if (tx_int(tx, &was, -1, err, "select enabled from users where id = ?", "s", id) < 0)
        return -1;
    if (was < 0) {
        *ret_changed = 1;
        return tx_exec(tx, err, "insert into users (id, domain_id, name, description, email, enabled, created_us) values (?, ?, ?, nullif(?, ''), nullif(?, ''), ?, ?)",
                       "sssssii", id, domain_id, u->name, u->description, u->email, (int64_t)u->enabled, clock_us()) < 0 ? -1
               : note_id(tx, &copy_users, domain_id, u->id, id, err);
    }
    if (tx_exec(tx, err,
                "update users set name = ?, description = nullif(?, ''), email = nullif(?, ''), enabled = ? where id = ?"
                " and (name <> ? or coalesce(description, '') <> ? or coalesce(email, '') <> ? or enabled <> ?)", "sssissssi", u->name, u->description, u->email,
                (int64_t)u->enabled, id, u->name, u->description, u->email, (int64_t)u->enabled) < 0)
        return -1;
    *ret_changed |= tx_changes(tx) > 0;
    return was && !u->enabled ? revoke_add(tx, &what, identity_state.lifetime_us, err) : 0;
}

int
copy_store_group(struct tx *tx, const char *domain_id, const struct cairn_auth_group *g, char id[COPY_ID], int *ret_changed, struct cairn_error *err)
{
    int is_free;

    copy_id(domain_id, &copy_groups, g->id, id);
    if (free_name(tx, &copy_groups, domain_id, g->name, id, &is_free, err) < 0)
        return -1;
    if (!is_free) {
        log_warn("group '%s' of domain %s is left out: the catalog has a group of that name there", g->name, domain_id);
        id[0] = '\0';
        return 0;
    }
    if (tx_exec(tx, err,
                "insert into groups_ (id, domain_id, name, description, created_us) values (?, ?, ?, ?, ?)"
                " on conflict (id) do update set name = excluded.name, description = excluded.description"
                " where groups_.name <> excluded.name or groups_.description <> excluded.description", "ssssi", id, domain_id, g->name, g->description, clock_us()) < 0)
        return -1;
    *ret_changed |= tx_changes(tx) > 0;
    return note_id(tx, &copy_groups, domain_id, g->id, id, err);
}

/* --- lists */
int
copy_collect(void *arg, const void *item)
{
    struct copy_list *l = arg;

    if (l->count == l->cap) {
        l->cap = l->cap > 0 ? l->cap * 2 : 64;
        l->items = xrealloc(l->items, l->cap * l->size);
    }
    memcpy((char *)l->items + l->count++ * l->size, item, l->size);
    return 0;
}

void
copy_list_free(struct copy_list *l)
{
    free(l->items);
}

/* cascade.c: what goes with a user, group, project or domain.  Foreign keys take memberships, passwords, tags and whatever was handed on; the rest is here. */
#include "config.h"
#include "identity/resources.h"

/* A copy of somebody that a plugin knows: see external.h. */
static int
copy_goes(struct tx *tx, const char *id, struct cairn_error *err)
{
    return tx_exec(tx, err, "delete from external_ids where public_id = ?", "s", id);
}

int
user_goes(struct tx *tx, const char *id, struct cairn_error *err)
{
    if (copy_goes(tx, id, err) < 0)
        return -1;
    return tx_exec(tx, err, "delete from assignments where actor_type = 'user' and actor_id = ?", "s", id);
}

int
group_goes(struct tx *tx, const char *id, struct cairn_error *err)
{
    if (copy_goes(tx, id, err) < 0)
        return -1;
    return tx_exec(tx, err, "delete from assignments where actor_type = 'group' and actor_id = ?", "s", id);
}

/* An application credential is not to rise again when its user gets the role anew. */
int
grant_goes(struct tx *tx, const char *user_id, const char *project_id, const char *role_id, struct cairn_error *err)
{
    return tx_exec(tx, err,
                   "delete from application_credentials where user_id = ? and project_id = ? and id in"
                   " (select application_credential_id from application_credential_roles where role_id = ?)", "sss", user_id, project_id, role_id);
}

int
role_goes(struct tx *tx, const char *id, struct cairn_error *err)
{
    return tx_exec(tx, err,
                   "delete from application_credentials where id in (select application_credential_id from application_credential_roles where role_id = ?)",
                   "s", id);
}

int
project_goes(struct tx *tx, const char *id, struct cairn_error *err)
{
    if (tx_exec(tx, err, "delete from credentials where project_id = ?", "s", id) < 0)
        return -1;
    if (tx_exec(tx, err, "delete from assignments where target_type = 'project' and target_id = ?", "s", id) < 0)
        return -1;
    return tx_exec(tx, err, "update users set default_project_id = null where default_project_id = ?", "s", id);
}

int
domain_goes(struct tx *tx, const char *id, struct cairn_error *err)
{
    static const char *const steps[] = {
        "delete from assignments where actor_type = 'user' and actor_id in (select id from users where domain_id = ?)",
        "delete from assignments where actor_type = 'group' and actor_id in (select id from groups_ where domain_id = ?)",
        "delete from assignments where target_type = 'project' and target_id in (select id from projects where domain_id = ?)",
        "delete from assignments where target_type = 'domain' and target_id = ?",
        "update users set default_project_id = null where default_project_id in (select id from projects where domain_id = ?)",
        "delete from credentials where project_id in (select id from projects where domain_id = ?)",
        "delete from users where domain_id = ?",
        "delete from groups_ where domain_id = ?",
        "delete from projects where domain_id = ?",
        "delete from roles where domain_id = ?",
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (tx_exec(tx, err, steps[i], "s", id) < 0)
            return -1;
    }
    return 0;
}

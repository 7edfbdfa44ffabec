/* mapping_login.c: see mapping.h: an assertion for a provider of the catalog's, and the groups that it names. */
#include "config.h"
#include "identity/mapping.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"

struct provider { char *mapping, *remote_attribute, *rules, *version; int64_t enabled; };

static void
provider_free(struct provider *p)
{
    free(p->mapping);
    free(p->remote_attribute);
    free(p->rules);
    free(p->version);
}

static int
provider_load(struct tx *tx, const char *idp, const char *protocol, struct provider *ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got;

    if (tx_query(tx, &rows, err,
                 "select i.enabled as enabled, p.mapping_id as mapping, p.remote_id_attribute as attribute, m.rules as rules, m.schema_version as version"
                 " from identity_providers i join federation_protocols p on p.idp_id = i.id left join federation_mappings m on m.id = p.mapping_id"
                 " where i.id = ? and p.id = ?", "ss", idp, protocol) < 0 || (got = rows_next(rows, err)) < 0)
        return -1;
    if (got == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Could not find federated protocol %.64s for Identity Provider: %.64s.", protocol, idp);
    *ret = (struct provider){ xstrdup(row_text(rows, "mapping")), xstrdup(row_text(rows, "attribute")), xstrdup(row_text(rows, "rules")),
                              xstrdup(row_text(rows, "version")), row_int(rows, "enabled") };
    if (!ret->enabled)
        return cairn_fail(err, CAIRN_DENIED, "Identity Provider %.64s is disabled", idp);
    return ret->rules != NULL ? 0 : cairn_fail(err, CAIRN_NOT_FOUND, "Could not find mapping: %.64s.", ret->mapping);
}

/* Where the protocol says which attribute names the provider, the assertion must name this one. */
static int
issuer_check(struct tx *tx, const char *idp, const struct provider *p, const json_t *assertion, struct cairn_error *err)
{
    const char *issuer;
    int64_t known, any;

    if (p->remote_attribute == NULL || p->remote_attribute[0] == '\0')
        return 0;
    issuer = json_str(assertion, p->remote_attribute);
    if (tx_int(tx, &any, 0, err, "select count(*) from idp_remote_ids where idp_id = ?", "s", idp) < 0
        || tx_int(tx, &known, 0, err, "select count(*) from idp_remote_ids where idp_id = ? and remote_id = ?", "ss", idp, issuer) < 0)
        return -1;
    if (any == 0 || known > 0)
        return 0;
    if (issuer == NULL)
        return cairn_fail(err, CAIRN_INVALID, "Could not find the Identity Provider's identifier (%s) in the assertion.", p->remote_attribute);
    return cairn_fail(err, CAIRN_DENIED, "The assertion's identity provider, %.100s, is not among the accepted identifiers of %.64s.", issuer, idp);
}

/* Adds the id of a group by name; none such: nothing. */
static int
group_by_name(struct tx *tx, const json_t *group, json_t *ids, struct cairn_error *err)
{
    const json_t *domain = json_object_get(group, "domain");
    CLEANUP_FREE char *id = NULL;

    if (tx_text(tx, &id, err, "select g.id from groups_ g join domains d on d.id = g.domain_id where g.name = ? and (d.id = ? or (? is null and d.name = ?))", "ssss",
                json_str(group, "name"), json_str(domain, "id"), json_str(domain, "id"), json_str(domain, "name")) < 0)
        return -1;
    for (size_t i = 0; id != NULL && i < json_array_size(ids); i++) {
        if (strcmp(json_string_value(json_array_get(ids, i)), id) == 0)
            return 0;
    }
    if (id != NULL)
        json_array_append_new(ids, json_string(id));
    return 0;
}

static int
groups_find(struct tx *tx, const char *mapping, json_t *who, struct cairn_error *err)
{
    json_t *ids = json_object_get(who, "group_ids"), *item;
    size_t i;

    json_array_foreach(ids, i, item) {
        int64_t found;

        if (tx_int(tx, &found, 0, err, "select 1 from groups_ where id = ?", "s", json_string_value(item)) < 0)
            return -1;
        if (!found)
            return cairn_fail(err, CAIRN_INVALID, "Group %.64s returned by mapping %.64s was not found in the backend.", json_string_value(item), mapping);
    }
    json_array_foreach(json_object_get(who, "group_names"), i, item) {
        if (group_by_name(tx, item, ids, err) < 0)
            return -1;
    }
    return 0;
}

int
mapping_login(struct tx *tx, const char *idp, const char *protocol, const json_t *assertion, json_t **ret, struct cairn_error *err)
{
    CLEANUP(provider_free) struct provider p = { 0 };
    CLEANUP_JSON json_t *rules = NULL;
    CLEANUP_JSON json_t *who = NULL;

    if (provider_load(tx, idp, protocol, &p, err) < 0 || issuer_check(tx, idp, &p, assertion, err) < 0
        || json_parse(p.rules, strlen(p.rules), &rules, err) < 0 || mapping_apply(rules, p.version, assertion, &who, err) < 0
        || groups_find(tx, p.mapping, who, err) < 0)
        return -1;
    *ret = steal(&who);
    return 0;
}

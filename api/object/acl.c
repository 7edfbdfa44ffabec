/* acl.c: access lists of containers (X-Container-Read, X-Container-Write) and accounts (X-Account-Access-Control).
 *
 * An item is ".r:[-]HOST" (who was sent here by a page of that host), ".rlistings", "PROJECT:USER" by ids or names with "*" on either side,
 * or a role's name. */
#include "config.h"
#include "object/private.h"

#include <string.h>
#include <strings.h>

static char *
trim(char *text)
{
    size_t len;

    text += strspn(text, " \t");
    len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        text[--len] = '\0';
    return text;
}

static int
clean_referrer(char *value, int is_write, const char *raw, struct str *out, struct cairn_error *err)
{
    const char *minus = "";

    if (is_write)
        return object_fail(err, 400, "Referrers not allowed in write ACL: %s", raw);
    if (*value == '-') {
        minus = "-";
        value = trim(value + 1);
    }
    if (strncmp(value, "*.", 2) == 0)
        value++;
    if (*value == '\0' || strcmp(value, ".") == 0)
        return object_fail(err, 400, "No host/domain value after referrer designation in ACL: %s", raw);
    str_addf(out, "%s.r:%s%s", out->len > 0 ? "," : "", minus, value);
    return 0;
}

int
acl_clean(const char *value, int is_write, struct str *out, struct cairn_error *err)
{
    static const char *const referrers[] = { ".r", ".ref", ".referer", ".referrer" };
    CLEANUP_FREE char *copy = xstrdup(value);
    char *save = NULL;

    for (char *item = strtok_r(copy, ",", &save); item != NULL; item = strtok_r(NULL, ",", &save)) {
        CLEANUP_FREE char *raw = NULL;
        char *colon, *first;
        size_t i = 0;

        item = trim(item);
        if (*item == '\0')
            continue;
        raw = xstrdup(item);
        colon = strchr(item, ':');
        if (colon == NULL || item[0] != '.') {
            str_addf(out, "%s%s", out->len > 0 ? "," : "", item);
            continue;
        }
        *colon = '\0';
        first = trim(item);
        while (i < ARRAY_LEN(referrers) && strcmp(first, referrers[i]) != 0)
            i++;
        if (i == ARRAY_LEN(referrers))
            return object_fail(err, 400, "Unknown designator '%s' in ACL: %s", first, raw);
        if (clean_referrer(trim(colon + 1), is_write, raw, out, err) < 0)
            return -1;
    }
    str_add(out, "");
    return 0;
}

/* The host of "http://[user@]host[:port]/..."; "" if none. */
static void
referer_host(const char *referer, char buf[256])
{
    const char *at, *end, *user;

    buf[0] = '\0';
    if (referer == NULL || (at = strstr(referer, "://")) == NULL)
        return;
    at += 3;
    end = at + strcspn(at, "/?#");
    user = memchr(at, '@', (size_t)(end - at));
    if (user != NULL)
        at = user + 1;
    snprintf(buf, 256, "%.*s", (int)(strcspn(at, ":/?#") < 255 ? strcspn(at, ":/?#") : 255), at);
}

static int
host_fits(const char *rule, const char *host)
{
    size_t rule_len = strlen(rule), len = strlen(host);

    if (strcmp(rule, "*") == 0)
        return 1;
    if (rule[0] == '.')
        return len >= rule_len - 1 && ((len >= rule_len && strcasecmp(host + len - rule_len, rule) == 0) || strcasecmp(host, rule + 1) == 0);
    return len > 0 && strcasecmp(rule, host) == 0;
}

static int
is_one_of(const char *text, size_t len, const char *a, const char *b)
{
    return (len == 1 && *text == '*') || (a != NULL && *a != '\0' && strlen(a) == len && memcmp(text, a, len) == 0) ||
           (b != NULL && *b != '\0' && strlen(b) == len && memcmp(text, b, len) == 0);
}

static int
is_default_domain(const char *id)
{
    return id != NULL && strcmp(id, "default") == 0;
}

/* Names are believed of the default domain only: those of others may be anybody's. */
static int
item_names(const char *item, const struct auth *who, const char *domain)
{
    const char *colon = strchr(item, ':');
    int names = is_default_domain(who->user_domain_id) && is_default_domain(who->project_domain_id) && is_default_domain(domain);

    if (colon == NULL)
        return auth_has_role(who, item);
    return is_one_of(item, (size_t)(colon - item), who->project_id, names ? who->project_name : NULL) &&
           is_one_of(colon + 1, strlen(colon + 1), who->user_id, names ? who->user_name : NULL);
}

int
acl_allows(const char *acl, const char *domain, const struct auth *who, const char *referer, int listing)
{
    CLEANUP_FREE char *copy = xstrdup(acl != NULL ? acl : "");
    char *save = NULL, host[256];
    int by_referrer = 0, listings = 0, by_name = 0;

    referer_host(referer, host);
    for (char *item = strtok_r(copy, ",", &save); item != NULL; item = strtok_r(NULL, ",", &save)) {
        if (strcmp(item, ".rlistings") == 0)
            listings = 1;
        else if (strncmp(item, ".r:-", 4) == 0)
            by_referrer &= !host_fits(item + 4, host);
        else if (strncmp(item, ".r:", 3) == 0)
            by_referrer |= host_fits(item + 3, host);
        else if (who != NULL)
            by_name |= item_names(item, who, domain);
    }
    return by_name || (by_referrer && (!listing || listings));
}

/* --- accounts: {"admin": ["PROJECT:USER", ...], "read-write": [...], "read-only": [...]} */

static const char *const levels[] = { "read-only", "read-write", "admin" };

int
acl_account_check(const char *text, struct cairn_error *err)
{
    CLEANUP_JSON json_t *doc = NULL;
    struct cairn_error why = CAIRN_ERROR_INIT;
    const char *key;
    json_t *list;
    int names = 0;

    if (json_parse(text, strlen(text), &doc, &why) < 0 || !json_is_object(doc))
        return object_fail(err, 400, "X-Account-Access-Control is not a JSON object");
    json_object_foreach(doc, key, list) {
        size_t i, n = 0;

        while (n < ARRAY_LEN(levels) && strcmp(key, levels[n]) != 0)
            n++;
        if (n == ARRAY_LEN(levels))
            return object_fail(err, 400, "X-Account-Access-Control: key '%.60s' is not recognized", key);
        if (!json_is_array(list))
            return object_fail(err, 400, "X-Account-Access-Control: value of '%s' must be a list", key);
        for (i = 0; i < json_array_size(list); i++)
            if (!json_is_string(json_array_get(list, i)))
                return object_fail(err, 400, "X-Account-Access-Control: '%s' must hold strings", key);
        names += json_array_size(list) > 0;
    }
    return names > 0;
}

int
acl_account_allows(const char *text, const struct auth *who, const char *level)
{
    CLEANUP_JSON json_t *doc = json_of_column(text);
    size_t from = 0;

    if (who == NULL || text == NULL)
        return 0;
    while (from < ARRAY_LEN(levels) - 1 && strcmp(levels[from], level) != 0)
        from++;
    for (; from < ARRAY_LEN(levels); from++) {      /* a higher level has the lower rights too */
        const json_t *list = json_object_get(doc, levels[from]);

        for (size_t i = 0; i < json_array_size(list); i++) {
            const char *item = json_string_value(json_array_get(list, i));

            if (item != NULL && (strchr(item, ':') != NULL ? item_names(item, who, who->project_domain_id) : strcmp(item, who->user_id) == 0))
                return 1;
        }
    }
    return 0;
}

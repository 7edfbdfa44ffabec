/* ldap.c: plugin "ldap": users and groups of an LDAP directory, read only.  The keys are named as in Keystone's section [ldap]. */
#define _GNU_SOURCE
#include "directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One instance, e.g. [auth:staff].  Written by configure(), then only read: no lock. */
struct ldap {
    const struct cairn_host *host;      /* borrowed; outlives the instance */
    struct directory dir;
    const char *user_tree, *user_filter, *user_class, *user_id, *user_name, *user_mail, *user_description;
    const char *enabled, *enabled_default;
    int64_t enabled_mask;
    int enabled_invert;
    const char *group_tree, *group_filter, *group_class, *group_id, *group_name, *group_description, *group_member;
    int members_are_ids;
};

#define STRING(n, d, h) static const struct cairn_key key_##n = CAIRN_KEY(#n, CAIRN_KEY_STRING, d, h);
STRING(url, "ldap://localhost", "Where the directory is: ldap:// or ldaps://, several with blanks between them.")
STRING(user, NULL, "DN that searches the directory; default: anybody may.")
static const struct cairn_key key_password = CAIRN_KEY("password", CAIRN_KEY_SECRET, NULL, "Its password; file:PATH reads it from a file.");
static const struct cairn_key key_use_tls = CAIRN_KEY("use_tls", CAIRN_KEY_BOOL, "no", "StartTLS on ldap://.");
static const struct cairn_key key_tls_cacertfile = CAIRN_KEY("tls_cacertfile", CAIRN_KEY_PATH, NULL, "PEM certificates that the server's must descend from; default: the system's.");
STRING(tls_req_cert, "demand", "demand, allow or never: what to think of the server's certificate.")
STRING(query_scope, "one", "one: entries directly below the trees; sub: all below them.")
static const struct cairn_key key_page_size = CAIRN_KEY_RANGE("page_size", "500", 0, 100000, "Entries asked for at once; 0: no pages.");
static const struct cairn_key key_timeout = CAIRN_KEY("timeout", CAIRN_KEY_DURATION, "5s", "How long the directory may take to answer.");
static const struct cairn_key key_user_tree_dn = CAIRN_KEY_REQ("user_tree_dn", CAIRN_KEY_STRING, "DN below which users are.");
STRING(user_filter, NULL, "Filter that users must match besides: (memberOf=...).")
STRING(user_objectclass, "inetOrgPerson", "Object class of users.")
STRING(user_id_attribute, "cn", "Attribute that names a user for ever.")
STRING(user_name_attribute, "sn", "Attribute that a user logs in with.")
STRING(user_mail_attribute, "mail", "Attribute of the address.")
STRING(user_description_attribute, "description", "Attribute of the description.")
STRING(user_enabled_attribute, NULL, "Attribute that says whether a user may log in; default: all may.")
static const struct cairn_key key_user_enabled_mask = CAIRN_KEY_RANGE("user_enabled_mask", "0", 0, 2147483647, "Bit of that attribute that means disabled (Active Directory: 2); 0: it is TRUE or FALSE.");
static const struct cairn_key key_user_enabled_invert = CAIRN_KEY("user_enabled_invert", CAIRN_KEY_BOOL, "no", "That attribute means locked: TRUE is disabled.");
STRING(user_enabled_default, "True", "What counts for users that lack the attribute.")
STRING(group_tree_dn, NULL, "DN below which groups are; default: there are none.")
STRING(group_filter, NULL, "Filter that groups must match besides.")
STRING(group_objectclass, "groupOfNames", "Object class of groups.")
STRING(group_id_attribute, "cn", "Attribute that names a group for ever.")
STRING(group_name_attribute, "ou", "Attribute of a group's name.")
STRING(group_desc_attribute, "description", "Attribute of a group's description.")
STRING(group_member_attribute, "member", "Attribute of a group that names its members.")
static const struct cairn_key key_group_members_are_ids = CAIRN_KEY("group_members_are_ids", CAIRN_KEY_BOOL, "no", "Members are named by their ids (posixGroup), not by DNs.");

static const struct cairn_key *const ldap_keys[] = {
    &key_url, &key_user, &key_password, &key_use_tls, &key_tls_cacertfile, &key_tls_req_cert, &key_query_scope, &key_page_size, &key_timeout,
    &key_user_tree_dn, &key_user_filter, &key_user_objectclass, &key_user_id_attribute, &key_user_name_attribute, &key_user_mail_attribute,
    &key_user_description_attribute, &key_user_enabled_attribute, &key_user_enabled_mask, &key_user_enabled_invert, &key_user_enabled_default,
    &key_group_tree_dn, &key_group_filter, &key_group_objectclass, &key_group_id_attribute, &key_group_name_attribute, &key_group_desc_attribute,
    &key_group_member_attribute, &key_group_members_are_ids, NULL
};

/* --- life cycle */
struct word { const char *word; int value; };

static int
choose(const char *key, const char *text, const struct word *words, int *ret, struct cairn_error *err)
{
    for (; words->word != NULL; words++) {
        if (strcmp(words->word, text) == 0) {
            *ret = words->value;
            return 0;
        }
    }
    return cairn_fail(err, CAIRN_INVALID, "%s = '%s' is not one of those that the key knows", key, text);
}

static int
read_settings(struct ldap *l, struct cairn_error *err)
{
    static const struct word scopes[] = { { "one", LDAP_SCOPE_ONELEVEL }, { "sub", LDAP_SCOPE_SUBTREE }, { NULL, 0 } };
    static const struct word certs[] = { { "demand", LDAP_OPT_X_TLS_DEMAND }, { "allow", LDAP_OPT_X_TLS_ALLOW }, { "never", LDAP_OPT_X_TLS_NEVER }, { NULL, 0 } };
#define TEXT(key) l->host->get_string(l->host->instance, key)
#define NUMBER(key) l->host->get_int(l->host->instance, key)

    l->dir = (struct directory){ .url = TEXT("url"), .user = TEXT("user"), .password = TEXT("password"), .ca_file = TEXT("tls_cacertfile"),
                                 .start_tls = (int)NUMBER("use_tls"), .page_size = (int)NUMBER("page_size"), .timeout_ms = (int)NUMBER("timeout") };
    l->user_tree = TEXT("user_tree_dn");
    l->user_filter = TEXT("user_filter");
    l->user_class = TEXT("user_objectclass");
    l->user_id = TEXT("user_id_attribute");
    l->user_name = TEXT("user_name_attribute");
    l->user_mail = TEXT("user_mail_attribute");
    l->user_description = TEXT("user_description_attribute");
    l->enabled = TEXT("user_enabled_attribute");
    l->enabled_default = TEXT("user_enabled_default");
    l->enabled_mask = NUMBER("user_enabled_mask");
    l->enabled_invert = (int)NUMBER("user_enabled_invert");
    l->group_tree = TEXT("group_tree_dn");
    l->group_filter = TEXT("group_filter");
    l->group_class = TEXT("group_objectclass");
    l->group_id = TEXT("group_id_attribute");
    l->group_name = TEXT("group_name_attribute");
    l->group_description = TEXT("group_desc_attribute");
    l->group_member = TEXT("group_member_attribute");
    l->members_are_ids = (int)NUMBER("group_members_are_ids");
    if (l->dir.user != NULL && (l->dir.password == NULL || l->dir.password[0] == '\0'))
        return cairn_fail(err, CAIRN_INVALID, "user = '%s' needs a password", l->dir.user);
    if (l->dir.start_tls && strncasecmp(l->dir.url, "ldaps:", 6) == 0)
        return cairn_fail(err, CAIRN_INVALID, "use_tls is for ldap:// URLs; '%s' is encrypted already", l->dir.url);
    if (l->dir.timeout_ms < 100 || l->dir.timeout_ms > 15000)
        return cairn_fail(err, CAIRN_INVALID, "timeout must be between 100ms and 15s");
    return choose("query_scope", TEXT("query_scope"), scopes, &l->dir.scope, err) < 0 ? -1
           : choose("tls_req_cert", TEXT("tls_req_cert"), certs, &l->dir.require_cert, err);
#undef TEXT
#undef NUMBER
}

static int
ldap_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct ldap *l = calloc(1, sizeof *l);

    if (l == NULL)
        return cairn_fail(err, CAIRN_INTERNAL, "no memory");
    l->host = host;
    if (read_settings(l, err) < 0) {
        free(l);
        return -1;
    }
    *ret_self = l;
    return 0;
}

static void
ldap_discard(void *self)
{
    free(self);
}

static int
ldap_health(void *self, struct cairn_health *ret_health, struct cairn_error *err)
{
    struct ldap *l = self;
    LDAP *ld;

    if (directory_open(&l->dir, &ld, err) < 0)
        return -1;
    ldap_unbind_ext_s(ld, NULL, NULL);
    ret_health->ok = 1;
    snprintf(ret_health->text, sizeof ret_health->text, "%.200s answers", l->dir.url);
    return 0;
}

/* --- entries */

/* Whatever cannot be understood is disabled. */
static int
is_enabled(const struct ldap *l, LDAP *ld, LDAPMessage *entry)
{
    char text[64], *end;
    int enabled;

    if (l->enabled == NULL)
        return 1;
    if (!directory_value(ld, entry, l->enabled, text, sizeof text)) {
        struct berval **values = ldap_get_values_len(ld, entry, l->enabled);
        int there = values != NULL;

        ldap_value_free_len(values);
        if (there)
            return 0;
        snprintf(text, sizeof text, "%s", l->enabled_default);
    }
    if (l->enabled_mask != 0) {
        long long number = strtoll(text, &end, 10);

        if (end == text || *end != '\0')
            return 0;
        return (number & l->enabled_mask) != l->enabled_mask;
    }
    enabled = strcasecmp(text, "true") == 0;
    if (!enabled && strcasecmp(text, "false") != 0)
        return 0;
    return l->enabled_invert ? !enabled : enabled;
}

/* 0: the entry lacks what a user must have, or has it ill-formed. */
static int
read_user(const struct ldap *l, LDAP *ld, LDAPMessage *entry, struct cairn_auth_user *ret)
{
    *ret = (struct cairn_auth_user){ .size = sizeof *ret };
    if (!directory_value(ld, entry, l->user_id, ret->id, sizeof ret->id) || !directory_value(ld, entry, l->user_name, ret->name, sizeof ret->name)
        || ret->id[0] == '\0' || ret->name[0] == '\0')
        return 0;
    directory_value(ld, entry, l->user_mail, ret->email, sizeof ret->email);
    directory_value(ld, entry, l->user_description, ret->description, sizeof ret->description);
    ret->enabled = (uint32_t)is_enabled(l, ld, entry);
    return 1;
}

static int
read_group(const struct ldap *l, LDAP *ld, LDAPMessage *entry, struct cairn_auth_group *ret)
{
    *ret = (struct cairn_auth_group){ .size = sizeof *ret };
    if (!directory_value(ld, entry, l->group_id, ret->id, sizeof ret->id) || ret->id[0] == '\0')
        return 0;
    if (!directory_value(ld, entry, l->group_name, ret->name, sizeof ret->name) || ret->name[0] == '\0')
        snprintf(ret->name, sizeof ret->name, "%s", ret->id);
    directory_value(ld, entry, l->group_description, ret->description, sizeof ret->description);
    return 1;
}

/* A search with a connection of its own: 'more' is a filter beside class and the operator's. */
static int
search(const struct ldap *l, int groups, const char *more, const char *const *attrs,
       int (*fn)(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err), void *arg, struct cairn_error *err)
{
    char *filter = groups ? directory_filter(l->group_class, l->group_filter, more) : directory_filter(l->user_class, l->user_filter, more);
    LDAP *ld = NULL;
    int rc = directory_open(&l->dir, &ld, err);

    if (rc == 0) {
        rc = directory_search(&l->dir, ld, groups ? l->group_tree : l->user_tree, filter, attrs, fn, arg, err);
        ldap_unbind_ext_s(ld, NULL, NULL);
        /* A tree that is not there says nothing of who was in it. */
        if (rc < 0 && err != NULL && err->code == CAIRN_NOT_FOUND)
            err->code = CAIRN_UNAVAILABLE;
    }
    free(filter);
    return rc;
}

#define USER_ATTRS(l) { (l)->user_id, (l)->user_name, (l)->user_mail, (l)->user_description, (l)->enabled != NULL ? (l)->enabled : (l)->user_id, NULL }
#define GROUP_ATTRS(l) { (l)->group_id, (l)->group_name, (l)->group_description, NULL }

/* --- one user */
struct one { const struct ldap *l; struct cairn_auth_user user; char *dn; unsigned count; };

static int
take_one(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err)
{
    struct one *one = arg;

    (void)err;
    if (!read_user(one->l, ld, entry, &one->user))
        return 0;
    if (one->count++ == 0)
        one->dn = ldap_get_dn(ld, entry);
    return one->count > 1;
}

/* By an attribute; one->dn is to be freed by ldap_memfree() in any case. */
static int
find_one(const struct ldap *l, const char *attr, const char *value, struct one *one, struct cairn_error *err)
{
    const char *const attrs[] = USER_ATTRS(l);
    char *equals = directory_equals(attr, value);
    int rc;

    *one = (struct one){ .l = l };
    rc = search(l, 0, equals, attrs, take_one, one, err);
    free(equals);
    if (rc < 0)
        return -1;
    if (one->count != 1)
        return cairn_fail(err, CAIRN_NOT_FOUND, "%s user has the %s '%.100s'", one->count == 0 ? "no" : "more than one", attr, value);
    return 0;
}

static int
give_user(const struct ldap *l, const char *attr, const char *value, struct cairn_auth_user *ret, struct cairn_error *err)
{
    struct one one;
    int rc = find_one(l, attr, value, &one, err);

    if (rc == 0)
        *ret = one.user;
    ldap_memfree(one.dn);
    return rc;
}

static int
ldap_user_get(void *self, struct cairn_op *op, const char *id, struct cairn_auth_user *ret_user, struct cairn_error *err)
{
    struct ldap *l = self;

    (void)op;
    return give_user(l, l->user_id, id, ret_user, err);
}

static int
ldap_user_find(void *self, struct cairn_op *op, const char *name, struct cairn_auth_user *ret_user, struct cairn_error *err)
{
    struct ldap *l = self;

    (void)op;
    return give_user(l, l->user_name, name, ret_user, err);
}

static int
ldap_authenticate(void *self, struct cairn_op *op, const char *id, const char *secret, struct cairn_error *err)
{
    struct ldap *l = self;
    struct one one;
    int rc = find_one(l, l->user_id, id, &one, err);

    (void)op;
    if (rc == 0)
        rc = directory_bind(&l->dir, one.dn, secret, err);
    else if (err != NULL && err->code == CAIRN_NOT_FOUND)
        err->code = CAIRN_DENIED;
    ldap_memfree(one.dn);
    return rc;
}

/* --- lists */
struct emit { const struct ldap *l; struct cairn_sink *sink; };

static int
emit_user(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err)
{
    struct emit *e = arg;
    struct cairn_auth_user user;

    (void)err;
    return read_user(e->l, ld, entry, &user) ? e->l->host->emit(e->sink, &user) : 0;
}

static int
emit_group(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err)
{
    struct emit *e = arg;
    struct cairn_auth_group group;

    (void)err;
    return read_group(e->l, ld, entry, &group) ? e->l->host->emit(e->sink, &group) : 0;
}

static int
ldap_user_list(void *self, struct cairn_op *op, struct cairn_sink *sink, struct cairn_error *err)
{
    struct ldap *l = self;
    struct emit e = { l, sink };
    const char *const attrs[] = USER_ATTRS(l);

    (void)op;
    return search(l, 0, NULL, attrs, emit_user, &e, err);
}

static int
ldap_group_list(void *self, struct cairn_op *op, struct cairn_sink *sink, struct cairn_error *err)
{
    struct ldap *l = self;
    struct emit e = { l, sink };
    const char *const attrs[] = GROUP_ATTRS(l);

    (void)op;
    return l->group_tree != NULL ? search(l, 1, NULL, attrs, emit_group, &e, err) : 0;
}

static int
ldap_user_groups(void *self, struct cairn_op *op, const char *user_id, struct cairn_sink *sink, struct cairn_error *err)
{
    struct ldap *l = self;
    struct emit e = { l, sink };
    const char *const attrs[] = GROUP_ATTRS(l);
    struct one one = { 0 };
    char *equals;
    int rc = 0;

    (void)op;
    if (l->group_tree == NULL)
        return 0;
    if (!l->members_are_ids && find_one(l, l->user_id, user_id, &one, err) < 0) {
        ldap_memfree(one.dn);
        return -1;
    }
    equals = directory_equals(l->group_member, l->members_are_ids ? user_id : one.dn);
    rc = search(l, 1, equals, attrs, emit_group, &e, err);
    free(equals);
    ldap_memfree(one.dn);
    return rc;
}

/* --- members of a group: ids as they are; DNs are looked up on the same connection */
struct members { const struct ldap *l; struct cairn_sink *sink; struct berval **values; };

static int
take_members(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err)
{
    struct members *m = arg;

    (void)err;
    m->values = ldap_get_values_len(ld, entry, m->l->group_member);
    return 1;
}

static int
emit_member(struct members *m, const struct directory *here, LDAP *ld, const struct berval *value, struct cairn_error *err)
{
    struct emit e = { m->l, m->sink };
    const char *const attrs[] = USER_ATTRS(m->l);
    struct cairn_auth_user user = { .size = sizeof user };
    struct cairn_error gone = CAIRN_ERROR_INIT;
    char *filter;
    int rc;

    if (value->bv_len >= 1024 || memchr(value->bv_val, '\0', value->bv_len) != NULL)
        return 0;
    if (m->l->members_are_ids) {
        snprintf(user.id, sizeof user.id, "%.*s", (int)value->bv_len, value->bv_val);
        return m->l->host->emit(m->sink, &user) < 0 ? -1 : 0;
    }
    filter = directory_filter(m->l->user_class, m->l->user_filter, NULL);
    rc = directory_search(here, ld, value->bv_val, filter, attrs, emit_user, &e, &gone);
    free(filter);
    if (rc == 0 || gone.code == CAIRN_NOT_FOUND)        /* a member that is no more */
        return 0;
    return cairn_fail(err, gone.code, "%s", gone.message);
}

static int
ldap_group_users(void *self, struct cairn_op *op, const char *group_id, struct cairn_sink *sink, struct cairn_error *err)
{
    struct ldap *l = self;
    struct members m = { l, sink, NULL };
    const char *const attrs[] = { l->group_member, NULL };
    struct directory here = l->dir;
    char *equals;
    LDAP *ld = NULL;
    int rc;

    (void)op;
    if (l->group_tree == NULL)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there are no groups");
    equals = directory_equals(l->group_id, group_id);
    rc = search(l, 1, equals, attrs, take_members, &m, err);
    free(equals);
    if (rc < 0 || m.values == NULL) {
        ldap_value_free_len(m.values);
        return rc;
    }
    here.scope = LDAP_SCOPE_BASE;
    here.page_size = 0;
    rc = directory_open(&l->dir, &ld, err);
    for (struct berval **v = m.values; rc == 0 && *v != NULL; v++)
        rc = emit_member(&m, &here, ld, *v, err);
    ldap_value_free_len(m.values);
    if (ld != NULL)
        ldap_unbind_ext_s(ld, NULL, NULL);
    return rc;
}

static const struct cairn_auth_driver ldap_driver = {
    CAIRN_DRIVER_HEAD(CAIRN_AUTH, "ldap", struct cairn_auth_driver),
    .threads      = CAIRN_THREADS_PARALLEL,
    .version      = "1",
    .description  = "users and groups of an LDAP directory",
    .keys         = ldap_keys,
    .configure    = ldap_configure,
    .destroy      = ldap_discard,      /* libldap has an ldap_destroy() */
    .health       = ldap_health,
    .user_get     = ldap_user_get,
    .user_find    = ldap_user_find,
    .authenticate = ldap_authenticate,
    .user_list    = ldap_user_list,
    .group_list   = ldap_group_list,
    .user_groups  = ldap_user_groups,
    .group_users  = ldap_group_users,
};
CAIRN_DRIVER_EXPORT(ldap_driver)

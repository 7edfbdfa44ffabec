/* policy.c: the rules by name: defaults of the services, an operator's overrides, and the check. */
#include <config.h>
#include "rest/policy.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "rest/policy_rule.h"

#define POLICY_FILE_MAX (1024 * 1024)
#define BUCKETS 1024u

struct rule {
    char *name, *text, *help;
    struct policy_node *node;
    char *override_text;            /* NULL: the default is in force */
    struct policy_node *override;
    struct rule *next;              /* of the bucket */
    struct rule *later;             /* in the order they came */
};

struct policy {
    pthread_rwlock_t lock;          /* protects everything below */
    struct rule *buckets[BUCKETS];
    struct rule *first, **last;
};

int
policy_new(struct policy **ret, struct cairn_error *err)
{
    struct policy *p = xcalloc(1, sizeof *p);

    if (pthread_rwlock_init(&p->lock, NULL) != 0) {
        free(p);
        return cairn_fail(err, CAIRN_INTERNAL, "cannot make a lock");
    }
    p->last = &p->first;
    *ret = p;
    return 0;
}

static void
rule_free(struct rule *r)
{
    if (r == NULL)
        return;
    free(r->name);
    free(r->text);
    free(r->help);
    free(r->override_text);
    policy_node_free(r->node);
    policy_node_free(r->override);
    free(r);
}

void
policy_free(struct policy *p)
{
    struct rule *r, *later;

    if (p == NULL)
        return;
    for (r = p->first; r != NULL; r = later) {
        later = r->later;
        rule_free(r);
    }
    pthread_rwlock_destroy(&p->lock);
    free(p);
}

static unsigned
hash(const char *name)
{
    uint32_t h = 2166136261u;

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h % BUCKETS;
}

static struct rule *
find(const struct policy *p, const char *name)
{
    struct rule *r = p->buckets[hash(name)];

    while (r != NULL && strcmp(r->name, name) != 0)
        r = r->next;
    return r;
}

static void
insert(struct policy *p, struct rule *r)
{
    unsigned h = hash(r->name);

    r->next = p->buckets[h];
    p->buckets[h] = r;
    *p->last = r;
    p->last = &r->later;
}

/* NULL: an operator's own rule whose file no longer has it. */
static const struct policy_node *
in_force(const struct rule *r)
{
    return r->override != NULL ? r->override : r->node;
}

static int
known(void *arg, const char *name)
{
    const struct rule *r = find(arg, name);

    return r != NULL && in_force(r) != NULL;
}

static int
add_default(struct policy *p, const struct policy_default *d, struct cairn_error *err)
{
    struct rule *r = find(p, d->name);

    if (r != NULL && r->node != NULL)
        return strcmp(r->text, d->rule) == 0 ? 0
            : cairn_fail(err, CAIRN_INVALID, "policy rule '%s' has two defaults: '%s' and '%s'", d->name, r->text, d->rule);
    if (r == NULL) {
        r = xcalloc(1, sizeof *r);
        r->name = xstrdup(d->name);
        insert(p, r);
    }
    r->text = xstrdup(d->rule);
    r->help = xstrdup(d->help != NULL ? d->help : "");
    if (policy_parse(d->rule, &r->node, err) < 0)
        return cairn_error_context(err, "policy rule '%s'", d->name);
    return 0;
}

int
policy_add_defaults(struct policy *p, const struct policy_default *table, struct cairn_error *err)
{
    int ok = 0;

    pthread_rwlock_wrlock(&p->lock);
    for (const struct policy_default *d = table; d->name != NULL && ok == 0; d++)
        ok = add_default(p, d, err);
    for (const struct policy_default *d = table; d->name != NULL && ok == 0; d++) {
        const char *missing = policy_unknown(find(p, d->name)->node, known, p);

        if (missing != NULL)
            ok = cairn_fail(err, CAIRN_INVALID, "policy rule '%s' refers to 'rule:%s', which nothing defines", d->name, missing);
    }
    pthread_rwlock_unlock(&p->lock);
    return ok;
}

/* --- the operator's file */

static int
read_file(const char *path, struct str *out, struct cairn_error *err)
{
    CLEANUP_FILE FILE *f = fopen(path, "re");
    char buf[8192];
    size_t n;

    if (f == NULL)
        return cairn_fail_errno(err, errno, "cannot read policy file '%s'", path);
    while ((n = fread(buf, 1, sizeof buf, f)) > 0) {
        str_add_n(out, buf, n);
        if (out->len > POLICY_FILE_MAX)
            return cairn_fail(err, CAIRN_TOO_LARGE, "policy file '%s' is larger than %d bytes", path, POLICY_FILE_MAX);
    }
    return ferror(f) ? cairn_fail(err, CAIRN_INVALID, "cannot read policy file '%s'", path) : 0;
}

/* The line where the key stands in the text, for messages. */
static int
line_of(const char *text, const char *name)
{
    CLEANUP_FREE char *quoted = xasprintf("\"%s\"", name);
    const char *at = strstr(text, quoted);
    int line = 1;

    for (const char *s = text; at != NULL && s < at; s++)
        line += *s == '\n';
    return line;
}

struct loaded { struct rule *rules; const struct policy *policy; };

static const struct rule *
loaded_find(const struct loaded *l, const char *name)
{
    const struct rule *r = l->rules;

    while (r != NULL && strcmp(r->name, name) != 0)
        r = r->later;
    return r;
}

static int
known_or_loaded(void *arg, const char *name)
{
    const struct loaded *l = arg;

    const struct rule *r = find(l->policy, name);

    return loaded_find(l, name) != NULL || (r != NULL && r->node != NULL);
}

struct cycle { const struct loaded *loaded; unsigned depth; };

/* 1: following "rule:" from here does not end within a sane depth. */
static int
goes_round(void *arg, const char *name)
{
    const struct cycle *c = arg;
    const struct rule *r = loaded_find(c->loaded, name), *dflt = find(c->loaded->policy, name);
    const struct policy_node *node = r != NULL ? r->override : dflt != NULL ? dflt->node : NULL;
    struct cycle next = { c->loaded, c->depth + 1 };

    if (c->depth > 24)
        return 1;
    return node != NULL && policy_refers(node, goes_round, &next);
}

static int
parse_overrides(const char *path, const char *text, json_t *doc, struct loaded *l, struct cairn_error *err)
{
    const char *name;
    json_t *value;
    struct cycle start = { l, 0 };

    json_object_foreach(doc, name, value) {
        struct rule *r = xcalloc(1, sizeof *r);

        r->name = xstrdup(name);
        r->later = l->rules;
        l->rules = r;
        if (!json_is_string(value))
            return cairn_fail(err, CAIRN_INVALID, "%s:%d: rule '%s' must be a string", path, line_of(text, name), name);
        r->override_text = xstrdup(json_string_value(value));
        if (policy_parse(r->override_text, &r->override, err) < 0)
            return cairn_error_context(err, "%s:%d: rule '%s'", path, line_of(text, name), name);
    }
    for (struct rule *r = l->rules; r != NULL; r = r->later) {
        const char *missing = policy_unknown(r->override, known_or_loaded, l);

        if (missing != NULL)
            return cairn_fail(err, CAIRN_INVALID, "%s:%d: rule '%s' refers to 'rule:%s', which nothing defines", path,
                              line_of(text, r->name), r->name, missing);
        if (policy_refers(r->override, goes_round, &start))
            return cairn_fail(err, CAIRN_INVALID, "%s:%d: rule '%s' refers to itself", path, line_of(text, r->name), r->name);
    }
    return 0;
}

/* Overrides that the new file no longer has fall back to their defaults. */
static void
put_in_force(struct policy *p, struct loaded *l)
{
    struct rule *later;

    for (struct rule *r = p->first; r != NULL; r = r->later) {
        policy_node_free(r->override);
        free(r->override_text);
        r->override = NULL;
        r->override_text = NULL;
    }
    for (struct rule *r = l->rules; r != NULL; r = later) {
        struct rule *old = find(p, r->name);

        later = r->later;
        r->later = NULL;
        if (old == NULL) {
            insert(p, r);
            continue;
        }
        old->override = steal(&r->override);
        old->override_text = steal(&r->override_text);
        rule_free(r);
    }
    l->rules = NULL;
}

int
policy_load(struct policy *p, const char *path, struct cairn_error *err)
{
    CLEANUP_STR struct str text = STR_INIT;
    CLEANUP_JSON json_t *doc = NULL;
    struct loaded l = { NULL, p };
    struct rule *later;
    int ok;

    if (read_file(path, &text, err) < 0)
        return -1;
    if (json_parse(text.text != NULL ? text.text : "", text.len, &doc, err) < 0)
        return cairn_error_context(err, "policy file '%s'", path);
    if (!json_is_object(doc))
        return cairn_fail(err, CAIRN_INVALID, "policy file '%s': an object of rules is expected", path);
    pthread_rwlock_wrlock(&p->lock);
    ok = parse_overrides(path, text.text, doc, &l, err);
    if (ok == 0)
        put_in_force(p, &l);
    pthread_rwlock_unlock(&p->lock);
    for (struct rule *r = l.rules; r != NULL; r = later) {
        later = r->later;
        rule_free(r);
    }
    return ok;
}

/* --- the check */

int
policy_known(const struct policy *p, const char *name)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&p->lock;
    int is_known;

    pthread_rwlock_rdlock(lock);
    is_known = known((void *)p, name);
    pthread_rwlock_unlock(lock);
    return is_known;
}

static const struct policy_node *
rule_named(void *arg, const char *name)
{
    const struct rule *r = find(arg, name);

    return r != NULL ? in_force(r) : NULL;
}

int
policy_check(struct policy *p, const char *name, const struct auth *who, const char *(*lookup)(void *arg, const char *attr), void *arg)
{
    struct policy_target t = { .who = who, .lookup = lookup, .arg = arg, .rule = rule_named, .rule_arg = p };
    const struct policy_node *node;
    int allowed;

    pthread_rwlock_rdlock(&p->lock);
    node = rule_named(p, name);
    allowed = node != NULL && policy_eval(node, &t, 0);
    pthread_rwlock_unlock(&p->lock);
    return allowed;
}

char *
policy_explain(struct policy *p, const char *name, const struct auth *who, const char *(*lookup)(void *arg, const char *attr), void *arg)
{
    struct policy_target t = { .who = who, .lookup = lookup, .arg = arg, .rule = rule_named, .rule_arg = p };
    const struct rule *r;
    struct str out = STR_INIT;

    pthread_rwlock_rdlock(&p->lock);
    if ((r = find(p, name)) == NULL || in_force(r) == NULL) {
        str_addf(&out, "%s: no such rule: denied\n", name);
    } else {
        str_addf(&out, "%s: %s (%s)\n", name, policy_eval(in_force(r), &t, 0) ? "allowed" : "denied",
                 r->override != NULL ? "policy file" : "default");
        policy_tell(in_force(r), &t, 1, &out);
    }
    pthread_rwlock_unlock(&p->lock);
    return str_take(&out);
}

void
policy_each(struct policy *p, void (*fn)(void *arg, const char *name, const char *rule, const char *help), void *arg)
{
    pthread_rwlock_rdlock(&p->lock);
    for (const struct rule *r = p->first; r != NULL; r = r->later)
        if (in_force(r) != NULL)
            fn(arg, r->name, r->override_text != NULL ? r->override_text : r->text, r->help != NULL ? r->help : "");
    pthread_rwlock_unlock(&p->lock);
}

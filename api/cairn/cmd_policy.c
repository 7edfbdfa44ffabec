/* cmd_policy.c: policy explain and policy list: the daemon's own rules, asked without it. */
#include "config.h"
#include "cairn/tool.h"

#include "base/clock.h"
#include "daemon/services.h"
#include "identity/token.h"
#include "identity/who.h"
#include "object/object.h"
#include "rest/policy.h"

#define ROLES_MAX 16
#define TARGETS_MAX 16

static int
load_policy(struct tool *t, struct policy **ret, struct cairn_error *err)
{
    const char *file = config_string(t->config, "daemon", "policy");
    struct policy *p;

    if (policy_new(&p, err) < 0)
        return -1;
    for (size_t i = 0; daemon_services[i] != NULL; i++) {
        if (policy_add_defaults(p, daemon_services[i]->policies, err) < 0)
            goto fail;
    }
    if (policy_add_defaults(p, object_policies, err) < 0)
        goto fail;
    if (file != NULL && policy_load(p, file, err) < 0)
        goto fail;
    *ret = p;
    return 0;
fail:
    policy_free(p);
    return -1;
}

static void
cleanup_policy(struct policy **p)
{
    if (*p != NULL)
        policy_free(*p);
}
#define CLEANUP_POLICY CLEANUP(cleanup_policy)

/* --- list */
struct listing { struct table *table; const char *text; };

static void
add_rule(void *arg, const char *name, const char *rule, const char *help)
{
    struct listing *l = arg;

    if (l->text != NULL && strstr(name, l->text) == NULL)
        return;
    table_add(l->table, "%s", name);
    table_add(l->table, "%s", help != NULL ? help : "");
    table_add(l->table, "%s", rule[0] != '\0' ? rule : "@");
}

COMMAND(cmd_policy_list)
{
    CLEANUP_POLICY struct policy *p = NULL;
    struct listing l = { NULL, NULL };

    optind = 1;
    if (tool_arguments(argc, 0, 1, err) < 0 || load_policy(t, &p, err) < 0)
        return -1;
    l.text = argc > 1 ? argv[1] : NULL;
    l.table = table_new("RULE", "FOR", "WHO", NULL);
    policy_each(p, add_rule, &l);
    table_print(l.table, "no rule has this in its name");
    return 0;
}

COMMAND(cmd_policy_reload)
{
    CLEANUP_JSON json_t *reply = NULL;

    (void)argv;
    optind = 1;
    if (tool_arguments(argc, 0, 0, err) < 0 || tool_ask(t, &reply, err, "policy", NULL) < 0)
        return -1;
    puts("the policy file is in force");
    return 0;
}

/* --- explain */
struct question {
    const char *user, *user_domain, *project, *domain;
    int system;
    const char *roles[ROLES_MAX];
    unsigned roles_count;
    char *targets[TARGETS_MAX];         /* "ATTR=VALUE" */
    size_t targets_count;
};

static const char *
lookup(void *arg, const char *attr)
{
    const struct question *q = arg;
    size_t len = strlen(attr);

    for (size_t i = 0; i < q->targets_count; i++) {
        if (strncmp(q->targets[i], attr, len) == 0 && q->targets[i][len] == '=')
            return q->targets[i] + len + 1;
    }
    return NULL;
}

/* A name or an id. */
static int
find_either(struct tx *tx, int project, const char *text, const char *domain, char **ret, struct cairn_error *err)
{
    if ((project ? who_find_project(tx, text, NULL, NULL, NULL, ret, err) : who_find_domain(tx, text, NULL, ret, err)) == 0)
        return 0;
    cairn_error_clear(err);
    return project ? who_find_project(tx, NULL, text, domain, NULL, ret, err) : who_find_domain(tx, NULL, text, ret, err);
}

static int
find_user(struct tx *tx, const struct question *q, struct who_user *ret, char **ret_domain, struct cairn_error *err)
{
    if (find_either(tx, 0, q->user_domain, NULL, ret_domain, err) < 0)
        return -1;
    if (who_user_load(tx, NULL, q->user, *ret_domain, NULL, ret, err) == 0)
        return 0;
    if (err->code != CAIRN_NOT_FOUND)
        return -1;
    cairn_error_clear(err);
    return who_user_load(tx, q->user, NULL, NULL, NULL, ret, err);
}

static int
make_token(struct tx *tx, const struct question *q, const struct who_user *user, const char *domain, struct token *ret, struct cairn_error *err)
{
    CLEANUP_FREE char *target = NULL;

    *ret = (struct token){ .scope = q->project != NULL ? AUTH_PROJECT : q->domain != NULL ? AUTH_DOMAIN : q->system ? AUTH_SYSTEM : AUTH_UNSCOPED,
                           .methods = TOKEN_BY_PASSWORD, .issued_us = clock_us(), .expires_us = clock_us() };
    snprintf(ret->user_id, sizeof ret->user_id, "%s", user->id);
    if ((q->project != NULL && find_either(tx, 1, q->project, domain, &target, err) < 0)
        || (q->domain != NULL && find_either(tx, 0, q->domain, NULL, &target, err) < 0))
        return -1;
    if (target != NULL)
        snprintf(ret->target_id, sizeof ret->target_id, "%s", target);
    return 0;
}

/* With --role, the user need not have any there. */
static int
pretend(struct tx *tx, const struct question *q, const struct token *token, const struct who_user *user, struct auth **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *domain = NULL;
    struct auth draft = { .scope = token->scope, .user_id = user->id, .user_name = user->name, .user_domain_id = user->domain_id,
                          .user_domain_name = user->domain_name, .roles = q->roles, .role_ids = q->roles, .roles_count = q->roles_count };

    if (token->scope == AUTH_PROJECT) {
        if (tx_text(tx, &domain, err, "select domain_id from projects where id = ?", "s", token->target_id) < 0)
            return -1;
        draft.project_id = token->target_id;
        draft.project_domain_id = domain;
    } else {
        draft.domain_id = token->target_id;
    }
    for (unsigned i = 0; i < q->roles_count; i++)
        draft.is_admin |= strcmp(q->roles[i], "admin") == 0;
    *ret = who_pack(&draft);
    return 0;
}

static int
who_asks(struct tool *t, const struct question *q, struct auth **ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_WHO_USER struct who_user user = { 0 };
    CLEANUP_FREE char *domain = NULL;
    struct token token;

    if (tx_begin(t->catalog, TX_READ, &tx, err) < 0 || find_user(tx, q, &user, &domain, err) < 0 || make_token(tx, q, &user, domain, &token, err) < 0)
        return -1;
    if (q->roles_count > 0)
        return pretend(tx, q, &token, &user, ret, err);
    if (who_resolve(tx, &token, NULL, ret, err) < 0)
        return err->code == CAIRN_UNAUTHENTICATED
               ? cairn_fail(err, CAIRN_DENIED, "'%s' is disabled or has no role in this scope, so it can get no token for it (try --role)", q->user) : -1;
    return 0;
}

static int
read_question(int argc, char **argv, struct question *q, struct cairn_error *err)
{
    enum { USER = 256, USER_DOMAIN, PROJECT, DOMAIN_, SYSTEM, ROLE, TARGET };
    static const struct option longs[] = {
        { "user", required_argument, NULL, USER },       { "user-domain", required_argument, NULL, USER_DOMAIN },
        { "project", required_argument, NULL, PROJECT }, { "domain", required_argument, NULL, DOMAIN_ },
        { "system", no_argument, NULL, SYSTEM },         { "role", required_argument, NULL, ROLE },
        { "target", required_argument, NULL, TARGET },   { NULL, 0, NULL, 0 }
    };
    int opt;

    while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (opt) {
        case USER: q->user = optarg; break;
        case USER_DOMAIN: q->user_domain = optarg; break;
        case PROJECT: q->project = optarg; break;
        case DOMAIN_: q->domain = optarg; break;
        case SYSTEM: q->system = 1; break;
        case ROLE:
            if (q->roles_count == ROLES_MAX)
                return cairn_fail(err, CAIRN_INVALID, "--role can be given %d times", ROLES_MAX);
            q->roles[q->roles_count++] = optarg;
            break;
        case TARGET:
            if (q->targets_count == TARGETS_MAX || strchr(optarg, '=') == NULL)
                return cairn_fail(err, CAIRN_INVALID, "--target is ATTR=VALUE, and can be given %d times", TARGETS_MAX);
            q->targets[q->targets_count++] = optarg;
            break;
        default: return tool_usage(err);
        }
    }
    if ((q->project != NULL) + (q->domain != NULL) + q->system > 1)
        return cairn_fail(err, CAIRN_INVALID, "a token has one scope: --project, --domain or --system");
    return tool_arguments(argc, 1, 1, err);
}

COMMAND(cmd_policy_explain)
{
    struct question q = { .user = "admin", .user_domain = "default" };
    CLEANUP_POLICY struct policy *p = NULL;
    CLEANUP_FREE char *tree = NULL;
    struct auth *who;
    int allowed;

    if (read_question(argc, argv, &q, err) < 0 || tool_open(t, 0, err) < 0 || load_policy(t, &p, err) < 0)
        return -1;
    if (!policy_known(p, argv[optind]))
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no rule '%s'; cairn policy list shows all", argv[optind]);
    if (who_asks(t, &q, &who, err) < 0)
        return -1;
    allowed = policy_check(p, argv[optind], who, lookup, &q);
    printf("%s %s %s", q.user, allowed ? "MAY" : "may NOT", argv[optind]);
    printf(q.project != NULL ? " in project %s" : q.domain != NULL ? " in domain %s" : "%s", q.project != NULL ? q.project : q.domain != NULL ? q.domain
           : q.system ? " in the system" : " without a scope");
    fputs("; roles there:", stdout);
    for (unsigned i = 0; i < who->roles_count; i++)
        printf(" %s", who->roles[i]);
    puts(who->roles_count == 0 ? " none" : "");
    tree = policy_explain(p, argv[optind], who, lookup, &q);
    printf("\n%s", tree);
    auth_put(who);
    return 0;
}

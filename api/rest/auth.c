/* auth.c: the reference count of who makes a request, their roles, and what access rules let them ask. */
#include <config.h>
#include "rest/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct auth *
auth_ref(struct auth *a)
{
    if (a != NULL)
        __atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED);
    return a;
}

void
auth_put(struct auth *a)
{
    if (a != NULL && __atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(a);
}

/* Role names are compared without case, as every service of this family does. */
int
auth_has_role(const struct auth *a, const char *name)
{
    for (unsigned i = 0; i < a->roles_count; i++)
        if (strcasecmp(a->roles[i], name) == 0)
            return 1;
    return 0;
}

/* A rule's path as the states of a machine that reads the request's path once: hostile rules cost no more than honest ones. */
#define RULE_PATH_MAX 512
enum step_kind { STEP_LITERAL, STEP_ONE, STEP_SEGMENT, STEP_REST };     /* a character; any but '/'; any number of such; of any */
struct step { enum step_kind kind; char c; };

static int
compile(const char *rule, struct step steps[RULE_PATH_MAX])
{
    int n = 0;

    while (*rule != '\0') {
        const char *close = rule[0] == '{' ? strchr(rule, '}') : NULL;

        if (n + 2 > RULE_PATH_MAX)
            return -1;
        if (rule[0] == '*' && rule[1] == '*') {
            steps[n++].kind = STEP_REST;
            rule += 2;
        } else if (rule[0] == '*' || close != NULL) {
            steps[n++].kind = STEP_ONE;
            steps[n++].kind = STEP_SEGMENT;
            rule = close != NULL ? close + 1 : rule + 1;
        } else {
            steps[n++] = (struct step){ STEP_LITERAL, *rule++ };
        }
    }
    return n;
}

/* Who stands before a step that may take nothing stands behind it, too. */
static void
skip_optional(const struct step *steps, int n, char at[RULE_PATH_MAX + 1])
{
    for (int i = 0; i < n; i++)
        if (at[i] && steps[i].kind >= STEP_SEGMENT)
            at[i + 1] = 1;
}

static int
path_fits(const char *rule, const char *path)
{
    struct step steps[RULE_PATH_MAX];
    char at[RULE_PATH_MAX + 1] = { 1 }, next[RULE_PATH_MAX + 1];
    int n = compile(rule, steps);

    if (n < 0)
        return 0;
    for (skip_optional(steps, n, at); *path != '\0'; path++) {
        memset(next, 0, sizeof next);
        for (int i = 0; i < n; i++) {
            if (!at[i] || (steps[i].kind == STEP_LITERAL && steps[i].c != *path) || (steps[i].kind != STEP_LITERAL && steps[i].kind != STEP_REST && *path == '/'))
                continue;
            next[steps[i].kind >= STEP_SEGMENT ? i : i + 1] = 1;
        }
        skip_optional(steps, n, next);
        memcpy(at, next, sizeof at);
    }
    return at[n];
}

/* Services are known to clients by the types in the catalog. */
static int
is_service(const char *type, const char *service)
{
    static const struct { const char *service, *type; } types[] = {
        { "volume", "volumev3" }, { "volume", "volumev2" }, { "volume", "block-storage" }, { "volume", "block-store" }, { "object", "object-store" },
    };

    if (strcmp(type, service) == 0)
        return 1;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].service, service) == 0 && strcmp(types[i].type, type) == 0)
            return 1;
    return 0;
}

int
auth_may_ask(const struct auth *a, const char *service, const char *method, const char *mount, const char *path)
{
    if (a->rules == NULL)
        return 1;
    /* Every token may look at itself. */
    if (strcmp(service, "identity") == 0 && strcmp(method, "GET") == 0 && strcmp(path, "/v3/auth/tokens") == 0)
        return 1;
    for (unsigned i = 0; i < a->rules_count; i++) {
        const struct auth_rule *r = &a->rules[i];
        size_t len = strlen(mount);

        if (strcmp(r->method, method) != 0 || !is_service(r->service, service))
            continue;
        if (path_fits(r->path, path) || (len > 0 && strncmp(r->path, mount, len) == 0 && r->path[len] == '/' && path_fits(r->path + len, path)))
            return 1;
    }
    return 0;
}

/* policy_rule.h: one parsed policy rule; between policy.c (names, files, locks) and policy_rule.c (language). */
#ifndef REST_POLICY_RULE_H
#define REST_POLICY_RULE_H
#include "base/str.h"
#include "rest/policy.h"

struct policy_node;

/* What a rule is checked against. */
struct policy_target {
    const struct auth *who;             /* NULL: nobody */
    const char *(*lookup)(void *arg, const char *attr);
    void *arg;
    /* The rule named 'name', NULL if there is none. */
    const struct policy_node *(*rule)(void *rule_arg, const char *name);
    void *rule_arg;
};

/* "" is the rule that is always true, as in the language's other implementations. */
int policy_parse(const char *text, struct policy_node **ret, struct cairn_error *err);
void policy_node_free(struct policy_node *n);   /* NULL is allowed */
int policy_eval(const struct policy_node *n, const struct policy_target *t, unsigned depth);
/* One line per node with its result, indented. */
void policy_tell(const struct policy_node *n, const struct policy_target *t, unsigned depth, struct str *out);
/* The first name used by "rule:" for which known() is 0; NULL: all are known. */
const char *policy_unknown(const struct policy_node *n, int (*known)(void *arg, const char *name), void *arg);
/* Calls fn for each "rule:" reference until it answers nonzero, which is returned. */
int policy_refers(const struct policy_node *n, int (*fn)(void *arg, const char *name), void *arg);
#endif

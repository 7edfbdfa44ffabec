/* policy.h: the oslo.policy rule language: "role:admin or project_id:%(project_id)s", "rule:NAME", "not", "and", "or", "()", "@", "!".
 *
 * Defaults come from the services' tables; overrides from policy.json or policy.yaml's JSON subset in the configuration directory. */
#ifndef REST_POLICY_H
#define REST_POLICY_H
#include <jansson.h>
#include "rest/auth.h"
#include "base/error.h"

struct policy;
struct policy_default { const char *name; const char *rule; const char *help; };    /* tables end with name NULL */

int policy_new(struct policy **ret, struct cairn_error *err);
void policy_free(struct policy *p);
/* A rule that does not parse or refers to an unknown rule is CAIRN_INVALID (the daemon does not start). */
int policy_add_defaults(struct policy *p, const struct policy_default *table, struct cairn_error *err);
/* JSON object of name -> rule.  Bad ones are refused with line and reason; nothing changes then.  Thread-safe against policy_check(). */
int policy_load(struct policy *p, const char *path, struct cairn_error *err);
int policy_known(const struct policy *p, const char *name);
/* 1 allowed, 0 not.  'target': attributes of the object for %(...)s; lookup answers NULL when it has none. */
int policy_check(struct policy *p, const char *name, const struct auth *who, const char *(*lookup)(void *arg, const char *attr), void *arg);
/* Why: a tree of what was true and false; malloc'd. */
char *policy_explain(struct policy *p, const char *name, const struct auth *who, const char *(*lookup)(void *arg, const char *attr), void *arg);
void policy_each(struct policy *p, void (*fn)(void *arg, const char *name, const char *rule, const char *help), void *arg);
#endif

/* policy_rule.c: the rule language: text to tree, and the tree's truth. */
#include <config.h>
#include "rest/policy_rule.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define RULE_TEXT_MAX 4096
#define RULE_DEPTH_MAX 32       /* nesting of parentheses and of rule: references */

enum node_kind { NODE_TRUE, NODE_FALSE, NODE_NOT, NODE_AND, NODE_OR, NODE_ROLE, NODE_RULE, NODE_ADMIN, NODE_CREDENTIAL, NODE_LITERAL };

struct policy_node {
    enum node_kind kind;
    char *left;                     /* NODE_CREDENTIAL: its name; NODE_LITERAL: the text */
    char *match;                    /* right of the colon; may hold %(attr)s */
    struct policy_node *kids[2];    /* NOT uses the first */
};

void
policy_node_free(struct policy_node *n)
{
    if (n == NULL)
        return;
    policy_node_free(n->kids[0]);
    policy_node_free(n->kids[1]);
    free(n->left);
    free(n->match);
    free(n);
}

static inline void
cleanup_node(struct policy_node **n)
{
    policy_node_free(*n);
}
#define CLEANUP_NODE CLEANUP(cleanup_node)

/* --- text to tree: a descent by precedence: or, and, not, check */

struct parser {
    const char *at;
    unsigned depth;
};

static int parse_or(struct parser *p, struct policy_node **ret, struct cairn_error *err);

static void
skip_blanks(struct parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static int
word_follows(struct parser *p, const char *word)
{
    size_t len = strlen(word);

    skip_blanks(p);
    if (strncasecmp(p->at, word, len) != 0)
        return 0;
    if (p->at[len] != '\0' && !isspace((unsigned char)p->at[len]) && p->at[len] != '(')
        return 0;
    p->at += len;
    return 1;
}

/* A check ends at a blank or at a ')' that is not part of "%(attr)s"; quotes keep blanks inside. */
static size_t
check_len(const char *text)
{
    size_t i = 0;
    char quote = '\0';

    for (; text[i] != '\0'; i++) {
        if (quote != '\0') {
            if (text[i] == quote)
                quote = '\0';
        } else if (text[i] == '\'' || text[i] == '"') {
            quote = text[i];
        } else if (text[i] == '%' && text[i + 1] == '(') {
            while (text[i] != '\0' && text[i] != ')')
                i++;
            if (text[i] == '\0')
                break;
        } else if (isspace((unsigned char)text[i]) || text[i] == ')' || text[i] == '(') {
            break;
        }
    }
    return i;
}

static int
template_ok(const char *match, struct cairn_error *err)
{
    for (const char *s = strchr(match, '%'); s != NULL; s = strchr(s + 1, '%')) {
        const char *end = s[1] == '(' ? strchr(s, ')') : NULL;

        if (end == NULL || end[1] != 's' || end == s + 2)
            return cairn_fail(err, CAIRN_INVALID, "'%s': '%%' must begin '%%(attribute)s'", match);
        s = end;
    }
    return 0;
}

/* The text of a quoted, numeric or named constant left of the colon; NULL: it names a credential. */
static char *
literal_text(const char *left)
{
    size_t len = strlen(left);

    if (len >= 2 && (left[0] == '\'' || left[0] == '"') && left[len - 1] == left[0])
        return xstrndup(left + 1, len - 2);
    if (strcmp(left, "True") == 0 || strcmp(left, "False") == 0 || strcmp(left, "None") == 0)
        return xstrdup(left);
    if (isdigit((unsigned char)left[0]))
        return xstrdup(left);
    return NULL;
}

/* "field:networks:shared=True" asks the target: "True:%(shared)s". */
static int
parse_field(struct policy_node *n, const char *text, struct cairn_error *err)
{
    const char *attr = strchr(n->match, ':'), *equals = strchr(n->match, '=');
    char *match;

    if (attr == NULL || equals == NULL || equals < attr || equals == attr + 1)
        return cairn_fail(err, CAIRN_INVALID, "'%s': 'field:RESOURCE:ATTRIBUTE=VALUE' is expected", text);
    if (equals[1] == '~')
        return cairn_fail(err, CAIRN_INVALID, "'%s': patterns are not supported", text);
    n->kind = NODE_LITERAL;
    n->left = xstrdup(equals + 1);
    match = xasprintf("%%(%.*s)s", (int)(equals - attr - 1), attr + 1);
    free(n->match);
    n->match = match;
    return 0;
}

static int
parse_check(struct parser *p, struct policy_node **ret, struct cairn_error *err)
{
    CLEANUP_NODE struct policy_node *n = xcalloc(1, sizeof *n);
    size_t len = check_len(p->at);
    CLEANUP_FREE char *text = xstrndup(p->at, len);
    CLEANUP_FREE char *left = NULL;
    const char *colon = strchr(text, ':');

    if (len == 0)
        return cairn_fail(err, CAIRN_INVALID, "a check is missing before '%.20s'", p->at);
    p->at += len;
    if (strcmp(text, "@") == 0 || strcmp(text, "!") == 0) {
        n->kind = text[0] == '@' ? NODE_TRUE : NODE_FALSE;
        *ret = steal(&n);
        return 0;
    }
    if (colon == NULL || colon == text)
        return cairn_fail(err, CAIRN_INVALID, "'%s' is no check: 'kind:match', '@' or '!' is expected", text);
    left = xstrndup(text, (size_t)(colon - text));
    n->match = xstrdup(colon + 1);
    if (template_ok(n->match, err) < 0)
        return -1;
    if (strcmp(left, "role") == 0) {
        n->kind = NODE_ROLE;
    } else if (strcmp(left, "rule") == 0) {
        n->kind = NODE_RULE;
    } else if (strcmp(left, "is_admin") == 0) {
        n->kind = NODE_ADMIN;
    } else if (strcmp(left, "field") == 0) {
        if (parse_field(n, text, err) < 0)
            return -1;
    } else if (strcmp(left, "http") == 0 || strcmp(left, "https") == 0) {
        return cairn_fail(err, CAIRN_INVALID, "'%s': checks that ask another server are not supported", text);
    } else {
        n->left = literal_text(left);
        n->kind = n->left != NULL ? NODE_LITERAL : NODE_CREDENTIAL;
        if (n->left == NULL)
            n->left = steal(&left);
    }
    *ret = steal(&n);
    return 0;
}

static int
parse_not(struct parser *p, struct policy_node **ret, struct cairn_error *err)
{
    CLEANUP_NODE struct policy_node *n = NULL;

    if (++p->depth > RULE_DEPTH_MAX)
        return cairn_fail(err, CAIRN_INVALID, "nested too deeply");
    if (word_follows(p, "not")) {
        n = xcalloc(1, sizeof *n);
        n->kind = NODE_NOT;
        if (parse_not(p, &n->kids[0], err) < 0)
            return -1;
    } else if (*p->at == '(') {
        p->at++;
        if (parse_or(p, &n, err) < 0)
            return -1;
        skip_blanks(p);
        if (*p->at != ')')
            return cairn_fail(err, CAIRN_INVALID, "')' is missing before '%.20s'", p->at);
        p->at++;
    } else if (parse_check(p, &n, err) < 0) {
        return -1;
    }
    p->depth--;
    *ret = steal(&n);
    return 0;
}

static int
parse_chain(struct parser *p, const char *word, enum node_kind kind, int (*next)(struct parser *, struct policy_node **, struct cairn_error *),
            struct policy_node **ret, struct cairn_error *err)
{
    CLEANUP_NODE struct policy_node *left = NULL;

    if (next(p, &left, err) < 0)
        return -1;
    while (word_follows(p, word)) {
        struct policy_node *both = xcalloc(1, sizeof *both);

        both->kind = kind;
        both->kids[0] = left;
        left = both;
        if (next(p, &both->kids[1], err) < 0)
            return -1;
    }
    *ret = steal(&left);
    return 0;
}

static int
parse_and(struct parser *p, struct policy_node **ret, struct cairn_error *err)
{
    return parse_chain(p, "and", NODE_AND, parse_not, ret, err);
}

static int
parse_or(struct parser *p, struct policy_node **ret, struct cairn_error *err)
{
    return parse_chain(p, "or", NODE_OR, parse_and, ret, err);
}

int
policy_parse(const char *text, struct policy_node **ret, struct cairn_error *err)
{
    CLEANUP_NODE struct policy_node *n = NULL;
    struct parser p = { text, 0 };

    if (strlen(text) > RULE_TEXT_MAX)
        return cairn_fail(err, CAIRN_INVALID, "longer than %d characters", RULE_TEXT_MAX);
    skip_blanks(&p);
    if (*p.at == '\0') {
        *ret = xcalloc(1, sizeof **ret);
        (*ret)->kind = NODE_TRUE;
        return 0;
    }
    if (parse_or(&p, &n, err) < 0)
        return -1;
    skip_blanks(&p);
    if (*p.at != '\0')
        return cairn_fail(err, CAIRN_INVALID, "'and', 'or' or the end is expected before '%.20s'", p.at);
    *ret = steal(&n);
    return 0;
}

int
policy_refers(const struct policy_node *n, int (*fn)(void *arg, const char *name), void *arg)
{
    int answer = 0;

    if (n->kind == NODE_RULE && (answer = fn(arg, n->match)) != 0)
        return answer;
    for (int i = 0; i < 2 && answer == 0; i++)
        if (n->kids[i] != NULL)
            answer = policy_refers(n->kids[i], fn, arg);
    return answer;
}

const char *
policy_unknown(const struct policy_node *n, int (*known)(void *arg, const char *name), void *arg)
{
    const char *name = NULL;

    if (n->kind == NODE_RULE && !known(arg, n->match))
        return n->match;
    for (int i = 0; i < 2 && name == NULL; i++)
        if (n->kids[i] != NULL)
            name = policy_unknown(n->kids[i], known, arg);
    return name;
}

/* --- truth */

static const char *
credential(const struct auth *who, const char *name)
{
    const struct { const char *name, *value; } known[] = {
        { "user_id", who->user_id }, { "project_id", who->project_id }, { "tenant_id", who->project_id }, { "domain_id", who->domain_id },
        { "user_domain_id", who->user_domain_id }, { "project_domain_id", who->project_domain_id },
        { "token.user.id", who->user_id }, { "token.user.domain.id", who->user_domain_id },
        { "token.project.id", who->project_id }, { "token.project.domain.id", who->project_domain_id }, { "token.domain.id", who->domain_id },
        { "system_scope", who->scope == AUTH_SYSTEM ? "all" : NULL }, { "system", who->scope == AUTH_SYSTEM ? "all" : NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].value != NULL && known[i].value[0] != '\0' ? known[i].value : NULL;
    return NULL;
}

/* Puts the target's attributes into 'match'.  0: one of them is not there, so the check is false. */
static int
fill(const char *match, const struct policy_target *t, struct str *out)
{
    const char *at = match, *s;

    while ((s = strstr(at, "%(")) != NULL) {
        const char *end = strchr(s, ')');
        char name[128];
        const char *value;
        size_t len = (size_t)(end - s) - 2;

        str_add_n(out, at, (size_t)(s - at));
        if (len >= sizeof name || t->lookup == NULL)
            return 0;
        memcpy(name, s + 2, len);
        name[len] = '\0';
        if ((value = t->lookup(t->arg, name)) == NULL)
            return 0;
        str_add(out, value);
        at = end + 2;
    }
    str_add(out, at);
    return 1;
}

static int
compare(const struct policy_node *n, const char *value, const struct policy_target *t)
{
    CLEANUP_STR struct str text = STR_INIT;

    if (value == NULL)
        return 0;
    if (strstr(n->match, "%(") == NULL)
        return strcmp(value, n->match) == 0;
    return fill(n->match, t, &text) && strcmp(value, text.text != NULL ? text.text : "") == 0;
}

static int
has_role(const struct policy_node *n, const struct policy_target *t)
{
    CLEANUP_STR struct str name = STR_INIT;

    if (t->who == NULL)
        return 0;
    if (strstr(n->match, "%(") == NULL)
        return auth_has_role(t->who, n->match);
    return fill(n->match, t, &name) && auth_has_role(t->who, name.text != NULL ? name.text : "");
}

int
policy_eval(const struct policy_node *n, const struct policy_target *t, unsigned depth)
{
    const struct policy_node *rule;

    switch (n->kind) {
    case NODE_TRUE:
        return 1;
    case NODE_FALSE:
        return 0;
    case NODE_NOT:
        return !policy_eval(n->kids[0], t, depth);
    case NODE_AND:
        return policy_eval(n->kids[0], t, depth) && policy_eval(n->kids[1], t, depth);
    case NODE_OR:
        return policy_eval(n->kids[0], t, depth) || policy_eval(n->kids[1], t, depth);
    case NODE_ROLE:
        return has_role(n, t);
    case NODE_RULE:
        rule = t->rule(t->rule_arg, n->match);
        return rule != NULL && depth < RULE_DEPTH_MAX && policy_eval(rule, t, depth + 1);   /* no text is so deep: see goes_round() */
    case NODE_ADMIN:
        return t->who != NULL && t->who->is_admin == (strcasecmp(n->match, "True") == 0 || strcmp(n->match, "1") == 0);
    case NODE_CREDENTIAL:
        return t->who != NULL && compare(n, credential(t->who, n->left), t);
    case NODE_LITERAL:
        return compare(n, n->left, t);
    }
    return 0;
}

void
policy_tell(const struct policy_node *n, const struct policy_target *t, unsigned depth, struct str *out)
{
    static const char *const words[] = { "@", "!", "not", "and", "or", "role:", "rule:", "is_admin:", "", "" };
    const struct policy_node *rule = n->kind == NODE_RULE ? t->rule(t->rule_arg, n->match) : NULL;

    if (depth > RULE_DEPTH_MAX)
        return;
    str_addf(out, "%*s%s%s%s%s%s: %s\n", (int)(2 * depth), "", words[n->kind], n->left != NULL ? n->left : "", n->left != NULL ? ":" : "",
             n->match != NULL ? n->match : "", n->kind == NODE_RULE && rule == NULL ? " (no such rule)" : "",
             policy_eval(n, t, depth) ? "true" : "false");
    if (rule != NULL)
        policy_tell(rule, t, depth + 1, out);
    for (int i = 0; i < 2; i++)
        if (n->kids[i] != NULL)
            policy_tell(n->kids[i], t, depth + 1, out);
}

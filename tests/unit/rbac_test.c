/* rbac_test.c: who may do what: every route x persona x scope x own or foreign object, against a table that a person has read (rbac.tsv).
 *
 * A route that the table does not have yet must stay within bounds that are stated here.  RBAC_UPDATE=1 writes the table anew: read the difference, it is
 * what the change lets people do. */
#include "config.h"
#include <check.h>

#include <ctype.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "daemon/services.h"
#include "rbac.h"
#include "unit.h"

/* --- 1: the table */
static void
write_table(void)
{
    FILE *f = fopen(TABLE, "we");

    ck_assert_ptr_nonnull(f);
    fputs("# Who may call which route: a admin, g manager, m member, r reader, s service; u: a token without a scope.  Upper case: also on what is another's;\n"
          "# lower case: on their own only; P: everybody, without a token.  Written by RBAC_UPDATE=1 tests/unit/rbac_test, read by people.\n"
          "# service\tmethod\tpath\taction\tsystem\tdomain\tproject\tunscoped\n", f);
    for (size_t i = 0; i < routes_count; i++) {
        CLEANUP_STR struct str line = STR_INIT;

        row_text_of(&routes[i], &line);
        fprintf(f, "%s\n", line.text);
    }
    fclose(f);
}

/* Nobody but administrators acts on what is another's, readers only read, and without a scope there is only what is one's own, the user's. */
static const char *
beyond_bounds(const struct route *r)
{
    const char *domain = r->row.cell[1], *project = r->row.cell[2];

    if (r->rule[0] == '\0')
        return "it is open to everybody";
    if (r->row.cell[3][0] == 'U')
        return "any token may call it";
    for (size_t p = 1; p < PERSONAS; p++) {
        if (isupper((unsigned char)project[p]) || isupper((unsigned char)domain[p]))
            return "others than administrators may act on what is another's";
        if (!r->read && r->row.cell[3][0] == '-' && (personas[p].letter == 'r' || personas[p].letter == 's') && (project[p] != '-' || domain[p] != '-' || r->row.cell[0][p] != '-'))
            return "readers or services may change something";
    }
    return NULL;
}

struct table { char *text; };

static const char *
table_line(const struct table *t, const struct route *r, char buf[1024])
{
    int prefix = snprintf(buf, 1024, "\n%s\t%s\t%s\t%s\t", r->service, r->method, r->path, r->action);
    const char *at = strstr(t->text, buf);

    if (at == NULL)
        return NULL;
    (void)prefix;
    at++;
    snprintf(buf, 1024, "%.*s", (int)strcspn(at, "\n"), at);
    return buf;
}

START_TEST(every_route_lets_in_whom_the_table_says)
{
    CLEANUP_STR struct str all = STR_INIT;
    struct table table;
    char chunk[8192], buf[1024];
    unsigned wrong = 0, unknown = 0;
    size_t n;
    FILE *f;

    routes_load(daemon_services);
    ck_assert_uint_gt(routes_count, 300);
    if (getenv("RBAC_UPDATE") != NULL)
        write_table();
    f = fopen(TABLE, "re");
    ck_assert_msg(f != NULL, "%s is missing", TABLE);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        str_add_n(&all, chunk, n);
    fclose(f);
    table.text = all.text;
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *r = &routes[i];
        const char *expected = table_line(&table, r, buf), *why;
        CLEANUP_STR struct str now = STR_INIT;

        row_text_of(r, &now);
        if (expected != NULL && strcmp(expected, now.text) == 0)
            continue;
        if (expected != NULL) {
            printf("the table says  %s\nthe rules say   %s\n", expected, now.text);
            wrong++;
        } else if ((why = beyond_bounds(r)) != NULL) {
            printf("not in the table, and %s: %s (rule %s)\n", why, now.text, r->rule);
            wrong++;
        } else {
            unknown++;
        }
    }
    printf("%zu routes, %u of them not in the table but within bounds\n", routes_count, unknown);
    fflush(stdout);
    ck_assert_msg(wrong == 0, "%u routes let in others than the table says: if that is meant, RBAC_UPDATE=1 %s and read the difference", wrong, "tests/unit/rbac_test");
    routes_free();
}
END_TEST

/* --- 2: what holds for every route, whatever the table says; exceptions by name */
static int
is_one_of(const char *rule, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(rule, *list) == 0)
            return 1;
    }
    return 0;
}

/* Rules by which somebody acts for themselves, whatever their role. */
static int
is_about_oneself(const char *rule)
{
    static const char *const parts[] = { "application_credential", "access_rule", "trust", "ec2_", "credential", "token", "auth_", "keypair", "access_token",
                                         "request_token", "user_project", "groups_for_user", "identity:get_user", "list_projects", NULL };

    for (size_t i = 0; parts[i] != NULL; i++) {
        if (strstr(rule, parts[i]) != NULL)
            return 1;
    }
    return 0;
}

START_TEST(what_no_route_may_ever_allow)
{
    static const char *const about_everybodys[] = { "identity:get_region", "identity:list_regions", "list_resources", "get_extension", NULL };
    unsigned wrong = 0;

    routes_load(daemon_services);
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *r = &routes[i];
        const char *why = NULL;

        if (r->rule[0] == '\0' || is_about_oneself(r->rule) || is_one_of(r->rule, about_everybodys))
            continue;
        if (r->row.cell[3][0] != '-' && !r->read)
            why = "a token without a scope changes something";
        if (!r->read && (r->row.cell[0][3] != '-' || r->row.cell[1][3] != '-' || r->row.cell[2][3] != '-'))
            why = "a reader changes something";
        if (!r->read && isupper((unsigned char)r->row.cell[2][2]) && strcmp(r->service, "identity") == 0)
            why = "a member changes what is another's";
        if (!r->read && (isupper((unsigned char)r->row.cell[1][1]) || isupper((unsigned char)r->row.cell[2][1])) && strcmp(r->service, "identity") == 0)
            why = "a manager changes another domain";
        if (!r->read && (r->row.cell[0][4] != '-' || r->row.cell[1][4] != '-' || r->row.cell[2][4] != '-'))
            why = "the role 'service' changes something";
        if (r->row.cell[2][0] == '-')
            why = "not even an administrator may";
        if (why != NULL) {
            printf("%s: %s %s %s %s (rule %s)\n", why, r->service, r->method, r->path, r->action, r->rule);
            wrong++;
        }
    }
    fflush(stdout);
    ck_assert_msg(wrong == 0, "%u routes", wrong);
    routes_free();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("who may do what");
    TCase *tc = tcase_create("rbac");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_route_lets_in_whom_the_table_says);
    tcase_add_test(tc, what_no_route_may_ever_allow);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

/* identity_rows.c: the peers of tests/bench/identity: the same questions to the same catalog, by hand, without HTTP, policy or hashing.
 *
 *     identity_rows CATALOG.db validate ROUNDS USER PROJECT      the user, the project and the roles there, to JSON text
 *     identity_rows CATALOG.db appcred ROUNDS ID                 an application credential's row, then as above
 *     identity_rows CATALOG.db users ROUNDS                      a page of 1,000 users
 *     identity_rows CATALOG.db assignments ROUNDS USER           what a user may do where, implied roles included
 *     identity_rows CATALOG.db revoke ROUNDS USER                one row, synced to the disk
 * prints milliseconds for one round, and bytes. */
#include <config.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *out;
static size_t len, cap;
static sqlite3 *db;

static void
add(const char *text, size_t n)
{
    if (len + n + 1 > cap) {
        cap = (len + n + 1) * 2;
        out = realloc(out, cap);
        if (out == NULL)
            abort();
    }
    memcpy(out + len, text, n);
    len += n;
}

static void
add_quoted(const char *text)
{
    add("\"", 1);
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            add("\\", 1);
        add(text, 1);
    }
    add("\"", 1);
}

static void
die(void)
{
    fprintf(stderr, "identity_rows: %s\n", sqlite3_errmsg(db));
    exit(1);
}

/* Prepared once, bound and run each time; rows to text. */
static void
run(sqlite3_stmt **s, const char *sql, const char *const *values)
{
    if (*s == NULL && sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL) != SQLITE_OK)
        die();
    for (int i = 0; values[i] != NULL; i++)
        sqlite3_bind_text(*s, i + 1, values[i], -1, SQLITE_STATIC);
    while (sqlite3_step(*s) == SQLITE_ROW) {
        add("{", 1);
        for (int i = 0; i < sqlite3_column_count(*s); i++) {
            add_quoted(sqlite3_column_name(*s, i));
            add(":", 1);
            add_quoted((const char *)sqlite3_column_text(*s, i));
            add(",", 1);
        }
        add("},", 2);
    }
    if (sqlite3_reset(*s) != SQLITE_OK)
        die();
}
#define RUN(sql, ...) do { static sqlite3_stmt *s_; const char *const v_[] = { __VA_ARGS__, NULL }; run(&s_, sql, v_); } while (0)

static void
validate(char **a)
{
    RUN("begin", NULL);
    RUN("select u.*, d.name as domain from users u join domains d on d.id = u.domain_id where u.id = ?", a[0]);
    RUN("select p.*, d.name as domain from projects p join domains d on d.id = p.domain_id where p.id = ?", a[1]);
    RUN("with recursive r(id) as (select role_id from assignments where actor_type = 'user' and actor_id = ? and target_type = 'project' and target_id = ?"
        " union select i.implied_id from implied_roles i join r on i.prior_id = r.id) select ro.id, ro.name from r join roles ro on ro.id = r.id", a[0], a[1]);
    RUN("select s.id, s.type, s.name, e.id, e.interface, e.region_id, e.url from services s join endpoints e on e.service_id = s.id", NULL);
    RUN("commit", NULL);
}

static void
appcred(char **a)
{
    RUN("select * from application_credentials where id = ?", a[0]);
    RUN("select r.id, r.name from application_credential_roles c join roles r on r.id = c.role_id where c.application_credential_id = ?", a[0]);
    validate(a + 1);
}

static void
users(char **a)
{
    (void)a;
    RUN("select t.id, t.name, t.domain_id, t.enabled, t.description, t.email, t.default_project_id, t.options, t.extra,"
        " (select p.expires_us from passwords p where p.user_id = t.id order by p.created_us desc limit 1) as expires from users t order by t.name, t.id limit 1000", NULL);
}

static void
assignments(char **a)
{
    RUN("with recursive e(role_id, type, target) as (select role_id, target_type, target_id from assignments where actor_type = 'user' and actor_id = ?"
        " union all select a.role_id, a.target_type, a.target_id from group_members g join assignments a on a.actor_type = 'group' and a.actor_id = g.group_id where g.user_id = ?"
        " union select i.implied_id, e.type, e.target from implied_roles i join e on i.prior_id = e.role_id)"
        " select e.role_id, e.type, e.target from e join roles r on r.id = e.role_id", a[0], a[0]);
}

static void
revoke(char **a)
{
    RUN("begin immediate", NULL);
    RUN("insert into revocations (seq, user_id, issued_before_us, revoked_us) select coalesce(max(seq), 0) + 1, ?, 0, 0 from revocations", a[0]);
    RUN("update settings set value = cast(value as integer) + 1 where name = 'identity.generation'", NULL);
    RUN("commit", NULL);
}

int
main(int argc, char **argv)
{
    static const struct { const char *name; void (*run)(char **args); int args; } kinds[] = {
        { "validate", validate, 2 }, { "appcred", appcred, 3 }, { "users", users, 0 }, { "assignments", assignments, 1 }, { "revoke", revoke, 1 }
    };
    struct timespec a, b;
    int rounds;
    size_t k = 0;

    while (argc > 3 && k < sizeof kinds / sizeof kinds[0] && strcmp(kinds[k].name, argv[2]) != 0)
        k++;
    if (argc < 4 || k == sizeof kinds / sizeof kinds[0] || argc != 4 + kinds[k].args || (rounds = atoi(argv[3])) < 1) {
        fprintf(stderr, "usage: identity_rows CATALOG.db KIND ROUNDS [ID...]\n");
        return 2;
    }
    if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK || sqlite3_exec(db, "pragma synchronous=full", NULL, NULL, NULL) != SQLITE_OK)
        die();
    sqlite3_busy_timeout(db, 10000);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < rounds; i++) {
        len = 0;
        kinds[k].run(argv + 4);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.4f %zu\n", ((double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6) / rounds, len);
    free(out);
    return 0;
}

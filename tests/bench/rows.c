/* rows.c: the peer of the list benchmark: the rows of 1,000 servers with their addresses, groups and tags straight from SQLite to JSON text, by hand.
 *
 *     rows CATALOG.db ROUNDS      prints milliseconds per round and bytes per round */
#include <config.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *out;
static size_t len, cap;

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
query(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        fprintf(stderr, "rows: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    while (sqlite3_step(s) == SQLITE_ROW) {
        add("{", 1);
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            add_quoted(sqlite3_column_name(s, i));
            add(":", 1);
            add_quoted((const char *)sqlite3_column_text(s, i));
            add(",", 1);
        }
        add("},", 2);
    }
    sqlite3_finalize(s);
}

int
main(int argc, char **argv)
{
    struct timespec a, b;
    sqlite3 *db;
    int rounds;

    if (argc != 3 || (rounds = atoi(argv[2])) < 1 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        fprintf(stderr, "usage: rows CATALOG.db ROUNDS\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < rounds; i++) {
        len = 0;
        query(db, "select t.*, h.name as host_name from servers t left join hosts h on h.id = t.host_id where t.deleted_us is null"
                  " order by t.created_us desc, t.id desc limit 1000");
        query(db, "select p.device_id, n.name, f.ip_address, s.ip_version, p.mac_address from servers t join ports p on p.device_id = t.id"
                  " join networks n on n.id = p.network_id join fixed_ips f on f.port_id = p.id join subnets s on s.id = f.subnet_id"
                  " where t.deleted_us is null limit 1000");
        query(db, "select p.device_id, g.name from servers t join ports p on p.device_id = t.id join port_security_groups l on l.port_id = p.id"
                  " join security_groups g on g.id = l.security_group_id where t.deleted_us is null limit 1000");
        query(db, "select server_id, tag from server_tags limit 1000");
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.3f %zu\n", ((double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6) / rounds, len);
    sqlite3_close(db);
    free(out);
    return 0;
}

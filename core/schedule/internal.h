/* internal.h: what the files of the scheduler share: its picture of the hosts.
 *
 * The picture may be old in two ways: another process placed servers, or an operator changed a host.  So it only proposes: whoever is chosen
 * is read again in the claim's own transaction and judged on that; and "no valid host" is said of a picture that was just taken. */
#ifndef SCHEDULE_INTERNAL_H
#define SCHEDULE_INTERNAL_H
#include "base/thread.h"
#include "schedule/schedule.h"

enum { STAGES_MAX = 32, PICTURE_MAX_AGE_MS = 10000 };

struct stage {
    struct driver *driver;      /* a reference */
    const struct cairn_scheduler_plugin *plugin;
    const char *name;
    double weight;
};

struct seen_host {
    struct cairn_place_host host;       /* its strings are owned */
    char id[ID_UUID];
    int64_t heartbeat_us;
    int forced_down;
    int out;                    /* in the present decision: not a candidate (any more) */
    double weight;              /* in the present decision */
};

struct scheduler {
    struct stage filters[STAGES_MAX], weighers[STAGES_MAX];     /* immutable */
    size_t filters_count, weighers_count;
    struct mutex lock;          /* of the picture; taken inside a transaction, never the other way round */
    const struct catalog *catalog;      /* whose picture it is */
    struct seen_host *hosts;
    size_t count;
    int64_t taken_ms;
    uint64_t changes_seen;      /* how far change_at() was heeded */
    _Atomic uint64_t placed, refused, spent_us; /* counters: decisions, and what they took */
};

/* picture.c */
int picture_take(struct scheduler *s, struct tx *tx, struct cairn_error *err);
/* Reads one host anew.  '*ret_there' 0: it is gone. */
int picture_refresh(struct seen_host *seen, struct tx *tx, int *ret_there, struct cairn_error *err);
/* Reads those hosts anew where this process placed or released something since. */
int picture_follow(struct scheduler *s, struct tx *tx, struct cairn_error *err);
void picture_drop(struct scheduler *s);
void change_note(const char *host_id);  /* what a host holds is about to change */
#endif

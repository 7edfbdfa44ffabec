/* sim.h: what the fake drivers of all kinds share: a hash table, a world that outlives a reload, and rules: how long an operation takes, and
 * which one fails.  The debug drivers are the fakes with answers spoiled afterwards: sim_after().
 *
 * Rules come from the settings 'delay', 'delay_op' and 'fail', and at run time from the file that 'script' names (else RUN_DIR/script).  It is
 * looked at before each call; a line is "OPERATION BEHAVIOUR [ARGUMENT] [COUNT]", with '*' for every operation and '#' for remarks:
 *
 *     server_create  fail no_space 3      the next three fail with CAIRN_NO_SPACE; without a count all do
 *     server_start   delay 2s             takes that long
 *     volume_create  hang                 does not come back, cancelled or not, until this line is gone; "hang 5s": for that long;
 *                                         "hang /path": until /path exists
 *     server_state   late 2s              does it, then answers that much later        (debug drivers only)
 *     volume_create  rubbish              does it, then answers rubbish                (debug drivers only)
 */
#ifndef DRIVERS_FAKE_SIM_H
#define DRIVERS_FAKE_SIM_H

#include <cairn/driver.h>
#include <pthread.h>

/* -- a hash table of strings; the caller locks.  Keys are borrowed from the values: a value outlives its place here. -- */
struct sim_entry {
    const char *key;
    void *value;
    struct sim_entry *next;
};
struct sim_map {
    struct sim_entry **slots;
    size_t slots_len, len;
};
void *sim_map_get(const struct sim_map *map, const char *key);              /* NULL: not there */
int sim_map_put(struct sim_map *map, const char *key, void *value, struct cairn_error *err);    /* the key must not be there yet */
void *sim_map_take(struct sim_map *map, const char *key);                   /* removes it; NULL: was not there */
/* Any order; a nonzero answer ends it.  fn may not change the map. */
void sim_map_each(const struct sim_map *map, int (*fn)(void *arg, void *value), void *arg);
void sim_map_free(struct sim_map *map, void (*free_value)(void *value));

/* -- worlds: what a fake machine holds.  Instances of one driver with the same state directory share one, so that a reload loses nothing. -- */
struct sim_world {
    struct sim_world *next;
    unsigned refs;
    pthread_mutex_t lock;               /* guards the driver's part of the world */
    void (*end)(struct sim_world *world);       /* frees the driver's part */
    char name[512];
};
/* 'size' is that of the driver's struct, which begins with the world and is zeroed when new. */
struct sim_world *sim_world_get(const char *name, size_t size, void (*end)(struct sim_world *world), struct cairn_error *err);
void sim_world_put(struct sim_world *world);

/* -- rules -- */
struct sim;
extern const struct cairn_key sim_key_delay, sim_key_delay_op, sim_key_fail, sim_key_script;
#define SIM_KEYS &sim_key_delay, &sim_key_delay_op, &sim_key_fail, &sim_key_script

int sim_new(const struct cairn_host *host, struct sim **ret_sim, struct cairn_error *err);
void sim_free(struct sim *sim);
/* At the head of operation 'name': waits as the rules say; -1 when it shall fail, or was cancelled while it waited. */
int sim_before(struct sim *sim, struct cairn_op *op, const char *name, struct cairn_error *err);
/* At its end: waits as 'late' says; 1: answer rubbish. */
int sim_after(struct sim *sim, const char *name);

int64_t sim_mono_ms(void);
/* Every driver of this folder's family begins its instance with this. */
struct sim_instance {
    const struct cairn_host *host;      /* borrowed */
    struct sim *sim;                    /* owned */
    struct sim_world *world;            /* one reference */
};
/* 'size' that of the driver's instance.  The usual configure() and destroy() of a fake. */
int sim_configure(const struct cairn_host *host, size_t size, size_t world_size, void (*end)(struct sim_world *world), void **ret_self,
                  struct cairn_error *err);
void sim_destroy(void *self);
int sim_start(void *self, struct cairn_error *err);
void sim_stop(void *self);
int sim_health(void *self, struct cairn_health *ret_health, struct cairn_error *err);
#endif

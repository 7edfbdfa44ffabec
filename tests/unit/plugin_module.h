/* plugin_module.h: what the misbehaving test module and its test share: 'self' of its instances. */
#ifndef TESTS_PLUGIN_MODULE_H
#define TESTS_PLUGIN_MODULE_H
#include <pthread.h>
#include <semaphore.h>
#include <cairn/driver.h>

struct test_self {
    const struct cairn_host *host;
    pthread_mutex_t lock;
    sem_t entered, gate;        /* server_pause() of ids that begin with "wait" posts the first and waits for the second */
    int running, most;          /* server_pause() calls inside now; the most there were */
    char order[512];            /* ids in the order they came in */
    int starts, fail_starts;    /* start() answers CAIRN_UNAVAILABLE so often */
    int *stopped;               /* set by stop(), should the test wish to know */
};
#endif

/* kvm_host.h: the smallest daemon around one compute driver: loads it, gives it settings and services, remembers its events. */
#ifndef TEST_KVM_HOST_H
#define TEST_KVM_HOST_H

#include <cairn/compute.h>

struct test_host;               /* opaque */

/* Loads the module and makes and starts one instance; 'settings' are name, value, ..., NULL; 'dir' gets state/ and run/. */
struct test_host *test_host_open(const char *module, const char *dir, const char *cloud_id, const char *const *settings, struct cairn_error *err);
void test_host_close(struct test_host *host);
const struct cairn_compute_driver *test_host_driver(const struct test_host *host);
void *test_host_self(const struct test_host *host);
const char *test_host_state_dir(const struct test_host *host);

/* Waits until the event came since the last test_host_forget(); 'object' NULL: any, value -1: any.  1 if it did. */
int test_host_saw(struct test_host *host, uint32_t type, const char *object, int64_t value, int timeout_ms);
void test_host_forget(struct test_host *host);

/* A sink that keeps a list's elements of 'item_size' bytes each. */
struct cairn_sink {
    size_t item_size;
    size_t count;
    char items[64 * 512];
};

#endif

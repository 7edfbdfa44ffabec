/* qemu_source.h: a connection as qemu-img's --image-opts; shared by the storage drivers that copy with it. */
#ifndef DRIVERS_STORAGE_QEMU_SOURCE_H
#define DRIVERS_STORAGE_QEMU_SOURCE_H

#include <cairn/connection.h>
#include <cairn/driver.h>

#define QEMU_OPTIONS 4096

/* Appends ",NAME=VALUE" (without the comma at the beginning); a comma in the value is doubled, as QEMU wants it.  0: it does not fit. */
int qemu_option(char options[QEMU_OPTIONS], const char *name, const char *value);
/* "pool" or "pool/namespace" as QEMU's two options. */
int qemu_option_pool(char options[QEMU_OPTIONS], const char *pool);

struct qemu_source {
    char options[QEMU_OPTIONS];
    char secret[1200];          /* for --object; empty: needs none */
    char key_path[1024];        /* a file with the key of Ceph, in 'dir'; unlinked by qemu_source_end() */
};
/* 'format' is pinned: nothing is probed.  'dir' is the driver's own run directory: keys never stand in arguments. */
int qemu_source_begin(const struct cairn_connection *conn, uint32_t format, const char *dir, struct qemu_source *ret, struct cairn_error *err);
void qemu_source_end(struct qemu_source *source);
#endif

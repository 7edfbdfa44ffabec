/* cairn/connection.h: how a host reaches the bytes of a volume or image; made by storage drivers, used by compute drivers. */
#ifndef CAIRN_CONNECTION_H
#define CAIRN_CONNECTION_H

#include <stdint.h>

enum cairn_connection_kind {
    CAIRN_CONN_FILE = 1,        /* path */
    CAIRN_CONN_BLOCK = 2,       /* path of a block device */
    CAIRN_CONN_RBD = 3,         /* pool, image, hosts, user, secret */
    CAIRN_CONN_NBD = 4,         /* host, port or path (unix socket), export_name */
};
enum cairn_disk_format { CAIRN_FORMAT_RAW = 1, CAIRN_FORMAT_QCOW2 = 2 };

/* Fixed-size so that it can be kept in the catalog and handed on without ownership questions.  Unused fields are empty or 0. */
struct cairn_connection {
    uint32_t size;
    uint32_t kind;
    uint32_t format;            /* always said, never probed */
    uint32_t read_only;
    uint32_t port;
    uint32_t tls;
    char path[1024];
    char host[256];             /* for RBD: "a:6789,b:6789" */
    char export_name[256];
    char pool[128];
    char image[256];
    char user[128];
    char secret[256];
    uint64_t size_bytes;        /* virtual size, 0 if unknown */
};
#endif

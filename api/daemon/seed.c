/* seed.c: see seed.h. */
#include "config.h"
#define LOG_MODULE "daemon"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"
#include "base/str.h"
#include "compute/compute.h"
#include "daemon/seed.h"
#include "identity/identity.h"

static int
write_clouds(const char *path, const char *base_url, const char *password, struct cairn_error *err)
{
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CLEANUP_FREE char *text = xasprintf("clouds:\n"
                                        "  cairn:\n"
                                        "    auth:\n"
                                        "      auth_url: %s/identity/v3\n"
                                        "      username: admin\n"
                                        "      password: %s\n"
                                        "      project_name: admin\n"
                                        "      user_domain_name: Default\n"
                                        "      project_domain_name: Default\n"
                                        "    region_name: RegionOne\n"
                                        "    identity_api_version: 3\n", base_url, password);

    if (fd < 0 || fchmod(fd, 0600) < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return cairn_fail_errno(err, errno, "cannot write '%s'", path);
    return 0;
}

int
seed_simulation(struct catalog *catalog, const char *state_dir, const char *base_url, struct cairn_error *err)
{
    CLEANUP_FREE char *path = xasprintf("%s/clouds.yaml", state_dir);
    CLEANUP_TX struct tx *tx = NULL;
    char password[ID_HEX];
    struct identity_bootstrap b = { .base_url = base_url, .admin_password = password, .reset_password = 1 };

    id_hex(password);
    if (identity_bootstrap(catalog, &b, err) < 0 || tx_begin(catalog, TX_WRITE, &tx, err) < 0 || compute_seed_flavors(tx, err) < 0 ||
        tx_commit(steal(&tx), err) < 0 || write_clouds(path, base_url, password, err) < 0)
        return -1;
    printf("cairnd: simulated cloud at %s\ncairnd: try: OS_CLIENT_CONFIG_FILE=%s OS_CLOUD=cairn openstack server list\n", base_url, path);
    fflush(stdout);
    return 0;
}

/* settings.c: the table of configuration keys. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/settings.h"
#include "identity/identity.h"
#include "object/object.h"
#include "rest/rest.h"

extern const struct cairn_key scheduler_keys[];

const char *const daemon_prefixes[] = { "compute", "storage", "network", "auth", NULL };

#define END_OF_KEYS { 0, 0, 0, 0, NULL, NULL, NULL, 0, 0 }

static const struct cairn_key daemon_keys[] = {
    CAIRN_KEY("state_dir", CAIRN_KEY_PATH, CAIRN_LOCALSTATEDIR "/lib/cairn", "Where the cloud keeps what must survive: catalog, keys, volumes, images."),
    CAIRN_KEY("run_dir", CAIRN_KEY_PATH, CAIRN_RUNDIR "/cairn", "Where sockets and process ids live; may be lost at reboot."),
    CAIRN_KEY("catalog", CAIRN_KEY_STRING, NULL, "Catalog URL; default sqlite:STATE_DIR/catalog.db."),
    CAIRN_KEY("log", CAIRN_KEY_PATH, NULL, "Log file; default: standard error."),
    CAIRN_KEY("log_levels", CAIRN_KEY_STRING, "info", "error, warn, info or debug, for all or by module: \"info,flow=debug\"."),
    CAIRN_KEY_RANGE("workers", "16", 1, 1024, "Threads that run tasks (server builds and the like)."),
    CAIRN_KEY("driver_path", CAIRN_KEY_STRING, NULL, "Folders of drivers and plugins, ':' between them; default: the installed ones."),
    CAIRN_KEY("pipeline", CAIRN_KEY_PATH, NULL, "pipeline.ini; default: the one built in, which PREFIX/share/cairn/pipeline.ini shows."),
    CAIRN_KEY("policy", CAIRN_KEY_PATH, NULL, "policy.json with rules that replace the defaults."),
    CAIRN_KEY("keep_tasks", CAIRN_KEY_DURATION, "30d", "How long finished tasks and the timeline are kept."),
    END_OF_KEYS,
};
static const struct cairn_key http_keys[] = {
    CAIRN_KEY("address", CAIRN_KEY_STRING, "127.0.0.1", "Address to listen on; :: or 0.0.0.0 for all."),
    CAIRN_KEY_RANGE("port", "8774", 0, 65535, "TCP port; 0 takes a free one."),
    CAIRN_KEY("public_url", CAIRN_KEY_STRING, NULL, "What clients call this cloud: http://cloud.example:8774; default: made of address and port."),
    CAIRN_KEY_RANGE("threads", "2", 1, 256, "Network threads."),
    CAIRN_KEY_RANGE("workers", "16", 1, 1024, "Threads for requests that may wait."),
    CAIRN_KEY_RANGE("max_connections", "4096", 16, 1000000, "Connections at once."),
    CAIRN_KEY_RANGE("max_per_address", "2048", 1, 1000000, "Connections at once from one address."),
    CAIRN_KEY("idle_timeout", CAIRN_KEY_DURATION, "60s", "A connection without traffic is closed after this."),
    CAIRN_KEY("header_max", CAIRN_KEY_SIZE, "32K", "Largest request head."),
    CAIRN_KEY("body_max", CAIRN_KEY_SIZE, "1M", "Largest request body that is not streamed."),
    CAIRN_KEY("tls_cert", CAIRN_KEY_PATH, NULL, "PEM certificate chain; with it HTTPS is spoken."),
    CAIRN_KEY("tls_key", CAIRN_KEY_PATH, NULL, "PEM private key."),
    END_OF_KEYS,
};
static const struct cairn_key host_keys[] = {
    CAIRN_KEY("name", CAIRN_KEY_STRING, NULL, "This host's name in the cloud; default: its host name."),
    CAIRN_KEY("availability_zone", CAIRN_KEY_STRING, "nova", "Zone that this host is in."),
    CAIRN_KEY("ip", CAIRN_KEY_STRING, "127.0.0.1", "Address that other hosts and operators reach this host by."),
    CAIRN_KEY("vcpu_ratio", CAIRN_KEY_STRING, "4.0", "Virtual CPUs for each physical thread."),
    CAIRN_KEY("ram_ratio", CAIRN_KEY_STRING, "1.0", "Memory given out for each byte there is."),
    CAIRN_KEY("disk_ratio", CAIRN_KEY_STRING, "1.0", "Disk given out for each byte there is."),
    CAIRN_KEY_RANGE("reserved_vcpus", "0", 0, 1000000, "Threads kept for the host itself."),
    CAIRN_KEY("reserved_ram", CAIRN_KEY_SIZE, "512M", "Memory kept for the host itself."),
    CAIRN_KEY("reserved_disk", CAIRN_KEY_SIZE, "0", "Disk kept for the host itself."),
    CAIRN_KEY("storage", CAIRN_KEY_STRING, NULL, "Storage instance for the disks of servers; default: the first."),
    CAIRN_KEY("image_store", CAIRN_KEY_STRING, NULL, "Storage instance for images; default: the first."),
    END_OF_KEYS,
};
static const struct cairn_key networking_keys[] = {
    CAIRN_KEY("tenant_type", CAIRN_KEY_STRING, "local", "Kind of network that users get: local or vxlan."),
    CAIRN_KEY_RANGE("vni_min", "1", 1, 16777215, "First VXLAN identifier given out."),
    CAIRN_KEY_RANGE("vni_max", "16777215", 1, 16777215, "Last VXLAN identifier given out."),
    CAIRN_KEY_RANGE("mtu", "1500", 68, 65535, "MTU of the underlay; networks get what their encapsulation leaves."),
    CAIRN_KEY("physical_networks", CAIRN_KEY_LIST, "host", "Names that flat and VLAN networks may use."),
    CAIRN_KEY_RANGE("vlan_min", "1", 1, 4094, "First VLAN id given out."),
    CAIRN_KEY_RANGE("vlan_max", "4094", 1, 4094, "Last VLAN id given out."),
    CAIRN_KEY("dns_domain", CAIRN_KEY_STRING, "", "Domain of host names given by DHCP."),
    CAIRN_KEY_RANGE("max_fixed_ips", "5", 1, 1000, "Addresses on one port."),
    END_OF_KEYS,
};
static const struct cairn_key image_keys[] = {
    CAIRN_KEY("size_max", CAIRN_KEY_SIZE, "1T", "Largest image."),
    CAIRN_KEY_RANGE("members_max", "128", -1, 100000, "Members of one image; -1: any number."),
    CAIRN_KEY_RANGE("properties_max", "128", -1, 100000, "Properties of one image; -1: any number."),
    CAIRN_KEY_RANGE("tags_max", "128", -1, 100000, "Tags of one image; -1: any number."),
    CAIRN_KEY("web_download", CAIRN_KEY_BOOL, "yes", "Whether images may be imported from the web (web-download)."),
    CAIRN_KEY("web_schemes", CAIRN_KEY_LIST, "http,https", "Schemes that they may come by."),
    CAIRN_KEY("web_ports", CAIRN_KEY_LIST, "80,443", "Ports that they may come from."),
    CAIRN_KEY("web_hosts", CAIRN_KEY_LIST, "", "The only hosts that they may come from; empty: any that is not refused."),
    CAIRN_KEY("web_hosts_refused", CAIRN_KEY_LIST, "", "Hosts that they may not come from."),
    CAIRN_KEY("web_networks", CAIRN_KEY_LIST, "", "Networks that they may come from though their addresses are not public: 10.1.0.0/16."),
    CAIRN_KEY("web_timeout", CAIRN_KEY_DURATION, "1h", "Longest time that a download may take."),
    END_OF_KEYS,
};
static const struct cairn_key debug_keys[] = {
    CAIRN_KEY("crash_at", CAIRN_KEY_STRING, NULL, "Where the daemon kills itself, for tests of recovery: a step of a flow, KIND:STEP:PHASE (before, run, record, undo), or another place of tests/crash; @FILE: the place that stands in FILE at the time."),
    END_OF_KEYS,
};

const struct config_section *
daemon_sections(void)
{
    static struct config_section sections[] = {
        { "daemon", "The daemon itself.", daemon_keys },
        { "http", "The listener.", http_keys },
        { "host", "This host as a place for servers.", host_keys },
        { "scheduler", "How a host is chosen.", NULL },
        { "identity", "Users, passwords and tokens.", NULL },
        { COMPLIANCE_SECTION, "What is demanded of passwords and logins.", compliance_keys },
        { "networking", "What networks users get.", networking_keys },
        { "image", "Images.", image_keys },
        { "quota", "Limits of a project that has none of its own.", NULL },
        { "object", "The object store.", NULL },
        { "debug", "For tests.", debug_keys },
        { NULL, NULL, NULL },
    };

    sections[3].keys = scheduler_keys;
    sections[4].keys = identity_keys;
    sections[8].keys = rest_quota_keys;
    sections[9].keys = object_keys;
    return sections;
}

char *
settings_find(const char *option)
{
    const char *env = getenv("CAIRN_CONFIG");
    char exe[PATH_MAX];
    ssize_t n;

    if (option != NULL)
        return xstrdup(option);
    if (env != NULL && *env != '\0')
        return xstrdup(env);
    if (access("run/cairn.conf", R_OK) == 0)
        return xstrdup("run/cairn.conf");
    n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n > 0) {
        CLEANUP_FREE char *beside = NULL;
        char *slash;

        exe[n] = '\0';
        if ((slash = strrchr(exe, '/')) != NULL)
            *slash = '\0';
        beside = xasprintf("%s/../run/cairn.conf", exe);    /* a build folder inside a checkout */
        if (access(beside, R_OK) == 0)
            return xstrdup(beside);
    }
    if (access(CAIRN_SYSCONFDIR "/cairn/cairn.conf", R_OK) == 0)
        return xstrdup(CAIRN_SYSCONFDIR "/cairn/cairn.conf");
    return NULL;
}

static void
note_instance(void *arg, const char *section, const char *instance)
{
    (void)section, (void)instance;
    ++*(int *)arg;
}

int
settings_load(const char *path, int simulate, struct config **ret, struct cairn_error *err)
{
    static const struct { const char *prefix, *section, *driver, *fake; } defaults[] = {
        { "compute", "compute:default", "kvm", "fake" },
        { "storage", "storage:default", "file", "fake" },
        { "network", "network:default", "linuxbridge", "fake" },
    };
    struct config *c;

    if (config_load(path, daemon_sections(), daemon_prefixes, &c, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
        int n = 0;

        config_each_instance(c, defaults[i].prefix, note_instance, &n);
        if (n == 0 && config_set(c, defaults[i].section, "driver", simulate ? defaults[i].fake : defaults[i].driver, err) < 0) {
            config_free(c);
            return -1;
        }
    }
    *ret = c;
    return 0;
}

static const char *const type_names[] = { "string", "integer", "yes/no", "size", "duration", "path", "secret", "list" };

void
settings_print(int markdown)
{
    for (const struct config_section *s = daemon_sections(); s->name != NULL; s++) {
        printf(markdown ? "## [%s]\n\n%s\n\n| key | kind | default | meaning |\n| --- | --- | --- | --- |\n" : "[%s]  %s\n", s->name, s->help);
        for (const struct cairn_key *k = s->keys; k->name != NULL; k++)
            printf(markdown ? "| `%s` | %s | %s%s%s | %s |\n" : "  %-28s %-9s %s%-12s%s %s\n", k->name, type_names[k->type],
                   markdown && k->dflt != NULL ? "`" : "", k->dflt != NULL ? k->dflt : "", markdown && k->dflt != NULL ? "`" : "", k->help);
        printf("\n");
    }
}

/* options.c: what images and flavors may say about the machine: one table, properties in, libvirt's words out.
 *
 * "hw:cpu_cores" of a flavor and "hw_cpu_cores" of an image are one option; the later one in the list wins. */

#include "kvm.h"
#include <stddef.h>
#include <ctype.h>

struct word { const char *value, *libvirt; };           /* ends with { NULL, NULL } */

static const struct word disk_buses[] = {
    { "virtio", "virtio" }, { "scsi", "scsi" }, { "ide", "ide" }, { "sata", "sata" }, { "usb", "usb" }, { NULL, NULL } };
static const struct word scsi_models[] = {
    { "virtio-scsi", "virtio-scsi" }, { "lsilogic", "lsilogic" }, { "lsisas1068", "lsisas1068" }, { "vmpvscsi", "vmpvscsi" }, { NULL, NULL } };
static const struct word vif_models[] = {
    { "virtio", "virtio" }, { "e1000", "e1000" }, { "e1000e", "e1000e" }, { "rtl8139", "rtl8139" }, { "ne2k_pci", "ne2k_pci" },
    { "pcnet", "pcnet" }, { "vmxnet3", "vmxnet3" }, { NULL, NULL } };
static const struct word video_models[] = {
    { "vga", "vga" }, { "cirrus", "cirrus" }, { "qxl", "qxl" }, { "virtio", "virtio" }, { "bochs", "bochs" }, { "vmvga", "vmvga" },
    { "none", "none" }, { NULL, NULL } };
static const struct word watchdogs[] = {
    { "disabled", "" }, { "reset", "reset" }, { "poweroff", "poweroff" }, { "pause", "pause" }, { "none", "none" }, { NULL, NULL } };
static const struct word firmwares[] = { { "bios", "" }, { "uefi", "efi" }, { NULL, NULL } };
static const struct word pointers[] = { { "usbtablet", "usb" }, { "ps2mouse", "" }, { NULL, NULL } };
static const struct word rng_models[] = { { "virtio", "virtio" }, { NULL, NULL } };

enum option_type { OPTION_WORD, OPTION_TEXT, OPTION_NUMBER, OPTION_YES };

#define TEXT_AT(field)   offsetof(struct kvm_options, field), sizeof(((struct kvm_options *)0)->field)
#define NUMBER_AT(field) offsetof(struct kvm_options, field), 0
#define NOWHERE          (size_t)-1, 0

static const struct option {
    const char *name;
    enum option_type type;
    size_t at, size;
    const struct word *words;
} options[] = {
    { "hw_machine_type",           OPTION_TEXT,   TEXT_AT(machine),         NULL },
    { "hw_disk_bus",               OPTION_WORD,   TEXT_AT(disk_bus),        disk_buses },
    { "hw_cdrom_bus",              OPTION_WORD,   TEXT_AT(cdrom_bus),       disk_buses },
    { "hw_scsi_model",             OPTION_WORD,   TEXT_AT(scsi_model),      scsi_models },
    { "hw_vif_model",              OPTION_WORD,   TEXT_AT(vif_model),       vif_models },
    { "hw_video_model",            OPTION_WORD,   TEXT_AT(video_model),     video_models },
    { "hw_watchdog_action",        OPTION_WORD,   TEXT_AT(watchdog),        watchdogs },
    { "hw_firmware_type",          OPTION_WORD,   TEXT_AT(firmware),        firmwares },
    { "hw_pointer_model",          OPTION_WORD,   TEXT_AT(pointer),         pointers },
    { "hw_rng_model",              OPTION_WORD,   NOWHERE,                  rng_models },     /* every server has one */
    { "os_type",                   OPTION_TEXT,   TEXT_AT(os_type),         NULL },
    { "hw_cpu_sockets",            OPTION_NUMBER, NUMBER_AT(sockets),       NULL },
    { "hw_cpu_cores",              OPTION_NUMBER, NUMBER_AT(cores),         NULL },
    { "hw_cpu_threads",            OPTION_NUMBER, NUMBER_AT(threads),       NULL },
    { "hw_qemu_guest_agent",       OPTION_YES,    NUMBER_AT(guest_agent),   NULL },
    { "hw_boot_menu",              OPTION_YES,    NUMBER_AT(boot_menu),     NULL },
    { "hw_vif_multiqueue_enabled", OPTION_YES,    NUMBER_AT(multiqueue),    NULL },
};

static const struct option *
option_find(const char *name)
{
    int flavor = strncmp(name, "hw:", 3) == 0;

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(options[i].name, name) == 0 ||
            (flavor && strncmp(options[i].name, "hw_", 3) == 0 && strcmp(options[i].name + 3, name + 3) == 0))
            return &options[i];
    return NULL;
}

static int
option_word(const struct option *option, const char *value, char *out, struct cairn_error *err)
{
    char choice[160] = "";

    for (const struct word *word = option->words; word->value != NULL; word++) {
        size_t len = strlen(choice);

        if (strcmp(word->value, value) == 0) {
            if (out != NULL)
                snprintf(out, option->size, "%s", word->libvirt);
            return 0;
        }
        snprintf(choice + len, sizeof choice - len, "%s%s", len > 0 ? ", " : "", word->value);
    }
    return cairn_fail(err, CAIRN_UNSUPPORTED, "property %s=%.64s: this host has %s", option->name, value, choice);
}

static int
option_set(const struct option *option, const char *value, struct kvm_options *all, struct cairn_error *err)
{
    char *field = option->at == (size_t)-1 ? NULL : (char *)all + option->at;
    unsigned long number;
    char *end;

    switch (option->type) {
    case OPTION_WORD:
        return option_word(option, value, field, err);
    case OPTION_TEXT:
        for (const char *c = value; *c != '\0'; c++)
            if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
                return cairn_fail(err, CAIRN_INVALID, "property %s=%.64s: letters, digits and ._- only", option->name, value);
        if (strlen(value) >= option->size)
            return cairn_fail(err, CAIRN_INVALID, "property %s=%.64s...: at most %zu characters", option->name, value, option->size - 1);
        snprintf(field, option->size, "%s", value);
        return 0;
    case OPTION_NUMBER:
        number = strtoul(value, &end, 10);
        if (!isdigit((unsigned char)*value) || *end != '\0' || number == 0 || number > 1024)
            return cairn_fail(err, CAIRN_INVALID, "property %s=%.64s: a number from 1 to 1024", option->name, value);
        *(uint32_t *)(void *)field = (uint32_t)number;
        return 0;
    case OPTION_YES:
        *(uint32_t *)(void *)field = strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 || strcmp(value, "1") == 0;
        return 0;
    }
    return 0;
}

/* sockets * cores * threads = vcpus; what a property leaves open is filled with sockets, then cores.  A wish that does not divide
 * is dropped, as the reference does. */
static void
options_topology(struct kvm_options *all, uint32_t vcpus)
{
    uint32_t sockets = all->sockets, cores = all->cores, threads = all->threads != 0 ? all->threads : 1;

    if (sockets == 0 && cores == 0) {
        cores = 1;
        sockets = vcpus / threads;
    } else if (sockets == 0)
        sockets = vcpus / (cores * threads);
    else if (cores == 0)
        cores = vcpus / (sockets * threads);
    if ((uint64_t)sockets * cores * threads != vcpus) {
        sockets = vcpus;
        cores = threads = 1;
    }
    all->sockets = sockets;
    all->cores = cores;
    all->threads = threads;
}

int
kvm_options_read(struct kvm *kvm, const struct cairn_server *server, struct kvm_options *ret_options, struct cairn_error *err)
{
    struct kvm_options all = { .machine = "" };

    snprintf(all.machine, sizeof all.machine, "%s", kvm->machine_type);
    for (uint32_t i = 0; i < server->properties_count; i++) {
        const struct cairn_pair *pair = server->properties[i];
        const struct option *option = option_find(pair->name);

        if (option != NULL && option_set(option, pair->value, &all, err) < 0)
            return -1;
    }
    all.q35 = strcmp(all.machine, "q35") == 0 || strncmp(all.machine, "pc-q35-", 7) == 0;
    if (!all.q35 && strcmp(all.machine, "pc") != 0 && strncmp(all.machine, "pc-i440fx-", 10) != 0)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "property hw_machine_type=%s: this host has pc, q35 and their versions", all.machine);
    options_topology(&all, server->vcpus);
    *ret_options = all;
    return 0;
}

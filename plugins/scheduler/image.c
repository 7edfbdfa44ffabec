/* image.c: scheduler plugin "image": an image goes to hosts of its architecture and kind of hypervisor, where it says one. */
#include <string.h>
#include <strings.h>
#include <cairn/scheduler.h>

/* What images say, and the word that hosts use for the same. */
static const struct { const char *said, *meant; } same[] = {
    { "amd64", "x86_64" }, { "x64", "x86_64" }, { "x86-64", "x86_64" }, { "arm64", "aarch64" }, { "i386", "i686" }, { "i586", "i686" },
    { "kvm", "qemu" },
};

static const char *
meaning(const char *word)
{
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (strcasecmp(word, same[i].said) == 0)
            return same[i].meant;
    return word;
}

static int
agrees(const char *wanted, const char *has)
{
    return wanted[0] == '\0' || has == NULL || strcasecmp(meaning(wanted), meaning(has)) == 0;
}

/* Containers run programs of their own ("exe"), machines are machines ("hvm"). */
static int
mode_agrees(const char *mode, const char *hypervisor)
{
    int containers = hypervisor != NULL && strcasecmp(hypervisor, "LXC") == 0;

    if (strcasecmp(mode, "exe") == 0)
        return containers;
    return strcasecmp(mode, "hvm") != 0 || !containers;
}

/* The architecture can be run on another: 64-bit processors run what 32-bit ones do. */
static int
arch_agrees(const char *wanted, const char *has)
{
    return agrees(wanted, has) || (has != NULL && strcasecmp(meaning(wanted), "i686") == 0 && strcasecmp(has, "x86_64") == 0);
}

static uint32_t
image_filter(void *self, const struct cairn_place_request *request, const struct cairn_place_host *host)
{
    (void)self;
    for (uint32_t i = 0; i < request->properties_count; i++) {
        const struct cairn_pair *p = request->properties[i];

        if ((strcmp(p->name, "hw_architecture") == 0 || strcmp(p->name, "architecture") == 0) && !arch_agrees(p->value, host->arch))
            return 0;
        if ((strcmp(p->name, "img_hv_type") == 0 || strcmp(p->name, "hypervisor_type") == 0) && !agrees(p->value, host->hypervisor_type))
            return 0;
        if ((strcmp(p->name, "hw_vm_mode") == 0 || strcmp(p->name, "vm_mode") == 0) && !mode_agrees(p->value, host->hypervisor_type))
            return 0;
    }
    return 1;
}

static const struct cairn_scheduler_plugin image_plugin = {
    CAIRN_DRIVER_HEAD(CAIRN_SCHEDULER, "image", struct cairn_scheduler_plugin),
    .version = "1",
    .description = "only hosts that can run the image: architecture, hypervisor type, mode",
    .threads = CAIRN_THREADS_PARALLEL,
    .filter = image_filter,
};
CAIRN_DRIVER_EXPORT(image_plugin)

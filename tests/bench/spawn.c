/* spawn.c: the peer of the build benchmark: defines and starts a domain through libvirt alone, again and again.
 *
 *     spawn URI XML-FILE ROUNDS      prints the median of milliseconds per define + create; destroys and undefines outside the measured time */
#include <config.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
    static char xml[1 << 18];
    virConnectPtr conn;
    static double took[1000];
    int rounds;
    FILE *f;

    if (argc != 4 || (rounds = atoi(argv[3])) < 1 || rounds > 1000 || (f = fopen(argv[2], "r")) == NULL) {
        fprintf(stderr, "usage: spawn URI XML-FILE ROUNDS\n");
        return 2;
    }
    xml[fread(xml, 1, sizeof xml - 1, f)] = '\0';
    fclose(f);
    if ((conn = virConnectOpen(argv[1])) == NULL)
        return 1;
    for (int i = 0; i < rounds; i++) {
        double from = now_ms();
        virDomainPtr dom = virDomainDefineXML(conn, xml);

        if (dom == NULL || virDomainCreate(dom) < 0)
            return 1;
        took[i] = now_ms() - from;
        virDomainDestroy(dom);
        virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_NVRAM);
        virDomainFree(dom);
    }
    qsort(took, (size_t)rounds, sizeof took[0], by_value);
    printf("%.3f\n", took[rounds / 2]);
    virConnectClose(conn);
    return 0;
}

/* tapguest.c: stands in for a guest: copies frames between a tap that a network driver made and a tap in a namespace, whose kernel is the
 * guest's.
 *
 *     tapguest HOST-TAP NETNS GUEST-TAP MAC
 *
 * Prints the process id of the copier, which runs on in the background, once both ends are open. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void
die(const char *what)
{
    fprintf(stderr, "tapguest: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int
tap_open(const char *name)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI };

    snprintf(req.ifr_name, sizeof req.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &req) < 0)
        die(name);
    return fd;
}

static void
tap_address(const char *name, const char *mac)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq req = { 0 };
    unsigned b[6];

    snprintf(req.ifr_name, sizeof req.ifr_name, "%s", name);
    if (fd < 0 || sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
        die(mac);
    req.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    for (int i = 0; i < 6; i++)
        req.ifr_hwaddr.sa_data[i] = (char)b[i];
    if (ioctl(fd, SIOCSIFHWADDR, &req) < 0)
        die(mac);
    close(fd);
}

static void
copy(int from, int to)
{
    static char frame[65536 + 64];
    ssize_t n;

    while ((n = read(from, frame, sizeof frame)) > 0)
        if (write(to, frame, (size_t)n) < 0 && errno == EBADFD)
            exit(0);
    if (n < 0 && errno != EAGAIN && errno != EIO)
        exit(0);                        /* a tap was deleted: the guest is off */
}

int
main(int argc, char **argv)
{
    char path[128];
    int host, guest, ns;
    pid_t pid;

    if (argc != 5) {
        fprintf(stderr, "usage: tapguest HOST-TAP NETNS GUEST-TAP MAC\n");
        return 2;
    }
    host = tap_open(argv[1]);
    snprintf(path, sizeof path, "/run/netns/%s", argv[2]);
    ns = open(path, O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
        die(argv[2]);
    guest = tap_open(argv[3]);
    tap_address(argv[3], argv[4]);
    pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0) {
        printf("%d\n", (int)pid);
        return 0;
    }
    close(0);
    close(1);
    close(2);
    setsid();
    for (;;) {
        struct pollfd p[2] = { { .fd = host, .events = POLLIN }, { .fd = guest, .events = POLLIN } };

        if (poll(p, 2, -1) < 0)
            continue;
        if (((p[0].revents | p[1].revents) & (POLLERR | POLLHUP | POLLNVAL)) != 0 && ((p[0].revents | p[1].revents) & POLLIN) == 0) {
            /* POLLERR is also a device that is down: look again later, unless it is gone. */
            struct ifreq req;

            if (ioctl(host, TUNGETIFF, &req) < 0 || ioctl(guest, TUNGETIFF, &req) < 0)
                return 0;
            usleep(20000);
            continue;
        }
        if (p[0].revents & POLLIN)
            copy(host, guest);
        if (p[1].revents & POLLIN)
            copy(guest, host);
    }
}

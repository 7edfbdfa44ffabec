/* seed.c: gives the kernel's random pool its first 256 bits, so that getrandom() of a test guest does not wait for entropy that an
 * emulated machine hardly has.  For test guests alone: the keys made with it are not secret. */

#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define POOL_BYTES 256

static struct {
    struct rand_pool_info head;
    unsigned char bytes[POOL_BYTES];
} pool;

/* Whatever differs between two guests, stirred in. */
static void
stir(const char *path, unsigned *at)
{
    unsigned char buf[1024];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, buf, sizeof buf);

    for (ssize_t i = 0; i < n; i++, ++*at)
        pool.bytes[*at % POOL_BYTES] = (unsigned char)(pool.bytes[*at % POOL_BYTES] * 33 + buf[i]);
    if (fd >= 0)
        close(fd);
}

int
main(void)
{
    static const char *const sources[] = { "/dev/hwrng", "/dev/urandom", "/proc/interrupts", "/sys/class/net/eth0/address", "/sys/class/dmi/id/product_uuid" };
    struct timespec now;
    unsigned at = 0;
    int fd;

    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++)
        stir(sources[i], &at);
    clock_gettime(CLOCK_REALTIME, &now);
    pool.bytes[0] ^= (unsigned char)now.tv_nsec;
    pool.bytes[1] ^= (unsigned char)(now.tv_nsec >> 8);
    pool.head.entropy_count = 256;
    pool.head.buf_size = POOL_BYTES;
    fd = open("/dev/random", O_WRONLY);
    return fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool) == 0 ? 0 : 1;
}

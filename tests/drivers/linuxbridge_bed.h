/* linuxbridge_bed.h: what the stories of the linuxbridge driver stand on: the daemon's side of the ABI, networks and ports to ask for, guests that send
 * and listen.  Frees nothing: the lab goes with the test. */
#ifndef TESTS_LINUXBRIDGE_BED_H
#define TESTS_LINUXBRIDGE_BED_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cairn/network.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CLOUD "c1000000-0000-4000-8000-00000000c10d"
#define OTHER "c2000000-0000-4000-8000-00000000c20d"
#define NET_A "aaaaaaaa-0000-4000-8000-0000000000a0"
#define NET_B "bbbbbbbb-0000-4000-8000-0000000000b0"
#define NET_H "cccccccc-0000-4000-8000-0000000000c0"
#define G_WEB "dddddddd-0000-4000-8000-0000000000d1"
#define G_ALL "dddddddd-0000-4000-8000-0000000000d2"
#define G_BAD "dddddddd-0000-4000-8000-0000000000d3"

/* --- linuxbridge_bed.c: counting, commands, the daemon's side, the driver */

#define CHECK(cond, ...) check((cond) != 0, #cond, __LINE__, __VA_ARGS__)
#define OK(call, ...) CHECK((cairn_error_clear(&err), (call) == 0) || (printf("# %s\n", err.message), 0), __VA_ARGS__)
#define FAILS(call, want, ...) CHECK((cairn_error_clear(&err), (call) < 0) && (printf("# %s\n", err.message), err.code == (want)), __VA_ARGS__)

struct cairn_sink {
    struct cairn_net_item items[32];
    int len;
};

extern char tmp[256];                           /* the test's folder */
extern const char *tapguest;                    /* the program behind a guest's tap */
extern int failures, checks;
extern char last_log[1024];                     /* what the driver logged last */
extern struct cairn_sink sink;                  /* what it listed last; cleared by who asks */
extern struct cairn_host host;                  /* what it is configured with */
extern const struct cairn_network_driver *drv;
extern void *self;                              /* the instance that calls go to */
extern struct cairn_error err;

void check(int ok, const char *text, int line, const char *fmt, ...) CAIRN_PRINTF(4, 5);
double now_ms(void);
int sh(const char *fmt, ...) CAIRN_PRINTF(1, 2);            /* a shell command of the test itself: its exit status */
char *sh_text(const char *fmt, ...) CAIRN_PRINTF(1, 2);     /* its output; good until the next call */
const char *host_string(struct cairn_instance *inst, const char *key);
struct cairn_net_item *listed(const char *id);              /* of 'sink', or NULL */
void load(const char *path);
void begin(void);                               /* configures and starts 'self' */
void end(void);

/* --- linuxbridge_guests.c: what is asked of the driver, and who lives behind its ports */

struct guest {
    const char *ns, *id, *net, *mac, *ip, *ip6, *subnet;
    char device[32];
    pid_t copier;
};

struct rule {
    int ingress, version, protocol, min, max;
    const char *cidr, *group;
};

extern const struct cairn_subnet subnet_a, subnet_a6;
extern struct guest a1, a2, b1, b2, h1;         /* on networks A, B (of the same addresses) and H */
extern const struct cairn_net net_b;
extern uint64_t qos_egress, qos_ingress;        /* of the next plug() */
extern const struct rule all_out[2];          /* everything out, nothing in */
const struct cairn_net *net_a(int with_leases);
const struct cairn_net *net_h(void);
/* A port with these groups ("WA": G_WEB and G_ALL). */
int plug(struct guest *g, const char *groups, int security, const struct cairn_pair *pair);
int group(const char *id, const struct rule *rules, uint32_t len, const char *const *members, uint32_t members_len, int stateless);
void guest_start(struct guest *g);
void guest_address(struct guest *g);
void guest_end(struct guest *g);

/* A namespace of NULL is the host's.  Sockets do not block. */
int ping(const char *ns, const char *to);
int ns_socket(const char *ns, int domain, int type, int protocol);
struct sockaddr_in addr4(const char *ip, int port);
int tcp_listen(const char *ns, int port);
int wait_for(int fd, short events, int ms);
/* A connection from 'ns', or -1. */
int tcp_connect(const char *ns, const char *ip, int port);
int tcp(const char *ns, const char *ip, int port);
/* Does what one end writes reach the other? */
int flows(int from, int to);
/* Sends a frame from one guest: does it get to the other's device? */
int frame_passes(struct guest *from, struct guest *to, const uint8_t *frame, size_t len);
/* Ethernet + IPv4 + UDP with a marker; VLAN tag if 'vlan'. */
size_t udp_frame(uint8_t *f, const char *src_mac, const char *src, const char *dst_mac, const char *dst, int sport, int dport, int vlan);
size_t arp_frame(uint8_t *f, const char *mac, const char *arp_mac, const char *ip);
/* Router (134) or neighbor (136) advertisement about 'target' to all nodes; the checksum is not looked at on the way. */
size_t nd_frame(uint8_t *f, const char *mac, const char *src, int type, const char *target);
#define GROUP(id, rules, members, n) group(id, rules, LEN(rules), members, n, 0)

/* --- linuxbridge_traffic.c: stories of what passes between guests and what does not */

void dhcp(void);
void metadata(void);
void groups(void);
void overlap(void);
void spoofing(void);
void host_traffic(void);
void physical(void);
void qos(void);
#endif

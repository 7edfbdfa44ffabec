/* ip.h: addresses and prefixes as numbers, for ranges and pools.  Any thread. */
#ifndef NETWORK_IP_H
#define NETWORK_IP_H
#include "rest/address.h"

typedef unsigned __int128 ip_number;            /* GNU C; IPv4 in the low 32 bits */

struct ip { int version; ip_number n; };        /* version 4 or 6 */
struct prefix { int version, len; ip_number first, last; };

int ip_parse(const char *text, struct ip *ret);                 /* -1: no address */
char *ip_text(int version, ip_number n, char buf[ADDRESS_TEXT]);
int prefix_parse(const char *text, struct prefix *ret);         /* "10.0.0.0/24"; a bare address is a host's prefix */
int prefix_has(const struct prefix *p, const struct ip *ip);
int prefix_overlap(const struct prefix *a, const struct prefix *b);
/* The addresses that hosts may have: without network and broadcast address (IPv4 up to /30), without the anycast address (IPv6). */
void prefix_hosts(const struct prefix *p, ip_number *ret_first, ip_number *ret_last);
/* The address that a host with this MAC address gives itself in a /64. */
ip_number prefix_eui64(const struct prefix *p, const char *mac);
#endif

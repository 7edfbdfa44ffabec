/* ids.h: identifiers.  Any thread. */
#ifndef BASE_IDS_H
#define BASE_IDS_H
#include <stddef.h>
#include <stdint.h>

#define ID_UUID 37      /* 36 characters and NUL */
#define ID_HEX  33      /* 32 hex digits and NUL: identity's ids */
#define ID_REQUEST 41   /* "req-" and a UUID */
#define ID_MAC 18

void id_uuid(char buf[ID_UUID]);            /* random, version 4 */
void id_hex(char buf[ID_HEX]);
void id_request(char buf[ID_REQUEST]);
void id_mac(const char *prefix, char buf[ID_MAC]);      /* prefix "fa:16:3e": the rest random */
int id_is_uuid(const char *text);           /* 1: 8-4-4-4-12 hex digits, either case */
int id_is_hex32(const char *text);
void id_random(void *buf, size_t len);      /* from the kernel; cannot fail */
#endif

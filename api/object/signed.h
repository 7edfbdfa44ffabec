/* signed.h: HMACs as clients of the object store write them: in hex, which tells the digest by its length, or "sha256:" and base64.
 *
 * Needs nothing but libcrypto: the filters that judge such signatures are built with it, too. */
#ifndef OBJECT_SIGNED_H
#define OBJECT_SIGNED_H
#include <stddef.h>

#define SIGNED_DIGESTS "sha1,sha256,sha512"     /* that there are */
#define SIGNED_HEX 129                          /* bytes for the longest in hex */

/* Which digest the signature is of; NULL: it is none. */
const char *signed_digest(const char *sig);
/* 1: 'sig' is that of 'text' by 'key', compared in constant time. */
int signed_fits(const char *sig, const char *key, const char *text);
/* In hex; -1: there is no such digest. */
int signed_hex(const char *digest, const char *key, const char *text, char ret[SIGNED_HEX]);
/* 1: 'digest' stands in the list, which commas or blanks part. */
int signed_in_list(const char *list, const char *digest);
/* The list as members of a JSON array; -1: one is unknown, or there is none. */
int signed_list_json(const char *list, char *buf, size_t size);
#endif

/* seal.h: bytes that only this cloud can read and nobody can change: AES-256-GCM under the primary key of a ring.
 *
 *     1 byte format | 3 bytes key number | 12 bytes nonce | sealed bytes | 16 bytes MAC
 *
 * The MAC covers the first four bytes and a context ("" or the id of the row that the bytes belong to), so that bytes which were sealed for one
 * purpose or row are rubbish for every other.  Any thread. */
#ifndef IDENTITY_SEAL_H
#define IDENTITY_SEAL_H
#include <stddef.h>
#include "identity/keys.h"

#define SEAL_MORE (4 + 12 + 16)         /* bytes that sealing adds */

/* 'out' has room for len + SEAL_MORE bytes. */
int seal(struct key_ring *ring, uint8_t format, const char *context, const uint8_t *in, size_t len, uint8_t *out, struct cairn_error *err);
/* 'out' has room for len - SEAL_MORE bytes.  CAIRN_CORRUPT: sealed by nobody, with a key that is gone, or for something else. */
int unseal(struct key_ring *ring, uint8_t format, const char *context, const uint8_t *in, size_t len, uint8_t *out, struct cairn_error *err);

/* Texts for the catalog, base64; '*ret' is malloc'd.  unseal_text(): wipe what it gives. */
int seal_text(struct key_ring *ring, const char *context, const char *text, char **ret, struct cairn_error *err);
int unseal_text(struct key_ring *ring, const char *context, const char *sealed, char **ret, struct cairn_error *err);
/* Number of the key that a text of the catalog is sealed with; 0: ill-formed. */
uint32_t seal_text_key(const char *sealed);
#endif

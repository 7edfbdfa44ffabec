/* keys.h: rings of keys that tokens, or secrets in the catalog, are sealed with: numbered files in a folder of state_dir, the highest number is the
 * primary.
 *
 * Several processes share the folder: a ring is told by keys_reload() that another one rotated.  Any thread. */
#ifndef IDENTITY_KEYS_H
#define IDENTITY_KEYS_H
#include <stdint.h>
#include <cairn/error.h>

#define TOKEN_KEY_LEN 32
#define KEYS_MAX 64             /* older ones are needed for a token's lifetime only */

struct token_key {
    uint32_t number;
    uint8_t bytes[TOKEN_KEY_LEN];
};
struct key_ring;

/* Makes the folder (0700) and the first key (0600) where there is none.  Files that others may read are refused with CAIRN_DENIED. */
int keys_open(const char *state_dir, const char *folder, struct key_ring **ret, struct cairn_error *err);
#define TOKEN_KEYS "keys"
#define CREDENTIAL_KEYS "credential-keys"
void keys_close(struct key_ring *ring);         /* NULL is allowed; wipes */
int keys_reload(struct key_ring *ring, struct cairn_error *err);
/* A copy: wipe it with explicit_bzero(). */
void keys_primary(struct key_ring *ring, struct token_key *ret);
int keys_find(struct key_ring *ring, uint32_t number, struct token_key *ret);   /* -1: no such key */
/* Adds the next number, and removes keys that stopped being primary more than 'grace_s' ago.  CAIRN_RATE_LIMITED when the folder is full
 * of keys that are still needed. */
int keys_rotate(struct key_ring *ring, int64_t grace_s, uint32_t *ret_number, struct cairn_error *err);
/* Removes the keys below 'number' that stopped being primary more than 'grace_s' ago; never the primary. */
int keys_drop_below(struct key_ring *ring, int64_t number, int64_t grace_s, struct cairn_error *err);
#endif

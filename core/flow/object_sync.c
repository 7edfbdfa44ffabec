/* object_sync.c: realms of container sync, and the queue of what is to be pushed. */
#include "config.h"
#include "flow/object_sync.h"

#include <ini.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

/* --- the file of realms: [REALM] with key, key2 and cluster_NAME = URL */

static int
take_key(void *user, const char *section, const char *name, const char *value)
{
    json_t *realms = user, *realm = json_object_get(realms, section);

    if (realm == NULL) {
        realm = json_object();
        json_object_set_new(realms, section, realm);
    }
    json_object_set_new(realm, name, json_string(value));
    return 1;
}

static json_t *
read_realms(const struct config *config)
{
    const char *path = config_string(config, "object", "sync_realms");
    json_t *realms = json_object();

    if (path == NULL || *path == '\0' || ini_parse(path, take_key, realms) != 0) {
        json_decref(realms);
        return NULL;
    }
    return realms;
}

json_t *
object_sync_realms(const struct config *config)
{
    CLEANUP_JSON json_t *realms = read_realms(config);
    json_t *shown = realms != NULL ? json_object() : NULL, *realm;
    const char *name, *key;
    json_t *value;

    json_object_foreach(realms, name, realm) {
        json_t *clusters = json_object();

        json_object_foreach(realm, key, value)
            if (strncasecmp(key, "cluster_", 8) == 0)
                json_object_set_new(clusters, key + 8, json_object());
        if (strcmp(name, "DEFAULT") != 0)
            json_object_set_new(shown, name, json_pack("{s:O}", "clusters", clusters));
        json_decref(clusters);
    }
    return shown;
}

void
object_sync_target_clear(struct object_sync_target *t)
{
    free(t->realm);
    free(t->cluster);
    free(t->account);
    free(t->container);
    free(t->endpoint);
    free(t->key);
    free(t->key2);
    memset(t, 0, sizeof *t);
}

int
object_sync_target_parse(const struct config *config, const char *text, struct object_sync_target *ret, struct cairn_error *err)
{
    CLEANUP_JSON json_t *realms = read_realms(config);
    CLEANUP(object_sync_target_clear) struct object_sync_target t = { 0 };
    char **const parts[] = { &t.realm, &t.cluster, &t.account, &t.container };
    const char *at = text + 1;
    const json_t *realm;
    const char *key;
    json_t *value;

    if (strncmp(text, "//", 2) != 0)
        return cairn_fail(err, CAIRN_INVALID, "Invalid value for X-Container-Sync-To: '%.200s' is not //REALM/CLUSTER/ACCOUNT/CONTAINER", text);
    for (size_t i = 0; i < ARRAY_LEN(parts) && *at == '/'; i++, at += strcspn(at, "/")) {
        at++;
        *parts[i] = xstrndup(at, strcspn(at, "/"));
    }
    if (*at != '\0' || t.container == NULL || *t.container == '\0' || *t.account == '\0')
        return cairn_fail(err, CAIRN_INVALID, "Invalid value for X-Container-Sync-To: '%.200s' is not //REALM/CLUSTER/ACCOUNT/CONTAINER", text);
    realm = json_object_get(realms, t.realm);
    json_object_foreach((json_t *)(uintptr_t)realm, key, value)
        if (strncasecmp(key, "cluster_", 8) == 0 && strcasecmp(key + 8, t.cluster) == 0 && t.endpoint == NULL)
            t.endpoint = xstrdup(json_string_value(value));
    if (t.endpoint == NULL || json_str(realm, "key") == NULL)
        return cairn_fail(err, CAIRN_INVALID, "No cluster endpoint for '%.60s' '%.60s'", t.realm, t.cluster);
    while (str_ends(t.endpoint, "/"))
        t.endpoint[strlen(t.endpoint) - 1] = '\0';
    t.key = xstrdup(json_str(realm, "key"));
    t.key2 = json_str(realm, "key2") != NULL ? xstrdup(json_str(realm, "key2")) : NULL;
    *ret = t;
    memset(&t, 0, sizeof t);
    return 0;
}

/* --- signatures */

void
object_sync_sign(const char *key, const char *method, const char *path, const char *timestamp, const char *nonce, const char *user_key, char ret[OBJECT_SYNC_SIG])
{
    CLEANUP_FREE char *text = xasprintf("%s\n%s\n%s\n%s\n%s", method, path, timestamp, nonce, user_key);
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    HMAC(EVP_sha1(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), raw, &len);
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02x", raw[i]);
}

int
object_sync_verify(const struct config *config, const char *auth, const char *method, const char *path, const char *timestamp, const char *user_key)
{
    CLEANUP_JSON json_t *realms = read_realms(config);
    CLEANUP_FREE char *copy = xstrdup(auth);
    char *save = NULL, *realm = strtok_r(copy, " ", &save), *nonce = strtok_r(NULL, " ", &save), *sig = strtok_r(NULL, " ", &save);
    static const char *const keys[] = { "key", "key2" };
    int fits = 0;

    if (sig == NULL || strtok_r(NULL, " ", &save) != NULL || strlen(sig) != OBJECT_SYNC_SIG - 1 || user_key == NULL || *user_key == '\0')
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *key = json_str(json_object_get(realms, realm), keys[i]);
        char want[OBJECT_SYNC_SIG] = "";

        if (key == NULL || *key == '\0')
            continue;
        object_sync_sign(key, method, path, timestamp, nonce, user_key, want);
        fits |= CRYPTO_memcmp(want, sig, OBJECT_SYNC_SIG - 1) == 0;
    }
    return fits;
}

/* --- the queue */

int
object_sync_note(struct tx *tx, int64_t object_id, struct cairn_error *err)
{
    return tx_exec(tx, err,
                   "insert into object_sync_queue (container_id, name, changed_us, next_us) select o.container_id, o.name, ?, 0 from objects o"
                   " join object_sync s on s.container_id = o.container_id where o.id = ?"
                   " on conflict (container_id, name) do update set changed_us = excluded.changed_us, next_us = 0, tries = 0", "ii", clock_us() / 10 * 10, object_id);
}

int
object_sync_set(struct tx *tx, int64_t container_id, int on, struct cairn_error *err)
{
    if (tx_exec(tx, err, "delete from object_sync_queue where container_id = ?", "i", container_id) < 0 ||
        tx_exec(tx, err, "delete from object_sync where container_id = ?", "i", container_id) < 0)
        return -1;
    if (!on)
        return 0;
    return tx_exec(tx, err, "insert into object_sync (container_id) values (?)", "i", container_id) < 0 ||
           tx_exec(tx, err, "insert into object_sync_queue (container_id, name, changed_us, next_us) select container_id, name, updated_us, 0 from objects"
                   " where container_id = ? and latest = 1", "i", container_id) < 0 ? -1 : 0;
}

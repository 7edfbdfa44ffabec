/* config.h: INI configuration (libinih) where every key stands in a table: unknown ones are refused, the nearest name given. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H
#include <cairn/driver.h>

/* A section of fixed name, "[daemon]".  Drivers' and plugins' sections are "[kind:instance]" with "driver = NAME" and that driver's
 * keys; they are kept raw until the driver is loaded: config_check(). */
struct config_section {
    const char *name;
    const char *help;
    const struct cairn_key *keys;       /* ends with name == NULL */
};
struct config;

/* 'sections' is static, ends with name == NULL.  'path' NULL: embedded defaults alone.  CAIRN_INVALID names file, line, key and the nearest
 * known key.  Paths of fixed sections stay as written (config_check() makes an instance's absolute); a section that is there must have its
 * required keys; a key that stands twice is refused.  'prefixes' ("storage", "network", ...; NULL-terminated): which [prefix:instance] sections are allowed. */
int config_load(const char *path, const struct config_section *sections, const char *const *prefixes, struct config **ret,
                struct cairn_error *err);
int config_load_text(const char *text, const char *name, const struct config_section *sections, const char *const *prefixes,
                     struct config **ret, struct cairn_error *err);
void config_free(struct config *c);
/* Sets a key as if it stood in the file ("--set daemon.port=1"); same checks. */
int config_set(struct config *c, const char *section, const char *key, const char *value, struct cairn_error *err);

/* Value or default.  Borrowed.  'key' must be in the table (assert). */
const char *config_string(const struct config *c, const char *section, const char *key);
int64_t config_int(const struct config *c, const char *section, const char *key);
int config_has_section(const struct config *c, const char *section);
/* Calls fn for each section "prefix:instance" in file order. */
void config_each_instance(const struct config *c, const char *prefix, void (*fn)(void *arg, const char *section, const char *instance), void *arg);
/* Raw value of an instance section, NULL if absent. */
const char *config_raw(const struct config *c, const char *section, const char *key);
/* Checks an instance section against a driver's table (plus "driver", "enabled") and parses it. */
struct config_values;
int config_check(const struct config *c, const char *section, const struct cairn_key *const *keys, const char *state_dir,
                 struct config_values **ret, struct cairn_error *err);
void config_values_free(struct config_values *v);
const char *config_values_string(const struct config_values *v, const char *key);
int64_t config_values_int(const struct config_values *v, const char *key);
/* Parses one value as 'key' says; either result may be NULL. */
int config_parse_value(const struct cairn_key *key, const char *text, const char *base_dir, char **ret_text, int64_t *ret_int,
                       struct cairn_error *err);
#endif

/* mapping.h: attribute mappings of federation: from what an identity provider says of somebody to a user, groups and projects here.
 *
 * A mapping is a list of rules.  Each has "remote", what the assertion must say, and "local", what somebody is then; "{0}", "{1}" ... in "local"
 * stand for what the remote entries without any_one_of and not_any_of found.  All that stands here is pure: no catalog, any thread. */
#ifndef IDENTITY_MAPPING_H
#define IDENTITY_MAPPING_H
#include <jansson.h>
#include <cairn/error.h>
#include "catalog/catalog.h"

#define MAPPING_DEFAULT_VERSION "1.0"

/* CAIRN_INVALID with the place of the mistake unless these are rules of that schema version ("1.0": a project is in the provider's domain;
 * "2.0": in the one that the rule says, or the mapping's default; "3.0": projects may also come from the assertion). */
int mapping_check(const json_t *rules, const char *schema_version, struct cairn_error *err);

/* 'assertion' is an object of strings; ';' separates several values of one.  '*ret' is a new object:
 *     {"user": {"type": ..., "name": ..., ...}, "group_ids": [...], "group_names": [{"name": ..., "domain": {...}}], "projects": [...]}
 * CAIRN_INVALID: no rule fits, or one that fits cannot be filled in.  The rules were checked. */
int mapping_apply(const json_t *rules, const char *schema_version, const json_t *assertion, json_t **ret, struct cairn_error *err);

/* The same for a login by 'idp' and 'protocol' as the catalog has them, with the groups found: "group_ids" then has those of "group_names" too,
 * which stays as it was.  CAIRN_NOT_FOUND: no such provider or protocol; CAIRN_DENIED: it is disabled, or the assertion is another provider's;
 * CAIRN_INVALID as above, or an id that is no group's.  Groups by a name that is not there are left out. */
int mapping_login(struct tx *tx, const char *idp, const char *protocol, const json_t *assertion, json_t **ret, struct cairn_error *err);

/* --- mapping_match.c */
/* 1, 0, or -1 with an error: 'value' is one of 'list', or, with 'regex', one of these is found in it. */
int mapping_match(const json_t *list, int regex, const char *value, struct cairn_error *err);
int mapping_regex_check(const char *pattern, struct cairn_error *err);
/* A list of texts as the rules write it in one text: ['a', "b"].  NULL: it is none.  New reference. */
json_t *mapping_list_parse(const char *text);
char *mapping_list_text(const json_t *list);            /* malloc'd */
#endif

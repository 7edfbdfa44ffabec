/* project_tree.h: "parents" and "subtree" of a shown project, as ?parents_as_list, ?parents_as_ids, ?subtree_as_list and ?subtree_as_ids ask. */
#ifndef IDENTITY_PROJECT_TREE_H
#define IDENTITY_PROJECT_TREE_H
#include "rest/rest.h"

int project_parents_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
int project_subtree_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
#endif

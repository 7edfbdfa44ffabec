/* project_tree.h: "parents" and "subtree" of a shown project, as ?parents_as_list, ?parents_as_ids, ?subtree_as_list and ?subtree_as_ids ask. */
#ifndef IDENTITY_PROJECT_TREE_H
#define IDENTITY_PROJECT_TREE_H
#include "rest/rest.h"

/* The projects that a user has a role on, by whatever way; the user's id twice. */
#define PROJECTS_OF_USER \
    "with recursive actor(type, id) as (select 'user', ? union all select 'group', group_id from group_members where user_id = ?)," \
    " given(type, id, inherited) as (select a.target_type, a.target_id, a.inherited from actor w" \
    " join assignments a on a.actor_type = w.type and a.actor_id = w.id)," \
    " below(id) as (select p.id from given g join projects p on p.parent_id = g.id where g.type = 'project' and g.inherited = 1" \
    " union select p.id from projects p join below b on p.parent_id = b.id)" \
    " select id from given where type = 'project' and inherited = 0" \
    " union select p.id from given g join projects p on p.domain_id = g.id where g.type = 'domain' and g.inherited = 1" \
    " union select id from below"

int project_parents_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
int project_subtree_emit(struct rest_call *call, struct json_out *out, struct rows *row, struct cairn_error *err);
#endif

-- 0018-identity-external.sql: users and groups that a plugin knows: which rows of "users" and "groups_" are copies, and of what.

create table external_ids (
    public_id text primary key,         -- users.id or groups_.id; follows from the other three
    kind text not null,                 -- 'user', 'group'
    domain_id text not null references domains(id) on delete cascade,
    local_id text not null,             -- the plugin's
    unique (domain_id, kind, local_id)
);

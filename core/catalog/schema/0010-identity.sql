-- 0010-identity.sql: who there is and what they may do.

create table domains (
    id text primary key,
    name text not null unique,
    description text not null default '',
    enabled bigint not null default 1,
    options text not null default '{}',
    extra text not null default '{}',   -- JSON: attributes that clients added
    created_us bigint not null
);

create table projects (
    id text primary key,
    domain_id text not null references domains(id),
    parent_id text,                     -- project, or null: directly under the domain
    name text not null,
    description text not null default '',
    enabled bigint not null default 1,
    options text not null default '{}',
    extra text not null default '{}',   -- JSON: attributes that clients added
    created_us bigint not null,
    unique (domain_id, name)
);
create index projects_parent on projects(parent_id);

create table project_tags (
    project_id text not null references projects(id) on delete cascade,
    tag text not null,
    primary key (project_id, tag)
);

create table users (
    id text primary key,
    domain_id text not null references domains(id),
    name text not null,
    description text,
    email text,
    default_project_id text,
    enabled bigint not null default 1,
    options text not null default '{}',
    extra text not null default '{}',
    created_us bigint not null,
    unique (domain_id, name)
);

create index users_name on users(name, id);

-- The newest row of a user is the password in force; older ones are history.
create table passwords (
    id text primary key,
    user_id text not null references users(id) on delete cascade,
    hash text not null,                 -- crypt(5)
    created_us bigint not null,
    expires_us bigint
);
create index passwords_user on passwords(user_id, created_us);

create table groups_ (
    id text primary key,
    domain_id text not null references domains(id),
    name text not null,
    description text not null default '',
    extra text not null default '{}',
    created_us bigint not null,
    unique (domain_id, name)
);
create table group_members (
    group_id text not null references groups_(id) on delete cascade,
    user_id text not null references users(id) on delete cascade,
    primary key (group_id, user_id)
);
create index group_members_user on group_members(user_id);

create table roles (
    id text primary key,
    name text not null,
    domain_id text not null default '', -- '' global
    description text,
    options text not null default '{}',
    extra text not null default '{}',
    created_us bigint not null,
    unique (domain_id, name)
);
create table implied_roles (
    prior_id text not null references roles(id) on delete cascade,
    implied_id text not null references roles(id) on delete cascade,
    primary key (prior_id, implied_id)
);

-- actor: user or group; target: project, domain or 'system' ('all').
create table assignments (
    actor_type text not null,           -- 'user', 'group'
    actor_id text not null,
    target_type text not null,          -- 'project', 'domain', 'system'
    target_id text not null,
    role_id text not null references roles(id) on delete cascade,
    inherited bigint not null default 0,
    primary key (actor_type, actor_id, target_type, target_id, role_id, inherited)
);
create index assignments_target on assignments(target_type, target_id);

create table regions (
    id text primary key,
    parent_id text,
    description text not null default '',
    extra text not null default '{}'
);
create table services (
    id text primary key,
    type text not null,
    name text,
    description text,
    enabled bigint not null default 1,
    extra text not null default '{}',
    created_us bigint not null
);
create table endpoints (
    id text primary key,
    service_id text not null references services(id) on delete cascade,
    interface text not null,            -- public, internal, admin
    region_id text references regions(id),
    url text not null,                  -- may hold %(project_id)s
    enabled bigint not null default 1,
    extra text not null default '{}',
    created_us bigint not null
);
create index endpoints_service on endpoints(service_id);

-- A token is refused when an event that matches it is newer than it.  Empty fields match all.
create table revocations (
    seq bigint primary key,
    user_id text not null default '',
    project_id text not null default '',
    domain_id text not null default '',
    role_id text not null default '',
    audit_id text not null default '',
    audit_chain_id text not null default '',
    issued_before_us bigint not null,
    revoked_us bigint not null
);

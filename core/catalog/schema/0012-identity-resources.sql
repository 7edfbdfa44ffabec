-- 0012-identity-resources.sql: policies, endpoint filters, limits, the configuration of domains, federation.

create table policies (
    id text primary key,
    type text not null,
    content text not null,              -- "blob" on the wire
    extra text not null default '{}',
    created_us bigint not null
);
-- What a policy is for: an endpoint, a service, or a service in a region; each of these has one policy at most.
create table policy_associations (
    place text primary key,             -- 'endpoint/ID', 'service/ID', 'service/ID/REGION'
    policy_id text not null references policies(id) on delete cascade,
    endpoint_id text references endpoints(id) on delete cascade,
    service_id text references services(id) on delete cascade,
    region_id text references regions(id) on delete cascade
);
create index policy_associations_policy on policy_associations(policy_id);

-- A group's endpoints are those that match all that is not null.
create table endpoint_groups (
    id text primary key,
    name text not null,
    description text,
    service_id text,
    region_id text,
    interface text,
    created_us bigint not null
);
create table endpoint_group_projects (
    group_id text not null references endpoint_groups(id) on delete cascade,
    project_id text not null references projects(id) on delete cascade,
    primary key (group_id, project_id)
);
create index endpoint_group_projects_project on endpoint_group_projects(project_id);
create table endpoint_projects (
    endpoint_id text not null references endpoints(id) on delete cascade,
    project_id text not null references projects(id) on delete cascade,
    primary key (endpoint_id, project_id)
);
create index endpoint_projects_project on endpoint_projects(project_id);

create table registered_limits (
    id text primary key,
    service_id text not null references services(id),
    region_id text references regions(id),
    resource_name text not null,
    default_limit bigint not null,      -- -1: none
    description text,
    created_us bigint not null
);
create unique index registered_limits_what on registered_limits(service_id, coalesce(region_id, ''), resource_name);
create table limits (
    id text primary key,
    registered_limit_id text not null references registered_limits(id),
    project_id text references projects(id) on delete cascade,
    domain_id text references domains(id) on delete cascade,
    resource_limit bigint not null,
    description text,
    created_us bigint not null
);
create unique index limits_who on limits(registered_limit_id, coalesce(project_id, ''), coalesce(domain_id, ''));
create index limits_project on limits(project_id);

create table domain_config (
    domain_id text not null references domains(id) on delete cascade,
    group_name text not null,
    option_name text not null,
    value text not null,                -- JSON
    primary key (domain_id, group_name, option_name)
);

create table identity_providers (
    id text primary key,
    domain_id text not null references domains(id) on delete cascade,
    enabled bigint not null default 0,
    description text,
    authorization_ttl bigint,           -- minutes; null: as configured
    created_us bigint not null
);
create table idp_remote_ids (
    remote_id text primary key,
    idp_id text not null references identity_providers(id) on delete cascade
);
create index idp_remote_ids_idp on idp_remote_ids(idp_id);
create table federation_mappings (
    id text primary key,
    rules text not null,                -- JSON
    schema_version text not null,
    created_us bigint not null
);
create table federation_protocols (
    idp_id text not null references identity_providers(id) on delete cascade,
    id text not null,
    mapping_id text not null,
    remote_id_attribute text,
    primary key (idp_id, id)
);
create table service_providers (
    id text primary key,
    auth_url text not null,
    sp_url text not null,
    description text,
    enabled bigint not null default 0,
    relay_state_prefix text,
    created_us bigint not null
);

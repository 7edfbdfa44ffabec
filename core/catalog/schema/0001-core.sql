-- 0001-core.sql: what every service shares: settings, hosts, tasks, allocations, quotas, the timeline.

create table settings (
    name text primary key,
    value text not null
);

-- A host that runs servers.  Alive while heartbeat_us is recent.
create table hosts (
    id text primary key,                -- UUID; also the hypervisor's and compute service's id
    number bigint not null unique,      -- integer id of old microversions
    name text not null unique,
    driver text not null,               -- compute instance that serves it
    availability_zone text not null,
    enabled bigint not null default 1,
    disabled_reason text,
    forced_down bigint not null default 0,
    heartbeat_us bigint not null,
    hypervisor_type text not null,
    hypervisor_version bigint not null,
    arch text not null,
    cpu_info text not null,             -- JSON
    host_ip text not null,
    vcpus bigint not null,
    ram_mib bigint not null,
    disk_gib bigint not null,
    vcpu_ratio double precision not null,
    ram_ratio double precision not null,
    disk_ratio double precision not null,
    reserved_vcpus bigint not null,
    reserved_ram_mib bigint not null,
    reserved_disk_gib bigint not null,
    created_us bigint not null,
    updated_us bigint not null
);

-- What a consumer (a server) holds of a host.  Claimed in the transaction that creates the consumer.
create table allocations (
    consumer_id text not null,
    host_id text not null references hosts(id),
    vcpus bigint not null,
    ram_mib bigint not null,
    disk_gib bigint not null,
    project_id text not null,
    user_id text not null,
    primary key (consumer_id, host_id)
);
create index allocations_host on allocations(host_id, vcpus, ram_mib, disk_gib);     -- sums without a look at the rows

-- Work that takes time.  state: queued, running, undoing, done, failed, cancelled.
create table tasks (
    id text primary key,
    kind text not null,                 -- name of the flow
    object_type text not null,
    object_id text not null,
    host text not null,                 -- host whose worker runs it; '' any
    state text not null,
    step bigint not null default 0,     -- the next step to do (or, undoing, the next to undo)
    payload text not null,              -- JSON: what the flow was asked for, and what its steps noted
    progress double precision not null default 0,
    attempts bigint not null default 0,
    cancel bigint not null default 0,
    not_before_us bigint not null,
    lease_owner text,
    lease_until_us bigint,
    error_code bigint not null default 0,
    error text,
    request_id text not null,
    project_id text,
    user_id text,
    seq bigint not null,                -- order of tasks on one object
    created_us bigint not null,
    started_us bigint,
    finished_us bigint
);
create index tasks_open on tasks(state, host, not_before_us);
create index tasks_due on tasks(state, not_before_us);
create index tasks_object on tasks(object_id, seq);
create index tasks_request on tasks(request_id);

-- The story of an object: requests, task steps, faults; for `cairn trace` and the instance actions API.
create table timeline (
    seq bigint primary key,
    at_us bigint not null,
    request_id text not null,
    object_id text,
    task_id text,
    what text not null,                 -- request, step, driver, fault, schedule
    name text not null,
    detail text,
    duration_us bigint,
    code bigint not null default 0
);
create index timeline_request on timeline(request_id);
create index timeline_object on timeline(object_id);

-- Limits that differ from the defaults in the configuration.  Use is counted from the rows, never kept.
create table quotas (
    service text not null,              -- compute, network, image, volume
    project_id text not null,           -- or 'class:default'
    resource text not null,
    hard_limit bigint not null,         -- -1: none
    primary key (service, project_id, resource)
);

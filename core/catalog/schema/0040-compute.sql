-- 0040-compute.sql: flavors, keypairs, servers.

create table flavors (
    id text primary key,                -- as given, or a UUID
    number bigint not null unique,
    name text not null unique,
    description text,
    vcpus bigint not null,
    ram_mib bigint not null,
    disk_gib bigint not null,
    ephemeral_gib bigint not null default 0,
    swap_mib bigint not null default 0,
    rxtx_factor double precision not null default 1.0,
    is_public bigint not null default 1,
    disabled bigint not null default 0,
    created_us bigint not null,
    updated_us bigint not null
);
create table flavor_extra_specs (
    flavor_id text not null references flavors(id) on delete cascade,
    name text not null,
    value text not null,
    primary key (flavor_id, name)
);
create table flavor_access (
    flavor_id text not null references flavors(id) on delete cascade,
    project_id text not null,
    primary key (flavor_id, project_id)
);

create table keypairs (
    number bigint not null unique,
    user_id text not null,
    name text not null,
    type text not null,                 -- ssh, x509
    fingerprint text not null,
    public_key text not null,
    created_us bigint not null,
    primary key (user_id, name)
);

create table server_groups (
    id text primary key,
    project_id text not null,
    user_id text not null,
    name text not null,
    policy text not null,               -- affinity, anti-affinity, soft-affinity, soft-anti-affinity
    rules text not null default '{}',
    created_us bigint not null
);

-- status is derived: vm_state (active, building, paused, suspended, stopped, rescued, resized, soft-delete, shelved, shelved_offloaded,
-- error) and task_state (null, scheduling, networking, spawning, powering-off, ...), as the compute API names them.
-- A deleted server keeps its row (deleted_us) for 'changes-since' and audits; its allocations, ports and disks are gone.
create table servers (
    id text primary key,
    number bigint not null unique,      -- names the domain for people: instance-0000002a
    project_id text not null,
    user_id text not null,
    name text not null,
    description text,
    host_id text references hosts(id),
    availability_zone text,
    az_requested text,
    vm_state text not null,
    task_state text,
    power_state bigint not null default 0,
    progress bigint not null default 0,
    locked bigint not null default 0,
    locked_reason text,
    image_id text not null default '',
    image_name text not null default '',
    flavor_id text not null,
    flavor text not null,               -- JSON: the flavor as it was, with extra_specs
    image_properties text not null default '{}',    -- JSON: what the hypervisor heeds (hw_*, os_*)
    key_name text,
    key_data text,
    key_type text,
    user_data text,                     -- base64 as it came
    config_drive bigint not null default 0,
    hostname text not null,
    metadata text not null default '{}',
    system_metadata text not null default '{}',
    access_ip_v4 text not null default '',
    access_ip_v6 text not null default '',
    guest_password text,                -- what the guest encrypted for its owner and posted to the metadata service
    disk_config text not null default 'MANUAL',
    reservation_id text not null,
    launch_index bigint not null default 0,
    root_device text not null default '/dev/vda',
    group_id text,
    fault_code bigint,
    fault_message text,
    fault_details text,
    fault_us bigint,
    launched_us bigint,
    terminated_us bigint,
    created_us bigint not null,
    updated_us bigint not null,
    deleted_us bigint
);
create index servers_project on servers(project_id, created_us, id);
create index servers_created on servers(created_us, id);
create index servers_host on servers(host_id);
create index servers_changed on servers(updated_us);
create table server_tags (
    server_id text not null references servers(id) on delete cascade,
    tag text not null,
    primary key (server_id, tag)
);

-- Disks of a server that are not volumes of the block storage service.
create table server_disks (
    id text primary key,                -- UUID: the serial the guest sees
    server_id text not null references servers(id),
    role text not null,                 -- root, ephemeral, swap, config
    store text not null,                -- storage instance; '' for config drives
    handle text,                        -- null until made
    size_bytes bigint not null,
    bus text,
    target text,
    boot_index bigint not null default -1,
    image_id text,                      -- made from
    created_us bigint not null
);
create index server_disks_server on server_disks(server_id);

-- Instance actions: one per request on a server; events are its steps.
create table server_actions (
    id text primary key,
    server_id text not null,
    action text not null,               -- create, delete, start, stop, reboot, ...
    request_id text not null,
    user_id text,
    project_id text,
    message text,
    started_us bigint not null,
    updated_us bigint not null
);
create index server_actions_server on server_actions(server_id, started_us);
create table server_action_events (
    id text primary key,
    action_id text not null references server_actions(id) on delete cascade,
    event text not null,                -- compute_build, ...
    host text,
    result text,                        -- Success, Error
    traceback text,
    started_us bigint not null,
    finished_us bigint
);
create index server_action_events_action on server_action_events(action_id);

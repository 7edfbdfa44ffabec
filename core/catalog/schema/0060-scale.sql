-- 0060-scale.sql: what would otherwise be looked for row by row, or made so again and again, in a cloud of thousands of servers.

create index ports_host on ports(host);
create index ports_owner on ports(network_id, device_owner);
create index ports_project_owner on ports(project_id, device_owner);    -- counts of the quota, without a look at the rows
create index servers_alive on servers(project_id) where deleted_us is null;
create index allocations_project on allocations(project_id, vcpus, ram_mib);        -- likewise

-- When the port was bound to its host, and when it was last written before that: to bind it changes nothing of what its network and groups tell.
alter table ports add column bound_us bigint not null default 0;
alter table ports add column written_us bigint not null default 0;

-- 0030-network.sql: networks, subnets, ports, security groups.

create table networks (
    id text primary key,
    project_id text not null,
    name text not null default '',
    description text not null default '',
    admin_state_up bigint not null default 1,
    shared bigint not null default 0,
    external bigint not null default 0,
    is_default bigint not null default 0,
    port_security bigint not null default 1,
    mtu bigint not null,
    type text not null,                 -- local, flat, vlan, vxlan
    physical text,
    segment bigint,
    dns_domain text not null default '',
    az_hints text not null default '[]',    -- JSON
    revision bigint not null default 0,
    created_us bigint not null,
    updated_us bigint not null
);
create index networks_project on networks(project_id);
create unique index networks_segment on networks(type, coalesce(physical, ''), segment) where segment is not null;
create unique index networks_flat on networks(physical) where type = 'flat';

create table subnets (
    id text primary key,
    network_id text not null references networks(id),
    project_id text not null,
    name text not null default '',
    description text not null default '',
    ip_version bigint not null,
    cidr text not null,
    gateway_ip text,
    enable_dhcp bigint not null default 1,
    ipv6_ra_mode text,
    ipv6_address_mode text,
    dns_nameservers text not null default '[]',
    host_routes text not null default '[]',
    service_types text not null default '[]',
    dns_publish_fixed_ip bigint not null default 0,
    subnetpool_id text,
    revision bigint not null default 0,
    created_us bigint not null,
    updated_us bigint not null
);
create index subnets_network on subnets(network_id);
create table subnet_pools_ranges (      -- allocation pools of a subnet
    subnet_id text not null references subnets(id) on delete cascade,
    first_ip text not null,
    last_ip text not null,
    primary key (subnet_id, first_ip)
);

create table security_groups (
    id text primary key,
    project_id text not null,
    name text not null,
    description text not null default '',
    stateful bigint not null default 1,
    is_default bigint not null default 0,
    revision bigint not null default 0,
    created_us bigint not null,
    updated_us bigint not null
);
create index security_groups_project on security_groups(project_id);
create unique index security_groups_default on security_groups(project_id) where is_default = 1;
create table security_group_rules (
    id text primary key,
    security_group_id text not null references security_groups(id) on delete cascade,
    project_id text not null,
    description text not null default '',
    direction text not null,            -- ingress, egress
    ethertype text not null,            -- IPv4, IPv6
    protocol text,                      -- as it was given: name or number; null any
    port_range_min bigint,
    port_range_max bigint,
    remote_ip_prefix text,
    remote_group_id text,
    revision bigint not null default 0,
    created_us bigint not null,
    updated_us bigint not null
);
create index security_group_rules_group on security_group_rules(security_group_id);
create index security_group_rules_remote on security_group_rules(remote_group_id);

create table ports (
    id text primary key,
    network_id text not null references networks(id),
    project_id text not null,
    name text not null default '',
    description text not null default '',
    mac_address text not null,
    admin_state_up bigint not null default 1,
    status text not null,               -- DOWN, BUILD, ACTIVE, ERROR, N/A
    device_id text not null default '',
    device_owner text not null default '',
    host text not null default '',      -- binding:host_id
    vnic_type text not null default 'normal',
    binding_profile text not null default '{}',
    vif_type text not null default 'unbound',
    port_security bigint not null default 1,
    dns_name text not null default '',
    extra_dhcp_opts text not null default '[]',
    address_pairs text not null default '[]',
    owned_by_server bigint not null default 0,      -- 1: made for its server and removed with it
    tag text,                           -- device role tag of the server
    revision bigint not null default 0,
    created_us bigint not null,
    updated_us bigint not null,
    unique (network_id, mac_address)
);
create index ports_project on ports(project_id);
create index ports_device on ports(device_id);
create index ports_network_host on ports(network_id, host);
create table fixed_ips (
    subnet_id text not null references subnets(id),
    ip_address text not null,           -- canonical text
    port_id text not null references ports(id) on delete cascade,
    position bigint not null default 0,
    primary key (subnet_id, ip_address)
);
create index fixed_ips_port on fixed_ips(port_id);
create table port_security_groups (
    port_id text not null references ports(id) on delete cascade,
    security_group_id text not null references security_groups(id),
    primary key (port_id, security_group_id)
);
create index port_security_groups_group on port_security_groups(security_group_id);

-- Tags of any network resource.
create table network_tags (
    resource_type text not null,        -- networks, subnets, ports, security-groups
    resource_id text not null,
    tag text not null,
    primary key (resource_id, tag)
);

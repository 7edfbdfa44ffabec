-- 0061-pages.sql: pages of lists in their order, and the zones that there are, without a look at every row.

create index hosts_zone on hosts(availability_zone);
create index subnets_created on subnets(created_us, id);
create index ports_created on ports(created_us, id);
create index security_groups_created on security_groups(created_us, id);
create index security_group_rules_created on security_group_rules(created_us, id);

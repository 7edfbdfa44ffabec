-- 0063-access-rule-order.sql: an application credential's access rules stay in the order that they were given in.

alter table application_credential_rules add column position integer not null default 0;

-- 0014-identity-leave.sql: credentials that were made by leave of a trust, application credential or access token remember which: others must not see them.

alter table credentials add column delegation_id text not null default '';

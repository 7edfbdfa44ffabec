-- 0017-identity-domain-secrets.sql: what is secret of the configuration of domains is sealed.

create table domain_secrets (
    id text primary key,                -- 'DOMAIN/GROUP/OPTION'
    domain_id text not null references domains(id) on delete cascade,
    group_name text not null,
    option_name text not null,
    sealed text not null,               -- its JSON
    key_number bigint not null
);
create index domain_secrets_domain on domain_secrets(domain_id);

-- 0011-identity-auth.sql: what users prove themselves with beside passwords, and what they hand on of their rights.

create table application_credentials (
    id text primary key,
    user_id text not null references users(id) on delete cascade,
    project_id text not null references projects(id) on delete cascade,
    name text not null,
    description text,
    secret_hash text not null,          -- crypt(5), or $cairn-256$ and a digest of a secret that we made
    unrestricted bigint not null default 0,
    expires_us bigint,
    created_us bigint not null,
    unique (user_id, name)
);
create index application_credentials_project on application_credentials(project_id);
create table application_credential_roles (
    application_credential_id text not null references application_credentials(id) on delete cascade,
    role_id text not null references roles(id) on delete cascade,
    chosen bigint not null default 1,   -- 0: another of these roles implies it
    primary key (application_credential_id, role_id)
);
create index application_credential_roles_role on application_credential_roles(role_id);
create table access_rules (
    id text primary key,
    user_id text not null references users(id) on delete cascade,
    service text not null,
    method text not null,
    path text not null,
    unique (user_id, service, method, path)
);
create table application_credential_rules (
    application_credential_id text not null references application_credentials(id) on delete cascade,
    access_rule_id text not null references access_rules(id),
    primary key (application_credential_id, access_rule_id)
);
create index application_credential_rules_rule on application_credential_rules(access_rule_id);

create table trusts (
    id text primary key,
    trustor_user_id text not null references users(id) on delete cascade,
    trustee_user_id text not null references users(id) on delete cascade,
    project_id text references projects(id) on delete cascade,
    impersonation bigint not null,
    remaining_uses bigint,              -- null: any number
    expires_us bigint,
    redelegated_trust_id text references trusts(id) on delete cascade,
    redelegation_count bigint not null default 0,
    created_us bigint not null
);
create index trusts_trustor on trusts(trustor_user_id);
create index trusts_trustee on trusts(trustee_user_id);
create index trusts_project on trusts(project_id);
create index trusts_parent on trusts(redelegated_trust_id);
create table trust_roles (
    trust_id text not null references trusts(id) on delete cascade,
    role_id text not null references roles(id) on delete cascade,
    primary key (trust_id, role_id)
);
create index trust_roles_role on trust_roles(role_id);

-- Blobs and secrets are sealed with the keys in state_dir/credential-keys.
create table credentials (
    id text primary key,
    user_id text not null references users(id) on delete cascade,
    project_id text,
    type text not null,                 -- 'ec2', 'totp', 'cert' ...
    sealed text not null,
    key_number bigint not null,         -- of the key it is sealed with
    extra text not null default '{}',
    created_us bigint not null
);
create index credentials_user on credentials(user_id, type);
create index credentials_project on credentials(project_id);

create table oauth_consumers (
    id text primary key,
    description text,
    sealed text not null,
    key_number bigint not null,
    extra text not null default '{}',
    created_us bigint not null
);
create table oauth_request_tokens (
    id text primary key,
    consumer_id text not null references oauth_consumers(id) on delete cascade,
    project_id text not null references projects(id) on delete cascade,
    sealed text not null,
    key_number bigint not null,
    user_id text references users(id) on delete cascade,        -- who authorized it; null: nobody yet
    verifier text,
    roles text not null default '[]',   -- JSON: ids
    expires_us bigint
);
create index oauth_request_tokens_consumer on oauth_request_tokens(consumer_id);
create table oauth_access_tokens (
    id text primary key,
    consumer_id text not null references oauth_consumers(id) on delete cascade,
    project_id text not null references projects(id) on delete cascade,
    user_id text not null references users(id) on delete cascade,
    sealed text not null,
    key_number bigint not null,
    expires_us bigint
);
create index oauth_access_tokens_consumer on oauth_access_tokens(consumer_id);
create index oauth_access_tokens_user on oauth_access_tokens(user_id);
create table oauth_access_token_roles (
    access_token_id text not null references oauth_access_tokens(id) on delete cascade,
    role_id text not null references roles(id) on delete cascade,
    primary key (access_token_id, role_id)
);
-- A nonce is used once within the time that its timestamp is believed.
create table oauth_nonces (
    consumer_id text not null references oauth_consumers(id) on delete cascade,
    timestamp_s bigint not null,
    nonce text not null,
    primary key (consumer_id, timestamp_s, nonce)
);

-- What a dead token was delegated by: a trust, an application credential or an access token; and which of these.
alter table revocations add column delegation_id text not null default '';
alter table revocations add column delegation text not null default '';

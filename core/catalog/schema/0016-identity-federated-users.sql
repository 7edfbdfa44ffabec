-- 0016-identity-federated-users.sql: under which names identity providers know a user.

create table federated_users (
    idp_id text not null references identity_providers(id) on delete cascade,
    protocol_id text not null,
    unique_id text not null,
    user_id text not null references users(id) on delete cascade,
    primary key (idp_id, protocol_id, unique_id)
);
create index federated_users_user on federated_users(user_id);

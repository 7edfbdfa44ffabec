-- 0062-server-files.sql: files that a server's owner gave it at its creation (compute API up to 2.56: "personality").

create table server_files (
    server_id   text not null references servers(id) on delete cascade,
    position    integer not null,
    path        text not null,
    contents    text not null,          -- base64
    primary key (server_id, position)
);

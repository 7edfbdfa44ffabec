-- 0050-object.sql: accounts, containers and objects.  Bytes are blobs in storage instances; several rows may share one blob, which goes with
-- the last of them (through object_garbage).

create table object_accounts (
    id bigint primary key,              -- random
    name text not null unique,          -- AUTH_ and the project
    meta text not null default '{}',    -- lower-case header -> value
    created_us bigint not null,
    deleted_us bigint                   -- what is in it is being removed
);

create table object_containers (
    id bigint primary key,              -- random
    account_id bigint not null references object_accounts(id),
    name text not null,
    policy text not null,
    meta text not null default '{}',
    created_us bigint not null,
    updated_us bigint not null,
    object_count bigint not null default 0,     -- both follow the rows in the same transaction
    bytes_used bigint not null default 0,       -- of all versions; the count is of the latest
    unique (account_id, name)
);

create table objects (
    id bigint primary key,              -- random
    container_id bigint not null references object_containers(id),
    name text not null,
    version_us bigint not null,         -- when it was written: its timestamp and the id of its version
    latest bigint not null,             -- 1: what is read without a version
    versioned bigint not null default 0,        -- 0: written while the container kept no versions ("null")
    marker bigint not null default 0,   -- 1: a version that says deleted
    kind bigint not null default 0,     -- enum object_kind
    size_bytes bigint not null,         -- as stored
    etag text not null,                 -- MD5 of what is stored
    content_type text not null,
    meta text not null default '{}',    -- lower-case header -> value, given back
    sys text not null default '{}',     -- what the service notes
    store text,                         -- storage instance
    blob text,                          -- key there; null: no bytes
    updated_us bigint not null,         -- last change of metadata
    delete_at_us bigint,
    unique (container_id, name, version_us)
);
create unique index objects_latest on objects(container_id, name) where latest = 1;
create index objects_blob on objects(blob) where blob is not null;
create index objects_expiry on objects(delete_at_us) where delete_at_us is not null;

create table object_garbage (           -- blobs that no row refers to any more
    blob text primary key,
    store text not null,
    since_us bigint not null
);

create table object_quarantine (        -- blobs whose bytes are not what was written
    blob text primary key,
    store text not null,
    found_us bigint not null,
    detail text not null
);

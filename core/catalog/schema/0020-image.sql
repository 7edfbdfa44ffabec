-- 0020-image.sql: images and where their bytes are.

create table images (
    id text primary key,
    owner text,                         -- project
    name text,
    status text not null,               -- queued, saving, uploading, importing, active, killed, deactivated, deleted
    visibility text not null,           -- private, shared, community, public
    protected bigint not null default 0,
    hidden bigint not null default 0,
    disk_format text,
    container_format text,
    min_disk_gib bigint not null default 0,
    min_ram_mib bigint not null default 0,
    size_bytes bigint,
    virtual_size_bytes bigint,
    checksum text,                      -- MD5
    os_hash_algo text,
    os_hash_value text,
    store text,                         -- storage instance
    handle text,                        -- in that store
    created_us bigint not null,
    updated_us bigint not null
);
create index images_owner on images(owner);
create index images_created on images(created_us, id);

create table image_properties (
    image_id text not null references images(id) on delete cascade,
    name text not null,
    value text not null,
    primary key (image_id, name)
);
create table image_tags (
    image_id text not null references images(id) on delete cascade,
    tag text not null,
    primary key (image_id, tag)
);
create table image_members (
    image_id text not null references images(id) on delete cascade,
    member text not null,
    status text not null,               -- pending, accepted, rejected
    created_us bigint not null,
    updated_us bigint not null,
    primary key (image_id, member)
);
create index image_members_member on image_members(member);

-- 0053-object-sync.sql: containers that another cloud shall have, too, and the names in them that are to be brought up to date there.

create table object_sync (
    container_id bigint primary key references object_containers(id) on delete cascade
);

create table object_sync_queue (
    container_id bigint not null references object_containers(id) on delete cascade,
    name text not null,
    changed_us bigint not null,         -- what the other side is told where the object is gone
    next_us bigint not null,            -- not before
    tries bigint not null default 0,
    primary key (container_id, name)
);
create index object_sync_due on object_sync_queue(next_us);

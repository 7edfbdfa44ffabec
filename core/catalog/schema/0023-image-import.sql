-- 0023-image-import.sql: further stores that have an image, what is staged for import, and the tasks that clients see.

alter table images add column staged_store text;        -- bytes that wait for import
alter table images add column staged_handle text;
alter table images add column staged_facts text;        -- JSON: size, virtual_size, checksum, os_hash_value; refused: why they cannot be this image's
create index images_bytes on images(store, handle);
create index images_staged on images(staged_store, staged_handle);

create table image_copies (                             -- beside images.store
    image_id text not null references images(id) on delete cascade,
    store text not null,
    handle text not null,
    created_us bigint not null,
    primary key (image_id, store)
);
create index image_copies_handle on image_copies(store, handle);

create table image_tasks (
    id text primary key,
    type text not null,                 -- api_image_import, import
    status text not null,               -- pending, processing, success, failure
    owner text not null,
    image_id text,                      -- may be gone
    request_id text not null,
    user_id text not null,
    input text not null,                -- JSON
    result text,                        -- JSON
    message text not null default '',
    created_us bigint not null,
    updated_us bigint not null,
    expires_us bigint
);
create index image_tasks_image on image_tasks(image_id);
create index image_tasks_owner on image_tasks(owner, created_us);
create index image_tasks_created on image_tasks(created_us, id);

-- 0021-image-metadefs.sql: the catalog of metadata definitions: what properties of images, flavors and other things mean.

create table metadef_namespaces (
    namespace text primary key,
    display_name text,
    description text,
    visibility text not null,           -- private, public
    protected bigint not null default 0,
    owner text not null,                -- project
    created_us bigint not null,
    updated_us bigint not null
);
create index metadef_namespaces_created on metadef_namespaces(created_us, namespace);

create table metadef_items (
    namespace text not null references metadef_namespaces(namespace) on delete cascade on update cascade,
    kind text not null,                 -- object, property, tag
    name text not null,
    body text not null,                 -- JSON: its attributes but the name
    created_us bigint not null,
    updated_us bigint not null,
    primary key (namespace, kind, name)
);

create table metadef_resource_types (
    name text primary key,
    created_us bigint not null,
    updated_us bigint not null
);

create table metadef_associations (
    namespace text not null references metadef_namespaces(namespace) on delete cascade on update cascade,
    resource_type text not null references metadef_resource_types(name),
    prefix text,
    properties_target text,
    created_us bigint not null,
    updated_us bigint not null,
    primary key (namespace, resource_type)
);
create index metadef_associations_type on metadef_associations(resource_type);

-- 0013-identity-security.sql: what security compliance must know of a user and of a password.

-- Logins that failed in a row, and when the last of them did; the day of the last login (days since 1970), null: none was noted.
alter table users add column failed_count bigint not null default 0;
alter table users add column failed_us bigint;
alter table users add column active_day bigint;

-- 1: the user chose it; 0: an administrator did.
alter table passwords add column self_service bigint not null default 0;

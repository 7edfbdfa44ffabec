-- 0024-image-tasks-expire.sql: tasks that have ended are forgotten by the time they expire.

create index image_tasks_expires on image_tasks(expires_us);

-- 0064-bound-with-server.sql: a server's ports are bound to its host by the transaction that makes them; the build's first step did it before.

update ports set host = (select h.name from servers s join hosts h on h.id = s.host_id where s.id = ports.device_id), vif_type = 'tap', status = 'BUILD'
 where host = '' and exists (select 1 from servers s join hosts h on h.id = s.host_id where s.id = ports.device_id and s.vm_state = 'building');
update tasks set step = step - 1
 where kind = 'server-build' and step >= 0 and (state = 'undoing' or (state in ('queued', 'running') and step > 0));
alter table ports drop column bound_us;
alter table ports drop column written_us;

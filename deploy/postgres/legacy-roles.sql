-- The users of the legacy database, where Seckill's own migration job creates its table: in development and tests. May be repeated; run it
-- after roles.sql if both databases are on one server. Where the table belongs to other departments, they create seckill_api,
-- seckill_worker and seckill_reader, and run OrderService/LegacyOrders/Schema/privileges.sql instead.
do $$
declare
  own text;
begin
  foreach own in array array['seckill_owner', 'seckill_api', 'seckill_worker', 'seckill_reader'] loop
    if not exists (select from pg_roles where rolname = own) then
      execute format('create role %I login', own);
    end if;
  end loop;
  execute format('alter database %I owner to seckill_owner', current_database());
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to seckill_api, seckill_worker, seckill_reader', current_database());
  alter schema public owner to seckill_owner;
  revoke all on schema public from public;
  grant usage on schema public to seckill_api, seckill_worker, seckill_reader;
  for own in
    select c.oid::regclass::text from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relowner <> 'seckill_owner'::regrole
  loop
    execute format('alter table %s owner to seckill_owner', own);
  end loop;
end $$;

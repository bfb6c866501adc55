-- The users of the orders database. May be repeated; run it as an administrator, connected to that database, before the first migration and
-- after an upgrade that changes this file:
--
--   psql -d seckill -f deploy/postgres/roles.sql
--   psql -d seckill -c '\password seckill_owner'     and so for each user below: without a password it cannot log in
--
-- seckill_owner owns the tables and runs the migration job; no process that serves has its password. The job gives the others their rights
-- (Shared/Schema/privileges.sql). To change a password without an interruption, see "Passwords of the stores" in docs/OPERATIONS.md.
do $$
declare
  own text;
  object record;
begin
  foreach own in array array['seckill_owner', 'seckill_api', 'seckill_worker', 'seckill_inventory', 'seckill_reader'] loop
    if not exists (select from pg_roles where rolname = own) then
      execute format('create role %I login', own);
    end if;
  end loop;

  -- Nothing that was given to them later.
  alter role seckill_owner login nocreatedb nocreaterole;
  alter role seckill_api login nocreatedb nocreaterole;
  alter role seckill_worker login nocreatedb nocreaterole;
  alter role seckill_inventory login nocreatedb nocreaterole;
  alter role seckill_reader login nocreatedb nocreaterole;
  -- Only a superuser may say so; on managed servers there is none, and so no user can have become one.
  if (select rolsuper from pg_roles where rolname = current_user) then
    for object in
      select rolname from pg_roles
      where rolname in ('seckill_owner', 'seckill_api', 'seckill_worker', 'seckill_inventory', 'seckill_reader')
    loop
      execute format('alter role %I nosuperuser noreplication nobypassrls', object.rolname);
    end loop;
  else
    -- Only a member of a role may make it an owner.
    execute format('grant seckill_owner to %I', current_user);
  end if;

  -- No other user comes in, and none of these makes tables: a temporary one would stand before the real one in the searches of a function.
  execute format('alter database %I owner to seckill_owner', current_database());
  execute format('revoke all on database %I from public', current_database());
  execute format('revoke all on database %I from seckill_api, seckill_worker, seckill_inventory, seckill_reader', current_database());
  execute format('grant connect on database %I to seckill_api, seckill_worker, seckill_inventory, seckill_reader', current_database());
  alter schema public owner to seckill_owner;
  revoke all on schema public from public, seckill_api, seckill_worker, seckill_inventory, seckill_reader;
  grant usage on schema public to seckill_api, seckill_worker, seckill_inventory, seckill_reader;

  -- What was there before there were these users; an extension's objects stay what they are.
  for object in
    select 'table ' || c.oid::regclass as name
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and c.relowner <> 'seckill_owner'::regrole
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    union all
    select 'function ' || p.oid::regprocedure
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proowner <> 'seckill_owner'::regrole
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  loop
    execute format('alter %s owner to seckill_owner', object.name);
  end loop;
end $$;

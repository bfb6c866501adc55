-- What the users of the processes may do with the order table of the old shop: docs/decisions/0057. Where other departments own the table,
-- they run this file. Does nothing where the users do not exist (deploy/postgres/legacy-roles.sql creates them).
do $$
declare
  id_sequence text := pg_get_serial_sequence('t_order', 'id');
begin
  if (select count(*) from pg_roles where rolname in ('seckill_api', 'seckill_worker', 'seckill_reader')) < 3 then
    return;
  end if;
  revoke all on t_order from public, seckill_api, seckill_worker, seckill_reader;
  grant select on t_order to seckill_api, seckill_worker, seckill_reader;
  grant insert on t_order to seckill_worker;
  grant update (uid, goods_id, activity_id, num, order_amount, order_status, add_time, pay_time, is_delete) on t_order to seckill_worker;
  if id_sequence is not null then
    execute format('revoke all on sequence %s from public, seckill_api, seckill_worker, seckill_reader', id_sequence);
    execute format('grant usage on sequence %s to seckill_worker', id_sequence);
  end if;
  if to_regclass('development_schema_version') is not null then
    grant select on development_schema_version to seckill_worker;
  end if;
end $$;

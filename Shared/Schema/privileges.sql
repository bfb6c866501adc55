-- What the users of the processes may do with these tables: docs/decisions/0057. Applied at the end of every migration, as a whole, so that
-- a right that is not listed any more is gone. Does nothing where the users do not exist (deploy/postgres/roles.sql creates them).
--
-- Rights to change are given by column where a process changes some columns only: so no storefront and no worker can change the terms of a
-- sale, the price or buyer of an order, or the amount of a payment. Functions and triggers run with the rights of their caller. A row can
-- be locked only by those who may change a column of it: hence lane and forced.
do $$
declare
  users constant text := 'seckill_api, seckill_worker, seckill_inventory, seckill_reader';
  object record;
begin
  if (select count(*) from pg_roles where rolname = any(string_to_array(users, ', '))) < 4 then
    return;
  end if;

  -- Of the owner alone: an extension's objects are its own matter.
  for object in
    select oid::regclass::text as name, 'table' as kind from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S') and pg_has_role(relowner, 'usage')
    union all
    select oid::regprocedure::text, 'function' from pg_proc
    where pronamespace = 'public'::regnamespace and pg_has_role(proowner, 'usage')
  loop
    execute format('revoke all on %s %s from public, %s', object.kind, object.name, users);
    if object.kind = 'function' then
      execute format('grant execute on function %s to seckill_api, seckill_worker, seckill_inventory', object.name);
    end if;
  end loop;

  -- Both processes of OrderService: an order that is paid or cancelled before its message came is placed by the storefront.
  grant select on
    schema_version, sales, sale_items, waiting_rooms, orders, quarantined_orders, order_totals, stock_writes, legacy_outbox,
    legacy_discrepancies, legacy_verified, legacy_verifier, legacy_backfill, legacy_breakers, legacy_lanes, dual_write_control
    to seckill_api, seckill_worker;
  grant update (live, lost_at) on sale_items to seckill_api, seckill_worker;
  grant insert, update (status, paid_at, closed_at, version) on orders to seckill_api, seckill_worker;
  grant insert, update (units) on order_totals to seckill_api, seckill_worker;
  grant insert, update (twice), delete on stock_writes to seckill_api, seckill_worker;
  grant insert on stock_returns, order_events_new, legacy_outbox to seckill_api, seckill_worker;
  grant insert, update (ours, theirs, resolved_at) on legacy_discrepancies to seckill_api, seckill_worker;
  grant insert, update (state, seen_at, cause, opened_at), delete on legacy_breakers to seckill_api, seckill_worker;
  -- The dual write is changed at the ops listener of either.
  grant update (mode, read_from_new_percent, users_reading_new, users_reading_legacy, changed_at)
    on dual_write_control to seckill_api, seckill_worker;
  grant update (order_cursor, total, done, started_at, finished_at, writers) on legacy_backfill to seckill_api, seckill_worker;
  grant insert, select (id), update (status, after) on operator_actions to seckill_api, seckill_worker, seckill_inventory;

  -- The storefront.
  grant select on payments, refunds, payment_search, denied_users, denied_users_version, revoked_tokens, overload_control to seckill_api;
  grant insert, update (outcome) on payments to seckill_api;
  grant insert on refunds to seckill_api;
  grant insert, update (owner, grace_seconds, seen_at) on payment_search to seckill_api;
  -- Changed at its ops listener, for all storefronts.
  grant update (
    enabled, target_queue_wait_milliseconds, target_cpu_wait_milliseconds, min_concurrency, max_concurrency,
    longest_retry_after_seconds, changed_at) on overload_control to seckill_api;

  -- The worker.
  grant select on payment_search, order_traces to seckill_worker;
  grant insert on quarantined_orders to seckill_worker;
  grant update (rested_at) on sale_items to seckill_worker;
  grant insert, delete, update (trace_parent) on order_traces to seckill_worker;
  grant delete, update (forced) on legacy_outbox to seckill_worker;
  grant update (orders) on legacy_verified to seckill_worker;
  grant update (lane) on legacy_lanes to seckill_worker;
  grant update (
    order_cursor, legacy_cursor, phase, round, checked, lagging, round_started_at, last_round_orders, last_round_seconds)
    on legacy_verifier to seckill_worker;

  -- InventoryService. It reads everything, as people do for whom `./seckill env` prints a user, but for the secrets of webhooks.
  for object in
    select oid::regclass::text as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and pg_has_role(relowner, 'usage')
  loop
    execute format('grant select on %s to seckill_inventory, seckill_reader', object.name);
  end loop;
  revoke select on webhooks from seckill_reader;
  grant insert, update on sales, sale_items, waiting_rooms, stock_changes, rebuilds, audit_repairs, redis_marks, sale_archives
    to seckill_inventory;
  grant delete on stock_changes to seckill_inventory;
  grant insert, delete on sale_archive_pieces, buyer_erasures to seckill_inventory;
  grant update (status, closed_at, version, user_id, idempotency_key) on orders to seckill_inventory;
  grant update (user_id, idempotency_key) on quarantined_orders to seckill_inventory;
  grant insert, update (units) on order_totals to seckill_inventory;
  grant insert, update (twice), delete on stock_writes to seckill_inventory;
  grant insert, delete, update (returned_at) on stock_returns to seckill_inventory;
  grant update (refunded) on payments to seckill_inventory;
  grant insert, update (settled_at, settled_by) on refunds to seckill_inventory;
  grant insert on legacy_outbox to seckill_inventory;
  grant insert, delete on order_events_new, order_events to seckill_inventory;
  grant update (position, moved_at) on order_event_positions to seckill_inventory;
  grant insert, update, delete on webhooks to seckill_inventory;
  grant insert, update, delete on denied_users, revoked_tokens to seckill_inventory;
  grant update (version) on denied_users_version to seckill_inventory;
end $$;

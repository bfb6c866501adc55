-- The rules that change an order, each in one place: how orders are placed, how they are closed, and what the legacy schema gets to
-- know of it. Both services call these functions. Processes of an older version write the same tables with statements of their own.

-- Adds orders to the legacy outbox while the dual write is on; a repair (forced) adds them in any mode. Returns whether it did.
create function enqueue_for_legacy(ids text[], placed boolean default false, forced boolean default false)
returns boolean strict language plpgsql as $$
begin
  -- An if, not a condition of the insert: with the dual write off, the batch must not pay for it.
  if not forced and (select mode from dual_write_control) not in ('shadow', 'dual') then
    return false;
  end if;
  insert into legacy_outbox (lane, order_ids, placed, forced)
  select legacy_lane(o.id), array_agg(o.id), enqueue_for_legacy.placed, enqueue_for_legacy.forced from unnest(ids) as o (id) group by 1;
  return true;
end $$;

-- Places reserved orders of one item; an order that has a row changes nothing. Orders in surplus become rejected and return their stock.
-- (No surplus is null: an empty array would be searched for each order, which costs a tenth of the statement.)
-- With at_epoch, the item must still have this epoch and must not wait for a rebuild.
-- Returns false without a matching ledger row; the caller then rolls back. Fails on sale_items_no_oversell when live units exceed the
-- allocation.
-- Rows first and the ledger last, so that other batches of the item wait as briefly as possible; rows in one order, so that two
-- deliveries of the same orders cannot wait for each other.
create function place_orders(
  sale bigint, sku bigint, price bigint, price_currency text, ids text[], users bigint[], quantities int[], times timestamptz[],
  at_epoch int default null, surplus text[] default null)
returns boolean language plpgsql as $$
declare
  added text[];
  units int;
begin
  with added_rows as (
    insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
    select o.id, sale, sku, o.buyer, o.units, price, price_currency,
      case when o.id = any(surplus) then 'rejected' else 'placed' end, o.reserved_at,
      greatest(now(), o.reserved_at) + make_interval(secs => s.payment_timeout_seconds)
    from unnest(ids, users, quantities, times) as o (id, buyer, units, reserved_at)
    join sales s on s.sale_id = sale
    join sale_items i on i.sale_id = sale and i.sku_id = sku
    order by o.id collate "C"
    on conflict (order_id) do nothing
    returning order_id, quantity, status
  )
  select array_agg(order_id), coalesce(sum(quantity) filter (where status = 'placed'), 0) into added, units from added_rows;
  if surplus is not null then
    insert into stock_returns (order_id, sale_id, sku_id)
    select o.id, sale, sku from unnest(added) as o (id) where o.id = any(surplus);
  end if;
  perform enqueue_for_legacy(added, placed => true);
  update sale_items i set live = live + units
  where i.sale_id = sale and i.sku_id = sku and (at_epoch is null or (epoch = at_epoch and lost_at is null));
  return found;
end $$;

-- Places what the ledger has room for, the oldest reservation first, and rejects the rest; an order that is too large leaves its room to
-- a smaller one. For a batch that place_orders refused: stock that was sold twice after Redis lost data.
create function place_what_fits(
  sale bigint, sku bigint, price bigint, price_currency text, ids text[], users bigint[], quantities int[], times timestamptz[],
  at_epoch int default null)
returns boolean language plpgsql as $$
declare
  room int;
  surplus text[];
  new_order record;
begin
  select allocated - live into room from sale_items i
  where i.sale_id = sale and i.sku_id = sku and (at_epoch is null or (epoch = at_epoch and lost_at is null))
  for update;
  if not found then
    return false;
  end if;
  -- The snapshot of this query is younger than the lock, so it shows what other batches have placed meanwhile.
  for new_order in
    select o.id, min(o.units) as units from unnest(ids, quantities, times) as o (id, units, reserved_at)
    where not exists (select from orders where order_id = o.id)
    group by o.id
    order by min(o.reserved_at), o.id collate "C"
  loop
    if new_order.units <= room then
      room := room - new_order.units;
    else
      surplus := surplus || new_order.id;
    end if;
  end loop;
  return place_orders(sale, sku, price, price_currency, ids, users, quantities, times, at_epoch, surplus);
end $$;

-- Closes those of the orders that wait for payment: the row decides between paid, cancelled and expired. The caller has locked the rows
-- and passes their ctids: then no plan can read more than these rows, and one general plan fits every call, which saves planning each.
-- Without a status, overdue orders expire and the others are cancelled. With return_stock, their units are on their way back to Redis
-- when this commits.
-- Returns the orders that were closed. Orders of several items close together, so their ledger rows are locked in one order: two
-- processes cannot wait for each other.
create function close_orders(rows tid[], new_status text, return_stock boolean) returns text[] language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  closed_ids text[];
begin
  with closed as (
    update orders
    set status = coalesce(new_status, case when pay_by <= now() then 'expired' else 'cancelled' end), closed_at = now(),
      version = version + 1
    where status = 'placed' and ctid = any(rows)
    returning order_id, sale_id, sku_id, quantity
  ), returns as (
    insert into stock_returns (order_id, sale_id, sku_id)
    select order_id, sale_id, sku_id from closed where return_stock
  ), ledger_rows as materialized (
    select i.sale_id, i.sku_id
    from sale_items i
    where (i.sale_id, i.sku_id) in (select sale_id, sku_id from closed)
    order by i.sale_id, i.sku_id
    for update
  ), ledger as (
    update sale_items
    set live = live - units
    from (
      select sale_id, sku_id, sum(quantity)::int as units
      from closed
      join ledger_rows using (sale_id, sku_id)
      group by sale_id, sku_id
    ) c
    where (sale_items.sale_id, sale_items.sku_id) = (c.sale_id, c.sku_id)
  )
  select coalesce(array_agg(order_id), '{}') into closed_ids from closed;
  perform enqueue_for_legacy(closed_ids);
  return closed_ids;
end $$;

-- Expires orders that were not paid in time, the longest overdue first: of one item, or of all. Skips what another worker has locked.
-- Returns how many.
create function expire_orders(max_orders int, sale bigint default null, sku bigint default null) returns int language plpgsql as $$
begin
  return cardinality(close_orders(array(
    select ctid from orders
    where status = 'placed' and pay_by <= now() and (sale is null or (sale_id, sku_id) = (sale, sku))
    order by pay_by
    limit max_orders
    for update skip locked), 'expired', return_stock => true));
end $$;

-- The key that the buyer gave an order comes back with its hold when Redis lost it. Null for orders of older versions.

alter table orders add column idempotency_key text;
alter table quarantined_orders add column idempotency_key text;

-- When an order expires, as its buyer was promised with the 202: the payment timeout after the reservation, and never less than half of
-- it after the order is placed. So an order that was placed late, because RabbitMQ or PostgreSQL was down, leaves its buyer time to pay.
-- See docs/decisions/0036.
create function pay_by(reserved_at timestamptz, timeout_seconds int) returns timestamptz stable parallel safe language sql
return greatest(reserved_at + make_interval(secs => timeout_seconds), now() + make_interval(secs => timeout_seconds / 2.0));

-- As in 008_order_functions.sql, which says why; and with the keys of the orders, null when none has one. Dropped first, because a
-- function with another parameter is another function, and a call of an older version would match both.
drop function place_orders(bigint, bigint, bigint, text, text[], bigint[], int[], timestamptz[], int, text[]);
create function place_orders(
  sale bigint, sku bigint, price bigint, price_currency text, ids text[], users bigint[], quantities int[], times timestamptz[],
  at_epoch int default null, surplus text[] default null, keys text[] default null)
returns boolean language plpgsql as $$
declare
  added text[];
  units int;
begin
  with added_rows as (
    insert into orders (
      order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by, idempotency_key)
    select o.id, sale, sku, o.buyer, o.units, price, price_currency,
      case when o.id = any(surplus) then 'rejected' else 'placed' end, o.reserved_at,
      pay_by(o.reserved_at, s.payment_timeout_seconds), o.key
    from unnest(ids, users, quantities, times, keys) as o (id, buyer, units, reserved_at, key)
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

drop function place_what_fits(bigint, bigint, bigint, text, text[], bigint[], int[], timestamptz[], int);
create function place_what_fits(
  sale bigint, sku bigint, price bigint, price_currency text, ids text[], users bigint[], quantities int[], times timestamptz[],
  at_epoch int default null, keys text[] default null)
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
  return place_orders(sale, sku, price, price_currency, ids, users, quantities, times, at_epoch, surplus, keys);
end $$;

-- (12) The last rebuild of each item. Rows of a sale with the same start are one job. A process works on an item while it has the lock of
-- the item, and the lock ends with the process: then another process takes the item, from the beginning.
create table rebuilds (
  sale_id bigint not null,
  sku_id bigint not null,
  started_at timestamptz not null,
  -- The next attempt is not before this. A process that looks for work moves it on a little, so that not all try one lock.
  due_at timestamptz not null default clock_timestamp(),
  failures int not null default 0,
  -- What is being done; null while the item waits. Also the step at which a process died, until another continues.
  step text,
  live_units int not null default 0,
  restored_units int not null default 0,
  -- Why the last attempt failed, also after the last.
  error text,
  epoch int,
  available int,
  held int,
  finished_at timestamptz,
  primary key (sale_id, sku_id)
);

create index rebuilds_due on rebuilds (due_at) where finished_at is null;

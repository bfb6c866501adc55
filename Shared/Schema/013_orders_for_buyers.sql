-- What the pages of a buyer show: until when to pay, and all orders of a sale.

-- When an order expires, as its buyer was promised with the 202: the payment timeout after the reservation, and never less than half of
-- it after the order is placed. So an order that was placed late, because RabbitMQ or PostgreSQL was down, leaves its buyer time to pay.
-- See docs/decisions/0036.
create function pay_by(reserved_at timestamptz, timeout_seconds int) returns timestamptz stable parallel safe language sql
return greatest(reserved_at + make_interval(secs => timeout_seconds), now() + make_interval(secs => timeout_seconds / 2.0));

-- Places reserved orders of one item; an order that has a row changes nothing. Orders in surplus become rejected and return their stock.
-- (No surplus is null: an empty array would be searched for each order, which costs a tenth of the statement.)
-- With at_epoch, the item must still have this epoch and must not wait for a rebuild.
-- Returns false without a matching ledger row; the caller then rolls back. Fails on sale_items_no_oversell when live units exceed the
-- allocation.
-- Rows first and the ledger last, so that other batches of the item wait as briefly as possible; rows in one order, so that two
-- deliveries of the same orders cannot wait for each other.
create or replace function place_orders(
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
      pay_by(o.reserved_at, s.payment_timeout_seconds)
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

-- A buyer's closed orders of a sale, the newest first: what follows the number of the item in an id begins with the time. Redis has the
-- live ones, so an order costs no entry when it is placed. The list of statuses is that of the query.
create index orders_closed_of_buyer on orders (user_id, sale_id, substr(order_id, 9) desc)
where status in ('cancelled', 'expired', 'rejected');

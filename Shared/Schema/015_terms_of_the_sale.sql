-- The terms of an order are those of the row of its sale, whatever Redis or a message says. As in 010_keys_and_rebuilds.sql, but price and
-- currency come from the row: the two parameters stay for callers of an older version. An order that the row does not allow is refused as
-- a fault of the data; the worker quarantines it with this reason.

create function refuse_order(reason text) returns text language plpgsql as $$
begin
  raise exception '%', reason using errcode = 'check_violation';
end $$;

create or replace function place_orders(
  sale bigint, sku bigint, price bigint, price_currency text, ids text[], users bigint[], quantities int[], times timestamptz[],
  at_epoch int default null, surplus text[] default null, keys text[] default null)
returns boolean language plpgsql as $$
declare
  -- Redis decides whether a sale is on, by its own clock; so its times are in the window, but for a clock that was set back since.
  clock_error constant interval := '5 seconds';
  added text[];
  units int;
begin
  with added_rows as (
    insert into orders (
      order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by, idempotency_key)
    select o.id, sale, sku, o.buyer, o.units, i.unit_price, i.currency,
      case
        when o.units > i.limit_per_user
          then refuse_order(format('%s units are more than one buyer may have, which is %s.', o.units, i.limit_per_user))
        when o.reserved_at < s.opens_at - clock_error or o.reserved_at > s.closes_at + clock_error
          then refuse_order(format('It was reserved at %s; the sale is from %s to %s.', o.reserved_at, s.opens_at, s.closes_at))
        when left(o.id, 8) <> lpad(to_hex(i.item_number), 8, '0')
          then refuse_order('Its id has the number of another item.')
        when o.id = any(surplus) then 'rejected'
        else 'placed'
      end,
      o.reserved_at, pay_by(o.reserved_at, s.payment_timeout_seconds), o.key
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

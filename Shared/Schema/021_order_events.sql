-- What happens to orders, for others: one row for each statement that changes orders, written in its transaction, so the events are
-- complete whatever dies. The rest of an event stands in the rows of its order and of its refund. docs/decisions/0050 has the reasons.

-- Written by the statements. An id is given before the commit, so these ids are no cursor: a lower one may become visible later.
create table order_events_new (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('placed', 'paid', 'cancelled', 'expired', 'rejected', 'refunded')),
  order_ids text[] collate "C" not null check (cardinality(order_ids) > 0),
  refund_id bigint,
  at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Random digits cannot be compressed; to try costs more than it saves.
alter table order_events_new alter order_ids set storage external;

-- Numbered: the events of a row have the numbers up to `last`, in the order of its array, without a gap between rows.
create table order_events (
  last bigint primary key,
  kind text not null,
  order_ids text[] collate "C" not null,
  refund_id bigint,
  at timestamptz not null
);

alter table order_events alter order_ids set storage external;

-- 'last' is the newest number; any other name is a reader, and the number of the last event that it has.
create table order_event_positions (
  name text primary key,
  position bigint not null default 0,
  moved_at timestamptz not null default now()
);

insert into order_event_positions (name) values ('last'), ('exchange');

-- Gives numbers to events that are committed. One process at a time, and its lock lasts until its commit: so numbers become visible in
-- their order, and a reader that has one has all before it. Two events of an order keep their order: the second statement waited for the
-- commit of the first, so it has a greater id, and no snapshot sees it without the first.
-- Returns how many rows it numbered.
create function number_order_events(most int) returns int language plpgsql as $$
declare
  newest bigint;
  numbered int;
begin
  select position into newest from order_event_positions where name = 'last' for update skip locked;
  if not found then
    return 0;
  end if;
  with taken as (
    delete from order_events_new where id in (select id from order_events_new order by id limit most)
    returning id, kind, order_ids, refund_id, at
  ), added as (
    insert into order_events (last, kind, order_ids, refund_id, at)
    select newest + sum(cardinality(order_ids)) over (order by id), kind, order_ids, refund_id, at from taken
    returning last
  )
  select count(*), max(last) into numbered, newest from added;
  if numbered > 0 then
    update order_event_positions set position = newest, moved_at = now() where name = 'last';
  end if;
  return numbered;
end $$;

-- A trigger, because no statement can forget it, not even one of an older version. An insert has no trigger: the list of its orders is at
-- hand in place_orders, and collecting it again would cost each batch.
create function note_changed_orders() returns trigger language plpgsql as $$
begin
  insert into order_events_new (kind, order_ids)
  select n.status, array_agg(n.order_id order by n.order_id)
  from orders_after n join orders_before o using (order_id)
  where n.status <> o.status
  group by n.status;
  return null;
end $$;

create trigger orders_note_changed after update on orders
referencing old table as orders_before new table as orders_after for each statement
execute function note_changed_orders();

-- As in 015_terms_of_the_sale.sql, and notes what was placed and rejected.
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
    insert into order_events_new (kind, order_ids)
    select case when o.id = any(surplus) then 'rejected' else 'placed' end, array_agg(o.id) from unnest(added) as o (id) group by 1;
  elsif added is not null then
    insert into order_events_new (kind, order_ids) values ('placed', added);
  end if;
  perform enqueue_for_legacy(added, placed => true);
  update sale_items i set live = live + units
  where i.sale_id = sale and i.sku_id = sku and (at_epoch is null or (epoch = at_epoch and lost_at is null));
  return found;
end $$;

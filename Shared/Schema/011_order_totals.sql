-- Units of the orders of each item by what they have become. Adding up the rows of a large sale takes seconds, so the sums are kept
-- where the rows change: by triggers, which no statement can forget, not even one of an older version. Live units stay in sale_items,
-- whose row every batch and every close locks anyway.
-- A backend adds to a slot of its own, and the total is the sum of the slots: payments of one item do not wait for each other's commit.
create table order_totals (
  sale_id bigint not null,
  sku_id bigint not null,
  status text not null,
  slot int not null,
  units bigint not null,
  primary key (sale_id, sku_id, status, slot)
) with (fillfactor = 50);

create function add_to_totals(sale bigint, sku bigint, status text, units bigint) returns void language plpgsql as $$
begin
  insert into order_totals as t values (sale, sku, status, pg_backend_pid() & 15, units)
  on conflict on constraint order_totals_pkey do update set units = t.units + excluded.units;
end $$;

-- New orders are placed. A condition for each row costs a batch less than a table of its new rows would.
create function count_new_order() returns trigger language plpgsql as $$
begin
  perform add_to_totals(new.sale_id, new.sku_id, new.status, new.quantity);
  return null;
end $$;

-- Items and statuses in one order: two statements that close orders of the same items cannot wait for each other.
create function count_changed_orders() returns trigger language plpgsql as $$
begin
  perform add_to_totals(sale_id, sku_id, status, sum(units))
  from (
    select sale_id, sku_id, status, quantity as units from orders_after
    union all
    select sale_id, sku_id, status, -quantity from orders_before
  ) change
  where status <> 'placed'
  group by sale_id, sku_id, status
  having sum(units) <> 0
  order by sale_id, sku_id, status;
  return null;
end $$;

-- From here to the commit no order changes; the accept path does not write orders.
create trigger orders_count_new after insert on orders for each row when (new.status <> 'placed')
execute function count_new_order();

create trigger orders_count_changed after update on orders
referencing old table as orders_before new table as orders_after for each statement
execute function count_changed_orders();

insert into order_totals
select sale_id, sku_id, status, 0, sum(quantity) from orders where status <> 'placed' group by sale_id, sku_id, status;

-- The kept sums of an item beside those of its rows, at one instant. Reads every order of the item.
create function recount_orders(sale bigint, sku bigint) returns table (total text, kept bigint, counted bigint)
language sql stable as $$
  with counted as materialized (
    select o.status, sum(o.quantity)::bigint as units from sale_items i, orders_of(i) o where (i.sale_id, i.sku_id) = (sale, sku)
    group by o.status
  )
  select 'live', live::bigint, (select coalesce(sum(units), 0)::bigint from counted where status in ('placed', 'paid'))
  from sale_items
  where (sale_id, sku_id) = (sale, sku)
  union all
  select s.status,
    (select coalesce(sum(units), 0)::bigint from order_totals t where (t.sale_id, t.sku_id, t.status) = (sale, sku, s.status)),
    (select coalesce(sum(units), 0)::bigint from counted c where c.status = s.status)
  from unnest(array['paid', 'cancelled', 'expired', 'rejected']) as s (status)
$$;

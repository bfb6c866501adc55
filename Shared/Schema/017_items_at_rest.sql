-- (11) Items at rest: their sale has ended, their last audit was clean, and nothing of them can change. No round looks at them until
-- something does. rested_at is the last moment at which both stores were seen to agree.
alter table sale_items add column rested_at timestamptz;

create index sale_items_active on sale_items (sale_id, sku_id) where rested_at is null;
create index sale_items_at_rest on sale_items (rested_at) include (sale_id, sku_id) where rested_at is not null;

-- Triggers wake an item, because no statement can forget them, not even one of an older version. Whatever changes the row of the item
-- does: an order that is placed or closed late, a change of stock, a rebuild, a loss. A condition costs a batch less than a function.
create function wake_changed_item() returns trigger language plpgsql as $$
begin
  new.rested_at := null;
  return new;
end $$;

create trigger sale_items_wake before update on sale_items for each row
when (old.rested_at is not null and new.rested_at is not distinct from old.rested_at)
execute function wake_changed_item();

-- A sale that is opened, closed or edited wakes its items.
create function wake_items_of_sale() returns trigger language plpgsql as $$
begin
  update sale_items set rested_at = null where sale_id = new.sale_id and rested_at is not null;
  return null;
end $$;

create trigger sales_wake after update on sales for each row execute function wake_items_of_sale();

-- So do a withdrawal that begins and an order that goes into quarantine, which change no row of the item yet. The row is locked, so that
-- rest_item sees what has begun, or this sees what it did.
create function wake_item() returns trigger language plpgsql as $$
begin
  perform from sale_items where (sale_id, sku_id) = (new.sale_id, new.sku_id) for no key update;
  update sale_items set rested_at = null where (sale_id, sku_id) = (new.sale_id, new.sku_id) and rested_at is not null;
  return null;
end $$;

create trigger stock_changes_wake after insert on stock_changes for each row execute function wake_item();
create trigger quarantined_orders_wake after insert on quarantined_orders for each row execute function wake_item();

-- Puts an item to rest, or confirms that it is, if this database agrees with what the caller has read from Redis after an audit: nothing
-- is under way, and every live order is paid. Whatever changed it before this locks the rows is seen; what changes it afterwards wakes it.
create function rest_item(
  sale bigint, sku bigint, redis_state text, redis_version bigint, redis_epoch int, redis_allocated int, redis_held int)
returns boolean language plpgsql as $$
begin
  perform from sales where sale_id = sale for share;
  perform from sale_items where (sale_id, sku_id) = (sale, sku) for no key update;
  update sale_items i set rested_at = clock_timestamp()
  from sales s
  where (i.sale_id, i.sku_id) = (sale, sku) and s.sale_id = sale
    and (s.state, s.state_version, i.epoch, i.allocated, i.live)
      = (redis_state, redis_version, redis_epoch, redis_allocated, redis_held)
    and i.warmed_at is not null and i.lost_at is null
    and i.live = (
      select coalesce(sum(units), 0) from order_totals t where (t.sale_id, t.sku_id, t.status) = (sale, sku, 'paid'))
    and not exists (select from stock_returns r where (r.sale_id, r.sku_id) = (sale, sku) and returned_at is null)
    and not exists (select from stock_changes c where (c.sale_id, c.sku_id) = (sale, sku) and done_at is null)
    and not exists (select from rebuilds r where (r.sale_id, r.sku_id) = (sale, sku) and finished_at is null)
    and not exists (
      select from quarantined_orders q
      where (q.sale_id, q.sku_id) = (sale, sku) and not exists (select from orders o where o.order_id = q.order_id));
  return found;
end $$;

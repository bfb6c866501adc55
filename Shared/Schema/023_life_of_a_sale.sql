-- The end of a sale's life, and changes of it before: docs/decisions/0051 and 0052.

-- The latest end that Redis may know, while a row with an earlier one is on its way there: no order of that time is refused.
alter table sales add column sells_until timestamptz, add column archived_at timestamptz;

-- The export of an archived sale, in pieces. A sale is archived in one transaction; afterwards its keys are removed from Redis, and
-- removed_at says when that was done.
create table sale_archives (
  sale_id bigint primary key references sales,
  archived_at timestamptz not null default now(),
  archived_by text not null,
  orders bigint not null,
  lines bigint not null,
  bytes bigint not null,
  sha256 text not null,
  removed_at timestamptz
);

create index sale_archives_unfinished on sale_archives (sale_id) where removed_at is null;

create table sale_archive_pieces (
  sale_id bigint not null references sale_archives,
  number int not null,
  content bytea not null,
  primary key (sale_id, number)
);

-- Nothing opens an archived sale again, not even a process of an older version, which would sell the whole plan a second time.
create function refuse_archived_sale() returns trigger language plpgsql as $$
begin
  raise exception 'The sale is archived.' using errcode = 'check_violation';
end $$;

create trigger sales_archived before update on sales for each row when (old.archived_at is not null)
execute function refuse_archived_sale();

-- A change of stock that waited for the archive of its sale would never be made. The weakest lock that the archive's conflicts with: a
-- stronger one is taken before the change with the same key, which another caller may hold while it waits for the item.
create function refuse_archived_change() returns trigger language plpgsql as $$
begin
  perform from sale_items where (sale_id, sku_id) = (new.sale_id, new.sku_id) for key share;
  if exists (select from sales where sale_id = new.sale_id and archived_at is not null) then
    raise exception 'The sale is archived.' using errcode = 'check_violation';
  end if;
  return new;
end $$;

create trigger stock_changes_archived before insert on stock_changes for each row execute function refuse_archived_change();

-- Buyers to forget, while they still have orders of sales that are not archived, or not for long enough.
create table buyer_erasures (
  user_id bigint primary key check (user_id > 0),
  requested_at timestamptz not null default now()
);

-- The buyer of orders whose buyer was forgotten. It fits the legacy schema; no buyer of the shop may have it.
create function erased_buyer() returns bigint immutable parallel safe language sql return 2147483647;

-- Replaces a buyer in the orders of sales that were archived this many days ago, and tells the legacy schema while the dual write is on.
-- Returns the orders that it changed, and those of the buyer that are left.
create function erase_buyer(buyer bigint, days int) returns table (erased bigint, kept bigint) language plpgsql as $$
declare
  ids text[];
begin
  with old as (
    select sale_id from sales where archived_at < now() - make_interval(days => erase_buyer.days)
  ), changed as (
    update orders o set user_id = erased_buyer(), idempotency_key = null, version = version + 1
    from old
    where o.user_id = buyer and o.sale_id = old.sale_id
    returning o.order_id
  )
  select coalesce(array_agg(order_id), '{}') into ids from changed;
  update quarantined_orders q set user_id = erased_buyer(), idempotency_key = null
  where q.user_id = buyer
    and q.sale_id in (select sale_id from sales where archived_at < now() - make_interval(days => erase_buyer.days));
  perform enqueue_for_legacy(ids);
  return query select cardinality(ids)::bigint,
    (select count(*) from orders o where o.user_id = buyer)
      + (select count(*) from quarantined_orders q where q.user_id = buyer
         and not exists (select from orders o where o.order_id = q.order_id));
end $$;

-- A time as JSON has it everywhere else.
create function utc_text(at timestamptz) returns text stable parallel safe language sql
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- Money of a paid order that an operator sends back. The sum of these is bounded by what was paid.
alter table payments
  add column refunded bigint not null default 0,
  add constraint payments_refunded check (refunded between 0 and amount);

-- Finds the payment of an order.
create index payments_of_order on payments (order_id) where outcome = 'accepted';

-- A payment has one refund of its own accord, and any number by operators, each once for its key.
alter table refunds
  add column idempotency_key text collate "C",
  add column note text,
  drop constraint refunds_pkey,
  drop constraint refunds_reason_check,
  add constraint refunds_reason_check check (
    reason in ('unknown-order', 'wrong-amount', 'already-paid', 'cancelled', 'expired', 'rejected', 'operator')),
  add constraint refunds_operator check ((reason = 'operator') = (idempotency_key is not null)),
  drop constraint refunds_id_key,
  add primary key (id);

create unique index refunds_of_payment on refunds (payment_id) where reason <> 'operator';
create unique index refunds_by_operator on refunds (order_id, idempotency_key) where reason = 'operator';

-- As in 015_terms_of_the_sale.sql, and notes what was placed and rejected (021_order_events.sql); an end that was moved forward holds once
-- Redis has it, and an archived sale takes no order.
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
        when o.reserved_at < s.opens_at - clock_error or o.reserved_at > greatest(s.closes_at, s.sells_until) + clock_error
          then refuse_order(format('It was reserved at %s; the sale is from %s to %s.', o.reserved_at, s.opens_at, s.closes_at))
        when left(o.id, 8) <> lpad(to_hex(i.item_number), 8, '0')
          then refuse_order('Its id has the number of another item.')
        when s.archived_at is not null then refuse_order('Its sale is archived.')
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

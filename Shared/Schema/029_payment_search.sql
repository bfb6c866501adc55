-- An order whose time to pay is over waits a little longer while a process asks the payment provider for payments of which it has not told
-- us: docs/decisions/0062. The row is a lease by the clock of this database; without it no order waits.
create table payment_search (
  only_row boolean primary key default true check (only_row),
  owner uuid not null,
  grace_seconds int not null,
  seen_at timestamptz not null
);

-- Expires orders that were not paid in time, the longest overdue first: of one item, or of all. Skips what another worker has locked.
-- Returns how many.
create or replace function expire_orders(max_orders int, sale bigint default null, sku bigint default null) returns int
language plpgsql as $$
declare
  overdue_since timestamptz = now() - coalesce(
    (select make_interval(secs => grace_seconds) from payment_search where seen_at > now() - interval '15 seconds'), interval '0');
begin
  return cardinality(close_orders(array(
    select ctid from orders
    where status = 'placed' and pay_by <= overdue_since and (sale is null or (sale_id, sku_id) = (sale, sku))
    order by pay_by
    limit max_orders
    for update skip locked), 'expired', return_stock => true));
end $$;

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
-- hand in place_orders (023_life_of_a_sale.sql), and collecting it again would cost each batch.
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

-- The changes of stock that Redis has made, as far as PostgreSQL knows: the orders of a batch, returns, changes by operators, restored
-- holds. Redis numbers the changes of an item; `at` is its time of the change and tells it from another with the same number. A gap means
-- nothing, because not every change is recorded.
create table stock_writes (
  sale_id bigint not null,
  sku_id bigint not null,
  epoch int not null,
  seq bigint not null,
  at timestamptz not null,
  -- Another change came with this number: Redis has lost one of the two.
  twice boolean not null default false,
  primary key (sale_id, sku_id, epoch, seq)
);

-- A sale that is made again under the ids of a deleted one begins to count again. A trigger, because a foreign key costs each batch.
create function forget_writes() returns trigger language plpgsql as $$
begin
  delete from stock_writes where (sale_id, sku_id) = (old.sale_id, old.sku_id);
  return null;
end $$;

create trigger sale_items_forget_writes after delete on sale_items for each row execute function forget_writes();

-- Records changes of an item; null or an empty list records none. A change from before a rebuild, and one of an item that waits for its
-- rebuild, proves nothing and is left out. Returns the epoch of an item that has lost writes, as this call finds out, else null.
-- Call it after the statements that lock orders and the ledger row: two transactions with the same change then wait for each other in one
-- order.
create function record_writes(sale bigint, sku bigint, epochs int[], seqs bigint[], times timestamptz[]) returns int language plpgsql as $$
declare
  lost_epoch int;
begin
  with written as (
    insert into stock_writes as w (sale_id, sku_id, epoch, seq, at)
    select distinct on (n.seq) sale, sku, n.epoch, n.seq, n.at
    from unnest(epochs, seqs, times) as n (epoch, seq, at)
    join sale_items i on (i.sale_id, i.sku_id, i.epoch) = (sale, sku, n.epoch) and i.lost_at is null
    where n.seq > 0
    order by n.seq
    on conflict on constraint stock_writes_pkey do update set twice = true where w.at <> excluded.at
    returning w.epoch, twice
  )
  select max(written.epoch) into lost_epoch from written where twice;
  if lost_epoch is not null then
    update sale_items i set lost_at = coalesce(lost_at, clock_timestamp())
    where (i.sale_id, i.sku_id, i.epoch) = (sale, sku, lost_epoch);
  end if;
  -- No replica is so many changes behind that it still serves as one. The newest change is always kept.
  if exists (select from unnest(seqs) as n (seq) where seq > 0 and seq % 1024 = 0) then
    delete from stock_writes w
    where (w.sale_id, w.sku_id) = (sale, sku)
      and (w.epoch, w.seq) < ((select max(e) from unnest(epochs) as n (e)), (select min(s) from unnest(seqs) as n (s)) - 65536);
  end if;
  return lost_epoch;
end $$;

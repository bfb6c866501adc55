-- What happens to an order after it is placed: payment, refund, cancellation, expiry, and the return of its stock.

alter table orders
  add column paid_at timestamptz,
  add column closed_at timestamptz;

create index orders_unpaid on orders (pay_by) where status = 'placed';

-- Every payment that the provider told of, once. What became of it never changes.
create table payments (
  payment_id text collate "C" primary key,
  order_id text not null,
  amount bigint not null,
  currency text not null,
  outcome text not null check (outcome in ('accepted', 'refund')),
  received_at timestamptz not null default now()
);

-- Money that must go back.
create table refunds (
  payment_id text collate "C" primary key,
  order_id text not null,
  amount bigint not null,
  currency text not null,
  reason text not null check (reason in ('unknown-order', 'wrong-amount', 'already-paid', 'cancelled', 'expired', 'rejected')),
  created_at timestamptz not null default now()
);

-- Stock of closed orders on its way back to Redis. Written with the close; Redis gives each hold back once.
create table stock_returns (
  order_id text collate "C" primary key,
  sale_id bigint not null,
  sku_id bigint not null,
  created_at timestamptz not null default now(),
  returned_at timestamptz
);

create index stock_returns_waiting on stock_returns (created_at) where returned_at is null;

-- Stock added (delta > 0) or withdrawn (delta < 0) in mid-sale, once for each key.
create table stock_changes (
  sale_id bigint not null,
  sku_id bigint not null,
  idempotency_key text collate "C" not null,
  delta int not null check (delta <> 0),
  started_at timestamptz not null default now(),
  done_at timestamptz,
  primary key (sale_id, sku_id, idempotency_key)
);

create index stock_changes_waiting on stock_changes (started_at) where done_at is null;

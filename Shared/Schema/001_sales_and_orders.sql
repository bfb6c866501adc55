-- Sales, the ledger of each sale item, and orders. Applied once; change it only by a later file.

create table sales (
  sale_id bigint primary key check (sale_id > 0),
  name text not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null check (closes_at > opens_at),
  payment_timeout_seconds int not null check (payment_timeout_seconds > 0),
  state text not null default 'created' check (state in ('created', 'open', 'closed')),
  created_at timestamptz not null default now()
);

-- item_number leads every order id of the item, so that any instance finds the item of an order.
create table sale_items (
  sale_id bigint not null references sales,
  sku_id bigint not null check (sku_id > 0),
  item_number int generated always as identity unique,
  position int not null,
  allocated int not null check (allocated >= 0),
  live int not null default 0 check (live >= 0),
  limit_per_user int not null check (limit_per_user > 0),
  unit_price bigint not null check (unit_price >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  warmed_at timestamptz,
  primary key (sale_id, sku_id),
  constraint sale_items_no_oversell check (live <= allocated)
);

-- No foreign key to sale_items: the statement that inserts orders updates their ledger row, and fails without it.
create table orders (
  order_id text collate "C" primary key check (length(order_id) = 32),
  sale_id bigint not null,
  sku_id bigint not null,
  user_id bigint not null check (user_id > 0),
  quantity int not null check (quantity > 0),
  unit_price bigint not null,
  currency text not null,
  status text not null check (status in ('placed', 'paid', 'cancelled', 'expired', 'rejected')),
  reserved_at timestamptz not null,
  placed_at timestamptz not null default now(),
  pay_by timestamptz not null
);

create index orders_by_item on orders (sale_id, sku_id);

-- Orders that cannot be persisted, for an operator to look at and replay.
create table quarantined_orders (
  order_id text collate "C" primary key,
  sale_id bigint not null,
  sku_id bigint not null,
  user_id bigint not null,
  quantity int not null,
  unit_price bigint not null,
  currency text not null,
  reserved_at timestamptz not null,
  error text not null,
  quarantined_at timestamptz not null default now()
);

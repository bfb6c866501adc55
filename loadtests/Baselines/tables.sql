-- The tables of a shop without batches: stock, and orders with the columns and the key of the real ones.
create schema if not exists baseline;

create table if not exists baseline.items (
  sale_id bigint not null,
  sku_id bigint not null,
  stock int not null check (stock >= 0),
  limit_per_user int not null,
  unit_price bigint not null,
  currency text not null,
  primary key (sale_id, sku_id)
);

create table if not exists baseline.orders (
  order_id text collate "C" primary key,
  sale_id bigint not null,
  sku_id bigint not null,
  user_id bigint not null,
  quantity int not null,
  unit_price bigint not null,
  currency text not null,
  status text not null,
  reserved_at timestamptz not null,
  placed_at timestamptz not null default clock_timestamp()
);


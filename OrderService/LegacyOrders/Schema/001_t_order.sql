-- The order table of the old shop, for development and tests. In production it exists, and other departments own it.
create table t_order (
  id serial primary key,
  order_sn varchar(32) not null unique,
  uid int not null,
  goods_id int not null,
  activity_id int not null,
  num smallint not null,
  order_amount numeric(10,2) not null,
  -- 0 unpaid, 1 paid, 2 cancelled, 3 expired, 9 invalid
  order_status smallint not null default 0,
  add_time int not null,
  pay_time int not null default 0,
  is_delete smallint not null default 0
);
create index t_order_uid on t_order (uid);

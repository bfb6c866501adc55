-- Against buyers who hold units, let them expire and take them again: docs/decisions/0063. Redis decides, as with the limit; 0 for none.
alter table sale_items
  add column orders_per_user int not null default 0 check (orders_per_user between 0 and 1000),
  add column cool_down_seconds int not null default 0 check (cool_down_seconds between 0 and 86400);

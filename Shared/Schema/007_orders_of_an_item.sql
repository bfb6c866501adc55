-- An order id begins with the number of its item, so the primary key finds the orders of an item, and an index less is written for
-- each order.

drop index orders_by_item;

create function orders_of(item sale_items) returns setof orders language sql stable as $$
  select *
  from orders
  where order_id >= lpad(to_hex(item.item_number), 8, '0') and order_id < lpad(to_hex(item.item_number), 8, '0') || 'g'
    and (sale_id, sku_id) = (item.sale_id, item.sku_id)
$$;

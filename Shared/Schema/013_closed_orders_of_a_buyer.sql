-- A buyer's closed orders of a sale, the newest first: what follows the number of the item in an id begins with the time. Redis has the
-- live ones, so an order costs no entry when it is placed. The list of statuses is that of the query.
create index orders_closed_of_buyer on orders (user_id, sale_id, substr(order_id, 9) desc)
where status in ('cancelled', 'expired', 'rejected');

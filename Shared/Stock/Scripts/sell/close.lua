-- Stops the selling of an item by hand. Repeatable. An item that waits for its rebuild is closed when the rebuild ends.
--
-- KEYS  1 item
-- Returns 1 when the item is closed, 0 when there is no such item (nothing is created)

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local waits = redis.call('HGET', KEYS[1], 'state') == 'lost'
redis.call('HSET', KEYS[1], waits and 'after' or 'state', 'closed')
return 1

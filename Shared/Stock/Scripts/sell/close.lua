-- Stops the selling of an item by hand. Repeatable. An item that waits for its rebuild is closed when the rebuild ends. An item that
-- is not warm only keeps the version, so that an opening that is late does not make it sellable.
--
-- KEYS  1 item
-- ARGV  1 version of the sale's state
-- Returns 1 when the item is closed, 0 when it is not warm, -1 when Redis has a newer state (nothing is changed)
-- Uses: integer

local item = redis.call('HMGET', KEYS[1], 'available', 'state', 'state_version')
if integer(item[3]) > tonumber(ARGV[1]) then return -1 end
if not item[1] then
  redis.call('HSET', KEYS[1], 'state_version', ARGV[1])
  return 0
end
redis.call('HSET', KEYS[1], item[2] == 'lost' and 'after' or 'state', 'closed', 'state_version', ARGV[1])
return 1

-- Stock and per-user limit of one order, in one call.
--
-- KEYS  1 item (hash: stock, limit)   2 buyers (hash: user -> units)
-- ARGV  1 user   2 quantity
-- Returns 0 reserved, 1 limit reached, 2 sold out, 3 no such item

local item = redis.call('HMGET', KEYS[1], 'stock', 'limit')
if not item[1] then return 3 end
local quantity = tonumber(ARGV[2])
local held = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
if held + quantity > tonumber(item[2]) then return 1 end
if tonumber(item[1]) < quantity then return 2 end
redis.call('HINCRBY', KEYS[1], 'stock', -quantity)
redis.call('HINCRBY', KEYS[2], ARGV[1], quantity)
return 0

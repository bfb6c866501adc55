-- (12) Ends the rebuild of an item: it sells again, or stays closed when it was closed by hand.
--
-- KEYS  1 item
-- ARGV  1 token of the rebuild   2 epoch   3 state   4 item name, published to every instance
-- Returns 1 when done, 0 when another rebuild has begun

local item = redis.call('HMGET', KEYS[1], 'rebuild', 'after')
if item[1] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', item[2] or ARGV[3], 'epoch', ARGV[2])
redis.call('HDEL', KEYS[1], 'rebuild', 'after')
redis.call('PUBLISH', 'seckill:restocked', ARGV[4])
return 1

-- (12) Ends the rebuild of an item: it gets the state of its sale, and sells again if that is open.
--
-- KEYS  1 item
-- ARGV  1 token of the rebuild   2 epoch   3 state   4 item name, published to every instance   5 version of the state
-- Returns 1 when done, 0 when another rebuild has begun
-- Uses: integer

local item = redis.call('HMGET', KEYS[1], 'rebuild', 'after', 'state_version')
if item[1] ~= ARGV[1] then return 0 end
local state, version = ARGV[3], integer(ARGV[5])
if item[2] and integer(item[3]) >= version then state, version = item[2], integer(item[3]) end
redis.call('HSET', KEYS[1], 'state', state, 'state_version', version, 'epoch', ARGV[2])
redis.call('HDEL', KEYS[1], 'rebuild', 'after')
redis.call('PUBLISH', 'seckill:restocked', ARGV[4])
return 1

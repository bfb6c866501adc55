-- Adds units to a sale item, or withdraws units that nobody holds. Repeatable by the name of the change.
--
-- KEYS  1 item    2 changes
-- ARGV  1 item name, told to every instance when units were added   2 name of the change   3 units, negative to withdraw
-- Returns 1 when the change is made (now or before), 0 when fewer units are available than would be withdrawn,
--         -1 when the item is not warm, or waits for its rebuild

local item = redis.call('HMGET', KEYS[1], 'available', 'state')
local available = tonumber(item[1])
if not available or item[2] == 'lost' then return -1 end
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 then return 1 end

local units = tonumber(ARGV[3])
if available + units < 0 then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'available', units)
redis.call('HINCRBY', KEYS[1], 'allocated', units)
if units > 0 then redis.call('PUBLISH', 'seckill:restocked', ARGV[1]) end
return 1

-- Adds units to a sale item, or withdraws units that nobody holds. Repeatable by the name of the change: what was made is not made
-- again, and what was refused stays refused, for a copy of the call may still be on its way when its caller has been answered.
--
-- KEYS  1 item    2 changes
-- ARGV  1 item name, told to every instance when units were added   2 name of the change   3 units, negative to withdraw
--       4 its name before names had a time: such a change may be half made at an upgrade
-- Returns 1 when the change is made (now or before), 0 when fewer units are available than would be withdrawn,
--         -1 when the item is not warm, or waits for its rebuild

local item = redis.call('HMGET', KEYS[1], 'available', 'state')
local available = tonumber(item[1])
if not available or item[2] == 'lost' then return -1 end
local refused = ARGV[2] .. ' refused'
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 or redis.call('SISMEMBER', KEYS[2], ARGV[4]) == 1 then return 1 end
if redis.call('SISMEMBER', KEYS[2], refused) == 1 then return 0 end

local units = tonumber(ARGV[3])
if units < 0 and available + units < 0 then
  redis.call('SADD', KEYS[2], refused)
  return 0
end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'available', units)
redis.call('HINCRBY', KEYS[1], 'allocated', units)
if units > 0 then redis.call('PUBLISH', 'seckill:restocked', ARGV[1]) end
return 1

-- Adds units to a sale item, or withdraws units that are available. Repeatable by the name of the change: a change that was made is
-- not made again, and a change that was refused stays refused, because a copy of the call may arrive after its caller has its answer.
--
-- KEYS  1 item    2 changes   3 withdrawals
-- ARGV  1 item name, published to every instance when units were added   2 name of the change   3 units, negative to withdraw
--       4 its name before names had a time: such a change may be half made at an upgrade
--       5 epoch of the item: a call from before a rebuild, which forgets the names, changes nothing
--       6 partial: 1 to withdraw as many as are available where these are fewer, else 0
-- Returns { outcome, units changed (now or before), epoch, seq, now ms }; the last three only when the change is made
--
-- Outcomes:
--   1  the change is made, now or before; it counts each time: the number of the first may not be recorded
--   0  fewer units are available than would be withdrawn
--   -1 the item is not warm, waits for its rebuild, or was rebuilt since
-- Uses: integer, time

local item = redis.call('HMGET', KEYS[1], 'available', 'state', 'allocated', 'epoch', 'seq')
if not item[1] or item[2] == 'lost' or integer(item[4] or '1') > tonumber(ARGV[5]) then return { -1, 0 } end
local available, allocated, units = integer(item[1]), integer(item[3]), tonumber(ARGV[3])
local epoch, seq = integer(item[4] or '1'), integer(item[5]) + 1
local refused, withdrawn = ARGV[2] .. ' refused', redis.call('HGET', KEYS[3], ARGV[2])
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 or redis.call('SISMEMBER', KEYS[2], ARGV[4]) == 1 then
  local made = { 1, integer(withdrawn or ARGV[3]), epoch, seq, now_ms() }
  redis.call('HSET', KEYS[1], 'seq', seq)
  return made
end
if redis.call('SISMEMBER', KEYS[2], refused) == 1 then return { 0, 0 } end

if ARGV[6] == '1' then
  units = math.max(units, 0 - math.max(available, 0))
  redis.call('HSET', KEYS[3], ARGV[2], units)
elseif units < 0 and available + units < 0 then
  redis.call('SADD', KEYS[2], refused)
  return { 0, 0 }
end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[1], 'available', available + units, 'allocated', allocated + units, 'seq', seq)
if units > 0 then redis.call('PUBLISH', 'seckill:restocked', ARGV[1]) end
return { 1, units, epoch, seq, now_ms() }

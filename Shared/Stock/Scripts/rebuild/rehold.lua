-- Gives live orders back the holds that Redis lost, and takes their units from the stock. Repeatable: an order that has its hold
-- is left alone. Stock may fall below zero, for what was sold meanwhile; nothing is for sale then until the surplus is rejected.
--
-- KEYS  1 item    2 buyers   3 holds   4 orders
-- ARGV  1 time by Redis (unix ms) after which nothing is done: whoever asked has let go of the orders' rows by then, and they may be
--       closed   then for each order: order id, user id, units, reserved at (unix ms)
-- Returns the number of holds given back, -1 when the item is not warm, or -2 when it is too late

local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) > tonumber(ARGV[1]) then return -2 end
if redis.call('HEXISTS', KEYS[1], 'available') == 0 then return -1 end
local restored, units = 0, 0
for i = 2, #ARGV, 4 do
  local order, user, quantity = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('HSETNX', KEYS[3], order, user .. ':' .. quantity .. ':' .. ARGV[i + 3]) == 1 then
    redis.call('HINCRBY', KEYS[2], user, quantity)
    local others = redis.call('HGET', KEYS[4], user) or ''
    if not string.find(others, order, 1, true) then
      redis.call('HSET', KEYS[4], user, others == '' and order or others .. ' ' .. order)
    end
    restored, units = restored + 1, units + quantity
  end
end

if restored > 0 then
  redis.call('HINCRBY', KEYS[1], 'available', -units)
  redis.call('HINCRBY', KEYS[1], 'held', units)
  redis.call('HINCRBY', KEYS[1], 'repairs', 1)
end
return restored

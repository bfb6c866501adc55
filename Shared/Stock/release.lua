-- (9) Gives back the units of closed orders. Repeatable: a hold is given back by whoever deletes it, so once.
--
-- KEYS  1 item    2 buyers   3 holds   4 outbox   5 orders
-- ARGV  1 item name, told to every instance when units came back   then order ids
-- Returns the number of orders whose units were given back now

local released, units_back = 0, 0
for i = 2, #ARGV do
  local order = ARGV[i]
  local hold = redis.call('HGET', KEYS[3], order)
  if hold then
    local user, quantity = string.match(hold, '^(%d+):(%d+):')
    redis.call('HDEL', KEYS[3], order)
    redis.call('ZREM', KEYS[4], order)
    if redis.call('HINCRBY', KEYS[2], user, -quantity) <= 0 then redis.call('HDEL', KEYS[2], user) end

    local others = {}
    for other in string.gmatch(redis.call('HGET', KEYS[5], user) or '', '%x+') do
      if other ~= order then others[#others + 1] = other end
    end
    if #others > 0 then
      redis.call('HSET', KEYS[5], user, table.concat(others, ' '))
    else
      redis.call('HDEL', KEYS[5], user)
    end
    released, units_back = released + 1, units_back + quantity
  end
end

-- An item that Redis lost is not made up from what came back; its rebuild counts.
if units_back > 0 and redis.call('HEXISTS', KEYS[1], 'available') == 1 then
  redis.call('HINCRBY', KEYS[1], 'available', units_back)
  redis.call('HINCRBY', KEYS[1], 'held', -units_back)
  redis.call('HINCRBY', KEYS[1], 'released', units_back)
  redis.call('PUBLISH', 'seckill:restocked', ARGV[1])
end
return released

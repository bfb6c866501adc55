-- Derives the entries of one buyer, units and list of orders, from the buyer's holds. Repeatable.
--
-- KEYS  1 buyers   2 holds   3 orders
-- ARGV  1 user id   then order ids that may be missing in the buyer's list
-- Returns the units that the buyer holds
-- Uses: hold, pieces

local orders, seen, listed, units = {}, {}, {}, 0
for order in string.gmatch(redis.call('HGET', KEYS[3], ARGV[1]) or '', '%x+') do orders[#orders + 1] = order end
for i = 2, #ARGV do orders[#orders + 1] = ARGV[i] end
for i, hold in ipairs(call_in_pieces('HMGET', KEYS[2], orders)) do
  local user, held = parse_hold(hold)
  if user == ARGV[1] and not seen[orders[i]] then
    seen[orders[i]] = true
    listed[#listed + 1] = orders[i]
    units = units + held
  end
end

-- Buyers are not read: a wrong type fails the first write, so it changes nothing.
if units > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], units)
  redis.call('HSET', KEYS[3], ARGV[1], table.concat(listed, ' '))
else
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
end
return units

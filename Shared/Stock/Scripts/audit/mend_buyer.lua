-- Derives what is known of one buyer, the units and the list of orders, from the buyer's holds. Repeatable.
--
-- KEYS  1 buyers   2 holds   3 orders
-- ARGV  1 user id   then order ids that may be missing in the buyer's list
-- Returns the units that the buyer holds

local listed, seen, units = {}, {}, 0
local function take(order)
  if seen[order] then return end
  seen[order] = true
  local user, quantity = string.match(redis.call('HGET', KEYS[2], order) or '', '^(%d+):(%d+):')
  if user == ARGV[1] then
    listed[#listed + 1] = order
    units = units + quantity
  end
end

for order in string.gmatch(redis.call('HGET', KEYS[3], ARGV[1]) or '', '%x+') do take(order) end
for i = 2, #ARGV do take(ARGV[i]) end
if units > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], units)
  redis.call('HSET', KEYS[3], ARGV[1], table.concat(listed, ' '))
else
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
end
return units

-- (12) Counts orders that were cancelled or expired, which reset.lua has forgotten. A rebuild passes each order once; one that begins again
-- resets the item first.
--
-- KEYS  1 item    2 holds   3 returned
-- ARGV  1 token of the rebuild   then for each order: order id, user id, closed at (unix ms)
-- Returns the number of orders counted, or -1 when another rebuild has begun
-- Uses: integer, pieces, returned
--
-- An order that has its hold is not counted: release.lua counts it.

if redis.call('HGET', KEYS[1], 'rebuild') ~= ARGV[1] then return -1 end
local orders, users, is_known = {}, {}, {}
for i = 2, #ARGV, 3 do
  orders[#orders + 1] = ARGV[i]
  if not is_known[ARGV[i + 1]] then users[#users + 1] = ARGV[i + 1] end
  is_known[ARGV[i + 1]] = true
end
local holds, returned, newest = call_in_pieces('HMGET', KEYS[2], orders), {}, {}
for i, entry in ipairs(call_in_pieces('HMGET', KEYS[3], users)) do returned[users[i]], newest[users[i]] = parse_returned(entry) end

local counted, entries = 0, {}
for i in ipairs(orders) do
  if not holds[i] then
    local user = ARGV[3 * i]
    returned[user], newest[user] = returned[user] + 1, math.max(newest[user], integer(ARGV[3 * i + 1]))
    counted = counted + 1
  end
end
for _, user in ipairs(users) do
  if newest[user] > 0 then
    entries[#entries + 1] = user
    entries[#entries + 1] = format_returned(returned[user], newest[user])
  end
end
call_in_pieces('HSET', KEYS[3], entries)
return counted

-- (11) Compares one page of the buyers of an item with their holds.
--
-- KEYS  1 buyers   2 holds   3 orders
-- ARGV  1 cursor, 0 to begin   2 approximate number of buyers in a page
-- Returns { next cursor (0 at the end), then for each buyer whose entries are wrong: user id, units counted, units held }
-- Uses: hold, pieces

local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply, entries, users = { page[1] }, page[2], {}
for i = 1, #entries, 2 do users[#users + 1] = entries[i] end

local lists = call_in_pieces('HMGET', KEYS[3], users)
for i, user in ipairs(users) do
  local orders, seen, held, wrong = {}, {}, 0, false
  for order in string.gmatch(lists[i] or '', '%x+') do
    wrong = wrong or seen[order]
    orders[#orders + 1], seen[order] = order, true
  end
  for _, hold in ipairs(call_in_pieces('HMGET', KEYS[2], orders)) do
    local owner, units = parse_hold(hold)
    if owner == user then held = held + units else wrong = true end
  end
  if wrong or held ~= tonumber(entries[i * 2]) then
    reply[#reply + 1] = user
    reply[#reply + 1] = entries[i * 2]
    reply[#reply + 1] = held
  end
end
return reply

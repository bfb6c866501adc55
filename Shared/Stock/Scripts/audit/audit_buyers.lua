-- (11) Compares one page of the buyers of an item with their holds.
--
-- KEYS  1 buyers   2 holds   3 orders
-- ARGV  1 cursor, 0 to begin   2 buyers in a page, about
-- Returns { next cursor (0 at the end), then for each buyer whose entries are wrong: user id, units counted, units held }

local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply, entries, users = { page[1] }, page[2], {}
if #entries == 0 then return reply end
for i = 1, #entries, 2 do users[#users + 1] = entries[i] end

local lists = redis.call('HMGET', KEYS[3], unpack(users))
for i, user in ipairs(users) do
  local orders, seen, held, wrong = {}, {}, 0, false
  for order in string.gmatch(lists[i] or '', '%x+') do
    wrong = wrong or seen[order]
    orders[#orders + 1], seen[order] = order, true
  end
  for _, hold in ipairs(#orders > 0 and redis.call('HMGET', KEYS[2], unpack(orders)) or {}) do
    local owner, quantity = string.match(hold or '', '^(%d+):(%d+):')
    if owner == user then held = held + quantity else wrong = true end
  end
  if wrong or held ~= tonumber(entries[i * 2]) then
    reply[#reply + 1] = user
    reply[#reply + 1] = entries[i * 2]
    reply[#reply + 1] = held
  end
end
return reply

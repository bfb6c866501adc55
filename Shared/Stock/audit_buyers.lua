-- (11) Compares one page of the buyers of an item with their holds.
--
-- KEYS  1 buyers   2 holds   3 orders
-- ARGV  1 cursor, 0 to begin   2 buyers in a page, about
-- Returns { next cursor (0 at the end), then for each buyer whose entries are wrong: user id, units counted, units held }

local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply, entries = { page[1] }, page[2]
for i = 1, #entries, 2 do
  local user, held, seen, wrong = entries[i], 0, {}, false
  for order in string.gmatch(redis.call('HGET', KEYS[3], user) or '', '%x+') do
    local owner, quantity = string.match(redis.call('HGET', KEYS[2], order) or '', '^(%d+):(%d+):')
    if owner == user and not seen[order] then held = held + quantity else wrong = true end
    seen[order] = true
  end
  if wrong or held ~= tonumber(entries[i + 1]) then
    reply[#reply + 1] = user
    reply[#reply + 1] = entries[i + 1]
    reply[#reply + 1] = held
  end
end
return reply

-- (11) Compares one page of the buyers of an item with their holds.
--
-- KEYS  1 buyers   2 holds   3 orders
-- ARGV  1 cursor, 0 to begin   2 approximate number of buyers in a page   3 holds after which the page ends
--       then the buyers that the last page left, if any: then they are the page, and the cursor waits
-- Returns { next cursor (0 at the end), number of buyers that this page leaves, user id ...,
--       then for each buyer whose entries are wrong: user id, units counted, units held }
-- Uses: hold, pieces

local cursor, users, counts, left, wrong, compared = ARGV[1], { unpack(ARGV, 4) }, {}, {}, {}, 0
if #users > 0 then
  counts = redis.call('HMGET', KEYS[1], unpack(users))
else
  local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', ARGV[2])
  cursor = page[1]
  for i = 1, #page[2], 2 do
    users[#users + 1] = page[2][i]
    counts[#users] = page[2][i + 1]
  end
end

local function compare(user, counted)
  local orders, seen, held, is_wrong = {}, {}, 0, false
  for order in string.gmatch(redis.call('HGET', KEYS[3], user) or '', '%x+') do
    is_wrong = is_wrong or seen[order]
    orders[#orders + 1], seen[order] = order, true
  end
  for _, hold in ipairs(call_in_pieces('HMGET', KEYS[2], orders)) do
    local owner, units = parse_hold(hold)
    if owner == user then held = held + units else is_wrong = true end
  end
  if is_wrong or held ~= tonumber(counted or 0) then
    wrong[#wrong + 1], wrong[#wrong + 2], wrong[#wrong + 3] = user, counted or 0, held
  end
  compared = compared + math.max(#orders, 1)
end

for i, user in ipairs(users) do
  if compared < tonumber(ARGV[3]) then compare(user, counts[i]) else left[#left + 1] = user end
end
local reply = { cursor, #left }
for _, user in ipairs(left) do reply[#reply + 1] = user end
for _, value in ipairs(wrong) do reply[#reply + 1] = value end
return reply

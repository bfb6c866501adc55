-- (11) Reads one page of the holds of an item, with what the other keys say of each at the same instant.
--
-- KEYS  1 buyers   2 holds   3 outbox   4 orders
-- ARGV  1 cursor, 0 to begin   2 approximate number of holds in a page
-- Returns { next cursor (0 at the end), order id, hold, 1 if in the outbox, 1 if the buyer's entries know the order, order id ... }
-- Uses: hold, pieces

local page = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
local reply, entries, orders, owners, users, list_of = { page[1] }, page[2], {}, {}, {}, {}
for i = 1, #entries, 2 do
  local user = parse_hold(entries[i + 1]) or ''
  orders[#orders + 1] = entries[i]
  owners[#owners + 1] = user
  if not list_of[user] then users[#users + 1] = user end
  list_of[user] = ''
end

local waiting = call_in_pieces('ZMSCORE', KEYS[3], orders)
local counts = call_in_pieces('HMGET', KEYS[1], users)
-- Once for each buyer: all holds of the page may be of one, whose list may be long.
local lists, listed = call_in_pieces('HMGET', KEYS[4], users), {}
for i, user in ipairs(users) do
  list_of[user] = counts[i] and lists[i] or ''
  if #list_of[user] > 3300 then
    listed[user] = {}
    for order in string.gmatch(list_of[user], '%x+') do listed[user][order] = true end
  end
end

local function is_known(user, order)
  if listed[user] then return listed[user][order] end
  return string.find(list_of[user], order, 1, true)
end

for i, order in ipairs(orders) do
  reply[#reply + 1] = order
  reply[#reply + 1] = entries[i * 2]
  reply[#reply + 1] = waiting[i] and 1 or 0
  reply[#reply + 1] = is_known(owners[i], order) and 1 or 0
end
return reply
